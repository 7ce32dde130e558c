// The log of a power analyser as SPEC's PTDaemon writes it (spl.txt of MLPerf's power submissions).
//
// A reading is the mean over the time since the one before, one second: of 39 abrupt steps between
// steady powers in 24 such logs all but a few have exactly one reading in between, anywhere between
// the two; and PTDaemon's own average of a session is the plain mean of its lines.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "import/mark_pairs.h"
#include "import/number.h"
#include "import/reader.h"
#include "import/spl/line.h"

namespace isojoule {
namespace {

using import::option;
using spl::LineState;
using spl::Reading;

constexpr std::int64_t kMicro = 1'000'000;
// An analyser that SPEC accepts for PTDaemon measures with an uncertainty of at most 1 % in all
// (SPEC, Power and Performance Benchmark Methodology, on measurement equipment): limits of a
// rectangular distribution (JCGM 100:2008, 4.3.7). The log does not name the analyser.
const double kGain = 0.01 / std::sqrt(3.0);

class SplReader final : public import::Reader {
 public:
  static Result<std::unique_ptr<LogReader>> open(LogFile file, const ImportOptions& options) {
    auto reader = std::make_unique<SplReader>();
    ISOJOULE_CHECK(reader->look_at(file, options));
    ISOJOULE_CHECK(reader->take_windows(file.path, options));
    reader->path_ = file.path;
    reader->blocks_ = std::make_unique<LineBlocks>(std::move(file.bytes), file.path);
    return reader;
  }

 private:
  // What the first lines say of all: how times are written, how large and how fine powers are.
  Status look_at(const LogFile& file, const ImportOptions& options) {
    std::string_view head = file.head;
    double largest = 0;
    int decimals = 0;
    bool found = false;
    while (!head.empty()) {
      const std::string_view line = take_line(head);
      Reading reading;
      import::StampForm form;
      if (spl::parse_line(line, reading, &form) != LineState::reading) continue;
      if (!found)
        line_ = {import::TimeLine::Kind::stamps,
                 form,
                 import::DateOrder::month_first,
                 1'000'000'000,
                 '.',
                 true,
                 reading.time_ns};
      found = true;
      largest = std::max(largest, std::abs(static_cast<double>(reading.microwatts)) * 1e-6);
      const std::string digits = std::to_string(reading.microwatts % kMicro + kMicro);
      decimals = std::max(decimals, import::decimals_of("." + digits.substr(1)));
    }
    if (!found)
      return fail(ErrorKind::parse, file.path + ": no line of it is a reading of PTDaemon",
                  "Such a line begins with: Time,MM-DD-YYYY HH:MM:SS.mmm,Watts,");
    ISOJOULE_TRY(const double most, import::number_option(options, "largest", 0));
    const auto scale = import::scale_for(most > 0 ? most / 20 : largest, 1e-6);
    step_microwatts_ = std::max<std::int64_t>(1, std::llround(scale.step * 1e6));
    add_channel(std::pow(10.0, -decimals));
    apply(options);
    return {};
  }

  void add_channel(double quantum_w) {
    ChannelInfo info;
    info.rail = "power";
    info.sensor = "PTDaemon";
    info.kind = ChannelKind::power;
    info.step_a = static_cast<double>(step_microwatts_) * 1e-6;
    info.step_b = 0;
    info.window = info.update_period = Second(1);
    info.gain_uncertainty = kGain;
    info.power_quantum = Watt(quantum_w);
    channels_ = {info};
    total_ = info.rail;
    notes_.emplace_back(
        "the log does not name the analyser: its gain is taken as known to 1 % (SPEC's limit); "
        "--gain-uncertainty says it better");
  }

  // The window's marks, from the file that is named or from window.txt beside the log.
  Status take_windows(const std::string& path, const ImportOptions& options) {
    const std::string named = option(options, "window");
    if (named.empty() && path.empty()) return {};
    const std::size_t slash = path.rfind('/');
    const std::string beside =
        (slash == std::string::npos ? "" : path.substr(0, slash + 1)) + "window.txt";
    auto source = open_source(named.empty() ? beside : named);
    if (!source && named.empty() && source.error().kind == ErrorKind::not_found) return {};
    if (!source) return tl::unexpected<Error>(std::move(source.error()));
    ISOJOULE_TRY(const std::string text, read_ahead(**source, 1 << 20));
    import::MarkPairs pairs;
    std::string_view rest = text;
    while (!rest.empty())
      if (const auto mark = import::parse_mark(take_line(rest)))
        pairs.add(mark->label, Instant{mark->ns});
    Counters ignored;  // a mark of something else is no fault of the trace
    windows_ = pairs.take(ignored);
    if (windows_.empty() && !named.empty())
      return fail(ErrorKind::parse, named + ": holds no window",
                  "Write two lines: power_begin,TIME and power_end,TIME");
    if (windows_.empty()) notes_.push_back(beside + " names no window: it is passed over");
    return {};
  }

