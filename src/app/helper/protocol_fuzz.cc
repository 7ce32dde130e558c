// For libFuzzer (clang++ -fsanitize=fuzzer,address, with protocol.cc and src/base/error.cc); the
// kept corpus lies beside and runs in the test.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "app/helper/protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the fuzzer's bytes are the text
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (!isojoule::helper::protocol_holds(text)) std::abort();
  return 0;
}
