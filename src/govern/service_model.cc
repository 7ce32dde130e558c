#include "govern/service_model.h"

#include <algorithm>
#include <cmath>

namespace isojoule {
namespace {

constexpr double kShapeSd = 0.15;       // log: how far a table's fixed share may be off
constexpr double kEpochSd = 0.02;       // relative: meter, and inputs that are not alike
constexpr double kSpreadGain = 0.05;    // an epoch
constexpr double kLeastSpread = 0.003;  // no engine repeats itself better

bool is_usable(const ServicePoint& p) {
  return std::isfinite(p.batch_s) && p.batch_s > 0 && std::isfinite(p.batch_j) && p.batch_j > 0 &&
         std::isfinite(p.idle_w) && p.idle_w > 0 && p.batch >= 1;
}

std::vector<double> spreads_of(const OperatingTable& table) {
  std::vector<double> out;
  for (const ServicePoint& p : table.points)
    out.push_back(std::isfinite(p.log_sd) ? std::clamp(p.log_sd, 0.0, 1.0) : 1.0);
  return out;
}

OperatingTable checked(OperatingTable table) {
  table.points.resize(static_cast<std::size_t>(table.space.size()));
  const auto usable = [](double share) { return std::isfinite(share) && share >= 0 && share < 1; };
  for (ServicePoint& p : table.points) {
    if (!usable(p.fixed_share)) p.fixed_share = ServicePoint{}.fixed_share;
    if (p.fixed_energy_share && !usable(*p.fixed_energy_share)) p.fixed_energy_share.reset();
  }
  return table;
}

// Power of the board in a batch of so many requests, as the table has it.
double watts_in_batch(const ServicePoint& row, double requests) {
  const double full = std::clamp(requests / static_cast<double>(row.batch), 0.0, 1.0);
  const double energy = row.fixed_energy_share.value_or(row.fixed_share);
  return row.batch_j / row.batch_s * (energy + (1 - energy) * full) /
         (row.fixed_share + (1 - row.fixed_share) * full);
}

double share_of(const ServicePoint& row, double requests) {
  return std::clamp(requests / static_cast<double>(row.batch), 0.0, 1.0);
}

}  // namespace

ServiceModel::ServiceModel(OperatingTable table)
    : table_(checked(std::move(table))),
      seen_(table_.points.size(), 0),
      time_(spreads_of(table_)),
      power_(spreads_of(table_)),
      shape_variance_(kShapeSd * kShapeSd) {
  for (const ServicePoint& p : table_.points) known_.push_back(is_usable(p) ? 1 : 0);
}

void ServiceModel::pass(double seconds) {
  time_.pass(seconds);
  power_.pass(seconds);
}

void ServiceModel::forget() {
  time_.forget();
  power_.forget();
}

// log of a batch of so many requests over a full one's duration.
double ServiceModel::partial_log(const ServicePoint& row, double requests) const {
  const double full = share_of(row, requests);
  return std::log(row.fixed_share + (1 - row.fixed_share) * full) + shape_ * (1 - full);
}

bool ServiceModel::learn(GridPoint point, const EpochReport& report, double seconds, bool whole) {
  if (!known(point)) return false;
  ++seen_[static_cast<std::size_t>(point)];
  const bool jumped = learn_time(point, report, whole);
  return learn_power(point, report, seconds) || jumped;
}

bool ServiceModel::learn_time(GridPoint point, const EpochReport& report, bool whole) {
  const ServicePoint& own = row(point);
  double sum = 0, squares = 0, empty = 0, count = 0;
  for (std::size_t i = whole ? 0 : 1; i < report.batch_s.size(); ++i) {
    const auto n = static_cast<double>(report.batch_requests[i]);
    const double log = std::log(report.batch_s[i] / own.batch_s) - partial_log(own, n);
    sum += log;
    squares += log * log;
    empty += 1 - share_of(own, n);
    ++count;
  }
  if (count == 0) return false;
  const double middle = sum / count;
  empty /= count;
  if (count > 1) {
    const double variance = std::max(0.0, (squares - sum * middle) / (count - 1));
    spread_ += kSpreadGain * (std::sqrt(variance) - spread_);
  }
  spread_ = std::max(spread_, kLeastSpread);
  const double noise = spread_ * spread_ / count;
  // What is left is shared out among all that may be wrong, by how wrong it may be.
  const double left = middle - time_.log_factor(point);
  const double all = time_.variance(point) + shape_variance_ * empty * empty + noise;
  const double gain = shape_variance_ * empty / all;
  const bool jumped = time_.see(point, middle, noise + shape_variance_ * empty * empty);
  shape_ = std::clamp(shape_ + gain * std::clamp(left, -1.0, 1.0), -1.0, 1.0);
  shape_variance_ = std::max(1e-5, shape_variance_ * (1 - gain * empty));
  return jumped;
}

bool ServiceModel::learn_power(GridPoint point, const EpochReport& report, double seconds) {
  if (!report.energy_j || !(seconds > 0)) return false;
  const ServicePoint& own = row(point);
  double listed = 0, joules = 0;
  for (std::size_t i = 0; i < report.batch_s.size(); ++i) {
    listed += report.batch_s[i];
    joules +=
        report.batch_s[i] * watts_in_batch(own, static_cast<double>(report.batch_requests[i]));
  }
  const double busy = std::min(seconds, report.busy_s.value_or(listed));
  const double busy_w = listed > 0 ? joules / listed : own.batch_j / own.batch_s;
  const double expected = busy * busy_w + (seconds - busy) * own.idle_w;
  double variance = kEpochSd * kEpochSd;
  if (!report.busy_s && !report.batch_s.empty()) {
    // Half a batch at either edge may be in the wrong epoch.
    const double edge = 0.5 * listed / static_cast<double>(report.batch_s.size());
    const double off = edge * std::abs(busy_w - own.idle_w) / expected;
    variance += off * off;
  }
  return power_.see(point, std::log(*report.energy_j / expected), variance);
}

BatchLine ServiceModel::line(GridPoint point) const {
  const ServicePoint& own = row(point);
  const auto most = static_cast<double>(own.batch);
  const double time = std::exp(time_.log_factor(point));
  const double watts = std::exp(power_.log_factor(point));
  const double full = own.batch_s * time;
  const double one = own.batch > 1 ? full * std::exp(partial_log(own, 1)) : full;
  BatchLine line;
  line.batch = own.batch;
  line.t1_s = own.batch > 1 ? (full - std::min(one, full)) / (most - 1) : 0;
  line.t0_s = std::max(0.0, full - line.t1_s * most);
  const double full_j = watts * watts_in_batch(own, most) * line.duration_s(most);
  const double one_j = watts * watts_in_batch(own, 1) * line.duration_s(1);
  line.j1_j = own.batch > 1 ? std::max(0.0, full_j - one_j) / (most - 1) : 0;
  line.j0_j = full_j - line.j1_j * most;
  line.idle_w = own.idle_w * watts;
  return line;
}

double ServiceModel::latency_sd(GridPoint point) const {
  return std::sqrt(time_.variance(point) + spread_ * spread_);
}

double ServiceModel::energy_sd(GridPoint point) const {
  return std::sqrt(time_.own_variance(point) + power_.own_variance(point));
}

}  // namespace isojoule
