// RAPL: the energy counters of a processor, as the powercap class of Linux shows them.
//
// path = the class's folder ("" = /sys/class/powercap). A channel's label (else its rail) is a
// zone's name, "package-0", or for a zone inside a package both names, "package-0-core".
//
// Sources: Documentation/power/powercap/powercap.rst, drivers/powercap/powercap_sys.c (files, units
// of uJ and uW; energy_uj is 0400 since Linux 5.10, CVE-2020-8694), drivers/powercap/
// intel_rapl_common.c (names of zones, also on AMD). Intel SDM, volume 3B, "RAPL domains": the
// DRAM is a domain beside the package; the platform (psys) is all of them. intel-rapl-mmio shows
// the same package through other registers and is left alone.
#include <algorithm>
#include <cctype>
#include <cmath>

#include "base/text.h"
#include "sensor/sensor.h"
#include "sensor/wrapping_counter.h"

namespace isojoule {
namespace {

constexpr char kClass[] = "/sys/class/powercap";
constexpr char kPrefix[] = "intel-rapl:";
constexpr double kMicro = 1e-6;
// The counters' registers change about once a millisecond: usual of Intel's processors, assumed.
constexpr Second kUpdate{1e-3};
// Intel states no accuracy. Assumed: 5 % at most, a rectangular distribution.
const double kGain = 0.05 / std::sqrt(3.0);
// What a zone can draw: short peaks go beyond its long-term maximum; four times is assumed to be
// enough. Where no maximum is shown, as much as any socket or client machine: assumed.
constexpr double kPeakOverMaximum = 4;
constexpr Watt kLimit{2000};
constexpr char kRootOnly[] =
    "Run as root, or make the node readable: energy_uj is for root only since Linux 5.10 "
    "(CVE-2020-8694)";

struct Zone {
  std::string folder, name;
  std::string rail;    // as it is found
  std::string parent;  // rail
  bool is_child = false;
};

// "intel-rapl:0", "intel-rapl:0:1"; not the control type itself and not intel-rapl-mmio.
bool is_zone(const std::string& entry) {
  if (entry.rfind(kPrefix, 0) != 0) return false;
  const std::string numbers = entry.substr(sizeof kPrefix - 1);
  return !numbers.empty() && std::all_of(numbers.begin(), numbers.end(), [](unsigned char c) {
    return std::isdigit(c) != 0 || c == ':';
  });
}

std::string folder_of(const ChipSpec& spec) { return spec.path.empty() ? kClass : spec.path; }

// Every zone that says its name, children with their package.
Result<std::vector<Zone>> zones_of(const std::string& folder, FileTree& tree) {
  ISOJOULE_TRY(std::vector<std::string> entries, tree.list(folder));
  std::vector<Zone> zones;
  std::string platform;
  std::sort(entries.begin(), entries.end());  // a package before its children
  for (const std::string& entry : entries) {
    if (!is_zone(entry)) continue;
    Zone zone{folder + "/" + entry, {}, {}, {}, false};
    const auto name = read_line(tree, zone.folder + "/name");
    if (!name || name->empty()) continue;
    zone.rail = zone.name = *name;
    const std::string above = zone.folder.substr(0, zone.folder.rfind(':'));
    const auto package = std::find_if(zones.begin(), zones.end(),
                                      [&](const Zone& other) { return other.folder == above; });
    zone.is_child = package != zones.end();
    if (zone.is_child) {
      zone.rail = package->name + "-" + zone.name;
      if (zone.name != "dram") zone.parent = package->rail;
    } else if (zone.name == "psys") {
      platform = zone.rail;
    }
    zones.push_back(std::move(zone));
  }
  for (Zone& zone : zones)
    if (zone.parent.empty() && zone.rail != platform) zone.parent = platform;
  return zones;
}

// The zone of a label; a child's own name will do where only one zone has it.
const Zone* zone_of(const std::vector<Zone>& zones, const std::string& label) {
  for (const Zone& zone : zones)
    if (zone.rail == label) return &zone;
  const auto is_it = [&](const Zone& zone) { return zone.name == label; };
  const auto found = std::find_if(zones.begin(), zones.end(), is_it);
  return std::count_if(zones.begin(), zones.end(), is_it) == 1 ? &*found : nullptr;
}

Watt limit_of(const Zone& zone, FileTree& tree) {
  double maximum = 0;
  for (int i = 0; i < 3; ++i) {  // long_term, short_term, peak_power
    const auto power =
        read_integer(tree, zone.folder + "/constraint_" + std::to_string(i) + "_max_power_uw");
    if (power) maximum = std::max(maximum, static_cast<double>(*power) * kMicro);
  }
  return maximum > 0 ? Watt(maximum * kPeakOverMaximum) : kLimit;
}

class Rapl final : public Sensor {
 public:
  Status add(const ChipSpec::Channel& channel, const std::vector<Zone>& zones, FileTree& tree);
  std::vector<ChannelInfo> channels_;
  std::vector<Error> problems_;

