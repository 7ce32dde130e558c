// MLPerf's logs (mlperf_log_detail.txt and those of MLPerf training and logging) as a source of
// windows. Two forms of the line:
//   :::MLLOG {"key": "power_begin", "value": "07-20-2024 17:54:38.800", "time_ms": 1580.3, ...}
//   "pid": 12, "tid": 12, "ts": 1580314812ns : POWER_BEGIN: ... 07-20-2024 17:54:38.800
// The value of power_begin and power_end is loadgen's wall clock in UTC (DateTimeStringForPower of
// mlcommons/inference, loadgen/utils.cc). time_ms counts from loadgen's start, so it says nothing
// on a trace's clock; the loggers of training write milliseconds since 1970 there, and those count.
#include <cmath>
#include <nlohmann/json.hpp>

#include "import/number.h"
#include "import/window_reader.h"

namespace isojoule {
namespace {

using import::MarkPairs;

constexpr std::string_view kPrefix = ":::MLLOG";

// The first date with a time of day in `text`.
std::optional<import::Stamp> find_stamp(std::string_view text) {
  constexpr std::size_t kStamp = 19, kLongest = 23;  // without and with milliseconds
  for (std::size_t at = 0; at + kStamp <= text.size(); ++at) {
    if (text[at] < '0' || text[at] > '9') continue;
    for (const std::size_t size : {kLongest, kStamp})
      if (const auto stamp =
              import::parse_stamp(text.substr(at, size), import::DateOrder::month_first);
          stamp && stamp->form.has_date)
        return stamp;
  }
  return std::nullopt;
}

class MlperfReader final : public import::WindowReader {
 public:
  explicit MlperfReader(LogFile file) : WindowReader(std::move(file)) { line_.since_1970 = true; }
  static Result<std::unique_ptr<LogReader>> open(LogFile file, const ImportOptions& /*options*/) {
    return std::make_unique<MlperfReader>(std::move(file));
  }

 private:
  void do_take(std::string_view line, bool is_cut) override {
    const std::size_t at = line.find(kPrefix);
    const bool is_entry = at != std::string_view::npos;
    const std::string_view json = is_entry ? line.substr(at + kPrefix.size()) : std::string_view();
    // An entry that is whole needs no end of its line.
    if (is_cut && !nlohmann::json::accept(json)) return counters_.add(Counter::line_truncated);
    if (is_entry) return take_entry(json);
    for (const std::string_view label : {"POWER_BEGIN", "POWER_END"})
      if (const std::size_t place = line.find(label); place != std::string_view::npos) {
        const auto stamp = find_stamp(line.substr(place));
        if (!stamp) return counters_.add(Counter::line_malformed);
        return add(label == "POWER_BEGIN" ? "power_begin" : "power_end", *stamp);
      }
  }

  void take_entry(std::string_view json) {
    const auto entry = nlohmann::json::parse(json, nullptr, false);
    if (!entry.is_object()) return counters_.add(Counter::line_malformed);
    const auto key = entry.find("key"), value = entry.find("value"), time = entry.find("time_ms");
    if (key == entry.end() || !key->is_string()) return counters_.add(Counter::line_malformed);
    const auto& label = key->get_ref<const std::string&>();
    if (MarkPairs::meaning_of(label).role == MarkPairs::Role::point) return;
    if (value != entry.end() && value->is_string())
      if (const auto stamp = import::parse_stamp(value->get_ref<const std::string&>(),
                                                 import::DateOrder::month_first);
          stamp && stamp->form.has_date)
        return add(label, *stamp);
    constexpr double kYear1973_ms = 1e11,
                     kLargest_ms = static_cast<double>(import::kLargestTime_ns) * 1e-6;
    if (time != entry.end() && time->is_number())
      if (const double ms = time->get<double>(); ms >= kYear1973_ms && ms < kLargest_ms)
        pairs_.add(label, Instant{std::llround(ms * 1e3) * 1000});
  }

  void add(std::string_view label, const import::Stamp& stamp) {
    if (line_.kind == import::TimeLine::Kind::number)
      line_ = {import::TimeLine::Kind::stamps,
               stamp.form,
               import::DateOrder::month_first,
               1'000'000'000,
               '.',
               true,
               stamp.ns};
    pairs_.add(label, Instant{stamp.ns});
  }
};

int recognises(std::string_view head, const std::string& /*path*/) {
  if (head.find(kPrefix) != std::string_view::npos) return 95;
  return head.find("\"pid\": ") < 200 && head.find("ns : ") < 400 ? 70 : 0;
}

}  // namespace

const ImportKind& import_kind_mlperf();
const ImportKind& import_kind_mlperf() {
  static const ImportKind kind{
      "mlperf",
      "Windows of MLPerf's logs: power_begin to power_end, run_start to run_stop, ...",
      {},
      recognises,
      MlperfReader::open};
  return kind;
}

}  // namespace isojoule
