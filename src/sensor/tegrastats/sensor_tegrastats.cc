// The rails of NVIDIA's tegrastats: the tool itself as a subprocess, or a log that it wrote.
//
// options: log = a log file (or `path`): its lines come at their own times, from the first read()
// on; interval_ms = between two lines (1000, the tool's default; of a log without time stamps too);
// program = where the tool is; wait_ms = how long its first line may take beyond two intervals
// (5000). channels: `rail`, or `label` where the tool's name is another one;
// none: all rails of the first line.
#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "base/text.h"
#include "sensor/jetson_rails.h"
#include "sensor/tegrastats/live.h"
#include "sensor/tegrastats/parse.h"
#include "sensor/tegrastats/rail_info.h"

namespace isojoule {
namespace {

using tegrastats::Line;
using tegrastats::RailPower;

constexpr Duration kWait = Duration::milliseconds(5000);
constexpr std::string_view kRootRemedy =
    "Run as root: the tool leaves out rails that it may not read; or use the sensor ina3221";

const std::string& name_in_tool(const ChipSpec::Channel& channel) {
  return channel.label.empty() ? channel.rail : channel.label;
}

ChannelInfo info_of(const ChipSpec& spec, const ChipSpec::Channel& channel, Duration interval) {
  return tegrastats::rail_info({channel.rail, name_in_tool(channel), channel.shunt_ohm,
                                spec.shunt_tolerance, Second(spec.averaging_window_s),
                                interval.seconds()});
}

RawReading reading_of(const Line& line, const std::string& name, std::int64_t time_ns) {
  RawReading reading;
  reading.time_ns = time_ns;
  reading.state = ReadingState::no_data;  // this line has no such rail: it was cut
  for (const RailPower& rail : line.rails) {
    if (rail.name != name) continue;
    const bool fits = rail.now_mw >= std::numeric_limits<std::int32_t>::min() &&
                      rail.now_mw <= std::numeric_limits<std::int32_t>::max();
    reading.state = fits ? ReadingState::ok : ReadingState::failed;
    reading.a = fits ? static_cast<std::int32_t>(rail.now_mw) : 0;
  }
  return reading;
}

// What both forms share: which rails are read.
class Rails : public Sensor {
 public:
  Status choose(const ChipSpec& spec, const std::vector<RailPower>& there, Duration interval,
                const std::string& where) {
    std::vector<ChipSpec::Channel> wanted = spec.channels;
    if (wanted.empty())
      for (const RailPower& rail : there) wanted.push_back({0, rail.name, 0, {}});
    for (const auto& channel : wanted) {
      const std::string& name = name_in_tool(channel);
      const bool found = std::any_of(there.begin(), there.end(),
                                     [&](const RailPower& rail) { return rail.name == name; });
      if (!found) {
        problems_.push_back({ErrorKind::no_data,
                             channel.rail + ": no rail '" + name + "' in " + where, where,
                             std::string(kRootRemedy)});
        continue;
      }
      channels_.push_back(info_of(spec, channel, interval));
      names_.push_back(name);
    }
    if (!channels_.empty()) return {};
    return fail(ErrorKind::no_data, "tegrastats: no rail of power is in " + where,
                std::string(kRootRemedy), where);
  }

 protected:
  std::vector<std::string> names_;  // in the tool's words, by channel

 private:
  const std::vector<ChannelInfo>& do_channels() const override { return channels_; }
  const std::vector<Error>& do_problems() const override { return problems_; }
  std::vector<ChannelInfo> channels_;
  std::vector<Error> problems_;
};

class LogReplay final : public Rails {
 public:
  // Rows of readings, their times counted from the first line.
  void take(const tegrastats::Log& log, Duration interval) {
    hold_ = interval;
    at_ = log.at;
    for (std::size_t i = 0; i < log.lines.size(); ++i)
      for (const std::string& name : names_)
        rows_.push_back(reading_of(log.lines[i], name, log.at[i].ns));
  }

