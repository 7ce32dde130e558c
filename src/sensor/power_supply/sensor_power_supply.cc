// Batteries of /sys/class/power_supply: a discharging one gives what the machine draws.
//
// path = the class's folder ("" = /sys/class/power_supply). A channel's label (else its rail) is
// the supply's name, "BAT0".
//
// Sources: Documentation/ABI/testing/sysfs-class-power (files; uV, uA, uW; status). Drivers sign
// current and power in three ways: negative while discharging, negative while charging, never
// (kernel commit 05f94eb9; ACPI's current_now is signed since 234f7155 of 2025, its power_now is
// not). So the magnitude is the value's and the direction the status's.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "base/text.h"
#include "sensor/sensor.h"

namespace isojoule {
namespace {

constexpr char kClass[] = "/sys/class/power_supply";
constexpr double kMicro = 1e-6;
// A column holds 2^31 steps: in steps of 10 uW that is 21 kW.
constexpr std::int64_t kStep_uw = 10;
// A gauge has a new value about every second (drivers/acpi/battery.c keeps its own for
// cache_time = 1 s); what it averages over is not said: assumed as long.
constexpr Second kUpdate{1.0};
constexpr double kMilli_in_micro = 1e3;  // voltage and current are kept in mV and mA
// Gauges show whole milliwatts, or milliamperes and millivolts (ACPI specification, _BST).
constexpr Watt kPowerQuantum{1e-3};
constexpr Volt kVoltageQuantum{1e-3};
constexpr Ampere kCurrentQuantum{1e-3};
// No driver states its accuracy. Assumed: 5 % at most, a rectangular distribution.
const double kGain = 0.05 / std::sqrt(3.0);

struct Source {
  std::unique_ptr<File> status, power;     // power: null where there is none
  std::unique_ptr<File> voltage, current;  // instead of it
};

class PowerSupply final : public Sensor {
 public:
  Status add(const ChipSpec::Channel& channel, const std::string& folder, FileTree& tree);
  std::vector<ChannelInfo> channels_;
  std::vector<Error> problems_;

