// Running average power limit counters of Intel and AMD processors through the powercap framework
// (Documentation/power/powercap/powercap.rst): energy_uj counts microjoules and wraps at
// max_energy_range_uj.
//
// path: the class folder, "" = /sys/class/powercap. channels: `label` (else the rail's name) is a
// zone's folder ("intel-rapl:0:2") or its `name` ("package-0").
//
// The counter moves about every millisecond (Intel SDM volume 3B, "RAPL Interfaces"; its own unit
// of energy, usually 61 uJ, is behind energy_uj). No accuracy is stated by Intel: published
// comparisons find some percent for package and DRAM of servers (K. Khan et al., "RAPL in Action",
// 2018).
#include <algorithm>
#include <map>

#include "base/text.h"
#include "sensor/file_sensor.h"
#include "sensor/wrapping_counter.h"

namespace isojoule {
namespace {

constexpr const char* kClass = "/sys/class/powercap";
constexpr std::string_view kPrefix = "intel-rapl:";  // AMD's zones have it too; not the mmio double
constexpr Second kUpdate{1e-3};
constexpr double kStep_j = 1e-6;
constexpr double kGain = 0.03;  // assumed, see above
// Where no constraint states a highest power: more than any package of today takes.
constexpr double kHighestPower_w = 1000;

class Rapl final : public FileSensor {
 public:
  void add_counter(std::int64_t range_uj, Watt limit) {
    counters_.emplace_back(static_cast<std::uint64_t>(range_uj) + 1, limit, Joule(kStep_j));
  }

 private:
  bool convert(std::size_t channel, const std::array<std::int64_t, kNodes>& numbers,
               RawReading& out) override {
    if (numbers[0] < 0) return false;
    const auto count = counters_[channel].take(static_cast<std::uint64_t>(numbers[0]), out.time_ns);
    if (count) out.a = static_cast<std::int32_t>(*count);
    return count.has_value();
  }

  std::vector<WrappingCounter> counters_;
};

struct Zone {
  std::string folder;  // "intel-rapl:0:2"
  std::string name;    // "dram"
  std::string parent;  // folder of the zone around it, "" at the top
};

std::vector<Zone> zones_of(const std::string& place, FileTree& tree) {
  std::vector<Zone> zones;
  const auto folders = tree.list(place);
  if (!folders) return zones;
  for (const std::string& folder : *folders) {
    if (!folder.starts_with(kPrefix)) continue;
    const auto name = read_line(tree, place + "/" + folder + "/name");
    if (!name) continue;
    const std::size_t last = folder.rfind(':');
    const bool is_child = last >= kPrefix.size();
    zones.push_back({folder, *name, is_child ? folder.substr(0, last) : ""});
  }
  return zones;
}

double highest_power(const std::string& zone, FileTree& tree) {
  double highest = 0;
  for (int i = 0; i < 3; ++i) {
    const auto power =
        read_integer(tree, zone + "/constraint_" + std::to_string(i) + "_max_power_uw");
    if (power) highest = std::max(highest, static_cast<double>(*power) * 1e-6);
  }
  // A stated maximum is that of the time-averaged limit; peaks go beyond it.
  return highest > 0 ? std::max(2 * highest, 50.0) : kHighestPower_w;
}

Status open_channel(Rapl& sensor, const std::string& place, const std::vector<Zone>& zones,
                    const ChipSpec::Channel& channel, FileTree& tree) {
  const std::string& wanted = channel.label.empty() ? channel.rail : channel.label;
  const auto zone = std::find_if(zones.begin(), zones.end(), [&](const Zone& one) {
    return one.folder == wanted || one.name == wanted;
  });
  if (zone == zones.end())
    return fail(ErrorKind::not_found, channel.rail + ": no RAPL zone '" + wanted + "'",
                "Load the module intel_rapl_msr; a virtual machine has no RAPL", place);
  const std::string folder = place + "/" + zone->folder;
  ISOJOULE_TRY(const std::int64_t range, read_integer(tree, folder + "/max_energy_range_uj"));
  if (range <= 0)
    return fail(ErrorKind::no_data, channel.rail + ": the counter's range is not known", {},
                folder + "/max_energy_range_uj");
  ChannelInfo info;
  info.rail = channel.rail;
  info.sensor = "rapl " + zone->folder + " (" + zone->name + ")";
  info.kind = ChannelKind::energy_counter;
  info.step_a = kStep_j;
  info.update_period = kUpdate;
  info.gain_uncertainty = kGain;
  auto status = sensor.add(tree, std::move(info), {folder + "/energy_uj"});
  if (status) {
    sensor.add_counter(range, Watt(highest_power(folder, tree)));
  } else if (status.error().kind == ErrorKind::permission_denied) {
    status.error().remedy =
        "Run as root, or make " + folder +
        "/energy_uj readable (root alone since Linux 5.10, because of CVE-2020-8694)";
  }
  return status;
}

Result<std::unique_ptr<Sensor>> open_rapl(const ChipSpec& spec, FileTree& tree) {
  const std::string place = spec.path.empty() ? kClass : spec.path;
  auto sensor = std::make_unique<Rapl>();
  const auto zones = zones_of(place, tree);
  for (const auto& channel : spec.channels)
    if (auto status = open_channel(*sensor, place, zones, channel, tree); !status)
      sensor->note(std::move(status.error()));
  return finish(std::move(sensor), place);
}

// psys has everything inside; core and uncore are inside their package; DRAM is beside it (Intel
// SDM volume 3B, "RAPL Domains").
std::vector<FoundSource> discover(FileTree& tree) {
  const auto zones = zones_of(kClass, tree);
  std::map<std::string, std::string> rail_of;  // folder -> rail
  std::string whole;
  const auto packages = std::count_if(zones.begin(), zones.end(), [](const Zone& zone) {
    return zone.parent.empty() && zone.name.starts_with("package");
  });
  FoundSource all{{"rapl", {}, {}, {}}, {}, Coverage::package};
  FoundSource system{{"rapl", {}, {}, {}}, {}, Coverage::machine};
  for (const Zone& zone : zones)
    if (zone.name == "psys") whole = zone.name;
  for (const Zone& zone : zones) {
    Rail rail;
    rail.name =
        zone.parent.empty() || packages < 2 ? zone.name : rail_of[zone.parent] + "-" + zone.name;
    rail_of[zone.folder] = rail.name;
    const bool inside_package = zone.name == "core" || zone.name == "uncore";
    rail.parent = inside_package ? rail_of[zone.parent] : zone.name == "psys" ? "" : whole;
    rail.what = zone.name == "psys"   ? "the whole platform"
                : zone.name == "core" ? "processor cores"
                : zone.name == "dram" ? "memory"
                                      : "processor " + zone.name;
    ChipSpec::Channel channel{0, rail.name};
    channel.label = zone.folder;
    FoundSource& source = zone.name == "psys" ? system : all;
    source.rails.push_back(std::move(rail));
    source.spec.channels.push_back(std::move(channel));
  }
  std::vector<FoundSource> found;
  for (FoundSource* source : {&system, &all})
    if (!source->rails.empty()) found.push_back(std::move(*source));
  return found;
}

}  // namespace

const SensorKind& sensor_kind_rapl();
const SensorKind& sensor_kind_rapl() {
  static const SensorKind kind{"rapl",
                               "Energy counters of Intel and AMD processors (powercap; root since "
                               "Linux 5.10)",
                               open_rapl, discover};
  return kind;
}

}  // namespace isojoule
