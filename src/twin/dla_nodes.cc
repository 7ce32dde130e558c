#include "twin/dla_nodes.h"

#include "twin/debug_folder.h"
#include "twin/node.h"

namespace isojoule::twin {
namespace {

constexpr char kNoLimit[] = "18446744073709551615\n";

}  // namespace

DlaNodes::DlaNodes(MemoryTree& tree, const DlaShape& shape, ClockCapNodes& caps,
                   Simulation& simulation)
    : tree_(tree), caps_(caps), simulation_(simulation) {
  for (const std::string& device : shape.devices) add_device(device);
  if (!shape.clocks.empty()) add_debug_folder(tree_);
  for (const std::string& name : shape.clocks)
    add_clock(name, shape.rate_hz > 0 ? shape.rate_hz : caps_.maximum(name));
  caps.when_written([this] { follow_caps(); });
  follow_caps();
}

// dla0_core and dla1_core, or nafll_dla for both.
void DlaNodes::follow_caps() {
  for (const auto& [name, rate] : clocks_) {
    const auto clock = Hertz(static_cast<double>(caps_.limit(name, rate)));
    if (!(clock.value() > 0)) continue;
    if (name == "nafll_dla" || name == "dla0_core") simulation_.set_dla_frequency(0, clock);
    if (name == "nafll_dla" || name == "dla1_core") simulation_.set_dla_frequency(1, clock);
  }
}

// Idle, and so suspended by runtime power management.
void DlaNodes::add_device(const std::string& folder) {
  tree_.add_text(folder + "/power/control", "auto\n", 0644);
  tree_.add_text(folder + "/power/runtime_status", "suspended\n", 0444);
}

void DlaNodes::add_clock(const std::string& name, std::int64_t rate) {
  clocks_.emplace_back(name, rate);
  const auto capped = [this, name, rate] { return caps_.limit(name, rate); };
  if (name.starts_with("nafll_")) {
    const std::string folder = std::string(kDebugfs) + "/bpmp/debug/clk/" + name;
    bpmp_.push_back(
        std::make_unique<BpmpClock>(tree_, folder, std::vector<std::int64_t>{rate}, capped, [] {}));
    return;
  }
  const std::string at = std::string(kDebugfs) + "/clk/" + name;
  tree_.add_integer(at + "/clk_rate", capped, {}, 0444);
  tree_.add_text(at + "/clk_min_rate", "0\n", 0444);
  tree_.add_text(at + "/clk_max_rate", kNoLimit, 0444);
  tree_.add_text(at + "/clk_enable_count", "0\n", 0444);
}

}  // namespace isojoule::twin