 private:
  const std::vector<ChannelInfo>& do_channels() const override { return channels_; }
  const std::vector<Error>& do_problems() const override { return problems_; }
  void do_read(Clock& clock, std::span<RawReading> out) override;
  std::vector<Source> sources_;
};

ReadingState state_of(const Error& error) {
  return error.kind == ErrorKind::no_data ? ReadingState::no_data : ReadingState::failed;
}

// Only a discharging battery says what the machine draws: a charging one shows what goes into it, a
// full or resting one nothing, and "Unknown" has no direction.
ReadingState direction(File& status) {
  std::array<char, 32> text{};
  const auto size = status.read(text);
  if (!size) return state_of(size.error());
  std::string_view word(text.data(), std::min(*size, text.size()));
  while (!word.empty() && (word.back() == '\n' || word.back() == ' ')) word.remove_suffix(1);
  if (word == "Discharging") return ReadingState::ok;
  const bool is_known =
      word == "Charging" || word == "Full" || word == "Not charging" || word == "Unknown";
  return is_known ? ReadingState::no_data : ReadingState::failed;
}

// The value's magnitude in steps. A machine that runs from a battery draws something: zero is a
// gauge that does not measure.
ReadingState magnitude(File& file, double step, std::int32_t& steps) {
  const auto number = read_integer(file);
  if (!number) return state_of(number.error());
  const double value = std::round(std::abs(static_cast<double>(*number)) / step);
  if (value > std::numeric_limits<std::int32_t>::max()) return ReadingState::failed;
  if (value == 0) return ReadingState::no_data;
  steps = static_cast<std::int32_t>(value);
  return ReadingState::ok;
}

// Power, or voltage and current apart, so that a current that stands still is seen.
ReadingState values(const Source& source, RawReading& reading) {
  if (source.power) return magnitude(*source.power, kStep_uw, reading.a);
  const ReadingState voltage = magnitude(*source.voltage, kMilli_in_micro, reading.a);
  if (voltage != ReadingState::ok) return voltage;
  const ReadingState current = magnitude(*source.current, kMilli_in_micro, reading.b);
  if (current != ReadingState::ok) reading.a = 0;
  return current;
}

void PowerSupply::do_read(Clock& clock, std::span<RawReading> out) {
  for (std::size_t i = 0; i < sources_.size() && i < out.size(); ++i) {
    RawReading reading;
    reading.state = direction(*sources_[i].status);
    if (reading.state == ReadingState::ok) reading.state = values(sources_[i], reading);
    reading.time_ns = clock.now().ns;
    out[i] = reading;
  }
}

Status PowerSupply::add(const ChipSpec::Channel& channel, const std::string& folder,
                        FileTree& tree) {
  const std::string name = channel.label.empty() ? channel.rail : channel.label;
  const std::string at = folder + "/" + name;
  Source source;
  ISOJOULE_TRY(const std::string status, read_line(tree, at + "/status"));
  ISOJOULE_TRY(source.status, tree.open(at + "/status"));
  const bool has_power = read_integer(tree, at + "/power_now").has_value();
  if (has_power) {
    ISOJOULE_TRY(source.power, tree.open(at + "/power_now"));
  } else {
    ISOJOULE_CHECK(read_integer(tree, at + "/voltage_now"));
    // ACPI answers ENODEV or ENODATA for a current it does not know now: it may know it later.
    ISOJOULE_TRY(source.voltage, tree.open(at + "/voltage_now"));
    ISOJOULE_TRY(source.current, tree.open(at + "/current_now"));
  }
  ChannelInfo info;
  info.rail = channel.rail;
  info.sensor = "power_supply " + name + (has_power ? " power" : " voltage x current");
  if (has_power) {
    info.kind = ChannelKind::power;
    info.step_a = kStep_uw * kMicro;
    info.power_quantum = kPowerQuantum;
  } else {
    info.kind = ChannelKind::voltage_current;
    info.step_a = info.step_b = kMilli_in_micro * kMicro;
    info.voltage_quantum = kVoltageQuantum;
    info.current_quantum = kCurrentQuantum;
  }
  info.window = info.update_period = kUpdate;
  info.gain_uncertainty = kGain;
  channels_.push_back(std::move(info));
  sources_.push_back(std::move(source));
  if (status != "Discharging")
    problems_.push_back(
        {ErrorKind::no_data,
         name + " is not discharging (" + status + "): it does not say what the machine draws",
         at + "/status", "Unplug the mains adapter while measuring"});
  return {};
}

Result<std::unique_ptr<Sensor>> open_power_supply(const ChipSpec& spec, FileTree& tree) {
  const std::string folder = spec.path.empty() ? kClass : spec.path;
  auto sensor = std::make_unique<PowerSupply>();
  for (const auto& channel : spec.channels) {
    auto status = sensor->add(channel, folder, tree);
    if (status) continue;
    Error& error = status.error();
    if (error.remedy.empty())
      error.remedy = error.kind == ErrorKind::permission_denied
                         ? "Run as root, or make the node readable"
                         : "Check the battery's name and that its driver is loaded: ls " + folder;
    sensor->problems_.push_back(std::move(error));
  }
  if (!sensor->channels_.empty()) return std::unique_ptr<Sensor>(std::move(sensor));
  if (!sensor->problems_.empty()) return tl::unexpected<Error>(sensor->problems_.front());
  return fail(ErrorKind::invalid, "power_supply: the board file names no battery",
              "Give a channel with the battery's name", folder);
}

// Batteries of the machine; not those of a mouse (scope Device), which it does not run from.
std::vector<FoundSource> discover_power_supply(FileTree& tree) {
  FoundSource source;
  source.spec.type = "power_supply";
  source.coverage = Coverage::machine;
  const auto names = tree.list(kClass);
  if (!names) return {};
  for (const std::string& name : *names) {
    const std::string at = std::string(kClass) + "/" + name;
    const auto type = read_line(tree, at + "/type");
    const auto scope = read_line(tree, at + "/scope");
    if (!type || *type != "Battery" || (scope && *scope == "Device")) continue;
    const int index = static_cast<int>(source.spec.channels.size());
    source.spec.channels.push_back({index, name, 0, name});
    source.rails.push_back({name, "", "battery"});
  }
  if (source.rails.empty()) return {};
  return {std::move(source)};
}

}  // namespace

const SensorKind& sensor_kind_power_supply();
const SensorKind& sensor_kind_power_supply() {
  static const SensorKind kind{"power_supply",
                               "Batteries: what a machine draws while it runs from them",
                               open_power_supply, discover_power_supply};
  return kind;
}

}  // namespace isojoule
