// For libFuzzer (clang++ -std=c++20 -fsanitize=fuzzer,address,undefined -Isrc -Iinclude with this
// file, the other src/tensor/*.cc, src/data/tensor.cc, src/base/*.cc, -lutf8proc); the kept corpus
// lies in corpus/image and runs in the test.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "tensor/holds.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the fuzzer's bytes are the file
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (!isojoule::image_holds(bytes)) std::abort();
  return 0;
}
