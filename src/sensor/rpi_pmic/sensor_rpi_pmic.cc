// The twelve rails of a Raspberry Pi 5, through `vcgencmd pmic_read_adc`.
//
// A call takes milliseconds (a program is started and asks the firmware), so on a real machine a
// thread of the sensor's own calls (BackgroundReader: it rests while nobody reads) and the sampler
// takes the newest result; on a virtual clock the call is made at once. One call gives all
// channels, and they share its time stamp, the middle of the call.
//
// options: period_ms = between two calls (100); program = "vcgencmd"; input_estimate = "yes" adds a
// channel INPUT_ESTIMATE, the board's input as the community's fit gives it (pmic_adc.h). It is no
// measurement, has an uncertainty to match, and belongs in no total: a board's total is the sum of
// its rails. channels: `rail` (or `label`, the firmware's name); none: all that there are.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "sensor/background_reader.h"
#include "sensor/rpi_pmic/pmic_adc.h"

namespace isojoule {
namespace {

using rpi_pmic::RailReading;

constexpr std::int64_t kDefaultPeriod_ms = 100;
constexpr Duration kLimit = Duration::milliseconds(2000);  // of one call
constexpr double kStep = 1e-6;                             // V and A of a column's step
// The chip's accuracy is not public; assumed: 3 %, of which nothing is known to cancel.
constexpr double kAssumedGain = 0.03;
// Of the estimate: assumed 15 % and half a watt (the fit's own spread is not published).
constexpr double kEstimateGain = 0.15;
constexpr Watt kEstimateOffset{0.5};
constexpr const char* kEstimateRail = "INPUT_ESTIMATE";

std::int32_t steps_of(double value, double step) {
  const double steps = std::nearbyint(value / step);
  return static_cast<std::int32_t>(std::clamp<double>(
      steps, std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()));
}

std::string option(const ChipSpec& spec, const char* name, const char* otherwise) {
  const auto found = spec.options.find(name);
  return found == spec.options.end() ? std::string(otherwise) : found->second;
}

// Parses what a call printed, with a remedy that fits how it failed.
Result<std::vector<RailReading>> call(FileTree& tree, const std::string& program) {
  auto text = tree.run({program, "pmic_read_adc"}, kLimit);
  if (text) return rpi_pmic::parse_adc(*text);
  Error error = std::move(text.error());
  error.tried = program + " pmic_read_adc";
  error.remedy = error.kind == ErrorKind::not_found
                     ? "Install it (package raspi-utils or libraspberrypi-bin); in a container, "
                       "bring it in together with /dev/vcio"
                     : "Only a Raspberry Pi 5 has this chip; the user needs the group 'video' "
                       "(/dev/vcio)";
  return tl::unexpected<Error>(std::move(error));
}

class RpiPmic final : public Sensor {
 public:
  RpiPmic(FileTree& tree, std::string program) : tree_(tree), program_(std::move(program)) {}

  void add_rail(const ChipSpec::Channel& channel, const std::string& name, Volt voltage,
                Duration period);
  void add_estimate(Duration period);
  void begin(Duration period) {
    reader_ = std::make_unique<BackgroundReader>(
        channels_.size(), period,
        [this](Clock& clock, std::span<RawReading> out) { fetch(clock, out); });
  }
  std::vector<Error> problems_;

 private:
  const std::vector<ChannelInfo>& do_channels() const override { return channels_; }
  const std::vector<Error>& do_problems() const override { return problems_; }
  void do_read(Clock& clock, std::span<RawReading> out) override { reader_->read(clock, out); }
  void fetch(Clock& clock, std::span<RawReading> out);

