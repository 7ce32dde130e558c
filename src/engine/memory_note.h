// What a session says of the memory that its run had.
#pragma once

#include <string>

#include "base/subprocess.h"

namespace isojoule {

// Key of a note: the most that the run had, in bytes, as a whole number. Of a worker or a program:
// resident, so without what a driver hands out beside; of a twin: its model's.
inline constexpr const char* kPeakMemoryNote = "peak_memory_bytes";
// Where it is not known: why.
inline constexpr const char* kNoPeakMemoryNote = "peak_memory";

struct MemoryNote {
  std::string key, value;
};
// Of this process, until now.
MemoryNote own_memory_note();
// Of one that has ended.
MemoryNote memory_note_of(const Subprocess& child);

}  // namespace isojoule
