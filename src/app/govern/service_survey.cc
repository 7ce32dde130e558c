#include "app/govern/service_survey.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "optimise/physics_model.h"
#include "optimise/pure_model.h"

namespace isojoule {
namespace {

constexpr double kLeastSd = 0.01;  // log: nothing is known better than a probe
constexpr double kUsualSpread = 0.02;

// Clocks of the board, and the batch: one request or as many as fit.
class Survey {
 public:
  Survey(const ServiceBoard& board, const SurveyOptions& options)
      : board_(board),
        options_(options),
        random_(seed_for(options.seed, "survey")),
        space_(with_batch(board)),
        physics_(space_),
        model_(space_, physics_, extended(usual_physics(), physics_.words()),
               PhysicsModel::Options{.noise = options.noise}),
        idle_(*board.space, options.noise) {}

  OperatingTable table() {
    for (const GridPoint p : design()) probe(p);
    model_.learn(runs_);
    idle_.learn(idle_points_, idle_logs_);
    const LogView time = model_.time(), energy = model_.energy(), idle = idle_.view();
    OperatingTable out{*board_.space, {}};
    const auto batch = static_cast<double>(board_.batch);
    for (GridPoint p = 0; p < board_.space->size(); ++p) {
      const GridPoint one = joint(p, false), full = joint(p, true);
      ServicePoint row;
      row.batch = board_.batch;
      row.batch_s = batch * std::exp(double{time.mean[full]});
      row.batch_j = batch * std::exp(double{energy.mean[full]});
      row.batch_spread = kUsualSpread;
      row.idle_w = std::min(std::exp(double{idle.mean[p]}), 0.98 * row.batch_j / row.batch_s);
      row.log_sd =
          std::max(kLeastSd, static_cast<double>(std::max(time.sd[full], energy.sd[full])));
      row.measured = probed_.contains(full);
      row.fixed_share = fixed_part(std::exp(double{time.mean[one]}) / row.batch_s);
      row.fixed_energy_share = fixed_part(std::exp(double{energy.mean[one]}) / row.batch_j);
      out.points.push_back(row);
    }
    return out;
  }

 private:
  static SearchSpace with_batch(const ServiceBoard& board) {
    std::vector<SearchAxis> axes = board.space->axes();
    if (board.batch > 1) axes.push_back({"batch", {1.0, static_cast<double>(board.batch)}, true});
    return *SearchSpace::grid(std::move(axes));
  }
  GridPoint joint(GridPoint p, bool full) const {
    const auto levels = board_.space->levels(p);
    std::vector<Level> all(levels.begin(), levels.end());
    if (board_.batch > 1) all.push_back(full ? 1 : 0);
    return *space_.at(all);
  }

  // From what one request takes over what a full batch does.
  double fixed_part(double share) const {
    const auto batch = static_cast<double>(board_.batch);
    return batch > 1 ? std::clamp((share - 1 / batch) / (1 - 1 / batch), 0.0, 0.95) : 0;
  }

  // Corners first, then strata of every axis in a drawn order (Latin hypercube sampling: M. D.
  // McKay, R. J. Beckman, W. J. Conover, Technometrics 21, 1979).
  std::vector<GridPoint> design() {
    const auto& axes = space_.axes();
    std::set<GridPoint> out;
    const auto add = [&](const std::vector<double>& shares) {
      std::vector<Level> levels;
      for (std::size_t a = 0; a < axes.size(); ++a) {
        const auto count = static_cast<double>(axes[a].values.size());
        levels.push_back(static_cast<Level>(std::min(count - 1, std::floor(shares[a] * count))));
      }
      out.insert(*space_.at(levels));
    };
    std::vector<double> highest(axes.size(), 1.0);
    add(highest);
    for (std::size_t a = 0; a < axes.size(); ++a) {
      std::vector<double> low = highest;
      low[a] = 0;
      add(low);
    }
    const auto rest = static_cast<std::size_t>(
        std::max<std::int64_t>(1, options_.probes - static_cast<std::int64_t>(out.size())));
    std::vector<std::vector<double>> strata(axes.size());
    for (auto& one : strata) {
      for (std::size_t i = 0; i < rest; ++i)
        one.push_back((static_cast<double>(i) + random_.uniform()) / static_cast<double>(rest));
      random_.shuffle(one);
    }
    for (std::size_t i = 0; i < rest; ++i) {
      std::vector<double> shares;
      for (const auto& one : strata) shares.push_back(one[i]);
      add(shares);
    }
    return {out.begin(), out.end()};
  }

  double noisy_log(double value) { return std::log(value) + options_.noise * random_.normal(); }

  void probe(GridPoint joint_point) {
    const auto levels = space_.levels(joint_point);
    const bool full = board_.batch == 1 || levels.back() == 1;
    const auto clocks = board_.space->axes().size();
    const GridPoint p = *board_.space->at(levels.first(clocks));
    const std::int64_t n = full ? board_.batch : 1;
    const double each = std::log(static_cast<double>(n));
    runs_.push_back({joint_point, noisy_log(board_.truth.seconds(p, n)) - each,
                     noisy_log(board_.truth.joules(p, n)) - each});
    idle_points_.push_back(p);
    idle_logs_.push_back(noisy_log(board_.truth.idle_w(p)));
    probed_.insert(joint_point);
  }

  const ServiceBoard& board_;
  SurveyOptions options_;
  Random random_;
  SearchSpace space_;
  Physics physics_;
  PhysicsModel model_;
  PureModel idle_;
  std::vector<PhysicalRun> runs_;
  std::vector<GridPoint> idle_points_;
  std::vector<double> idle_logs_;
  std::set<GridPoint> probed_;
};

}  // namespace

OperatingTable survey(const ServiceBoard& board, const SurveyOptions& options) {
  return Survey(board, options).table();
}

}  // namespace isojoule
