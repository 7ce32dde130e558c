#include "govern/controller.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/random.h"
#include "govern/arrival_rate.h"
#include "govern/late_margin.h"
#include "govern/latency_ratio.h"
#include "govern/report_check.h"
#include "govern/service_model.h"

namespace isojoule {
namespace {

constexpr double kHeatStep = 0.97;     // of the power that is allowed, an epoch above the limit
constexpr double kCoolStep = 1.004;    // an epoch well below it
constexpr double kHeatRoom = 2;        // K below the limit where the power begins to be held back
constexpr double kExploreSd = 1.5;     // standard deviations that a neighbour may be better by
constexpr double kProvenMargin = 0.0;  // beyond the bound that physics gives
constexpr double kNoRequests = 1e-3;   // a second: with fewer, energy a request says nothing
constexpr double kLeastStay_s = 1;     // a switch is paid back over the usual stay, at least this

double log_of(double seconds) { return std::log(std::max(1e-12, seconds)); }

}  // namespace

class Controller::Impl {
 public:
  Impl(OperatingTable table, const ServiceGoal& goal, const ControllerOptions& options)
      : model_(std::move(table)),
        goal_(goal),
        options_(options),
        random_(seed_for(options.seed, "controller")),
        margin_(options.aim_share * goal.late_share),
        forecasts_(static_cast<std::size_t>(model_.size())) {}

  Decision first() {
    look_ahead(0);
    const auto point = fastest();
    return go_to(point, false, point ? "nothing seen yet: the fastest" : kNothingKnown);
  }

  Decision decide(const EpochReport& raw) {
    const CheckedReport checked = check_report(raw, model_.size());
    const EpochReport& report = checked.report;
    count(report, checked.odd);
    refused_ = report.refused;
    take_in(report, checked.seconds);
    if (!report.blind.empty()) return fall_back(report.blind);
    if (!state_.blind.empty()) {
      if (++sighted_ < options_.sighted_epochs) return go_to({}, false, state_.blind);
      state_.blind.clear();
      lost_ = 0;
    }
    lost_ = state_.point && !report.point ? lost_ + 1 : 0;
    if (lost_ >= options_.lost_epochs)
      return fall_back("the clocks do not stay where they were set");
    return choose(static_cast<double>(report.queued));
  }

  ControllerState state() const {
    ControllerState out = state_;
    out.slow_down = std::exp(model_.time().common());
    out.slow_down_sd = out.slow_down * model_.time().common_sd();
    out.power_scale = std::exp(model_.power().common());
    out.power_scale_sd = out.power_scale * model_.power().common_sd();
    const Arrivals arrivals = arrivals_.now();
    out.arrival_hz = arrivals.rate_hz;
    out.arrival_peak_hz = arrivals.peak_hz;
    out.dispersion = arrivals.dispersion;
    out.margin = margin_.value();
    out.recent_late = margin_.recent_late();
    return out;
  }

 private:
  static constexpr const char* kNothingKnown = "no setting is known";

  // ---- what was seen ----
  void count(const EpochReport& report, std::int64_t odd) {
    ++state_.epochs;
    state_.arrived += report.arrived;
    state_.served += report.served;
    state_.late += report.late;
    state_.odd_reports += odd;
    if (report.temperature_c) state_.temperature_c = report.temperature_c;
  }

  void take_in(const EpochReport& report, double seconds) {
    if (!(seconds > 0)) return;
    model_.pass(seconds);
    arrivals_.add(report.arrived, seconds);
    epoch_s_ = seconds;
    hold_temperature(report);
    // Under the governors lateness is theirs.
    if (state_.point) margin_.see(report.served, report.late, seconds, arrivals_.now().rate_hz);
    ratio_.pass(seconds);
    if (state_.point && report.point == state_.point && state_.latency_s > 0)
      for (const double latency : report.latency_s)
        if (latency > 0) ratio_.see(log_of(latency / state_.latency_s));
    const bool whole = report.point == last_point_;
    last_point_ = report.point;
    if (!report.point || !report.blind.empty()) return;
    if (model_.learn(*report.point, report, seconds, whole)) {
      ++state_.drifts;
      model_.forget();
      extra_looks_ = options_.explore_after_drift;
    }
  }

