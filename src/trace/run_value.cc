#include "trace/run_value.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace isojoule {
namespace {

struct Row {
  RunQuantity quantity;
  std::string_view name, unit;
};
constexpr std::array<Row, 4> kRows = {{{RunQuantity::energy, "energy", "J"},
                                       {RunQuantity::net_energy, "net_energy", "J"},
                                       {RunQuantity::latency, "latency", "s"},
                                       {RunQuantity::power, "power", "W"}}};

double cause(const PhaseEnergy& energy, const char* name) {
  const auto found = energy.budget_j.find(name);
  return found == energy.budget_j.end() ? 0 : found->second;
}

// What is left of the whole uncertainty once its systematic parts are taken out.
double rest(double all, const RunValue& parts) {
  return std::sqrt(std::max(0.0, all * all - parts.gain * parts.gain - parts.offset * parts.offset -
                                     parts.calibration * parts.calibration));
}

RunValue gross_of(const PhaseEnergy& energy) {
  RunValue result{energy.gross.value->value(), cause(energy, "gain"), cause(energy, "offset"),
                  cause(energy, "calibration"), 0};
  result.random = rest(energy.gross.uncertainty.value_or(Joule(0)).value(), result);
  return result;
}

// The parts that are random in the phase and in the idle phase, which counts as often as it is
// subtracted.
double random_of_net(const PhaseEnergy& energy, const PhaseEnergy* idle) {
  const auto square_of = [](const PhaseEnergy& one) {
    double square = 0;
    for (const char* name : {"quantisation", "sampling", "edges", "gaps"})
      square += cause(one, name) * cause(one, name);
    return square;
  };
  double square = square_of(energy);
  if (idle != nullptr && idle->duration > Second(0)) {
    const double scale = energy.duration / idle->duration;
    square += scale * scale * square_of(*idle);
  }
  return std::sqrt(square);
}

// Of a calibration the slope is left, which the gross budget does not tell apart: what neither gain
// nor readings explain.
RunValue net_of(const PhaseEnergy& energy, const PhaseEnergy* idle) {
  const double gross = energy.gross.value ? std::abs(energy.gross.value->value()) : 0;
  RunValue result{energy.net.value->value(), 0, 0, 0, 0};
  if (gross > 0) result.gain = cause(energy, "gain") * std::abs(result.value) / gross;
  const double all = energy.net.uncertainty.value_or(Joule(0)).value();
  result.random = rest(all, result);
  if (cause(energy, "calibration") > 0) {
    const double random = std::min(result.random, random_of_net(energy, idle));
    result.calibration = std::sqrt(result.random * result.random - random * random);
    result.random = random;
  }
  return result;
}

std::optional<RunValue> absent(std::string* why_absent, const std::string& reason,
                               const char* otherwise) {
  if (why_absent != nullptr) *why_absent = reason.empty() ? otherwise : reason;
  return std::nullopt;
}

}  // namespace

std::string_view name_of(RunQuantity quantity) {
  return kRows[static_cast<std::size_t>(quantity)].name;
}
std::string_view unit_of(RunQuantity quantity) {
  return kRows[static_cast<std::size_t>(quantity)].unit;
}
std::optional<RunQuantity> quantity_named(std::string_view name) {
  for (const Row& row : kRows)
    if (row.name == name) return row.quantity;
  return std::nullopt;
}

RunValue scaled(const RunValue& value, double factor) {
  return {value.value * factor, value.gain * factor, value.offset * factor,
          value.calibration * factor, value.random * factor};
}

std::optional<RunValue> value_of(const Run& run, RunQuantity quantity, std::string* why_absent) {
  if (run.state == RunState::failed) return absent(why_absent, run.failure, "the run failed");
  if (run.state == RunState::throttled)
    return absent(why_absent, "", "the board throttled in the run");
  const Phase* inference = run.phase(PhaseKind::inference);
  const double seconds = inference == nullptr ? 0 : inference->duration().value();
  if (seconds <= 0) return absent(why_absent, "", "the run has no inference phase");
  if (quantity == RunQuantity::latency) return RunValue{seconds, 0, 0, 0, 0};
  const PhaseEnergy* energy = run.energy(PhaseKind::inference);
  constexpr const char* kNone = "the run has no energy of its inference phase";
  if (energy == nullptr) return absent(why_absent, "", kNone);
  if (quantity == RunQuantity::net_energy) {
    if (!energy->net.value) return absent(why_absent, energy->net.why_absent, kNone);
    return net_of(*energy, run.energy(PhaseKind::idle));
  }
  if (!energy->gross.value) return absent(why_absent, energy->gross.why_absent, kNone);
  return scaled(gross_of(*energy), quantity == RunQuantity::power ? 1 / seconds : 1);
}

}  // namespace isojoule
