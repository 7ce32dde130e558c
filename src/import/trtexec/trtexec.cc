// trtexec's --exportTimes as a source of windows: "inference" from the first batch's computing to
// the last's, and "batch 1", "batch 2", ... The file counts milliseconds from the begin of its
// warm-up; where that lies on a trace's clock only the user knows (--markers-at).
#include <algorithm>

#include "engine/trtexec/profile.h"
#include "engine/trtexec/times.h"
#include "import/reader.h"

namespace isojoule {
namespace {

constexpr std::size_t kLargest = 1u << 30;

Instant at_ms(double ms) { return Instant{Duration::from(Second(ms * 1e-3)).ns}; }

class TrtexecReader final : public import::Reader {
 public:
  static Result<std::unique_ptr<LogReader>> open(LogFile file, const ImportOptions& /*options*/) {
    ISOJOULE_TRY(const std::string text, read_ahead(*file.bytes, kLargest));
    auto times = trtexec::parse_times(text);
    if (!times) {
      if (trtexec::parse_profile(text))
        return fail(ErrorKind::unsupported,
                    file.path + ": a profile says how long each layer took, not when",
                    "Export times as well (--exportTimes), and give the profile with --layers");
      times.error().what = file.path + ": " + times.error().what;
      return tl::unexpected<Error>(std::move(times.error()));
    }
    auto reader = std::make_unique<TrtexecReader>();
    reader->line_.unit_ns = 1'000'000;
    reader->add(*times);
    return reader;
  }

 private:
  void add(const std::vector<trtexec::BatchTimes>& times) {
    std::vector<Window> batches;
    Window whole{"inference", {INT64_MAX}, {INT64_MIN}};
    for (const trtexec::BatchTimes& batch : times) {
      const Window window{"batch " + std::to_string(batches.size() + 1), at_ms(batch.compute_begin),
                          at_ms(batch.compute_end)};
      if (window.end < window.begin) {
        counters_.add(Counter::time_backwards);
        continue;
      }
      whole.begin = std::min(whole.begin, window.begin);
      whole.end = std::max(whole.end, window.end);
      batches.push_back(window);
    }
    if (batches.empty()) return;
    windows_.push_back(whole);
    windows_.insert(windows_.end(), batches.begin(), batches.end());
    std::stable_sort(windows_.begin(), windows_.end(),
                     [](const Window& a, const Window& b) { return a.begin < b.begin; });
  }

  Result<bool> do_next(std::vector<Channel>& block) override {
    block.clear();
    return false;
  }
};

int recognises(std::string_view head, const std::string& /*path*/) {
  const std::size_t first = head.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || head[first] != '[') return 0;
  if (head.find("\"startEnqMs\"") != std::string_view::npos) return 90;
  return head.find("\"averageMs\"") != std::string_view::npos ? 60 : 0;
}

}  // namespace

const ImportKind& import_kind_trtexec();
const ImportKind& import_kind_trtexec() {
  static const ImportKind kind{
      "trtexec",
      "Windows of trtexec's --exportTimes: inference, batch 1, batch 2, ...",
      {},
      recognises,
      TrtexecReader::open};
  return kind;
}

}  // namespace isojoule
