// The full sweep: every setting once, coarse levels of all axes first, then those between them, in
// random order among equals, so that a sweep that ends early has seen the whole space.
//
// What needs no look is skipped:
// - A latency that breaks its limit by more than the margin breaks it too at every setting with the
//   same or lower processor clocks and power caps, the same or a larger batch (for `time`, which is
//   per inference, the same batch), and all else the same. Memory clocks and numbers of cores are
//   not taken to be monotone: they are not on every board.
// - A use of memory beyond its limit is so at the same or larger batches, whatever the clocks.
// - Two settings that ran out of memory stand for all with the larger of their batches or more,
//   whatever the clocks; one may be another program's doing.
// Margin: 10 % or five standard deviations of a probe, whichever is more; for tail latencies twice
// that. While nothing meets the limits, only what must be further beyond them than the nearest is
// skipped, for the nearest is then what is recommended.
#include <algorithm>
#include <cmath>
#include <string_view>

#include "optimise/physics.h"
#include "optimise/plain_search.h"

namespace isojoule {
namespace {

constexpr double kLeastMargin = 0.1, kDeviations = 5;
constexpr std::int64_t kLacks = 2;

enum class Growth : std::uint8_t { same, free, falls, rises };  // what another setting may have

// How often the axis is halved before this level is among the ends: 0 for these.
std::vector<int> depths_of(const SearchAxis& axis) {
  std::vector<int> depths(axis.values.size(), 0);
  if (!axis.ordered) return depths;
  struct Part {
    std::size_t low, high;
    int depth;
  };
  std::vector<Part> parts = {{0, axis.values.size() - 1, 1}};
  while (!parts.empty()) {
    const Part part = parts.back();
    parts.pop_back();
    if (part.high - part.low < 2) continue;
    const std::size_t middle = (part.low + part.high) / 2;
    depths[middle] = part.depth;
    parts.push_back({part.low, middle, part.depth + 1});
    parts.push_back({middle, part.high, part.depth + 1});
  }
  return depths;
}

class SweepSearch final : public PlainSearch {
 public:
  SweepSearch(const SearchSpace& space, const Goal& goal, const SearchOptions& options)
      : PlainSearch(space, goal, options),
        row_(order()),
        beyond_(static_cast<std::size_t>(space.size()), 0.0F),
        lacks_(static_cast<std::size_t>(space.size()), 0) {
    for (const SearchAxis& axis : space.axes()) roles_.push_back(role_of(axis));
    sort_by_depth();
  }

 private:
  void sort_by_depth() {
    std::vector<std::vector<int>> depths;
    for (const SearchAxis& axis : space().axes()) depths.push_back(depths_of(axis));
    std::vector<int> deepest(row_.size(), 0);
    for (GridPoint p = 0; p < space().size(); ++p)
      for (std::size_t a = 0; a < depths.size(); ++a) {
        const int own = depths[a][static_cast<std::size_t>(space().levels(p)[a])];
        deepest[static_cast<std::size_t>(p)] = std::max(deepest[static_cast<std::size_t>(p)], own);
      }
    std::stable_sort(row_.begin(), row_.end(), [&](GridPoint a, GridPoint b) {
      return deepest[static_cast<std::size_t>(a)] < deepest[static_cast<std::size_t>(b)];
    });
  }

  bool is_done(GridPoint point) const { return is_measured(point) || !log().may_run(point); }

  bool is_pruned(GridPoint point) const {
    const auto place = static_cast<std::size_t>(point);
    if (lacks_[place] >= kLacks) return true;
    return double{beyond_[place]} > nearest_beyond_;
  }

  std::optional<Question> do_next() override {
    for (std::size_t i = begin_; i < row_.size(); ++i)
      if (!is_done(row_[i]) && !is_pruned(row_[i])) return Question{row_[i], "the next of all"};
    return {};
  }

  std::optional<Answer> do_recommend() override {
    auto answer = best_measured();
    if (answer && !do_next()) answer->expected_gain = 0;  // nothing is left
    return answer;
  }

