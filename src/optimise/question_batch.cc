#include "optimise/question_batch.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

namespace isojoule {
namespace {

// Of the plane's coefficients, against coordinates of about 1: weak where there are probes, and
// keeps the mean where there are few.
constexpr double kRidge = 0.05;
// An optimiser may ask for a setting again that is out: it is told what is expected, and asked
// again so often.
constexpr int kRepeatedAsks = 8;

Eigen::VectorXd terms_of(const SearchSpace& space, GridPoint point) {
  const auto axes = static_cast<Eigen::Index>(space.axes().size());
  const float* const at = space.coordinates().data() + static_cast<std::ptrdiff_t>(point) * axes;
  Eigen::VectorXd terms(2 * axes);
  for (Eigen::Index axis = 0; axis < axes; ++axis) {
    const double x = at[axis];
    terms[axis] = x;
    terms[axes + axis] = x * x;
  }
  return terms;
}

// The value of one metric there, by the plane; nothing where no probe has it.
std::optional<double> expected_metric(const SearchSpace& space, std::span<const Probe> told,
                                      Metric metric, const Eigen::VectorXd& there) {
  std::vector<const Probe*> usable;
  for (const Probe& probe : told)
    if (probe.failure.empty() && at(probe.metrics, metric).value_or(0) > 0)
      usable.push_back(&probe);
  if (usable.empty()) return {};
  const auto rows = static_cast<Eigen::Index>(usable.size());
  Eigen::MatrixXd terms(rows, there.size());
  Eigen::VectorXd logs(rows);
  for (Eigen::Index row = 0; row < rows; ++row) {
    const Probe& probe = *usable[static_cast<std::size_t>(row)];
    terms.row(row) = terms_of(space, probe.point).transpose();
    logs[row] = std::log(*at(probe.metrics, metric));
  }
  const Eigen::RowVectorXd middle = terms.colwise().mean();
  const double mean = logs.mean();
  terms.rowwise() -= middle;
  Eigen::MatrixXd normal = terms.transpose() * terms;
  normal.diagonal().array() += kRidge;
  const Eigen::VectorXd slopes =
      normal.ldlt().solve(terms.transpose() * (logs.array() - mean).matrix());
  const double expected = mean + slopes.dot(there - middle.transpose());
  // Not beyond what a factor of ten around the measured ones would be: a plane knows no limits.
  return std::exp(
      std::clamp(expected, logs.minCoeff() - std::log(10), logs.maxCoeff() + std::log(10)));
}

}  // namespace

Probe expected_probe(const SearchSpace& space, std::span<const Probe> told, GridPoint point) {
  Probe probe;
  probe.point = point;
  const Eigen::VectorXd there = terms_of(space, point);
  for (std::size_t metric = 0; metric < kMetrics; ++metric)
    probe.metrics[metric] = expected_metric(space, told, static_cast<Metric>(metric), there);
  return probe;
}

Result<std::vector<Question>> ask_batch(const BatchRequest& request, std::span<const Probe> told,
                                        std::span<const GridPoint> out, std::size_t count) {
  ISOJOULE_TRY(const auto optimiser,
               request.kind->make(*request.space, *request.goal, request.options));
  for (const Probe& probe : told) optimiser->tell(probe);
  // The optimiser knows the warm ones from its options.
  std::vector<Probe> known(request.options.warm);
  known.insert(known.end(), told.begin(), told.end());
  const bool knows = std::any_of(known.begin(), known.end(),
                                 [](const Probe& probe) { return probe.failure.empty(); });
  std::vector<GridPoint> taken(out.begin(), out.end());
  const auto believe = [&](GridPoint point) {
    optimiser->tell(expected_probe(*request.space, known, point));
  };
  if (knows)
    std::for_each(taken.begin(), taken.end(), believe);
  else if (!taken.empty())
    return std::vector<Question>{};
  std::vector<Question> questions;
  for (int repeated = 0; questions.size() < count && repeated < kRepeatedAsks;) {
    auto question = optimiser->ask();
    if (!question) break;
    const GridPoint asked = question->point;
    const bool is_new = std::find(taken.begin(), taken.end(), asked) == taken.end();
    repeated = is_new ? 0 : repeated + 1;
    if (is_new) {
      taken.push_back(asked);
      questions.push_back(*std::move(question));
    }
    if (!knows || questions.size() == count) break;
    believe(asked);
  }
  return questions;
}

}  // namespace isojoule
