#include "twin/emc_nodes.h"

#include <algorithm>
#include <cmath>

#include "twin/debug_folder.h"
#include "twin/node.h"

namespace isojoule::twin {
namespace {

constexpr std::int64_t kKilohertz = 1000;
constexpr double kIdleActivityKhz = 4235;  // of an idle Nano: refresh and the CPU's background

std::string debug(const char* rest) { return std::string(kDebugfs) + rest; }

}  // namespace

EmcNodes::EmcNodes(MemoryTree& tree, const EmcShape& shape, const Constants& constants,
                   ClockCapNodes& caps, Simulation& simulation)
    : tree_(tree), caps_(caps), simulation_(simulation) {
  if (shape.driver.empty()) return;
  for (const std::int64_t khz : shape.rates_khz) rates_.push_back(khz * kKilohertz);
  default_ = override_ = shape.default_khz * kKilohertz;
  add_debug_folder(tree_);
  shape.driver == "bpmp" ? add_bpmp() : add_tegra210();
  add_activity(constants.memory_peak_gbps * 1e9);
  caps_.when_written([this] { apply(); });
  apply();
}

void EmcNodes::add_bpmp() {
  bpmp_ = std::make_unique<BpmpClock>(
      tree_, debug("/bpmp/debug/clk/emc"), rates_, [this] { return unlocked_rate(); },
      [this] { apply(); });
  std::vector<std::int64_t> khz;
  for (const std::int64_t rate : rates_) khz.push_back(rate / kKilohertz);
  tree_.add_text(debug("/bpmp/debug/emc/possible_rates"), line_of(khz, " (kHz)\n"), 0444);
}

void EmcNodes::add_tegra210() {
  const std::string at = debug("/clk/override.emc");
  tree_.add_integer(
      at + "/clk_rate", [this] { return rate(); }, {}, 0444);
  tree_.add_integer(
      at + "/clk_update_rate", [this] { return override_; },
      [this](std::string_view text) { return write_override(text); });
  tree_.add_integer(
      at + "/clk_state", [this] { return overridden_ ? 1 : 0; },
      [this](std::string_view text) { return write_state(text); });
  tree_.add_integer(
      debug("/clk/emc/clk_rate"), [this] { return rate(); }, {}, 0444);
  const std::string manager = debug("/tegra_bwmgr");
  tree_.add_integer(
      manager + "/emc_rate", [this] { return rate(); }, {}, 0444);
  tree_.add_integer(
      manager + "/emc_min_rate", [this] { return rates_.front(); }, {}, 0444);
  tree_.add_integer(
      manager + "/emc_max_rate", [this] { return rates_.back(); }, {}, 0444);
}

Status EmcNodes::write_override(std::string_view text) {
  const auto value = strict_number(text);
  if (!value) return refuse(EINVAL, debug("/clk/override.emc/clk_update_rate"), "write");
  override_ = rounded(*value);
  apply();
  return {};
}

Status EmcNodes::write_state(std::string_view text) {
  const auto value = strict_number(text);
  if (!value || *value > 1) return refuse(EINVAL, debug("/clk/override.emc/clk_state"), "write");
  overridden_ = *value == 1;
  apply();
  return {};
}

// Bytes that move, against what the memory can move at default_khz, in kHz of it.
void EmcNodes::add_activity(double peak_bytes_per_s) {
  const auto activity = [this, peak_bytes_per_s] {
    const double peak_khz = static_cast<double>(default_) / kKilohertz;
    const double busy_khz = simulation_.memory_traffic() / peak_bytes_per_s * peak_khz;
    const double now_khz = static_cast<double>(rate()) / kKilohertz;
    return static_cast<std::int64_t>(std::llround(std::min(busy_khz + kIdleActivityKhz, now_khz)));
  };
  tree_.add_integer("/sys/kernel/actmon_avg_activity/mc_all", activity, {}, 0444);
  tree_.add_integer(debug("/cactmon/mc_all"), activity, {}, 0444);
  if (bpmp_) tree_.add_integer(debug("/bpmp/debug/actmon/mc_all_avg_activity"), activity, {}, 0444);
}

std::int64_t EmcNodes::rate() const {
  if (bpmp_) return bpmp_->rate();
  return overridden_ ? override_ : unlocked_rate();
}

// Under a cap the highest rate that it allows; the lowest where it allows none.
std::int64_t EmcNodes::unlocked_rate() const {
  const std::int64_t cap =
      std::min(caps_.limit("emc_iso_cap", default_), caps_.limit("emc", default_));
  const auto above = std::upper_bound(rates_.begin(), rates_.end(), cap);
  return above == rates_.begin() ? rates_.front() : *std::prev(above);
}

std::int64_t EmcNodes::rounded(std::int64_t wanted) const {
  const auto found = std::lower_bound(rates_.begin(), rates_.end(), wanted);
  return found == rates_.end() ? rates_.back() : *found;
}

// The constants' peak bandwidth belongs to the clock of the unlocked memory.
void EmcNodes::apply() {
  simulation_.set_memory_share(static_cast<double>(rate()) / static_cast<double>(default_));
}

}  // namespace isojoule::twin