  void do_learn(const Probe& probe) override {
    while (begin_ < row_.size() && is_done(row_[begin_])) ++begin_;
    // The second is what is said of a batch that was passed over because of the first.
    if (probe.definite &&
        (probe.failure.starts_with("out of memory") || probe.failure.starts_with("does not fit")))
      for_all_beyond(probe.point, of_memory(), [this](std::size_t place) { ++lacks_[place]; });
    if (!probe.failure.empty()) return;
    if (const auto best = log().best()) nearest_beyond_ = *log().beyond(*best);
    for (const Limit& limit : goal().limits) {
      const auto& value = at(probe.metrics, limit.metric);
      if (!value || !std::isfinite(*value)) continue;
      const auto least = static_cast<float>(*value / margin(limit.metric) / limit.most - 1);
      if (!(least > 0)) continue;
      const auto raise = [&](std::size_t place) {
        beyond_[place] = std::max(beyond_[place], least);
      };
      if (limit.metric == Metric::memory) for_all_beyond(probe.point, of_memory(), raise);
      if (is_latency(limit.metric)) for_all_beyond(probe.point, of_latency(limit.metric), raise);
    }
  }

  static bool is_latency(Metric metric) {
    return metric == Metric::latency || metric == Metric::latency_p95 ||
           metric == Metric::latency_p99 || metric == Metric::time;
  }

  double margin(Metric metric) const {
    const double usual = std::max(kLeastMargin, kDeviations * options().noise);
    const bool tail = metric == Metric::latency_p95 || metric == Metric::latency_p99;
    return 1 + (tail ? 2 : 1) * usual;
  }

  std::vector<Growth> of_memory() const {
    std::vector<Growth> growth;
    for (const AxisRole role : roles_)
      growth.push_back(role == AxisRole::batch ? Growth::rises
                       : is_clock(role)        ? Growth::free
                                               : Growth::same);
    return growth;
  }

  std::vector<Growth> of_latency(Metric metric) const {
    std::vector<Growth> growth;
    for (const AxisRole role : roles_) {
      Growth own = Growth::same;
      if (role == AxisRole::cpu_clock || role == AxisRole::gpu_clock || role == AxisRole::cap)
        own = Growth::falls;
      if (role == AxisRole::batch && metric != Metric::time) own = Growth::rises;
      growth.push_back(own);
    }
    return growth;
  }

  static bool is_clock(AxisRole role) {
    return role == AxisRole::cpu_clock || role == AxisRole::gpu_clock ||
           role == AxisRole::memory_clock || role == AxisRole::cap;
  }

  template <typename Do>
  void for_all_beyond(GridPoint from, const std::vector<Growth>& growth, Do&& act) const {
    const auto own = space().levels(from);
    for (GridPoint p = 0; p < space().size(); ++p) {
      const auto other = space().levels(p);
      bool fits = true;
      for (std::size_t a = 0; a < growth.size() && fits; ++a)
        fits = growth[a] == Growth::free || other[a] == own[a] ||
               (growth[a] == Growth::falls && other[a] < own[a]) ||
               (growth[a] == Growth::rises && other[a] > own[a]);
      if (fits) act(static_cast<std::size_t>(p));
    }
  }

  std::vector<AxisRole> roles_;      // by axis
  std::vector<GridPoint> row_;       // all points in the order of the sweep
  std::size_t begin_ = 0;            // all before it are done
  std::vector<float> beyond_;        // by point: at least so far beyond a limit; 0: nothing known
  std::vector<std::int32_t> lacks_;  // by point: settings that ran out of memory and are no larger
  double nearest_beyond_ = 1e30;     // of the best so far
};

}  // namespace

const OptimiserKind& optimiser_kind_sweep() {
  static const OptimiserKind kind = {
      "sweep", "every setting, coarse levels first, without those that must break a limit",
      "docs/optimisers.md", make_plain<SweepSearch>};
  return kind;
}

}  // namespace isojoule
