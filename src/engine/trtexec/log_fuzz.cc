// Fuzz entry of everything that reads what trtexec wrote, in libFuzzer's form:
//   clang++ -std=c++20 -Isrc -Iinclude -fsanitize=fuzzer,address src/engine/trtexec/log_fuzz.cc
//   src/engine/trtexec/{log,log_line,times,profile,program}.cc src/base/error.cc ...
// log_test.cc runs the same entry over the corpus, its cuts and changed bytes.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/trtexec/log.h"
#include "engine/trtexec/placement.h"
#include "engine/trtexec/profile.h"
#include "engine/trtexec/program.h"
#include "engine/trtexec/times.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_log(std::string_view text) {
  using namespace isojoule::trtexec;
  const Log log = parse_log(text);
  // A summary or the reason why there is none; a table whose rows are times.
  require(log.summary.has_value() == log.why_no_summary.empty());
  for (const ProfileRow& row : log.profile)
    require(std::isfinite(row.average_ms) && row.average_ms >= 0);
  require(log.errors.size() <= kLogLinesKept && log.warnings.size() <= kLogLinesKept);
  // What is kept beside a cached engine reads back.
  const Placement placement = placement_of(log);
  const Placement again = placement_from(to_text(placement));
  require(!placement.known || again.dla.size() == placement.dla.size());
  require(!placement.known || again.gpu.size() == placement.gpu.size());
}

void check_times(std::string_view text) {
  using namespace isojoule;
  const auto times = trtexec::parse_times(text);
  if (!times || times->empty()) return;
  for (const auto overlap :
       {trtexec::Overlap::none, trtexec::Overlap::copies, trtexec::Overlap::streams}) {
    const auto placed =
        trtexec::place_batches(*times, times->size(), 0, Instant{1'000'000}, overlap);
    if (!placed) continue;  // longer than any run
    require(placed->batches.size() == times->size());
    Instant last{1'000'000};
    for (const BatchMark& mark : placed->batches) {
      require(mark.begin >= last && mark.end >= mark.begin);
      last = mark.end;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the fuzzer's bytes are the text
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_log(text);
  check_times(text);
  (void)isojoule::trtexec::parse_layer_info(text);
  (void)isojoule::trtexec::read_help("trtexec", text);
  if (const auto profile = isojoule::trtexec::parse_profile(text))
    require(isojoule::trtexec::layer_times(*profile, {}, true, {}).size() <= profile->rows.size());
  return 0;
}
