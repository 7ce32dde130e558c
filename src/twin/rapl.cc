#include "twin/rapl.h"

#include <cmath>

#include "base/random.h"
#include "twin/node.h"

namespace isojoule::twin {
namespace {

constexpr char kControlType[] = "/sys/devices/virtual/powercap/intel-rapl";
constexpr char kClass[] = "/sys/class/powercap/";

// "intel-rapl:0:1" lies in the folder of "intel-rapl:0".
std::string folder_of(const std::string& zone) {
  const std::size_t first = zone.find(':');
  const std::size_t second = zone.find(':', first + 1);
  const std::string package = zone.substr(0, second);
  const std::string at = std::string(kControlType) + "/" + package;
  return second == std::string::npos ? at : at + "/" + zone;
}

}  // namespace

RaplZone::RaplZone(MemoryTree& tree, const RaplShape& shape, std::size_t rail,
                   const Simulation& simulation, std::uint64_t seed)
    : shape_(shape), rail_(rail), simulation_(simulation) {
  begin_run(seed);
  const std::string at = folder_of(shape_.zone);
  tree.add_text(at + "/name", shape_.name + "\n", 0444);
  tree.add_integer(
      at + "/energy_uj", [this] { return energy_uj(); }, {}, 0400);
  tree.add_text(at + "/max_energy_range_uj", fmt::format("{}\n", shape_.range_uj), 0444);
  tree.add_text(at + "/enabled", "1\n", 0444);
  if (shape_.limit_w > 0) {
    const std::string limit = fmt::format("{}\n", std::llround(shape_.limit_w * 1e6));
    tree.add_text(at + "/constraint_0_name", "long_term\n", 0444);
    tree.add_text(at + "/constraint_0_power_limit_uw", limit, 0444);
    tree.add_text(at + "/constraint_0_max_power_uw", limit, 0444);
    tree.add_text(at + "/constraint_0_time_window_us", fmt::format("{}\n", shape_.window_us), 0444);
  }
  tree.add_link(kClass + shape_.zone, at);
  tree.add_text(std::string(kControlType) + "/enabled", "1\n", 0444);
  tree.add_link(std::string(kClass) + "intel-rapl", kControlType);
}

void RaplZone::begin_run(std::uint64_t seed) {
  const auto range = static_cast<std::uint64_t>(shape_.range_uj);
  start_uj_ = static_cast<std::int64_t>(seed_for(seed, "rapl " + shape_.zone) % range);
}

std::int64_t RaplZone::energy_uj() const {
  const auto period = static_cast<std::int64_t>(shape_.update_us * 1e3);
  const Instant updated{simulation_.now().ns / period * period};
  const double joules = simulation_.rail_energy(rail_, updated).value();
  const double counted = std::floor(joules * 1e6 / shape_.step_uj) * shape_.step_uj;
  return (start_uj_ + static_cast<std::int64_t>(counted)) % (shape_.range_uj + 1);
}

}  // namespace isojoule::twin