 private:
  // Says no_data from one interval after the last line on.
  void do_read(Clock& clock, std::span<RawReading> out) override {
    const Instant now = clock.now();
    if (!origin_) origin_ = now;
    const Duration elapsed = now - *origin_;
    while (row_ + 1 < at_.size() && at_[row_ + 1] <= elapsed) ++row_;
    const bool over = elapsed > at_.back() + hold_;
    for (std::size_t i = 0; i < names_.size() && i < out.size(); ++i) {
      out[i] = rows_[row_ * names_.size() + i];
      out[i].time_ns += origin_->ns;
      if (over) out[i] = {out[i].time_ns, 0, 0, ReadingState::no_data};
    }
  }

  std::vector<Duration> at_;
  std::vector<RawReading> rows_;
  Duration hold_;
  std::size_t row_ = 0;
  std::optional<Instant> origin_;
};

class LiveRails final : public Rails {
 public:
  // The tool's thread hands every further line to the channels that were chosen.
  LiveRails(std::unique_ptr<tegrastats::Live> live, Duration interval)
      : live_(std::move(live)), interval_(interval) {}

  void begin(const Line& first, Instant at) {
    newest_ = std::make_unique<SharedReadings>(names_.size());
    scratch_.resize(names_.size());
    store(&first, at);
    live_->follow([this](const Line* line, Instant when) { store(line, when); });
  }

 private:
  void store(const Line* line, Instant at) {
    for (std::size_t i = 0; i < names_.size(); ++i)
      scratch_[i] = line != nullptr ? reading_of(*line, names_[i], at.ns)
                                    : RawReading{at.ns, 0, 0, ReadingState::failed};
    newest_->publish(scratch_);
  }

  // The same readings until there is a new line; three lines late, they are `failed`.
  void do_read(Clock& clock, std::span<RawReading> out) override {
    newest_->read(out);
    const std::int64_t oldest = (clock.now() - interval_ * 3 - Duration::milliseconds(1000)).ns;
    for (RawReading& reading : out)
      if (reading.time_ns < oldest) reading = {reading.time_ns, 0, 0, ReadingState::failed};
  }