  FileTree& tree_;
  std::string program_;
  std::vector<ChannelInfo> channels_;
  std::vector<std::string> names_;            // canonical, by channel; "" = the estimate
  std::unique_ptr<BackgroundReader> reader_;  // last: its thread uses the rest
};

void RpiPmic::add_rail(const ChipSpec::Channel& channel, const std::string& name, Volt voltage,
                       Duration period) {
  ChannelInfo info;
  info.rail = channel.rail;
  info.sensor = "rpi_pmic " + name;
  info.kind = ChannelKind::voltage_current;
  info.step_a = info.step_b = kStep;
  info.voltage_quantum = rpi_pmic::voltage_step(voltage);
  info.current_quantum = rpi_pmic::current_step(name);
  info.window = Second(0);  // the firmware asks the converter once a call; not documented
  info.gain_uncertainty = kAssumedGain;
  // One step of the converter, assumed, as a rectangular distribution.
  info.current_offset_uncertainty = info.current_quantum / std::sqrt(3.0);
  info.update_period = period.seconds();
  info.is_dated_by_source = true;
  channels_.push_back(std::move(info));
  names_.push_back(name);
}

void RpiPmic::add_estimate(Duration period) {
  ChannelInfo info;
  info.rail = kEstimateRail;
  info.sensor = "rpi_pmic estimate: 1.1451 x sum of rails + 0.5879 W (a community's fit)";
  info.kind = ChannelKind::power;
  info.step_a = 1e-3;
  info.power_quantum = Watt(1e-3);
  info.window = Second(0);
  info.gain_uncertainty = kEstimateGain;
  info.power_offset_uncertainty = kEstimateOffset;
  info.update_period = period.seconds();
  info.is_dated_by_source = true;
  channels_.push_back(std::move(info));
  names_.emplace_back();
}

void RpiPmic::fetch(Clock& clock, std::span<RawReading> out) {
  const Instant begin = clock.now();
  const auto rails = call(tree_, program_);
  const std::int64_t middle = begin.ns + (clock.now() - begin).ns / 2;
  std::fill(out.begin(), out.end(), RawReading{middle, 0, 0, ReadingState::failed});
  if (!rails) return;
  double sum_w = 0;
  for (const RailReading& rail : *rails) sum_w += (rail.voltage * rail.current).value();
  for (std::size_t i = 0; i < names_.size() && i < out.size(); ++i) {
    out[i].state = ReadingState::no_data;  // this call did not say it
    if (names_[i].empty()) {
      out[i] = {middle, steps_of(rpi_pmic::estimated_input(Watt(sum_w)).value(), 1e-3), 0,
                ReadingState::ok};
      continue;
    }
    for (const RailReading& rail : *rails)
      if (rail.name == names_[i])
        out[i] = {middle, steps_of(rail.voltage.value(), kStep),
                  steps_of(rail.current.value(), kStep), ReadingState::ok};
  }
}

Result<Duration> period_of(const ChipSpec& spec) {
  const std::string text = option(spec, "period_ms", "");
  if (text.empty()) return Duration::milliseconds(kDefaultPeriod_ms);
  std::int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && value >= 10 &&
      value <= 60'000)
    return Duration::milliseconds(value);
  return fail(ErrorKind::invalid, "rpi_pmic: period_ms '" + text + "' is no period",
              "Give whole milliseconds, 10 to 60000");
}

Result<bool> estimate_wanted(const ChipSpec& spec) {
  const std::string text = option(spec, "input_estimate", "no");
  if (text == "yes" || text == "true") return true;
  if (text == "no" || text == "false") return false;
  return fail(ErrorKind::invalid, "rpi_pmic: input_estimate '" + text + "'", "Give yes or no");
}

Result<std::unique_ptr<Sensor>> open_rpi_pmic(const ChipSpec& spec, FileTree& tree) {
  ISOJOULE_TRY(const Duration period, period_of(spec));
  ISOJOULE_TRY(const bool estimate, estimate_wanted(spec));
  const std::string program = option(spec, "program", "vcgencmd");
  ISOJOULE_TRY(const auto there, call(tree, program));
  std::vector<ChipSpec::Channel> wanted = spec.channels;
  if (wanted.empty())
    for (const RailReading& rail : there) wanted.push_back({0, rail.name, 0, {}});
  auto sensor = std::make_unique<RpiPmic>(tree, program);
  bool any = false;
  for (const auto& channel : wanted) {
    const std::string name(
        rpi_pmic::canonical_rail(channel.label.empty() ? channel.rail : channel.label));
    const auto found = std::find_if(there.begin(), there.end(),
                                    [&](const RailReading& rail) { return rail.name == name; });
    if (found == there.end()) {
      sensor->problems_.push_back(
          {ErrorKind::no_data, channel.rail + ": the firmware gives no voltage and current for it",
           program + " pmic_read_adc",
           "The other rails are read; energies that need this one are absent"});
      continue;
    }
    sensor->add_rail(channel, name, found->voltage, period);
    any = true;
  }
  if (!any) return tl::unexpected<Error>(std::move(sensor->problems_.front()));
  if (estimate) sensor->add_estimate(period);
  sensor->begin(period);
  return std::unique_ptr<Sensor>(std::move(sensor));
}

// For people; by the names alone, Raspberry Pi has not published the rail tree.
std::string_view what_is(std::string_view rail) {
  if (rail == "VDD_CORE") return "processor and GPU";
  if (rail.substr(0, 3) == "DDR") return "memory";
  if (rail == "3V7_WL_SW") return "wireless";
  if (rail == "HDMI") return "HDMI connectors";
  return "output of the power management chip";
}

std::vector<FoundSource> discover_rpi_pmic(FileTree& tree) {
  // vcgencmd is on every Raspberry Pi, and elsewhere somebody else's program may have its name: the
  // device tree is asked first.
  const auto model = read_line(tree, "/proc/device-tree/model");
  if (!model || model->find("Raspberry Pi") == std::string::npos) return {};
  const auto rails = call(tree, "vcgencmd");
  if (!rails) return {};
  FoundSource source;
  source.spec.type = "rpi_pmic";
  source.coverage = Coverage::package;  // processor, memory and the board's 3.3 V and 1.8 V
  for (const RailReading& rail : *rails) {
    source.spec.channels.push_back({0, rail.name, 0, rail.name});
    source.rails.push_back({rail.name, "", std::string(what_is(rail.name))});
  }
  return {std::move(source)};
}

}  // namespace

const SensorKind& sensor_kind_rpi_pmic();
const SensorKind& sensor_kind_rpi_pmic() {
  static const SensorKind kind{
      "rpi_pmic",
      "Raspberry Pi 5: voltage and current of the power management chip's twelve rails (vcgencmd)",
      open_rpi_pmic, discover_rpi_pmic};
  return kind;
}

}  // namespace isojoule
