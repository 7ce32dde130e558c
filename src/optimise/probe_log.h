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
  ProbeLog(const SearchSpace& space, const Goal& goal) : space_(space), goal_(goal) {}

  void add(const Probe& probe);
  const std::vector<Probe>& probes() const { return probes_; }
  // Geometric means over a point's probes; nothing where none ran.
  const Metrics* mean(GridPoint point) const;
  std::int64_t count(GridPoint point) const;                           // of probes that ran
  const std::vector<GridPoint>& points() const { return order_; }      // that ran, first told first
  bool is_out(GridPoint point) const { return out_.contains(point); }  // will never run
  std::optional<double> cost(GridPoint point) const;                   // of the mean
  // Of the points that ran: those that meet the limits before the others, the least cost of them;
  // where none does, the one that is least beyond.
  std::optional<GridPoint> best() const;
  bool meets(GridPoint point) const;

 private:
  struct Seen {
    Metrics mean;
    std::int64_t count = 0;
  };
  const SearchSpace& space_;
  const Goal& goal_;
  std::vector<Probe> probes_;
  std::map<GridPoint, Seen> seen_;
  std::vector<GridPoint> order_;
  std::set<GridPoint> out_;
};

}  // namespace isojoule