  std::unique_ptr<SharedReadings> newest_;
  std::vector<RawReading> scratch_;
  std::unique_ptr<tegrastats::Live> live_;  // last: its thread uses the rest
  Duration interval_;
};

std::string option(const ChipSpec& spec, const char* name) {
  const auto found = spec.options.find(name);
  return found == spec.options.end() ? std::string() : found->second;
}

Result<Duration> length_of(const ChipSpec& spec, const char* name, std::int64_t otherwise_ms) {
  const std::string text = option(spec, name);
  if (text.empty()) return Duration::milliseconds(otherwise_ms);
  std::int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && value >= 1 &&
      value <= 3'600'000)
    return Duration::milliseconds(value);
  return fail(ErrorKind::invalid,
              std::string("tegrastats: ") + name + " '" + text + "' is no length",
              "Give whole milliseconds, 1 to 3600000");
}

Result<std::unique_ptr<Sensor>> open_log(const ChipSpec& spec, const std::string& path,
                                         Duration interval, FileTree& tree) {
  auto text = tree.read(path);
  if (!text) {
    text.error().tried = "read " + path;
    text.error().remedy = "Record one with: tegrastats --interval 100 --logfile " + path;
    return tl::unexpected<Error>(std::move(text.error()));
  }
  auto log = tegrastats::parse_log(*text, interval);
  if (!log) {
    log.error().what = path + ": " + log.error().what;
    return tl::unexpected<Error>(std::move(log.error()));
  }
  std::vector<RailPower> there;  // a cut line lacks some: any line counts
  for (const Line& line : log->lines)
    for (const RailPower& rail : line.rails)
      if (std::none_of(there.begin(), there.end(),
                       [&](const RailPower& known) { return known.name == rail.name; }))
        there.push_back(rail);
  const Duration pace =
      log->at.size() > 1
          ? Duration{log->at.back().ns / static_cast<std::int64_t>(log->at.size() - 1)}
          : interval;
  auto sensor = std::make_unique<LogReplay>();
  ISOJOULE_CHECK(sensor->choose(spec, there, pace, path));
  sensor->take(*log, pace);
  return std::unique_ptr<Sensor>(std::move(sensor));
}

Result<std::unique_ptr<Sensor>> open_live(const ChipSpec& spec, Duration interval, FileTree& tree) {
  ISOJOULE_TRY(const std::string program, tegrastats::find_program(option(spec, "program"), tree));
  ISOJOULE_TRY(const Duration wait, length_of(spec, "wait_ms", kWait.ns / 1'000'000));
  auto live = std::make_unique<tegrastats::Live>(program, interval);
  ISOJOULE_TRY(const auto first, live->first_line(interval * 2 + wait));
  auto sensor = std::make_unique<LiveRails>(std::move(live), interval);
  ISOJOULE_CHECK(sensor->choose(spec, first.line.rails, interval, program));
  sensor->begin(first.line, first.at);
  return std::unique_ptr<Sensor>(std::move(sensor));
}

Result<std::unique_ptr<Sensor>> open_tegrastats(const ChipSpec& spec, FileTree& tree) {
  ISOJOULE_TRY(const Duration interval, length_of(spec, "interval_ms", 1000));
  const std::string log = option(spec, "log").empty() ? spec.path : option(spec, "log");
  return log.empty() ? open_live(spec, interval, tree) : open_log(spec, log, interval, tree);
}

// True where some INA3221 can be read by this user: then the tool would only be a detour.
bool power_chip_is_readable(FileTree& tree) {
  for (const char* driver : {"/sys/bus/i2c/drivers/ina3221x", "/sys/bus/i2c/drivers/ina3221"}) {
    for (const std::string& chip : tree.list(driver).value_or(std::vector<std::string>())) {
      const std::string folder = std::string(driver) + "/" + chip;
      for (const std::string& device : tree.list(folder).value_or(std::vector<std::string>()))
        if (tree.read(folder + "/" + device + "/in_voltage0_input")) return true;
      const std::string hwmon = folder + "/hwmon";
      for (const std::string& device : tree.list(hwmon).value_or(std::vector<std::string>()))
        if (tree.read(hwmon + "/" + device + "/in1_input")) return true;
    }
  }
  return false;
}

std::vector<FoundSource> discover_tegrastats(FileTree& tree) {
  if (power_chip_is_readable(tree)) return {};
  const auto program = tegrastats::find_program({}, tree);
  if (!program) return {};
  tegrastats::Live live(*program, Duration::milliseconds(100));
  const auto first = live.first_line(kWait);
  if (!first) return {};
  auto source = tegrastats::source_of(first->line.rails);
  if (!source) return {};
  return {std::move(*source)};
}

}  // namespace

std::optional<FoundSource> tegrastats::source_of(const std::vector<RailPower>& rails) {
  std::vector<std::string> names;
  for (const RailPower& rail : rails)
    // L4T 34 and 35.1 print a channel that is not connected as NC, at 0 mW.
    if (rail.name != "NC") names.push_back(rail.name);
  if (names.empty()) return std::nullopt;
  FoundSource source;
  source.spec.type = "tegrastats";
  source.overlap = jetson::overlap_of(names);
  for (const std::string& name : names) {
    source.spec.channels.push_back({0, name, 0, name});
    source.rails.push_back({name, jetson::parent_of(name, names), "rail of tegrastats"});
    if (jetson::is_module_input(name)) source.coverage = Coverage::package;
  }
  return source;
}

const SensorKind& sensor_kind_tegrastats();
const SensorKind& sensor_kind_tegrastats() {
  static const SensorKind kind{
      "tegrastats",
      "Rails as NVIDIA's tegrastats prints them: the tool itself, or a log that it wrote",
      open_tegrastats, discover_tegrastats};
  return kind;
}

}  // namespace isojoule
