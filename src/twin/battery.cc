#include "twin/battery.h"

#include <algorithm>
#include <cmath>

#include "twin/node.h"

namespace isojoule::twin {
namespace {

constexpr char kClass[] = "/sys/class/power_supply/";
constexpr char kAcpi[] = "/sys/devices/LNXSYSTM:00/LNXSYBUS:00/";
constexpr double kMicro = 1e6;
constexpr double kDesignShare = 1.1;  // design capacity over that of the worn pack: assumed

std::int64_t micro(double value) { return std::llround(value * kMicro); }

}  // namespace

Battery::Battery(MemoryTree& tree, const BatteryShape& shape, std::size_t rail,
                 const Simulation& simulation)
    : shape_(shape), rail_(rail), simulation_(simulation) {
  begin_run();
  add_battery(tree);
  if (!shape_.adapter.empty()) add_adapter(tree);
}

void Battery::begin_run() {
  plugged_ = shape_.plugged;
  charge_ = shape_.start;
  since_ = simulation_.now();
  drawn_j_ = simulation_.rail_energy(rail_, since_).value();
}

void Battery::plug(bool in) {
  charge_ = charge_at(simulation_.now());
  since_ = simulation_.now();
  drawn_j_ = simulation_.rail_energy(rail_, since_).value();
  plugged_ = in;
}

double Battery::energy_wh() const {
  return shape_.capacity_mah * 1e-3 * (shape_.empty_v + shape_.full_v) / 2;
}

double Battery::open_circuit_v(double charge) const {
  return shape_.empty_v + (shape_.full_v - shape_.empty_v) * charge;
}

double Battery::drawn_j(Instant t) const {
  return std::max(0.0, simulation_.rail_energy(rail_, t).value() - drawn_j_);
}

// The loss in the pack's resistance is small and left out of its charge.
double Battery::charge_at(Instant t) const {
  const double full_j = energy_wh() * 3600;
  const double seconds = std::max(0.0, (t - since_).seconds().value());
  const double change = plugged_ ? shape_.charger_w * seconds : -drawn_j(t);
  return std::clamp(charge_ + change / full_j, 0.0, 1.0);
}

Instant Battery::updated() const {
  const std::int64_t period = Duration::from(Second(shape_.update_s)).ns;
  return std::max(since_, Instant{simulation_.now().ns / period * period});
}

Battery::State Battery::state() const {
  const Instant now = updated();
  const Instant before = std::max(since_, now - Duration::from(Second(shape_.update_s)));
  State state;
  state.charge = charge_at(now);
  const double open_v = open_circuit_v(state.charge);
  state.status = !plugged_ ? "Discharging" : state.charge >= 1 ? "Full" : "Charging";
  const double seconds = (now - before).seconds().value();
  double watts =
      plugged_ ? (state.charge >= 1 ? 0 : shape_.charger_w) : simulation_.rail_power(rail_).value();
  if (!plugged_ && seconds > 0) watts = (drawn_j(now) - drawn_j(before)) / seconds;
  // P = (V0 -+ I R) I, solved for the terminals' voltage.
  const double sign = plugged_ ? 1 : -1;
  const double root = open_v * open_v + sign * 4 * shape_.resistance_ohm * watts;
  state.volts = (open_v + std::sqrt(std::max(0.0, root))) / 2;
  state.amperes = watts / state.volts;
  return state;
}

void Battery::add_battery(MemoryTree& tree) {
  const std::string at = std::string(kAcpi) + "PNP0C0A:00/power_supply/" + shape_.name;
  const auto number = [&](const std::string& file, auto make) {
    tree.add_integer(
        at + "/" + file, [this, make] { return make(state()); }, {}, 0444);
  };
  for (const auto& [file, text] :
       std::initializer_list<std::pair<const char*, const char*>>{{"type", "Battery"},
                                                                  {"present", "1"},
                                                                  {"technology", "Li-ion"},
                                                                  {"manufacturer", "simulated"},
                                                                  {"model_name", "isojoule twin"},
                                                                  {"cycle_count", "0"}})
    tree.add_text(at + "/" + file, std::string(text) + "\n", 0444);
  add_made_text(tree, at + "/status", [this] { return state().status + "\n"; });
  number("capacity", [](const State& s) { return std::llround(s.charge * 100); });
  number("voltage_now", [](const State& s) { return micro(s.volts); });
  number("current_now", [this](const State& s) {
    const bool negative = shape_.is_signed && s.status == "Discharging";
    return micro(negative ? -s.amperes : s.amperes);
  });
  const double full_ah = shape_.capacity_mah * 1e-3;
  number("charge_now", [full_ah](const State& s) { return micro(full_ah * s.charge); });
  tree.add_text(at + "/charge_full", fmt::format("{}\n", micro(full_ah)), 0444);
  tree.add_text(at + "/charge_full_design", fmt::format("{}\n", micro(full_ah * kDesignShare)),
                0444);
  tree.add_text(at + "/voltage_min_design",
                fmt::format("{}\n", micro((shape_.empty_v + shape_.full_v) / 2)), 0444);
  tree.add_link(kClass + shape_.name, at);
}

void Battery::add_adapter(MemoryTree& tree) {
  const std::string at = std::string(kAcpi) + "ACPI0003:00/power_supply/" + shape_.adapter;
  tree.add_text(at + "/type", "Mains\n", 0444);
  tree.add_integer(
      at + "/online", [this] { return plugged_ ? 1 : 0; }, {}, 0444);
  tree.add_link(kClass + shape_.adapter, at);
}

}  // namespace isojoule::twin
