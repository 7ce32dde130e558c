// For libFuzzer (preset 'fuzz'). The kept corpus lies in tests/corpus/cost and runs in the tests.
#include <google/protobuf/stubs/logging.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "cost/onnx_reader_holds.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const google::protobuf::LogSilencer quiet;  // protobuf prints what it does not like
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the fuzzer's bytes are the file
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  if (!isojoule::cost_holds(bytes).empty()) std::abort();
  return 0;
}
