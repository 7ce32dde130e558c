#include "govern/controller.h"

#include <cmath>
#include <utility>

namespace isojoule {

class Controller::Impl {
 public:
  Impl(OperatingTable table, const ServiceGoal& goal, const ControllerOptions& options)
      : table_(std::move(table)), goal_(goal), options_(options) {}

  Decision first() { return go_to(fastest(), "nothing seen yet: the fastest"); }

  Decision decide(const EpochReport& report) {
    ++state_.epochs;
    state_.arrived += report.arrived;
    state_.served += report.served;
    state_.late += report.late;
    if (!report.blind.empty()) {
      if (state_.blind.empty()) ++state_.fallbacks;
      state_.blind = report.blind;
      sighted_ = 0;
      return go_to({}, report.blind);
    }
    if (!state_.blind.empty() && ++sighted_ < options_.sighted_epochs)
      return go_to({}, state_.blind);
    state_.blind.clear();
    return go_to(fastest(), "the fastest");
  }

  const ControllerState& state() const { return state_; }

 private:
  std::optional<GridPoint> fastest() const {
    std::optional<GridPoint> best;
    double least = 0;
    for (std::size_t p = 0; p < table_.points.size(); ++p) {
      const ServicePoint& point = table_.points[p];
      if (!(point.batch_s > 0) || !std::isfinite(point.batch_s)) continue;
      const double each = point.batch_s / static_cast<double>(point.batch);
      if (best && each >= least) continue;
      best = static_cast<GridPoint>(p);
      least = each;
    }
    return best;
  }

  Decision go_to(std::optional<GridPoint> point, const std::string& why) {
    if (point && state_.point && *point != *state_.point) ++state_.switches;
    state_.point = point;
    state_.why = why;
    return {point, false, why};
  }

  OperatingTable table_;
  ServiceGoal goal_;
  ControllerOptions options_;
  ControllerState state_;
  std::int64_t sighted_ = 0;
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
