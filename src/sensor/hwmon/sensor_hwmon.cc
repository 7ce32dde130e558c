// Power that a driver shows in hwmon: a GPU, a power meter, a supply.
//
// path = the hwmon folder or the folder of its device; or bus_address ("0-0040"). Never the number
// of the hwmon device, which changes from boot to boot. A channel's label (else its rail) is the
// file's beginning, "power1": power1_input, else power1_average.
//
// Source: Documentation/hwmon/sysfs-interface.rst (files; uW, uJ; power*_average_interval and
// update_interval in ms).
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>

#include "base/text.h"
#include "sensor/sensor.h"
#include "sensor/wrapping_counter.h"

namespace isojoule {
namespace {

constexpr char kClass[] = "/sys/class/hwmon";
constexpr double kMicro = 1e-6;
constexpr std::int64_t kStep_uw = 10;  // a column of 2^31 steps holds 21 kW
// The ABI names neither of these. Assumed: a new value a second, where update_interval and
// power*_average_interval do not say it; whole milliwatts; 5 % at most, a rectangular
// distribution; and no energy counter of a part that draws more than 2 kW.
constexpr Second kUpdate{1.0};
constexpr Watt kQuantum{1e-3};
const double kGain = 0.05 / std::sqrt(3.0);
constexpr Watt kLimit{2000};

struct Source {
  std::unique_ptr<File> file;
  bool is_energy = false;
  WrappingCounter counter{0, kLimit, Joule(kMicro)};  // 64 bits, as the driver accumulates them
};

class Hwmon final : public Sensor {
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

void take(Source& source, RawReading& out) {
  const auto value = read_integer(*source.file);
  if (!value) {
    if (value.error().kind == ErrorKind::no_data) out.state = ReadingState::no_data;
    return;
  }
  if (source.is_energy) {
    if (*value < 0) return;
    const auto counted = source.counter.take(static_cast<std::uint64_t>(*value), out.time_ns);
    if (!counted) return;
    out.a = static_cast<std::int32_t>(*counted);
  } else {
    const std::int64_t steps = *value / kStep_uw;
    if (std::abs(steps) > std::numeric_limits<std::int32_t>::max()) return;
    out.a = static_cast<std::int32_t>(steps);
  }
  out.state = ReadingState::ok;
}

void Hwmon::do_read(Clock& clock, std::span<RawReading> out) {
  for (std::size_t i = 0; i < sources_.size() && i < out.size(); ++i) {
    out[i] = {clock.now().ns, 0, 0, ReadingState::failed};
    take(sources_[i], out[i]);
  }
}

Second milliseconds(FileTree& tree, const std::string& path, Second otherwise) {
  const auto value = read_integer(tree, path);
  return value && *value > 0 ? Second(static_cast<double>(*value) * 1e-3) : otherwise;
}

Status Hwmon::add(const ChipSpec::Channel& channel, const std::string& folder, FileTree& tree) {
  const std::string stem = channel.label.empty() ? channel.rail : channel.label;
  std::string path = folder + "/" + stem + "_input";
  Source source;
  source.is_energy = stem.rfind("energy", 0) == 0;
  const bool is_average =
      !source.is_energy && !tree.exists(path) && tree.exists(folder + "/" + stem + "_average");
  if (is_average) path = folder + "/" + stem + "_average";
  ISOJOULE_CHECK(read_integer(tree, path));
  ISOJOULE_TRY(source.file, tree.open(path));
  ChannelInfo info;
  info.rail = channel.rail;
  info.sensor = "hwmon " + read_line(tree, folder + "/name").value_or("") + " " + stem;
  info.kind = source.is_energy ? ChannelKind::energy_counter : ChannelKind::power;
  info.step_a = source.is_energy ? kMicro : kStep_uw * kMicro;
  info.gain_uncertainty = kGain;
  info.update_period = milliseconds(tree, folder + "/update_interval", kUpdate);
  if (!source.is_energy) info.power_quantum = kQuantum;
  if (is_average) info.window = milliseconds(tree, path + "_interval", kUpdate);
  channels_.push_back(std::move(info));
  sources_.push_back(std::move(source));
  return {};
}

// The folder that has the files: the given one, or the hwmon folder of the given device.
Result<std::string> folder_of(const ChipSpec& spec, FileTree& tree) {
  const std::string at = spec.path.empty() ? "/sys/bus/i2c/devices/" + spec.bus_address : spec.path;
  if (const auto names = tree.list(at + "/hwmon"))
    for (const std::string& name : *names)
      if (name.rfind("hwmon", 0) == 0) return at + "/hwmon/" + name;
  if (tree.exists(at + "/name") && at.find("/hwmon") != std::string::npos) return at;
  return fail(ErrorKind::not_found, "hwmon: no device is there",
              "Check that its driver is loaded: ls /sys/class/hwmon", at + "/hwmon/hwmon*");
}

Result<std::unique_ptr<Sensor>> open_hwmon(const ChipSpec& spec, FileTree& tree) {
  ISOJOULE_TRY(const std::string folder, folder_of(spec, tree));
  auto sensor = std::make_unique<Hwmon>();
  for (const auto& channel : spec.channels) {
    auto status = sensor->add(channel, folder, tree);
    if (status) continue;
    if (status.error().kind == ErrorKind::permission_denied)
      status.error().remedy = "Run as root, or make the node readable";
    sensor->problems_.push_back(std::move(status.error()));
  }
  if (!sensor->channels_.empty()) return std::unique_ptr<Sensor>(std::move(sensor));
  if (!sensor->problems_.empty()) return tl::unexpected<Error>(sensor->problems_.front());
  return fail(ErrorKind::invalid, "hwmon: the board file names no channel",
              "Give a channel with the file's beginning, \"power1\"", folder);
}

// How much of its chip a label claims: the whole (3), a card (2), a package of it (1); 0: not
// known. amd_energy has Ecore000 and Esocket0, corsairpsu "power total" and "power +12v", xe card
// and pkg.
int extent_of(std::string label) {
  for (char& c : label)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  const auto has = [&](const char* word) { return label.find(word) != std::string::npos; };
  if (has("total")) return 3;
  if (has("card")) return 2;
  return has("socket") || has("package") || has("pkg") ? 1 : 0;
}

// One channel that claims most contains the others. Whether one of several contains another is not
// known, nor what the channels below the root share.
void place(FoundSource& source, const std::vector<int>& extents) {
  if (source.rails.size() < 2) return;
  source.overlap = Overlap::in_source;
  const auto most = std::max_element(extents.begin(), extents.end());
  if (*most == 0 || std::count(extents.begin(), extents.end(), *most) != 1) return;
  const std::string root = source.rails[static_cast<std::size_t>(most - extents.begin())].name;
  for (Rail& rail : source.rails)
    if (rail.name != root) rail.parent = root;
}

// The device of a hwmon folder, whose name stays from boot to boot; the folder itself where it is
// not the device's only one (those without a device all lie in /sys/devices/virtual).
std::string device_of(const std::string& folder, FileTree& tree) {
  const std::size_t end = folder.rfind("/hwmon/hwmon");
  if (end == std::string::npos) return folder;
  const std::string device = folder.substr(0, end);
  const auto names = tree.list(device + "/hwmon");
  return names && names->size() == 1 ? device : folder;
}

// Energy where there is some, else power: both of one part would be the same twice.
std::optional<FoundSource> found_in(const std::string& folder, FileTree& tree) {
  const auto chip = read_line(tree, folder + "/name");
  const auto real = tree.canonical(folder);
  // Kinds of their own: the INA3221, batteries (each has a hwmon device too).
  if (!chip || *chip == "ina3221" || !real || real->find("/power_supply/") != std::string::npos)
    return std::nullopt;
  FoundSource source;
  source.spec.type = "hwmon";
  source.spec.path = device_of(*real, tree);
  for (const std::string kind : {"energy", "power"}) {
    std::vector<int> extents;
    for (int n = 1; n <= 64; ++n) {
      const std::string stem = kind + std::to_string(n), file = folder + "/" + stem;
      if (!tree.exists(file + "_input") && !tree.exists(file + "_average")) continue;
      const std::string label = read_line(tree, file + "_label").value_or(stem);
      const std::string rail = *chip + "-" + label;
      extents.push_back(extent_of(label));
      source.spec.channels.push_back({n - 1, rail, 0, stem});
      source.rails.push_back({rail, "", "hwmon " + *chip});
    }
    if (source.rails.empty()) continue;
    place(source, extents);
    return source;
  }
  return std::nullopt;
}

std::vector<FoundSource> discover_hwmon(FileTree& tree) {
  std::vector<FoundSource> found;
  const auto names = tree.list(kClass);
  if (!names) return found;
  for (const std::string& name : *names)
    if (auto source = found_in(std::string(kClass) + "/" + name, tree))
      found.push_back(std::move(*source));
  return found;
}

}  // namespace

const SensorKind& sensor_kind_hwmon();
const SensorKind& sensor_kind_hwmon() {
  static const SensorKind kind{"hwmon", "Power and energy of GPUs, power meters, supplies (hwmon)",
                               open_hwmon, discover_hwmon};
  return kind;
}

}  // namespace isojoule
