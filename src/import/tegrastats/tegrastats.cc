// Logs of NVIDIA's tegrastats, JetPack 4 to 7 (tegrastats --logfile FILE). Lines with a date have
// its times, those of one second spread evenly over it; others are one interval apart.
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/text.h"
#include "import/number.h"
#include "import/reader.h"
#include "sensor/jetson_rails.h"
#include "sensor/sensor.h"
#include "sensor/tegrastats/parse.h"
#include "sensor/tegrastats/rail_info.h"

namespace isojoule {
namespace {

using tegrastats::Line;
using tegrastats::RailPower;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::size_t kMostASecond = 10'000;  // lines: the tool prints at most some hundred

std::int64_t seconds_of(const tegrastats::WallTime& time) {
  return ((import::days_of_date(time.year, time.month, time.day) * 24 + time.hour) * 60 +
          time.minute) *
             60 +
         time.second;
}

// A line of the tool, unless its date is beyond kLargestTime_ns.
std::optional<Line> line_of(std::string_view text) {
  constexpr int kLastYear = 2114;
  auto line = tegrastats::parse_line(text);
  if (!line || (line->time && line->time->year > kLastYear)) return std::nullopt;
  return std::move(*line);
}

// A Jetson's rails as one expression: the module's input, or rails that stand beside each other.
std::string total_of(const std::vector<std::string>& rails) {
  for (const std::string& rail : rails)
    if (jetson::is_module_input(rail)) return rail;
  if (jetson::overlap_of(rails) != Overlap::none) return rails.size() == 1 ? rails.front() : "";
  std::vector<std::string> roots;
  for (const std::string& rail : rails)
    if (jetson::parent_of(rail, rails).empty()) roots.push_back(rail);
  return join(roots, " + ");
}

class TegrastatsReader final : public import::Reader {
 public:
  static Result<std::unique_ptr<LogReader>> open(LogFile file, const ImportOptions& options) {
    auto reader = std::make_unique<TegrastatsReader>();
    ISOJOULE_TRY(const double interval_ms, import::number_option(options, "interval_ms", 1000));
    reader->interval_ns_ = std::max<std::int64_t>(1, std::llround(interval_ms * 1e6));
    ISOJOULE_CHECK(reader->look_at(file));
    reader->apply(options);
    reader->blocks_ = std::make_unique<LineBlocks>(std::move(file.bytes), file.path);
    return reader;
  }

 private:
  using Row = std::vector<std::optional<std::int32_t>>;  // by channel

  Status look_at(const LogFile& file) {
    std::vector<std::string> rails;
    std::vector<std::int64_t> stamps;
    std::size_t lines = 0;
    std::string_view head = file.head;
    while (!head.empty()) {
      const std::string_view text = take_line(head);
      if (head.empty() && !file.head_is_all) break;  // cut by the end of the head
      const auto line = line_of(text);
      if (!line) continue;
      ++lines;
      if (line->time) stamps.push_back(seconds_of(*line->time));
      for (const RailPower& rail : line->rails)
        // L4T 34 and 35.1 print a channel that is not connected as NC, at 0 mW.
        if (rail.name != "NC" && std::find(rails.begin(), rails.end(), rail.name) == rails.end())
          rails.push_back(rail.name);
    }
    if (lines == 0)
      return fail(ErrorKind::parse, file.path + ": no line of it is one of tegrastats",
                  "Record one with: tegrastats --interval 100 --logfile FILE");
    if (rails.empty())
      return fail(ErrorKind::no_data, file.path + ": tegrastats printed no rail of power",
                  "Run the tool as root: it leaves out rails that it may not read");
    // A log that was cut at its begin may open with half a line.
    stamped_ = 2 * stamps.size() > lines;
    if (stamped_ && stamps.back() > stamps.front())
      pace_s_ = static_cast<double>(stamps.back() - stamps.front()) /
                static_cast<double>(std::max<std::size_t>(1, stamps.size() - 1));
    else
      pace_s_ = static_cast<double>(interval_ns_) * 1e-9;
    set_times(stamps);
    for (const std::string& rail : rails)
      channels_.push_back(tegrastats::rail_info({rail, rail, 0, 0.01, Second(0), Second(pace_s_)}));
    total_ = total_of(rails);
    return {};
  }