  void hold_temperature(const EpochReport& report) {
    if (!goal_.temperature_limit_c || !report.temperature_c) return;
    const double room = *goal_.temperature_limit_c - *report.temperature_c;
    if (room < kHeatRoom) {
      // Below the least that any setting draws there is nothing to hold back, and it would take as
      // long to come up again.
      heat_w_ = std::max(table_watts().first, kHeatStep * std::min(heat_w_, table_watts().second));
    } else if (room > 2 * kHeatRoom) {
      heat_w_ *= kCoolStep;
      if (heat_w_ > table_watts().second) heat_w_ = std::numeric_limits<double>::infinity();
    }
  }
  // The least and the most that a known setting draws at work.
  std::pair<double, double> table_watts() const {
    std::pair<double, double> watts{std::numeric_limits<double>::infinity(), 0};
    for (GridPoint p = 0; p < model_.size(); ++p) {
      if (!model_.known(p)) continue;
      const double busy_w = model_.line(p).busy_w();
      watts = {std::min(watts.first, busy_w), std::max(watts.second, busy_w)};
    }
    return watts;
  }

  // ---- what each setting would do ----
  struct Prospect {
    bool known = false;
    QueueForecast queue;
    double busy_w = 0;
    double log_latency = 0;  // with its standard deviations
  };

  void look_ahead(double queued) {
    const Arrivals arrivals = arrivals_.now();
    const double seen = ratio_.quantile(goal_.late_share);
    for (GridPoint p = 0; p < model_.size(); ++p) {
      Prospect& one = forecasts_[static_cast<std::size_t>(p)];
      one.known = model_.known(p) && !is_refused(p);
      if (!one.known) continue;
      const BatchLine line = model_.line(p);
      one.queue = forecast(line, arrivals, goal_.late_share, goal_.fill_wait_s, queued);
      one.busy_w = line.busy_w();
      one.log_latency =
          log_of(one.queue.latency_s) + seen + options_.quantile * model_.latency_sd(p);
    }
  }
  bool is_refused(GridPoint p) const {
    return std::find(refused_.begin(), refused_.end(), p) != refused_.end();
  }
  const Prospect& at(GridPoint p) const { return forecasts_[static_cast<std::size_t>(p)]; }

  double power_limit() const {
    return std::min(heat_w_, goal_.power_limit_w.value_or(std::numeric_limits<double>::infinity()));
  }
  bool draws_little(GridPoint p) const { return at(p).known && at(p).busy_w <= power_limit(); }
  double latency_room(GridPoint p) const {
    return log_of(goal_.latency_limit_s) - margin_.value() - at(p).log_latency;
  }
  bool is_safe(GridPoint p, double more) const {
    return draws_little(p) && at(p).queue.load <= options_.load_limit && latency_room(p) >= more;
  }

  // Of those that draw no more than they may; the least power where all draw more.
  std::optional<GridPoint> fastest() const {
    std::optional<GridPoint> best, coolest;
    for (GridPoint p = 0; p < model_.size(); ++p) {
      if (!at(p).known) continue;
      if (!coolest || at(p).busy_w < at(*coolest).busy_w) coolest = p;
      if (!draws_little(p)) continue;
      if (!best || full_s(p) < full_s(*best)) best = p;
    }
    return best ? best : coolest;
  }
  double full_s(GridPoint p) const {
    const BatchLine line = model_.line(p);
    const auto n = static_cast<double>(line.batch);
    return line.duration_s(n) / n;
  }

  std::optional<GridPoint> cheapest() {
    std::optional<GridPoint> best;
    state_.safe = 0;
    for (GridPoint p = 0; p < model_.size(); ++p) {
      const bool here = state_.point == p;
      if (!is_safe(p, here ? 0 : options_.return_margin)) continue;
      ++state_.safe;
      if (!best || at(p).queue.energy_j < at(*best).queue.energy_j) best = p;
    }
    return best;
  }

  // ---- what is done ----
  Decision choose(double queued) {
    look_ahead(queued);
    const auto best = cheapest();
    if (!best) {
      const auto out = fastest();
      if (out && !in_emergency_) ++state_.emergencies;
      in_emergency_ = true;
      return go_to(out, false,
                   out ? "no setting is expected to keep the limits: the fastest" : kNothingKnown);
    }
    in_emergency_ = false;
    const auto here = state_.point;
    if (!here || !is_safe(*here, 0)) return go_to(best, false, reason(*best));
    // Of one that was only looked at it is known now whether it is better.
    const bool looked = std::exchange(explored_, false);
    if (!looked && stay_ < options_.dwell_epochs) return go_to(here, false, state_.why);
    const double gain = 1 - at(*best).queue.energy_j / at(*here).queue.energy_j;
    if (*best != *here && gain > (looked ? 0 : options_.hysteresis + switch_price()))
      return go_to(best, false, reason(*best));
    if (looked) return go_to(here, false, "better than its neighbour was");
    if (const auto look = neighbour_to_see(*here)) {
      ++state_.explorations;
      explored_ = true;
      return go_to(look, true, "a neighbour that keeps the limits whatever it is");
    }
    return go_to(here, false, state_.why);
  }

