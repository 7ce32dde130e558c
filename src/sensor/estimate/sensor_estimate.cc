// The sensor of a machine that has none: a model of its power, only on request and always labelled.
//
// options: idle_w, max_w (both required: measure them with a wall meter; there are no defaults that
// pretend), exponent (1; of the frequency's share, 0 to 3), gain_uncertainty (0.3, relative),
// period_ms (100). One channel, rail "estimate" unless the spec names another one that says
// "estimate" too.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "sensor/estimate/model.h"
#include "sensor/sensor.h"

namespace isojoule {
namespace {

using estimate::Ticks;

constexpr const char* kStat = "/proc/stat";
constexpr std::size_t kMostCores = 512;
constexpr std::size_t kStatSize = 65536;  // its rows of cores come first: 512 of 120 bytes
constexpr double kTick_s = 0.01;          // USER_HZ is 100 on Linux (time(7))
// Such models are off by 10 to 30 % even where they were fitted, and nothing says that the given
// constants are right: assumed.
constexpr double kAssumedGain = 0.3;

struct Core {
  std::unique_ptr<File> frequency;  // null: no cpufreq, its share is taken as 1
  double maximum_khz = 0;
};

class Estimate final : public Sensor {
 public:
  Estimate(estimate::Constants constants, Duration period)
      : constants_(constants),
        period_(period),
        text_(kStatSize),
        before_(kMostCores),
        after_(kMostCores),
        busy_(kMostCores),
        share_(kMostCores) {}

  Status open(FileTree& tree, const std::string& rail, double gain);

 private:
  const std::vector<ChannelInfo>& do_channels() const override { return channels_; }
  const std::vector<Error>& do_problems() const override { return problems_; }
  void do_read(Clock& clock, std::span<RawReading> out) override;
  Result<std::size_t> look(std::vector<Ticks>& ticks);
  double frequency_share(Core& core);
  bool step();
  void open_frequencies(FileTree& tree);

