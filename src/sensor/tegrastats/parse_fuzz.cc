// Fuzz entry of the tegrastats parser, in libFuzzer's form:
//   clang++ -std=c++20 -Isrc -Iinclude -fsanitize=fuzzer,address
//   src/sensor/tegrastats/parse_fuzz.cc src/sensor/tegrastats/parse.cc
//   src/base/{error,file_tree,text,subprocess,clock}.cc
//   ./a.out src/sensor/tegrastats/corpus
// parse_test.cc runs the same entry over the corpus, its cuts and single changed bytes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sensor/tegrastats/parse.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace isojoule;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto line = tegrastats::parse_line(text);
  if (line && line->rails.size() > size) std::abort();
  const auto log = tegrastats::parse_log(text, Duration::milliseconds(100));
  if (!log) return 0;
  if (log->lines.size() != log->at.size()) std::abort();
  for (std::size_t i = 1; i < log->at.size(); ++i)
    if (log->at[i] <= log->at[i - 1]) std::abort();  // time never stands still or goes back
  return 0;
}
