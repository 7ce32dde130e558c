// A search by models: a few first points, then where the expected improvement is largest. With the
// pure processes alone it is the usual Bayesian optimisation; with physics beside them, the two are
// averaged by how well each foretells the runs that it was not shown.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "optimise/probe_log.h"
#include "optimise/runnable.h"
#include "optimise/search_model.h"

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
    Eigen::VectorXf met;     // probability that the limits are met
    Eigen::VectorXf inside;  // margin_inside()
  };

  void make_models();
  bool bounds_latency() const;
  GridPoint highest() const;
  std::optional<Question> first();
  std::optional<Question> draw();
  void believe();
  std::vector<double> weights(std::size_t count);
  std::vector<double> compared();
  Eigen::VectorXf blended_cost() const;
  Eigen::VectorXf blended_met() const;
  std::optional<GridPoint> best_measured() const;
  Eigen::VectorXf gains(GridPoint incumbent) const;
  Eigen::VectorXf chances() const;
  double apart_from_anchor(GridPoint point) const;

  const SearchSpace& space_;
  Goal goal_;
  SearchOptions options_;
  ModelSearchOptions choice_;
  ProbeLog log_;
  Runnable runnable_;
  Physics physics_;
  std::vector<Metric> metrics_;                       // the goal's
  std::vector<std::unique_ptr<SearchModel>> models_;  // what was known beforehand is the last
  bool knows_beforehand_ = false;
  std::vector<ModelRun> runs_;
  std::vector<double> weights_;  // of the models, when they were last compared
  std::vector<Belief> beliefs_;
  std::optional<Question> open_;
};

}  // namespace isojoule
