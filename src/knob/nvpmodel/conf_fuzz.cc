// For libFuzzer (clang++ -fsanitize=fuzzer,address, with conf.cc, program.cc and the room base);
// the kept corpus lies beside and runs in the test.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "knob/nvpmodel/conf_check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the fuzzer's bytes are the text
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (!isojoule::nvpmodel::conf_holds(text)) std::abort();
  return 0;
}