  // Share of the energy of a usual stay that passes without the new clocks.
  double switch_price() const {
    const double stays = static_cast<double>(std::max<std::int64_t>(1, state_.switches));
    const double stay_s = static_cast<double>(state_.epochs) * epoch_s_ / stays;
    return options_.switch_s / std::max(kLeastStay_s, stay_s);
  }

  std::string reason(GridPoint p) const {
    const double room = 100 * (1 - std::exp(-latency_room(p)));
    return fmt::format("least energy of {} that keep the limits, {:.0f} % below", state_.safe,
                       std::max(0.0, room));
  }

  // A setting that was never seen, one step away, that may be better and cannot be too slow.
  std::optional<GridPoint> neighbour_to_see(GridPoint here) {
    if (!options_.explore || stay_ < options_.calm_epochs) return {};
    const bool in_share = static_cast<double>(state_.explorations) <
                          options_.explore_share * static_cast<double>(state_.epochs);
    if (!in_share && extra_looks_ <= 0) return {};
    std::optional<GridPoint> best;
    double most = 0;
    for (const GridPoint p : model_.table().space.neighbours(here)) {
      if (!at(p).known || model_.seen(p) || !is_proven(p, here)) continue;
      const double gain = 1 - at(p).queue.energy_j / at(here).queue.energy_j +
                          kExploreSd * model_.energy_sd(p) + 1e-3 * random_.uniform();
      if (gain > options_.hysteresis && gain > most) {
        most = gain;
        best = p;
      }
    }
    if (best && !in_share) --extra_looks_;
    return best;
  }

  // Work takes at most as much longer as its clocks are lower: a Lipschitz bound of 1 on log time
  // over log clocks, from a setting that was seen (C. Fiedler et al., "On Safety in Safe Bayesian
  // Optimization", 2024, for why such a bound and no fitted norm).
  bool is_proven(GridPoint p, GridPoint from) const {
    if (!draws_little(p) || model_.row(p).batch != model_.row(from).batch) return false;
    const SearchSpace& space = model_.table().space;
    double lower = 0;
    for (std::size_t a = 0; a < space.axes().size(); ++a) {
      const SearchAxis& axis = space.axes()[a];
      const std::size_t axes = space.axes().size();
      const float to = space.coordinates()[static_cast<std::size_t>(p) * axes + a];
      const float was = space.coordinates()[static_cast<std::size_t>(from) * axes + a];
      if (to != was && (!axis.ordered || !(axis.number(0) > 0))) return false;
      lower += std::max(0.0F, was - to);
    }
    const double load = at(from).queue.load * std::exp(lower);
    return load <= options_.load_limit && latency_room(from) - lower >= kProvenMargin;
  }

  Decision fall_back(const std::string& why) {
    if (state_.blind.empty()) ++state_.fallbacks;
    state_.blind = why;
    sighted_ = lost_ = 0;
    return go_to({}, false, why);
  }

  Decision go_to(std::optional<GridPoint> point, bool exploring, const std::string& why) {
    const bool moves = point != state_.point;
    if (moves && point && state_.point) ++state_.switches;
    stay_ = moves ? 0 : stay_ + 1;
    state_.point = point;
    state_.exploring = exploring;
    state_.why = why;
    state_.load = state_.latency_s = state_.energy_j = 0;
    if (point) {
      const QueueForecast& queue = at(*point).queue;
      state_.load = queue.load;
      state_.latency_s = queue.latency_s;
      if (arrivals_.now().rate_hz > kNoRequests) state_.energy_j = queue.energy_j;
    }
    return {point, exploring, why};
  }

  ServiceModel model_;
  ServiceGoal goal_;
  ControllerOptions options_;
  Random random_;
  ArrivalRate arrivals_;
  LateMargin margin_;
  LatencyRatio ratio_;
  std::vector<Prospect> forecasts_;
  ControllerState state_;
  std::vector<GridPoint> refused_;       // now; few
  std::optional<GridPoint> last_point_;  // of the last report
  double epoch_s_ = 1;
  double heat_w_ = std::numeric_limits<double>::infinity();  // that the temperature allows
  std::int64_t sighted_ = 0, lost_ = 0, stay_ = 0, extra_looks_ = 0;
  bool in_emergency_ = false, explored_ = false;
};

Controller::Controller(OperatingTable table, const ServiceGoal& goal,
                       const ControllerOptions& options)
    : impl_(std::make_unique<Impl>(std::move(table), goal, options)) {}
Controller::~Controller() = default;
Controller::Controller(Controller&&) noexcept = default;
Controller& Controller::operator=(Controller&&) noexcept = default;

Decision Controller::first() { return impl_->first(); }
Decision Controller::decide(const EpochReport& report) { return impl_->decide(report); }
ControllerState Controller::state() const { return impl_->state(); }

}  // namespace isojoule
