// What the searches have in common that keep no model of physics: the log, one number to be made
// small, an order of all points, and the answer.
//
// A question depends on the space, the goal, the options and what was told, on nothing else: random
// numbers are drawn anew from the seed and the number of probes. So it plays no part how often or
// whether somebody asked, and an interrupted search goes on where it was.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/random.h"
#include "optimise/optimiser.h"
#include "optimise/probe_log.h"

namespace isojoule {

class PlainSearch : public Optimiser {
 public:
  // Of a point that cannot run.
  static constexpr double kNever = 1e9;

  PlainSearch(const SearchSpace& space, const Goal& goal, const SearchOptions& options);

 protected:
  const SearchSpace& space() const { return space_; }
  const Goal& goal() const { return goal_; }
  const SearchOptions& options() const { return options_; }
  const ProbeLog& log() const { return log_; }

  // Logarithm of the cost where the limits are met; beyond them log(1 + share beyond) above a bound
  // that costs of 20 times the first reach. Nothing where it is not known yet, kNever where it
  // never will be.
  std::optional<double> loss(GridPoint point) const;
  // Of one look's metrics; nothing where the goal needs more.
  std::optional<double> loss_of(const Metrics& metrics) const;
  bool is_measured(GridPoint point) const { return log_.cost(point) && log_.beyond(point); }

  const std::vector<GridPoint>& order() const { return order_; }  // of all points, by the seed
  // The first of order() that may run and was not measured.
  std::optional<GridPoint> fresh() const;
  // Of the best point and its neighbours, the one that was looked at least often.
  std::optional<GridPoint> revisit() const;
  // The best of what is foretold (SearchOptions::prior); else the middle of every axis.
  GridPoint start() const { return start_; }
  // The point with these levels, or of those that are there the nearest.
  GridPoint nearest(const std::vector<Level>& levels) const;
  Random random_now(std::string_view what) const;  // by seed and number of probes
  std::optional<Answer> best_measured() const;     // by its mean; the usual recommendation

 private:
  std::optional<Question> do_ask() final;
  void do_tell(const Probe& probe) final;
  std::optional<Answer> do_recommend() override { return best_measured(); }

  // Nothing: there is nothing left that this search wants to know.
  virtual std::optional<Question> do_next() = 0;
  virtual void do_learn(const Probe&) {}  // of a probe that is in log() already

  GridPoint first_point() const;

  const SearchSpace& space_;
  Goal goal_;
  SearchOptions options_;
  ProbeLog log_;
  std::vector<GridPoint> order_;
  std::optional<double> first_loss_;  // of the first probe that could be reckoned with
  GridPoint start_ = 0;
  std::optional<std::optional<Question>> open_;
};

// Errors: invalid (no point, or no cost).
Status check_searchable(const SearchSpace& space, const Goal& goal);
// The same, and: no axis of numbers to go along.
Status check_descendable(const SearchSpace& space, const Goal& goal, std::string_view name);

// The search with what is known of an earlier one told.
template <typename Search>
Result<std::unique_ptr<Optimiser>> warmed(const SearchSpace& space, const Goal& goal,
                                          const SearchOptions& options) {
  auto search = std::make_unique<Search>(space, goal, options);
  for (const Probe& probe : options.warm) search->tell(probe);
  return search;
}

template <typename Search>
Result<std::unique_ptr<Optimiser>> make_plain(const SearchSpace& space, const Goal& goal,
                                              const SearchOptions& options) {
  ISOJOULE_CHECK(check_searchable(space, goal));
  return warmed<Search>(space, goal, options);
}

}  // namespace isojoule
