// A battery as the machine's power meter (Documentation/ABI/testing/sysfs-class-power): power_now
// in microwatts, else voltage_now (uV) times current_now (uA).
//
// Drivers differ in the sign of current_now (negative while discharging, the other way round, never
// negative), so the magnitude is the value's and the direction is `status`: only a battery that
// says Discharging feeds the machine. In any other state the channel has nothing to say.
//
// path: the battery's folder; channels: one.
#include <cstdlib>
#include <limits>

#include "base/text.h"
#include "sensor/sensor.h"

namespace isojoule {
namespace {

constexpr const char* kClass = "/sys/class/power_supply";
constexpr double kStep_w = 1e-6;
// drivers/acpi/battery.c asks the firmware at most once a second (cache_time); fuel gauges update
// about as often.
constexpr Second kUpdate{1.0};
constexpr Watt kQuantum{0.01};  // assumed: 1 mA of a battery of about 10 V
constexpr double kGain = 0.03;  // assumed

class Battery final : public Sensor {
 public:
  Status open(FileTree& tree, const std::string& folder, const std::string& rail);

 private:
  const std::vector<ChannelInfo>& do_channels() const override { return channels_; }
  const std::vector<Error>& do_problems() const override { return problems_; }
  void do_read(Clock& clock, std::span<RawReading> out) override;
  ReadingState direction();
  Result<double> microwatts();

  std::vector<ChannelInfo> channels_;
  std::vector<Error> problems_;
  std::unique_ptr<File> status_, power_, voltage_, current_;
};

Status Battery::open(FileTree& tree, const std::string& folder, const std::string& rail) {
  ISOJOULE_CHECK(tree.read(folder + "/status"));
  ISOJOULE_TRY(status_, tree.open(folder + "/status"));
  if (read_integer(tree, folder + "/power_now")) {
    ISOJOULE_TRY(power_, tree.open(folder + "/power_now"));
  } else {
    ISOJOULE_CHECK(read_integer(tree, folder + "/voltage_now"));
    ISOJOULE_CHECK(read_integer(tree, folder + "/current_now"));
    ISOJOULE_TRY(voltage_, tree.open(folder + "/voltage_now"));
    ISOJOULE_TRY(current_, tree.open(folder + "/current_now"));
  }
  ChannelInfo info;
  info.rail = rail;
  info.sensor = "power_supply " + folder.substr(folder.rfind('/') + 1);
  info.kind = ChannelKind::power;
  info.step_a = kStep_w;
  info.update_period = kUpdate;
  info.power_quantum = kQuantum;
  info.gain_uncertainty = kGain;
  channels_.push_back(std::move(info));
  return {};
}

ReadingState Battery::direction() {
  std::array<char, 32> text{};
  const auto size = status_->read(text);
  if (!size) return ReadingState::failed;
  std::string_view word(text.data(), *size);
  while (!word.empty() && (word.back() == '\n' || word.back() == ' ')) word.remove_suffix(1);
  if (word.empty()) return ReadingState::failed;
  return word == "Discharging" ? ReadingState::ok : ReadingState::no_data;
}

Result<double> Battery::microwatts() {
  if (power_) {
    ISOJOULE_TRY(const std::int64_t power, read_integer(*power_));
    return std::abs(static_cast<double>(power));
  }
  ISOJOULE_TRY(const std::int64_t voltage, read_integer(*voltage_));
  ISOJOULE_TRY(const std::int64_t current, read_integer(*current_));
  return std::abs(static_cast<double>(voltage) * static_cast<double>(current) * 1e-6);
}

void Battery::do_read(Clock& clock, std::span<RawReading> out) {
  if (out.empty()) return;
  RawReading& reading = out[0];
  reading = {};
  reading.time_ns = clock.now().ns;
  reading.state = direction();
  if (reading.state != ReadingState::ok) return;
  const auto power = microwatts();
  if (!power) {
    reading.state =
        power.error().kind == ErrorKind::no_data ? ReadingState::no_data : ReadingState::failed;
  } else if (*power > std::numeric_limits<std::int32_t>::max()) {
    reading.state = ReadingState::failed;
  } else {
    reading.a = static_cast<std::int32_t>(*power);
  }
}

Result<std::unique_ptr<Sensor>> open_power_supply(const ChipSpec& spec, FileTree& tree) {
  if (spec.channels.size() != 1)
    return fail(ErrorKind::invalid, "power_supply: a battery has one channel", "Name one rail",
                spec.path);
  const std::string folder =
      spec.path.empty() ? std::string(kClass) + "/" + spec.channels[0].rail : spec.path;
  auto sensor = std::make_unique<Battery>();
  auto status = sensor->open(tree, folder, spec.channels[0].rail);
  if (status) return std::unique_ptr<Sensor>(std::move(sensor));
  status.error().tried = folder + ": " + status.error().tried;
  if (status.error().remedy.empty())
    status.error().remedy = "Take another source: this battery does not say its power";
  return tl::unexpected<Error>(std::move(status.error()));
}

std::vector<FoundSource> discover(FileTree& tree) {
  std::vector<FoundSource> found;
  const auto names = tree.list(kClass);
  if (!names) return found;
  for (const std::string& name : *names) {
    const std::string folder = std::string(kClass) + "/" + name;
    const auto type = read_line(tree, folder + "/type");
    if (!type || *type != "Battery") continue;
    // A mouse's battery does not feed the machine.
    const auto scope = read_line(tree, folder + "/scope");
    if (scope && *scope == "Device") continue;
    FoundSource source{{"power_supply", {}, {}, {{0, name}}}, {}, Coverage::machine};
    source.spec.path = folder;
    source.rails.push_back({name, "", "the machine, while it runs on this battery"});
    found.push_back(std::move(source));
  }
  return found;
}

}  // namespace

const SensorKind& sensor_kind_power_supply();
const SensorKind& sensor_kind_power_supply() {
  static const SensorKind kind{
      "power_supply",
      "A battery that discharges; updated about once a second, so for long phases only",
      open_power_supply, discover};
  return kind;
}

}  // namespace isojoule
