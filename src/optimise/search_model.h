// What a search by models believes of every setting, model by model.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "optimise/improvement.h"
#include "optimise/optimiser.h"
#include "optimise/pure_model.h"

namespace isojoule {

// The measured metrics of one probe that a goal is about, in Goal::metrics()'s order, and those
// that physics lives on.
struct ModelRun {
  GridPoint point;
  std::vector<double> logs;
  std::optional<double> log_energy, log_latency, log_time;
};

class SearchModel {
 public:
  virtual ~SearchModel() = default;
  SearchModel(const SearchModel&) = delete;
  SearchModel& operator=(const SearchModel&) = delete;

  // Everything anew, hyper-parameters too.
  void learn(const std::vector<ModelRun>& runs) { do_learn(runs); }
  // The last of the runs is new; the rest was learnt.
  void add(const std::vector<ModelRun>& runs) { do_add(runs); }
  // In the order of the goal's metrics. Nothing where it cannot say yet.
  std::optional<MetricViews> views() { return do_views(); }
  // Sum over the runs of log p(run | all others) of this metric; nothing: it has no opinion.
  std::optional<Eigen::VectorXd> left_out(std::size_t metric) { return do_left_out(metric); }

 protected:
  SearchModel() = default;

 private:
  virtual void do_learn(const std::vector<ModelRun>& runs) = 0;
  virtual void do_add(const std::vector<ModelRun>& runs) = 0;
  virtual std::optional<MetricViews> do_views() = 0;
  virtual std::optional<Eigen::VectorXd> do_left_out(std::size_t metric) = 0;
};

// A Gaussian process a metric, on logarithms.
std::unique_ptr<SearchModel> pure_search_model(const SearchSpace& space,
                                               const std::vector<Metric>& metrics, double noise);
// Physics where the metric is energy, time, latency or power, and processes for what else there is.
std::unique_ptr<SearchModel> physics_search_model(const SearchSpace& space, const Physics& physics,
                                                  const std::vector<Metric>& metrics, double noise);
// A Gaussian process a metric on what differs from what was known beforehand. Null where that says
// nothing of one of the metrics.
std::unique_ptr<SearchModel> prior_search_model(const SearchSpace& space,
                                                const std::vector<Metric>& metrics, double noise,
                                                const std::vector<PriorProbe>& prior);

}  // namespace isojoule
