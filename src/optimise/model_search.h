// A search by models: a few first points, then where the expected improvement is largest. With the
// pure processes alone it is the usual Bayesian optimisation; with physics beside them, the two are
// averaged by how well each foretells the runs that it was not shown.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/random.h"
#include "optimise/improvement.h"
#include "optimise/optimiser.h"
#include "optimise/probe_log.h"
#include "optimise/pure_model.h"

namespace isojoule {

struct ModelSearchOptions {
  bool pure = true;
  bool physics = true;
  std::int64_t random_first = 0;  // points drawn before the models are asked
};

class ModelSearch final : public Optimiser {
 public:
  ModelSearch(const SearchSpace& space, const Goal& goal, const SearchOptions& options,
              const ModelSearchOptions& model_options);

 private:
  std::optional<Question> do_ask() override;
  void do_tell(const Probe& probe) override;
  std::optional<Answer> do_recommend() override;

  struct Belief {  // of one model
    double weight = 1;
    LogView cost;
    Eigen::VectorXf met;  // probability that the limits are met
  };

  Question first() const;
  GridPoint anchor() const;
  GridPoint highest() const;
  void believe();
  MetricViews pure_views();
  MetricViews physics_views();
  MetricViews views_of(const LogView& energy, const LogView& time) const;
  double rival_weight() const;
  Eigen::VectorXf blended_cost() const;
  std::optional<GridPoint> best_measured(const Eigen::VectorXf& cost) const;

  const SearchSpace& space_;
  Goal goal_;
  SearchOptions options_;
  ModelSearchOptions models_;
  ProbeLog log_;
  Random random_;
  Physics physics_;
  std::optional<PhysicsModel> physics_model_;
  std::vector<Metric> metrics_;            // the goal's
  std::vector<PureModel> pure_models_;     // one a metric of the goal
  std::vector<PhysicalRun> runs_;          // that have energy and latency
  std::vector<GridPoint> points_;              // of all runs
  std::vector<std::vector<double>> logs_;  // by metric of the goal
  std::vector<Belief> beliefs_;
  std::optional<Question> open_;
};

}  // namespace isojoule
