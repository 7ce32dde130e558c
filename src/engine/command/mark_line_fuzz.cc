// For libFuzzer (clang++ -fsanitize=fuzzer,address, with mark_line.cc, engine/worker_protocol.cc,
// data/run.cc, base/text.cc, base/error.cc and base/file_tree.cc); the kept corpus lies beside and
// runs in the test.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "engine/command/mark_line.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the fuzzer's bytes are the text
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (!isojoule::marks_hold(text)) std::abort();
  return 0;
}
