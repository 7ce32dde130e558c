// Simultaneous perturbation stochastic approximation: the slope along all axes at once from two
// settings on opposite sides of a place in a random direction (J. C. Spall, IEEE Trans. Automatic
// Control 37 (1992) 332; gains and blocking: IEEE Trans. Aerospace Electronic Systems 34 (1998)
// 817), rounded to the grid (S. D. Hill, L. Gerencser, Z. Vago, ACC 2004).
//
// Step a_k = a / (k + 1 + A)^0.602, perturbation c_k = c / (k + 1)^0.101 and at least a level; a so
// that the first step is kFirstStep of an axis. A step to a worse setting is not made (blocking).
// After kMostSteps, or kIdle steps on the spot, the search begins elsewhere. Words: tried one after
// another at each start.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "optimise/descent.h"

namespace isojoule {
namespace {

constexpr double kFirstStep = 0.25, kPerturbation = 0.15;  // of an axis
constexpr double kStepDecay = 0.602, kPerturbationDecay = 0.101;
constexpr double kStability = 3;  // A, about a tenth of the steps
// What a setting beyond the limits, or one that cannot run, is worse at most: the first slope's
// length sets the gain.
constexpr double kWall = 1;
constexpr int kMostSteps = 30, kIdle = 6;

class SpsaSearch final : public DescentSearch {
 public:
  using DescentSearch::DescentSearch;

 private:
  bool do_descend(GridPoint from, std::size_t number) override {
    const auto begin = look(from, "where the descent begins");
    if (!begin) return false;
    if (*begin == kNever) return true;
    const auto chosen = best_words(from);
    if (!chosen) return false;
    Random random(seed_for(options().seed, fmt::format("spsa/{}", number)));
    State state{*chosen, place_of(*chosen), 0};
    int idle = 0;
    for (int k = 0; k < kMostSteps && idle < kIdle; ++k) {
      const GridPoint before = state.point;
      if (!step(state, k, random)) return false;
      idle = state.point == before ? idle + 1 : 0;
    }
    return true;
  }

  struct State {
    GridPoint point;
    Place place;  // near it, not rounded
    double gain;  // a; 0: no slope was seen yet
  };

  // False: stop.
  bool step(State& state, int k, Random& random) {
    const auto slope = slope_at(state, k, random);
    if (!slope) return false;
    double most = 0;
    for (const double one : *slope) most = std::max(most, std::abs(one));
    if (most == 0) return true;
    if (state.gain == 0) state.gain = kFirstStep * std::pow(1 + kStability, kStepDecay) / most;
    const double rate = state.gain / std::pow(k + 1 + kStability, kStepDecay);
    Place moved = state.place;
    for (std::size_t i = 0; i < moved.size(); ++i)
      moved[i] =
          std::clamp(moved[i] - std::clamp(rate * (*slope)[i], -kFirstStep, kFirstStep), 0.0, 1.0);
    const GridPoint there = point_at(moved, state.point);
    const auto other = look(there, "a step down");
    if (!other) return false;
    if (*other > *loss(state.point)) return true;
    state.point = there;
    state.place = moved;
    return true;
  }

  std::optional<Place> slope_at(const State& state, int k, Random& random) {
    const double wide = kPerturbation / std::pow(k + 1.0, kPerturbationDecay);
    Place up = state.place, down = state.place;
    for (std::size_t i = 0; i < up.size(); ++i) {
      const auto levels = static_cast<double>(space().axes()[sides()[i]].values.size());
      const double own = std::max(wide, 1 / (levels - 1)) * (random.below(2) == 0 ? 1 : -1);
      up[i] += own;
      down[i] -= own;
    }
    const GridPoint one = point_at(up, state.point), two = point_at(down, state.point);
    const auto first = look(one, "one side");
    if (!first) return {};
    const auto second = look(two, "the other side");
    if (!second) return {};
    const Place at_one = place_of(one), at_two = place_of(two);
    Place slope(up.size(), 0.0);
    const double most = *loss(state.point) + kWall;
    const double rise = std::min(*first, most) - std::min(*second, most);
    for (std::size_t i = 0; i < slope.size(); ++i)
      if (at_one[i] != at_two[i]) slope[i] = rise / (at_one[i] - at_two[i]);
    return slope;
  }
};

Result<std::unique_ptr<Optimiser>> make_spsa(const SearchSpace& space, const Goal& goal,
                                             const SearchOptions& options) {
  ISOJOULE_CHECK(check_descendable(space, goal, "spsa"));
  return warmed<SpsaSearch>(space, goal, options);
}

}  // namespace

const OptimiserKind& optimiser_kind_spsa() {
  static const OptimiserKind kind = {
      "spsa", "gradient descent by simultaneous perturbation of all axes",
      "J. C. Spall, IEEE Trans. Automatic Control 37 (1992) 332", make_spsa};
  return kind;
}

}  // namespace isojoule
