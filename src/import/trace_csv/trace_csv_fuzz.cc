// For libFuzzer (preset 'fuzz'). The kept corpus lies in tests/corpus/import_trace_csv and runs in
// the tests.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "import/holds.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the fuzzer's bytes are the file
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (!isojoule::import_holds("trace_csv", bytes).empty()) std::abort();
  return 0;
}