  estimate::Constants constants_;
  Duration period_;
  std::vector<ChannelInfo> channels_;
  std::vector<Error> problems_;
  std::unique_ptr<File> stat_;
  std::vector<Core> cores_;
  std::vector<char> text_;
  std::vector<Ticks> before_, after_;
  std::vector<double> busy_, share_;
  std::optional<RawReading> last_;
};

Result<std::size_t> Estimate::look(std::vector<Ticks>& ticks) {
  ISOJOULE_TRY(const std::size_t size, stat_->read(text_));
  return estimate::parse_stat(std::string_view(text_.data(), size), ticks);
}

double Estimate::frequency_share(Core& core) {
  if (!core.frequency) return 1;
  const auto khz = read_integer(*core.frequency);
  return khz ? static_cast<double>(*khz) / core.maximum_khz : 1;
}

void Estimate::open_frequencies(FileTree& tree) {
  std::size_t without = 0;
  for (std::size_t i = 0; i < cores_.size(); ++i) {
    const std::string folder = "/sys/devices/system/cpu/cpu" + std::to_string(i) + "/cpufreq/";
    const auto maximum = read_integer(tree, folder + "cpuinfo_max_freq");
    auto now = tree.open(folder + "scaling_cur_freq");
    if (maximum && *maximum > 0 && now) {
      cores_[i] = {std::move(*now), static_cast<double>(*maximum)};
    } else {
      ++without;
    }
  }
  if (without > 0)
    problems_.push_back({ErrorKind::no_data,
                         "estimate: " + std::to_string(without) + " of " +
                             std::to_string(cores_.size()) +
                             " cores show no frequency; they are taken to run at their highest",
                         "/sys/devices/system/cpu/cpuN/cpufreq/scaling_cur_freq",
                         "Virtual machines have no cpufreq; the estimate is then an upper one"});
}

Status Estimate::open(FileTree& tree, const std::string& rail, double gain) {
  auto stat = tree.open(kStat);
  if (!stat) {
    stat.error().tried = kStat;
    stat.error().remedy = "The estimate needs /proc: mount it here";
    return tl::unexpected<Error>(std::move(stat.error()));
  }
  stat_ = std::move(*stat);
  ISOJOULE_TRY(const std::size_t count, look(before_));
  if (count == 0)
    return fail(ErrorKind::parse, std::string(kStat) + ": names no core",
                "The estimate needs Linux's /proc/stat", kStat);
  cores_.resize(count);
  open_frequencies(tree);
  ChannelInfo info;
  info.rail = rail;
  info.sensor = "estimate: a model of utilisation and frequency, no measurement";
  info.kind = ChannelKind::power;
  info.step_a = 1e-3;
  info.window = period_.seconds();
  info.update_period = period_.seconds();
  info.is_dated_by_source = true;
  // One tick of one core within a period.
  const Watt span = constants_.maximum - constants_.idle;
  info.power_quantum =
      span * std::min(1.0, kTick_s / period_.seconds().value()) / static_cast<double>(count);
  info.gain_uncertainty = gain;
  info.power_offset_uncertainty = constants_.idle * gain;
  channels_.push_back(std::move(info));
  return {};
}

// The shares since the last look; false: no tick went by, or there is nothing to look at.
bool Estimate::step() {
  const auto count = look(after_);
  if (!count || *count == 0) return false;
  bool any = false;
  for (std::size_t i = 0; i < cores_.size(); ++i) {
    busy_[i] = estimate::busy_share(before_[i], after_[i]);
    share_[i] = busy_[i] >= 0 ? frequency_share(cores_[i]) : 0;
    any = any || busy_[i] >= 0;
  }
  if (any) std::swap(before_, after_);
  return any;
}

// At most one look a period; in between the last reading, with its own time.
void Estimate::do_read(Clock& clock, std::span<RawReading> out) {
  const Instant now = clock.now();
  if (!last_ || now.ns - last_->time_ns >= period_.ns) {
    RawReading reading{now.ns, 0, 0, ReadingState::no_data};
    if (step()) {
      const std::span<const double> busy(busy_), share(share_);
      const Watt watt = estimate::power(constants_, busy.first(cores_.size()),
                                        share.first(cores_.size()), cores_.size());
      reading.a = static_cast<std::int32_t>(std::lround(watt.value() * 1e3));
      reading.state = ReadingState::ok;
      last_ = reading;
    } else if (!stat_ || !stat_->read(text_)) {
      reading.state = ReadingState::failed;
    }
    out[0] = reading;
    return;
  }
  out[0] = *last_;
}

// A number of the options, within bounds.
Result<double> number(const ChipSpec& spec, const char* name, std::optional<double> otherwise,
                      double low, double high) {
  const auto found = spec.options.find(name);
  if (found == spec.options.end()) {
    if (otherwise) return *otherwise;
    return fail(ErrorKind::invalid, std::string("estimate: ") + name + " is not given",
                "Measure the machine at rest (idle_w) and with all cores busy (max_w) with a meter "
                "at the wall, and give both");
  }
  const std::string& text = found->second;
  double value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && value >= low &&
      value <= high)
    return value;
  return fail(ErrorKind::invalid, std::string("estimate: ") + name + " '" + text + "'",
              "Give a number from " + std::to_string(low) + " to " + std::to_string(high));
}

Result<std::string> rail_of(const ChipSpec& spec) {
  if (spec.channels.empty()) return std::string("estimate");
  if (spec.channels.size() > 1)
    return fail(ErrorKind::invalid, "estimate: it has one channel only", "Name one rail");
  const std::string& rail = spec.channels.front().rail;
  if (rail.find("estimate") != std::string::npos) return rail;
  return fail(ErrorKind::invalid, "estimate: the rail '" + rail + "' does not say what it is",
              "Let its name contain 'estimate'");
}

Result<std::unique_ptr<Sensor>> open_estimate(const ChipSpec& spec, FileTree& tree) {
  constexpr double kMost_w = 1e6;  // so that milliwatts fit a column
  ISOJOULE_TRY(const std::string rail, rail_of(spec));
  ISOJOULE_TRY(const double idle, number(spec, "idle_w", std::nullopt, 0, kMost_w));
  ISOJOULE_TRY(const double maximum, number(spec, "max_w", std::nullopt, 0, kMost_w));
  ISOJOULE_TRY(const double exponent, number(spec, "exponent", 1.0, 0, 3));
  ISOJOULE_TRY(const double gain, number(spec, "gain_uncertainty", kAssumedGain, 0.05, 1));
  ISOJOULE_TRY(const double period_ms, number(spec, "period_ms", 100.0, 10, 60'000));
  if (maximum <= idle)
    return fail(ErrorKind::invalid, "estimate: max_w is not above idle_w", "Give both in watts");
  auto sensor = std::make_unique<Estimate>(estimate::Constants{Watt(idle), Watt(maximum), exponent},
                                           Duration::from(Second(period_ms * 1e-3)));
  ISOJOULE_CHECK(sensor->open(tree, rail, gain));
  return std::unique_ptr<Sensor>(std::move(sensor));
}

}  // namespace

const SensorKind& sensor_kind_estimate();
const SensorKind& sensor_kind_estimate() {
  static const SensorKind kind{
      "estimate", "No measurement: a model of the processor's utilisation, on request only",
      open_estimate};
  return kind;
}

}  // namespace isojoule
