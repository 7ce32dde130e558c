#include "app/govern/clairvoyant.h"

#include <algorithm>
#include <cmath>

namespace isojoule {
namespace {

constexpr double kAims[] = {0.97, 0.9, 0.82};
constexpr int kPrices = 5;  // tried by bisection between these, in energies of a request
constexpr double kLeastPrice = 0.3, kMostPrice = 300;

}  // namespace

Clairvoyant::Clairvoyant(const ServiceBoard& board, const ServiceTrace& trace,
                         const ServiceRunOptions& options, double price_j, double aim)
    : board_(board),
      trace_(trace),
      options_(options),
      price_j_(price_j),
      aim_s_(aim * options.latency_limit_s) {
  leave_dominated_out();
}

void Clairvoyant::leave_dominated_out() {
  const BatchTruth& truth = board_.truth;
  const auto beats = [&](GridPoint a, GridPoint b) {
    if (truth.idle_w(a) > truth.idle_w(b)) return false;
    for (std::int64_t n = 1; n <= board_.batch; ++n)
      if (truth.seconds(a, n) > truth.seconds(b, n) || truth.joules(a, n) > truth.joules(b, n))
        return false;
    return true;
  };
  for (GridPoint p = 0; p < board_.space->size(); ++p) {
    bool beaten = false;
    for (GridPoint q = 0; q < board_.space->size() && !beaten; ++q)
      beaten = q != p && beats(q, p) && (q < p || !beats(p, q));
    if (!beaten) candidates_.push_back(p);
  }
}

double Clairvoyant::cost(GridPoint p, const ServiceView& view) const {
  const BatchTruth& truth = board_.truth;
  const auto& requests = trace_.requests;
  const double end = view.now_s + options_.epoch_s;
  const double far = end + std::max(options_.epoch_s, options_.latency_limit_s);
  const double slow = trace_.weather_at(view.now_s).slow_down;
  double t = view.now_s;
  double joules = truth.idle_w(p) * options_.epoch_s;
  if (view.running > 0) {  // what is left of it goes on at the new clocks
    const double rest =
        view.running_s * truth.seconds(p, view.running) / truth.seconds(here_, view.running);
    const double watts = truth.joules(p, view.running) / truth.seconds(p, view.running);
    joules += rest * (watts - truth.idle_w(p));
    t += rest;
  }
  double late = 0;
  std::size_t i = view.taken;
  while (i < requests.size() && requests[i].at_s < far) {
    const double start = std::max(t, requests[i].at_s);
    const double first_at = requests[i].at_s;
    const std::size_t begun = i;
    double work = 0;
    while (i < requests.size() && requests[i].at_s <= start &&
           static_cast<std::int64_t>(i - begun) < board_.batch)
      work += static_cast<double>(requests[i++].work);
    const auto n = static_cast<std::int64_t>(i - begun);
    const GridPoint q = start < end ? p : board_.highest;
    const double share = slow * work / static_cast<double>(n);
    const double seconds = truth.seconds(q, n);
    if (first_at < end) joules += share * (truth.joules(q, n) - truth.idle_w(q) * seconds);
    t = start + share * seconds;
    if (t - first_at <= aim_s_) continue;
    for (std::size_t k = begun; k < i; ++k) late += lateness(t - requests[k].at_s);
  }
  return joules + price_j_ * late;
}

// One for a late request, and more the later it is: where all are late anyhow, the backlog still
// has to be worked off.
double Clairvoyant::lateness(double latency_s) const {
  return latency_s > aim_s_ ? latency_s / aim_s_ : 0;
}

Decision Clairvoyant::do_decide(const EpochReport&, const ServiceView& view) {
  GridPoint best = board_.highest;
  double least = cost(best, view);
  for (const GridPoint p : candidates_) {
    const double own = cost(p, view);
    if (own >= least) continue;
    least = own;
    best = p;
  }
  here_ = best;
  return {best, false, ""};
}

ServiceOutcome best_clairvoyant(const ServiceBoard& board, const ServiceTrace& trace,
                                const ServiceRunOptions& options, double late_share) {
  const double unit = board.truth.joules(board.highest, 1);
  std::optional<ServiceOutcome> best, least_late;
  for (const double aim : kAims) {
    double low = std::log(kLeastPrice), high = std::log(kMostPrice);
    for (int i = 0; i < kPrices; ++i) {
      const double middle = 0.5 * (low + high);
      Clairvoyant policy(board, trace, options, unit * std::exp(middle), aim);
      const ServiceOutcome outcome = run_service(board, trace, policy, options);
      const bool kept = outcome.late_share() <= late_share;
      (kept ? high : low) = middle;
      if (kept && (!best || outcome.joules < best->joules)) best = outcome;
      if (!least_late || outcome.late < least_late->late) least_late = outcome;
    }
  }
  return best.value_or(*least_late);
}

}  // namespace isojoule
