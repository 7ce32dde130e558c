#include "trace/combine.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "trace/statistic.h"

namespace isojoule {
namespace {

constexpr const char* kUnexplained = "unexplained";

double joules(const std::optional<Joule>& value) { return value.value_or(Joule(0)).value(); }

double cause(const PhaseEnergy& energy, const char* name) {
  const auto found = energy.budget_j.find(name);
  return found == energy.budget_j.end() ? 0 : found->second;
}

// The budget with what the stated uncertainty is larger by: nothing of it may be lost, and nobody
// knows that it averages out.
std::map<std::string, double> whole_budget(const PhaseEnergy& energy) {
  auto budget = energy.budget_j;
  double squares = 0;
  for (const auto& [name, u] : budget) squares += u * u;
  const double all = joules(energy.gross.uncertainty);
  if (all * all > squares * (1 + 1e-6)) budget[kUnexplained] = std::sqrt(all * all - squares);
  return budget;
}

// What of a net energy's uncertainty every repeat shares: the gain acts on the difference, the
// offset drops out of it. Of a calibration that took their place only the slope is left, which the
// gross budget does not tell: then all that the phase's own readings do not explain is taken for
// shared.
double common_of_net(const PhaseEnergy& energy) {
  const double gross = std::abs(energy.gross.value->value()), all = joules(energy.net.uncertainty);
  if (cause(energy, "calibration") > 0) {
    double random = 0;
    for (const auto& [name, u] : energy.budget_j)
      if (!is_common_to_repeats(name)) random += u * u;
    return std::sqrt(std::max(0.0, all * all - random));
  }
  if (gross == 0) return 0;
  return std::min(cause(energy, "gain") / gross * std::abs(energy.net.value->value()), all);
}

// Net energies carry no budget of their own.
MeasuredEnergy join_net(const std::vector<const PhaseEnergy*>& repeats) {
  std::vector<double> values;
  double common = 0, random_square = 0;
  std::string why = "no repeat has a net energy";
  for (const PhaseEnergy* repeat : repeats) {
    if (!repeat->net.value) {
      if (values.empty() && !repeat->net.why_absent.empty()) why = repeat->net.why_absent;
      continue;
    }
    const double shared_part = common_of_net(*repeat), all = joules(repeat->net.uncertainty);
    values.push_back(repeat->net.value->value());
    common += shared_part;
    random_square += std::max(0.0, all * all - shared_part * shared_part);
  }
  if (values.empty()) return {std::nullopt, std::nullopt, why};
  const auto n = static_cast<double>(values.size());
  const double deviation = deviation_of(values);
  const double random = std::max(std::sqrt(random_square) / n, deviation / std::sqrt(n));
  return {Joule(mean_of(values)), Joule(std::hypot(common / n, random)), ""};
}

class Joining {
 public:
  explicit Joining(std::span<const PhaseEnergy> repeats) {
    for (const PhaseEnergy& repeat : repeats)
      if (repeat.gross.value) good_.push_back(&repeat);
  }
  bool empty() const { return good_.empty(); }

  Joined join() {
    Joined joined;
    joined.count = static_cast<std::int64_t>(good_.size());
    joined.mean.phase = good_.front()->phase;
    joined.mean.rail = good_.front()->rail;
    std::vector<double> values;
    double seconds = 0;
    for (const PhaseEnergy* repeat : good_) {
      values.push_back(repeat->gross.value->value());
      seconds += repeat->duration.value() / count();
    }
    joined.mean.duration = Second(seconds);
    joined.mean.gross.value = Joule(mean_of(values));
    joined.deviation_j = deviation_of(values);
    take_budget(joined);
    joined.mean.net = join_net(good_);
    return joined;
  }

 private:
  double count() const { return static_cast<double>(good_.size()); }

  void take_budget(Joined& joined) const {
    auto& budget = joined.mean.budget_j;
    for (const PhaseEnergy* repeat : good_)
      for (const auto& [name, u] : whole_budget(*repeat))
        budget[name] += is_common_to_repeats(name) ? u / count() : u * u;
    double common_square = 0, random_square = 0;
    for (auto& [name, u] : budget) {
      if (!is_common_to_repeats(name)) u = std::sqrt(u) / count();
      (is_common_to_repeats(name) ? common_square : random_square) += u * u;
    }
    joined.degrees = std::numeric_limits<double>::infinity();
    const double spread = joined.deviation_j / std::sqrt(count());
    const bool spread_decides = spread * spread > random_square;
    if (spread_decides) {
      budget[kRepeats] = std::sqrt(spread * spread - random_square);
      random_square = spread * spread;
    }
    joined.common_j = std::sqrt(common_square);
    joined.random_j = std::sqrt(random_square);
    const double whole = std::sqrt(common_square + random_square);
    joined.mean.gross.uncertainty = Joule(whole);
    if (spread_decides) joined.degrees = (count() - 1) * std::pow(whole / spread, 4);
  }

  std::vector<const PhaseEnergy*> good_;
};

}  // namespace

bool is_common_to_repeats(std::string_view name) {
  return name != "quantisation" && name != "sampling" && name != "edges" && name != "gaps" &&
         name != kRepeats;
}

double Joined::coverage_factor() const { return student_t(kCoverage, std::max(1.0, degrees)); }

double Joined::expanded_j() const {
  return mean.gross.value ? coverage_factor() * joules(mean.gross.uncertainty) : 0;
}

Joined join_repeats(std::span<const PhaseEnergy> repeats) {
  Joining joining(repeats);
  if (!joining.empty()) return joining.join();
  Joined none;
  none.mean.phase = repeats.empty() ? PhaseKind::inference : repeats.front().phase;
  none.mean.rail = repeats.empty() ? "total" : repeats.front().rail;
  none.mean.gross.why_absent = "there is no repeat";
  if (!repeats.empty()) none.mean.gross.why_absent = repeats.front().gross.why_absent;
  none.mean.net.why_absent = none.mean.gross.why_absent;
  return none;
}

PhaseEnergy shared(PhaseEnergy energy, double count) {
  for (MeasuredEnergy* part : {&energy.gross, &energy.net}) {
    if (part->value) *part->value = *part->value / count;
    if (part->uncertainty) *part->uncertainty = *part->uncertainty / count;
  }
  for (auto& [name, u] : energy.budget_j) u /= count;
  energy.duration = energy.duration / count;
  return energy;
}

void add_phase(PhaseEnergy& sum, const PhaseEnergy& phase) {
  sum.duration += phase.duration;
  sum.gross.value = sum.gross.value.value_or(Joule(0)) + *phase.gross.value;
  double squares = 0;
  for (const auto& [name, u] : whole_budget(phase)) {
    double& own = sum.budget_j[name];
    own = is_common_to_repeats(name) ? own + u : std::hypot(own, u);
  }
  for (const auto& [name, u] : sum.budget_j) squares += u * u;
  sum.gross.uncertainty = Joule(std::sqrt(squares));
}

}  // namespace isojoule