 private:
  struct Source {
    std::unique_ptr<File> energy;
    WrappingCounter counter;
  };
  const std::vector<ChannelInfo>& do_channels() const override { return channels_; }
  const std::vector<Error>& do_problems() const override { return problems_; }
  void do_read(Clock& clock, std::span<RawReading> out) override;
  std::vector<Source> sources_;
};

Result<std::uint64_t> modulus_of(const Zone& zone, FileTree& tree) {
  const std::string path = zone.folder + "/max_energy_range_uj";
  ISOJOULE_TRY(const std::int64_t range, read_integer(tree, path));
  if (range <= 0)
    return fail(ErrorKind::no_data, zone.rail + ": the range of the energy counter is not known",
                "Without it a wrap cannot be told from a reset; the other zones are read", path);
  return static_cast<std::uint64_t>(range) + 1;
}

Status Rapl::add(const ChipSpec::Channel& channel, const std::vector<Zone>& zones, FileTree& tree) {
  const std::string& label = channel.label.empty() ? channel.rail : channel.label;
  const Zone* zone = zone_of(zones, label);
  if (zone == nullptr) {
    std::vector<std::string> known;
    for (const Zone& other : zones) known.push_back(other.rail);
    return fail(ErrorKind::not_found, "rapl: no zone is named '" + label + "'",
                unknown_name_remedy(label, known));
  }
  const std::string path = zone->folder + "/energy_uj";
  ISOJOULE_CHECK(read_integer(tree, path));  // out now, with its reason, if it does not answer
  ISOJOULE_TRY(const std::uint64_t modulus, modulus_of(*zone, tree));
  ISOJOULE_TRY(auto file, tree.open(path));
  ChannelInfo info;
  info.rail = channel.rail;
  info.sensor = "rapl " + zone->rail;
  info.kind = ChannelKind::energy_counter;  // no window: nothing is averaged away
  info.step_a = kMicro;
  info.gain_uncertainty = kGain;
  info.update_period = kUpdate;
  channels_.push_back(std::move(info));
  sources_.push_back(
      {std::move(file), WrappingCounter(modulus, limit_of(*zone, tree), Joule(kMicro))});
  return {};
}

void Rapl::do_read(Clock& clock, std::span<RawReading> out) {
  for (std::size_t i = 0; i < sources_.size() && i < out.size(); ++i) {
    const auto energy = read_integer(*sources_[i].energy);
    out[i] = {clock.now().ns, 0, 0, ReadingState::failed};
    if (!energy) {
      if (energy.error().kind == ErrorKind::no_data) out[i].state = ReadingState::no_data;
      continue;
    }
    if (*energy < 0) continue;
    const auto counted =
        sources_[i].counter.take(static_cast<std::uint64_t>(*energy), out[i].time_ns);
    if (!counted) continue;
    out[i].a = static_cast<std::int32_t>(*counted);
    out[i].state = ReadingState::ok;
  }
}

Result<std::unique_ptr<Sensor>> open_rapl(const ChipSpec& spec, FileTree& tree) {
  const std::string folder = folder_of(spec);
  const auto zones = zones_of(folder, tree);
  if (!zones && zones.error().kind != ErrorKind::not_found)
    return tl::unexpected<Error>(zones.error());
  if (!zones || zones->empty())
    return fail(ErrorKind::not_found, "rapl: no RAPL zone is there",
                "Load the driver: modprobe intel_rapl_msr. Virtual machines and ARM have none",
                folder + "/" + kPrefix + "*");
  auto sensor = std::make_unique<Rapl>();
  for (const auto& channel : spec.channels) {
    auto status = sensor->add(channel, *zones, tree);
    if (status) continue;
    if (status.error().kind == ErrorKind::permission_denied) status.error().remedy = kRootOnly;
    if (status.error().tried.empty()) status.error().tried = folder;
    sensor->problems_.push_back(std::move(status.error()));
  }
  if (!sensor->channels_.empty()) return std::unique_ptr<Sensor>(std::move(sensor));
  if (!sensor->problems_.empty()) return tl::unexpected<Error>(sensor->problems_.front());
  return fail(ErrorKind::invalid, "rapl: the board file names no channel",
              "Give a channel with the zone's name", folder);
}

std::string what_of(const Zone& zone) {
  if (zone.name == "psys") return "platform";
  if (zone.name == "dram") return "memory";
  if (zone.name == "core") return "processor cores";
  if (zone.name == "uncore") return "graphics unit";
  return zone.is_child ? zone.name : "processor package";
}

Coverage coverage_of(const Zone& zone) {
  if (zone.name == "psys") return Coverage::machine;
  return zone.is_child && zone.name != "dram" ? Coverage::part : Coverage::package;
}

std::vector<FoundSource> discover_rapl(FileTree& tree) {
  std::vector<FoundSource> found;
  const auto zones = zones_of(kClass, tree);
  if (!zones) return found;
  for (const Coverage coverage : {Coverage::machine, Coverage::package, Coverage::part}) {
    FoundSource source;
    source.spec.type = "rapl";
    source.coverage = coverage;
    for (const Zone& zone : *zones) {
      if (coverage_of(zone) != coverage) continue;
      const int index = static_cast<int>(source.spec.channels.size());
      source.spec.channels.push_back({index, zone.rail, 0, zone.rail});
      source.rails.push_back({zone.rail, zone.parent, what_of(zone)});
    }
    if (!source.rails.empty()) found.push_back(std::move(source));
  }
  return found;
}

}  // namespace

const SensorKind& sensor_kind_rapl();
const SensorKind& sensor_kind_rapl() {
  static const SensorKind kind{
      "rapl", "RAPL: energy counters of the processor's packages, cores, memory (powercap)",
      open_rapl, discover_rapl};
  return kind;
}

}  // namespace isojoule