  Result<bool> do_next(std::vector<Channel>& block) override {
    clear(block);
    ISOJOULE_TRY(const std::string_view text, blocks_->next());
    if (text.empty()) {
      if (!blocks_->rest().empty() && !told_rest_) counters_.add(Counter::line_truncated);
      told_rest_ = true;
      return false;
    }
    Channel& channel = block.front();
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at < end) {
      ++number_;
      Reading reading;
      bool fits = true;
      if (static_cast<std::size_t>(end - at) >= spl::FastLine::kRoom && fast_.parse(at, reading)) {
        at = next_line(at + spl::FastLine::kLooked, end);
        fits = keep(reading, channel);
      } else {
        const char* const next = next_line(at, end);
        fits =
            take(std::string_view(at, static_cast<std::size_t>(next - at) - 1), reading, channel);
        at = next;
      }
      if (!fits) return too_large(reading);
    }
    put(channel);
    return true;
  }

  // A line that is not as all others. False where its power does not fit.
  bool take(std::string_view line, Reading& reading, Channel& channel) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    switch (spl::parse_line(line, reading)) {
      case LineState::reading: fast_.learn(line, reading); return keep(reading, channel);
      case LineState::no_number: counters_.add(Counter::not_a_number); break;
      case LineState::no_reading: counters_.add(Counter::sample_failed); break;
      case LineState::malformed:
        if (!import::trimmed_view(line).empty()) counters_.add(Counter::line_malformed);
        break;
    }
    return true;
  }

  static const char* next_line(const char* at, const char* end) {
    return static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at))) + 1;
  }

  // False where the power does not fit.
  bool keep(const Reading& reading, Channel& channel) {
    if (reading.time_ns <= last_ns_) {
      counters_.add(Counter::time_backwards);
      return true;
    }
    std::int64_t steps = reading.microwatts;
    if (step_microwatts_ != 1) {
      const std::int64_t half = steps < 0 ? -step_microwatts_ / 2 : step_microwatts_ / 2;
      steps = (steps + half) / step_microwatts_;
    }
    if (steps != static_cast<std::int32_t>(steps)) return false;
    last_ns_ = reading.time_ns;
    if (staged_ == kStage) put(channel);
    stage_time_ns_[staged_] = reading.time_ns;
    stage_a_[staged_++] = static_cast<std::int32_t>(steps);
    return true;
  }

  // Readings go to the channel in handfuls: one at a time costs as much as reading the line.
  void put(Channel& channel) {
    channel.time_ns.insert(channel.time_ns.end(), stage_time_ns_.begin(),
                           stage_time_ns_.begin() + static_cast<std::ptrdiff_t>(staged_));
    channel.a.insert(channel.a.end(), stage_a_.begin(),
                     stage_a_.begin() + static_cast<std::ptrdiff_t>(staged_));
    staged_ = 0;
  }

  tl::unexpected<Error> too_large(const Reading& reading) const {
    return fail_at(path_, number_,
                   std::to_string(reading.microwatts / kMicro) +
                       " W is far more than the log's first lines let expect",
                   "Say how large a power may be: --option largest=" +
                       std::to_string(2 * std::abs(reading.microwatts / kMicro)));
  }

  std::string path_;
  std::unique_ptr<LineBlocks> blocks_;
  spl::FastLine fast_;
  std::int64_t step_microwatts_ = 1;
  std::int64_t last_ns_ = INT64_MIN;
  std::int64_t number_ = 0;  // of the line
  static constexpr std::size_t kStage = 256;
  std::array<std::int64_t, kStage> stage_time_ns_{};
  std::array<std::int32_t, kStage> stage_a_{};
  std::size_t staged_ = 0;
  bool told_rest_ = false;
};

int recognises(std::string_view head, const std::string& /*path*/) {
  for (int i = 0; i < 20 && !head.empty(); ++i) {
    const std::string_view line = take_line(head);
    Reading reading;
    if (line.starts_with("Time,") && spl::parse_line(line, reading) != LineState::malformed)
      return 100;
  }
  return 0;
}

constexpr std::array<ImportOption, 2> kOptions = {{
    {"window", "file with power_begin,TIME and power_end,TIME; else window.txt beside the log"},
    {"largest", "largest power to expect, W; else 20 times that of the first lines"},
}};

}  // namespace

const ImportKind& import_kind_spl();
const ImportKind& import_kind_spl() {
  static const ImportKind kind{"spl", "Power analyser's log of SPEC PTDaemon (MLPerf's spl.txt)",
                               kOptions, recognises, SplReader::open};
  return kind;
}

}  // namespace isojoule
