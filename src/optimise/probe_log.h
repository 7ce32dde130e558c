// What was told so far, by point: what every optimiser needs to know of its own past.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "optimise/optimiser.h"

namespace isojoule {

class ProbeLog {
 public:
  // Looks at a point that told nothing, after which it is given up.
  static constexpr std::int64_t kMostMisses = 3;

  // Both outlive it. The first probe that tells all that the cost needs becomes its reference,
  // where it wants one.
  ProbeLog(const SearchSpace& space, Goal& goal) : space_(space), goal_(goal) {}

  // A metric that is no finite number counts as not measured. A point that the space has not is
  // passed over.
  void add(const Probe& probe);
  const std::vector<Probe>& probes() const { return probes_; }
  // Geometric means over a point's probes; nothing where none ran.
  const Metrics* mean(GridPoint point) const;
  std::int64_t count(GridPoint point) const;                           // of probes that ran
  const std::vector<GridPoint>& points() const { return order_; }      // that ran, first told first
  bool is_out(GridPoint point) const { return out_.contains(point); }  // will never run
  // Not out, and fewer than kMostMisses of its probes failed or lacked what the goal needs.
  bool may_run(GridPoint point) const;
  std::optional<double> cost(GridPoint point) const;    // of the mean
  std::optional<double> beyond(GridPoint point) const;  // Goal::beyond() of the mean
  // Of the points that ran and are not out: those that meet the limits before the others, the least
  // cost of them; where none does, the one that is least beyond.
  std::optional<GridPoint> best() const;
  bool meets(GridPoint point) const { return beyond(point) == 0.0; }

 private:
  struct Seen {
    Metrics mean;
    std::array<std::int64_t, kMetrics> counts{};  // of each metric: not every probe has all
    std::int64_t count = 0;
  };
  const SearchSpace& space_;
  Goal& goal_;
  std::vector<Probe> probes_;
  std::map<GridPoint, Seen> seen_;
  std::map<GridPoint, std::int64_t> misses_;
  std::vector<GridPoint> order_;
  std::set<GridPoint> out_;
};

}  // namespace isojoule
