#include "engine/memory_note.h"

#include "base/peak_memory.h"

namespace isojoule {

MemoryNote own_memory_note() {
  if (const auto bytes = own_peak_memory()) return {kPeakMemoryNote, std::to_string(*bytes)};
  return {kNoPeakMemoryNote, "not known: this kernel does not tell it"};
}

MemoryNote memory_note_of(const Subprocess& child) {
  if (const auto bytes = child.peak_memory()) return {kPeakMemoryNote, std::to_string(*bytes)};
  if (child.inherited_memory() <= 0)
    return {kNoPeakMemoryNote, "not known: the program did not tell what it began with"};
  return {kNoPeakMemoryNote, "not known: no more than the " +
                                 std::to_string(child.inherited_memory()) +
                                 " bytes that the kernel counts for it from before it began"};
}

}  // namespace isojoule
