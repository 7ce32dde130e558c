// Power and energy of any hwmon driver (Documentation/hwmon/sysfs-interface.rst): powerN_average
// and powerN_input in microwatts, energyN_input in microjoules.
//
// path: the hwmon folder; else bus_address ("0-0040"): the one whose device has this address. The
// numbers of hwmon change from boot to boot and are never looked at. channels: `label` (else the
// rail's name) is the node's label text or its stem ("power1", "energy2").
//
// powerN_average is the mean over powerN_average_interval milliseconds, where the driver has that.
// The step of the chip is not in the interface: the driver's last digit, a microwatt, stands for
// it, and the gain is assumed.
#include <algorithm>
#include <limits>
#include <optional>
#include <set>

#include "base/text.h"
#include "sensor/file_sensor.h"
#include "sensor/wrapping_counter.h"

namespace isojoule {
namespace {

constexpr const char* kClass = "/sys/class/hwmon";
constexpr double kStep = 1e-6;
constexpr double kGain = 0.03;       // assumed
constexpr Watt kMostPower{10'000};   // more than any one device takes
constexpr Second kUsualUpdate{0.1};  // assumed where update_interval is absent

class Hwmon final : public FileSensor {
 public:
  // By channel; none for a channel of power. A driver's energyN_input is of 64 bits.
  std::vector<std::optional<WrappingCounter>> counters;

 private:
  bool convert(std::size_t channel, const std::array<std::int64_t, kNodes>& numbers,
               RawReading& out) override {
    if (auto& counter = counters[channel]) {
      if (numbers[0] < 0) return false;
      const auto count = counter->take(static_cast<std::uint64_t>(numbers[0]), out.time_ns);
      if (count) out.a = static_cast<std::int32_t>(*count);
      return count.has_value();
    }
    if (numbers[0] > std::numeric_limits<std::int32_t>::max() ||
        numbers[0] < std::numeric_limits<std::int32_t>::min())
      return false;
    out.a = static_cast<std::int32_t>(numbers[0]);
    return true;
  }
};

struct Node {
  std::string stem;   // "power1"
  std::string value;  // "power1_average"
  std::string label;  // "PPT", or ""
};

// One node for each powerN and energyN; the average where there is one.
std::vector<Node> nodes_of(const std::string& folder, FileTree& tree) {
  std::vector<Node> nodes;
  const auto files = tree.list(folder);
  if (!files) return nodes;
  std::set<std::string> seen;
  for (const char* suffix : {"_average", "_input"}) {
    for (const std::string& file : *files) {
      const bool is_ours =
          (file.starts_with("power") || file.starts_with("energy")) && file.ends_with(suffix);
      if (!is_ours) continue;
      Node node;
      node.stem = file.substr(0, file.find('_'));
      node.value = file;
      if (!seen.insert(node.stem).second) continue;
      node.label = read_line(tree, folder + "/" + node.stem + "_label").value_or("");
      nodes.push_back(std::move(node));
    }
  }
  return nodes;
}

Result<std::string> folder_of(const ChipSpec& spec, FileTree& tree) {
  if (!spec.path.empty()) return spec.path;
  ISOJOULE_TRY(const auto names, tree.list(kClass));
  for (const std::string& name : names) {
    const auto device = tree.canonical(std::string(kClass) + "/" + name + "/device");
    if (device && device->ends_with("/" + spec.bus_address))
      return std::string(kClass) + "/" + name;
  }
  return fail(ErrorKind::not_found, "no hwmon device at " + spec.bus_address,
              "Check that the driver is bound",
              std::string(kClass) + "/*/device = " + spec.bus_address);
}

Second milliseconds(const std::string& path, FileTree& tree, Second otherwise) {
  const auto value = read_integer(tree, path);
  return value && *value > 0 ? Second(static_cast<double>(*value) * 1e-3) : otherwise;
}

Status open_channel(Hwmon& sensor, const std::string& folder, const std::vector<Node>& nodes,
                    const ChipSpec::Channel& channel, const std::string& chip, FileTree& tree) {
  const std::string& wanted = channel.label.empty() ? channel.rail : channel.label;
  const auto node = std::find_if(nodes.begin(), nodes.end(), [&](const Node& one) {
    return one.stem == wanted || (!one.label.empty() && one.label == wanted);
  });
  if (node == nodes.end())
    return fail(ErrorKind::not_found,
                channel.rail + ": " + chip + " has no power or energy '" + wanted + "' (" + folder +
                    "/" + wanted + "_input)",
                "Look at the folder for what the driver calls it", folder);
  const bool is_energy = node->stem.starts_with("energy");
  ChannelInfo info;
  info.rail = channel.rail;
  info.sensor = "hwmon " + chip + " " + node->stem;
  info.kind = is_energy ? ChannelKind::energy_counter : ChannelKind::power;
  info.step_a = kStep;
  info.power_quantum = Watt(is_energy ? 0 : kStep);
  info.gain_uncertainty = kGain;
  if (node->value.ends_with("_average"))
    info.window = milliseconds(folder + "/" + node->stem + "_average_interval", tree, Second(0));
  info.update_period = milliseconds(folder + "/update_interval", tree, kUsualUpdate);
  ISOJOULE_CHECK(sensor.add(tree, std::move(info), {folder + "/" + node->value}));
  sensor.counters.emplace_back();
  if (is_energy) sensor.counters.back().emplace(0, kMostPower, Joule(kStep));
  return {};
}

Result<std::unique_ptr<Sensor>> open_hwmon(const ChipSpec& spec, FileTree& tree) {
  ISOJOULE_TRY(const std::string folder, folder_of(spec, tree));
  const std::string chip = read_line(tree, folder + "/name").value_or("hwmon");
  const auto nodes = nodes_of(folder, tree);
  auto sensor = std::make_unique<Hwmon>();
  for (const auto& channel : spec.channels)
    if (auto status = open_channel(*sensor, folder, nodes, channel, chip, tree); !status)
      sensor->note(std::move(status.error()));
  return finish(std::move(sensor), folder);
}

std::vector<FoundSource> discover(FileTree& tree) {
  std::vector<FoundSource> found;
  const auto names = tree.list(kClass);
  if (!names) return found;
  for (const std::string& name : *names) {
    const std::string folder = std::string(kClass) + "/" + name;
    const std::string chip = read_line(tree, folder + "/name").value_or("");
    // Kinds of their own: the INA3221 has no power nodes, a battery's are in power_supply too.
    if (chip.empty() || chip == "ina3221" || chip.starts_with("BAT")) continue;
    FoundSource source{{"hwmon", {}, {}, {}}, {}, Coverage::part};
    source.spec.path = folder;
    for (const Node& node : nodes_of(folder, tree)) {
      const std::string rail = chip + "-" + (node.label.empty() ? node.stem : node.label);
      ChipSpec::Channel channel{0, rail};
      channel.label = node.stem;
      source.spec.channels.push_back(std::move(channel));
      source.rails.push_back({rail, "", "what " + chip + " measures"});
    }
    if (!source.rails.empty()) found.push_back(std::move(source));
  }
  return found;
}

}  // namespace

const SensorKind& sensor_kind_hwmon();
const SensorKind& sensor_kind_hwmon() {
  static const SensorKind kind{"hwmon", "Power and energy nodes of any hwmon driver", open_hwmon,
                               discover};
  return kind;
}

}  // namespace isojoule
