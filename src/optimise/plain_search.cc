#include "optimise/plain_search.h"

#include <fmt/format.h>

#include <cmath>
#include <numeric>

namespace isojoule {
namespace {

constexpr double kBound = 3;  // e^3 = 20

}  // namespace

PlainSearch::PlainSearch(const SearchSpace& space, const Goal& goal, const SearchOptions& options)
    : space_(space),
      goal_(goal),
      options_(options),
      log_(space_, goal_),
      order_(static_cast<std::size_t>(space.size())) {
  std::iota(order_.begin(), order_.end(), 0);
  Random(seed_for(options.seed, "order of the settings")).shuffle(order_);
  start_ = first_point();
}

GridPoint PlainSearch::first_point() const {
  Goal goal = goal_;
  ProbeLog foretold(space_, goal);
  for (const PriorProbe& prior : options_.prior) foretold.add(prior.probe);
  if (const auto best = foretold.best()) return *best;
  std::vector<Level> middle;
  for (const SearchAxis& axis : space_.axes())
    middle.push_back(axis.ordered ? static_cast<Level>(axis.values.size() / 2) : Level{0});
  return nearest(middle);
}

GridPoint PlainSearch::nearest(const std::vector<Level>& levels) const {
  if (const auto there = space_.at(levels)) return *there;
  GridPoint best = 0;
  double least = 1e30;
  for (GridPoint p = 0; p < space_.size(); ++p) {
    const auto own = space_.levels(p);
    double apart = 0;
    for (std::size_t a = 0; a < levels.size(); ++a) {
      const SearchAxis& axis = space_.axes()[a];
      const double steps = own[a] - levels[a];
      const double share = steps / static_cast<double>(axis.values.size());
      apart += axis.ordered ? share * share : steps == 0 ? 0 : 1;
    }
    if (apart < least) {
      least = apart;
      best = p;
    }
  }
  return best;
}

std::optional<double> PlainSearch::loss_of(const Metrics& metrics) const {
  const auto beyond = goal_.beyond(metrics);
  const auto cost = goal_.cost.of(metrics);
  if (!beyond || !cost) return {};
  if (*beyond == 0) return std::log(*cost);
  return first_loss_.value_or(std::log(*cost)) + kBound + std::log1p(*beyond);
}

std::optional<double> PlainSearch::loss(GridPoint point) const {
  if (log_.is_out(point)) return kNever;
  if (const Metrics* const mean = log_.mean(point))
    if (const auto known = loss_of(*mean)) return known;
  if (!log_.may_run(point)) return kNever;
  return {};
}

std::optional<GridPoint> PlainSearch::fresh() const {
  for (const GridPoint point : order_)
    if (log_.may_run(point) && !is_measured(point)) return point;
  return {};
}

std::optional<GridPoint> PlainSearch::revisit() const {
  const auto best = log_.best();
  if (!best) return {};
  std::optional<GridPoint> chosen;
  if (log_.may_run(*best)) chosen = best;
  for (const GridPoint point : space_.neighbours(*best))
    if (log_.may_run(point) && (!chosen || log_.count(point) < log_.count(*chosen))) chosen = point;
  return chosen;
}

Random PlainSearch::random_now(std::string_view what) const {
  return Random(seed_for(options_.seed, fmt::format("{}/{}", what, log_.probes().size())));
}

std::optional<Question> PlainSearch::do_ask() {
  if (!open_) open_ = do_next();
  return *open_;
}

void PlainSearch::do_tell(const Probe& probe) {
  open_.reset();
  log_.add(probe);
  if (!first_loss_ && probe.failure.empty())
    if (const auto cost = goal_.cost.of(probe.metrics)) first_loss_ = std::log(*cost);
  do_learn(probe);
}

std::optional<Answer> PlainSearch::best_measured() const {
  const auto best = log_.best();
  if (!best) return {};
  Answer answer;
  answer.point = *best;
  answer.cost = *log_.cost(*best);
  answer.log_sd = options_.noise / std::sqrt(static_cast<double>(log_.count(*best)));
  answer.certain = log_.meets(*best);
  return answer;
}

Status check_searchable(const SearchSpace& space, const Goal& goal) {
  if (space.size() == 0)
    return fail(ErrorKind::invalid, "there is no setting to choose", "Give at least one");
  if (goal.cost.metrics().empty())
    return fail(ErrorKind::invalid, "nothing is to be made least", "Say what: energy, edp, ...");
  return {};
}

Status check_descendable(const SearchSpace& space, const Goal& goal, std::string_view name) {
  ISOJOULE_CHECK(check_searchable(space, goal));
  bool any = space.size() == 1;
  for (const SearchAxis& axis : space.axes()) any = any || (axis.ordered && axis.values.size() > 1);
  if (any) return {};
  return fail(
      ErrorKind::invalid,
      fmt::format("{} goes up and down along axes of numbers, and all axes here are of words",
                  name),
      "Search with thompson, unimodal or random");
}

}  // namespace isojoule