  void set_times(const std::vector<std::int64_t>& stamps) {
    if (stamped_) {
      line_.kind = import::TimeLine::Kind::stamps;
      line_.form.order = import::DateOrder::month_first;  // as the tool prints it
      line_.form.digits = 0;
      line_.first_ns = stamps.front() * kSecond;
      notes_.emplace_back("the log's times are whole seconds: lines of one are spread over it");
    } else {
      line_.unit_ns = kSecond;
      notes_.emplace_back(
          "the log has no times: its lines are taken as interval_ms apart, from 0 on");
    }
  }

  Result<bool> do_next(std::vector<Channel>& block) override {
    clear(block);
    if (done_) return false;
    ISOJOULE_TRY(std::string_view text, blocks_->next());
    const bool more = !text.empty();
    while (!text.empty()) take(take_line(text), block);
    if (more) return true;
    done_ = true;
    if (!blocks_->rest().empty()) counters_.add(Counter::line_truncated);
    if (group_.empty()) return false;
    flush(block);
    return true;
  }

  void take(std::string_view text, std::vector<Channel>& block) {
    const auto line = line_of(text);
    if (!line || line->rails.empty() || line->time.has_value() != stamped_) {
      if (!import::trimmed_view(text).empty()) counters_.add(Counter::line_malformed);
      // Its moment passed all the same.
      if (line && !stamped_) index_ += 1;
      return;
    }
    if (!stamped_) return put(row_of(*line), interval_ns_ * index_++, block);
    const std::int64_t second = seconds_of(*line->time);
    if (!group_.empty() && second != group_s_) flush(block);
    if (second <= last_s_ || group_.size() == kMostASecond)
      return counters_.add(Counter::time_backwards);
    group_s_ = second;
    group_.push_back(row_of(*line));
  }

  // The lines of one second.
  void flush(std::vector<Channel>& block) {
    const auto count = static_cast<std::int64_t>(group_.size());
    for (std::int64_t k = 0; k < count; ++k)
      put(group_[static_cast<std::size_t>(k)], group_s_ * kSecond + k * kSecond / count, block);
    last_s_ = group_s_;
    group_.clear();
  }

  Row row_of(const Line& line) const {
    Row row(channels_.size());
    for (std::size_t i = 0; i < row.size(); ++i)
      for (const RailPower& rail : line.rails)
        if (rail.name == channels_[i].rail && std::abs(rail.now_mw) <= INT32_MAX)
          row[i] = static_cast<std::int32_t>(rail.now_mw);
    return row;
  }

  void put(const Row& row, std::int64_t time_ns, std::vector<Channel>& block) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (!row[i]) {
        counters_.add(Counter::sample_failed);  // cut, or more than any board draws
        continue;
      }
      block[i].time_ns.push_back(time_ns);
      block[i].a.push_back(*row[i]);
    }
  }

  std::unique_ptr<LineBlocks> blocks_;
  bool stamped_ = false, done_ = false;
  double pace_s_ = 1;
  std::int64_t interval_ns_ = kSecond, index_ = 0;
  std::vector<Row> group_;
  std::int64_t group_s_ = 0, last_s_ = std::numeric_limits<std::int64_t>::min();
};

int recognises(std::string_view head, const std::string& /*path*/) {
  for (int i = 0; i < 20 && !head.empty(); ++i) {
    const auto line = tegrastats::parse_line(take_line(head));
    if (line && (line->ram || !line->cores.empty()) && !line->rails.empty()) return 90;
    if (line && line->ram) return 60;
  }
  return 0;
}

constexpr std::array<ImportOption, 1> kOptions = {
    {{"interval_ms", "time between two lines, where they have none of their own (1000)"}}};

}  // namespace

const ImportKind& import_kind_tegrastats();
const ImportKind& import_kind_tegrastats() {
  static const ImportKind kind{"tegrastats", "Logs of NVIDIA's tegrastats, JetPack 4 to 7",
                               kOptions, recognises, TegrastatsReader::open};
  return kind;
}

}  // namespace isojoule
