#include "app/govern/service_run.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "twin/simulation.h"

namespace isojoule {
namespace {

using twin::Domain;
using twin::Simulation;

constexpr double kNever = 1e300;
constexpr double kTick_s = 1e-6;           // time goes on at least so far
constexpr double kGovernedStep_s = 0.004;  // governors move the clocks, and with them a batch's end
constexpr double kWarm_s = 2;              // an idle board's governors settle

double virtual_s(Instant t) { return static_cast<double>(t.ns) * 1e-9; }
Instant instant_of(double s) { return Instant{static_cast<std::int64_t>(std::llround(s * 1e9))}; }

class Service {
 public:
  Service(const ServiceBoard& board, const ServiceTrace& trace, ServicePolicy& policy,
          const ServiceRunOptions& options)
      : board_(board),
        trace_(trace),
        policy_(policy),
        options_(options),
        simulation_(*board.constants, options.seed, true),
        meter_(seed_for(options.seed, "service meter")) {}

  ServiceOutcome run() {
    simulation_.begin_run(options_.seed);
    obey(policy_.first());
    simulation_.advance_to(simulation_.now() + Duration::from(Second(kWarm_s)));
    zero_s_ = virtual_s(simulation_.now());
    begun_j_ = metered_j_ = joules();
    begin_epoch();
    while (now() < trace_.seconds && !is_interrupted()) step();
    finish();
    return outcome_;
  }

 private:
  bool is_interrupted() const {
    return options_.interrupted != nullptr && options_.interrupted->load(std::memory_order_relaxed);
  }
  double now() const { return virtual_s(simulation_.now()) - zero_s_; }
  double joules() const { return simulation_.total_energy().value() + other_j_; }

  void step() {
    weather();
    change_clocks();
    take_batch();
    double next = std::min({epoch_end_, cpu_at_, gpu_at_, trace_.seconds, weather_until_});
    if (running_) {
      const double ends = virtual_s(*simulation_.next_process_time()) - zero_s_;
      next = std::min(next, governed_ ? std::min(ends, now() + kGovernedStep_s) : ends);
    } else if (taken_ < trace_.requests.size()) {
      next = std::min(next, trace_.requests[taken_].at_s);
    }
    advance(std::max(next, now() + kTick_s));
    if (now() >= epoch_end_) end_epoch();
  }

  void advance(double to) {
    const double before = now();
    simulation_.advance_to(instant_of(to + zero_s_));
    other_j_ += other_w_ * (now() - before);
    while (const auto event = simulation_.take_event())
      if (event->kind == twin::SimulatedEvent::Kind::batch)
        end_batch(virtual_s(event->begin) - zero_s_, virtual_s(event->end) - zero_s_);
  }

  void weather() {
    if (now() < weather_until_) return;
    const ServiceWeather& present = trace_.weather_at(now());
    weather_until_ = &present == &trace_.weather.back() ? kNever : (&present + 1)->at_s;
    slow_down_ = present.slow_down;
    other_w_ = present.other_w;
    simulation_.set_ambient(Celsius(board_.constants->ambient_c + present.ambient_rise_k));
  }

  // ---- batches ----
  void take_batch() {
    if (running_ || taken_ >= trace_.requests.size() || trace_.requests[taken_].at_s > now())
      return;
    std::size_t end = taken_;
    double work = 0;
    const auto most = static_cast<std::size_t>(board_.batch);
    for (; end < trace_.requests.size() && end < taken_ + most; ++end) {
      if (trace_.requests[end].at_s > now()) break;
      work += static_cast<double>(trace_.requests[end].work);
    }
    first_in_batch_ = taken_;
    taken_ = end;
    const std::size_t count = end - first_in_batch_;
    simulation_.start_batch(board_.batches[count - 1],
                            slow_down_ * work / static_cast<double>(count));
    running_ = true;
    batch_begin_s_ = now();
  }

  void end_batch(double begin_s, double end_s) {
    running_ = false;
    const std::size_t count = taken_ - first_in_batch_;
    report_.batch_s.push_back(end_s - begin_s);
    report_.batch_requests.push_back(static_cast<std::int64_t>(count));
    busy_s_ += end_s - std::max(begin_s, report_.begin_s);
    for (std::size_t i = first_in_batch_; i < taken_; ++i) {
      const double latency = end_s - trace_.requests[i].at_s;
      latencies_.push_back(static_cast<float>(latency));
      report_.latency_s.push_back(latency);
      ++report_.served;
      if (latency > options_.latency_limit_s) ++report_.late;
    }
  }

  // ---- clocks ----
  void obey(const Decision& decision) {
    if (decision.point == wanted_ && begun_) return;
    if (begun_ && decision.point && wanted_) ++outcome_.switches;
    if (begun_ && !decision.point) ++outcome_.fallbacks;
    wanted_ = decision.point;
    cpu_at_ = now() + options_.cpu_switch_s;
    gpu_at_ = now() + options_.gpu_switch_s;
    if (!begun_) cpu_at_ = gpu_at_ = 0;
    begun_ = true;
    if (cpu_at_ == 0) change_clocks();
  }

  void change_clocks() {
    const twin::Constants& c = *board_.constants;
    if (now() >= cpu_at_)
      set(Domain::cpu, c.cpu_frequencies,
          wanted_ ? std::optional(board_.cpu_level(*wanted_)) : std::nullopt, cpu_at_);
    if (now() >= gpu_at_ && c.has_gpu())
      set(Domain::gpu, c.gpu_frequencies,
          wanted_ ? std::optional(board_.gpu_level(*wanted_)) : std::nullopt, gpu_at_);
    if (!c.has_gpu()) gpu_at_ = kNever;
    governed_ = !wanted_;
  }

  void set(Domain domain, const std::vector<Hertz>& table, std::optional<std::size_t> level,
           double& at) {
    at = kNever;
    if (level)
      simulation_.set_limits(domain, table[*level], table[*level]);
    else
      simulation_.set_limits(domain, table.front(), table.back());
  }

  bool holds() const {
    const twin::Constants& c = *board_.constants;
    return wanted_ && cpu_at_ == kNever && gpu_at_ == kNever &&
           simulation_.frequency(Domain::cpu) == c.cpu_frequencies[board_.cpu_level(*wanted_)] &&
           (!c.has_gpu() ||
            simulation_.frequency(Domain::gpu) == c.gpu_frequencies[board_.gpu_level(*wanted_)]);
  }

  // ---- epochs ----
  void begin_epoch() {
    report_ = {};
    report_.begin_s = now();
    epoch_end_ = now() + options_.epoch_s;
    busy_s_ = 0;
  }

  void end_epoch() {
    report_.end_s = now();
    const auto arrived = static_cast<std::size_t>(
        std::upper_bound(trace_.requests.begin(), trace_.requests.end(), now(),
                         [](double t, const ServiceRequest& r) { return t < r.at_s; }) -
        trace_.requests.begin());
    const std::size_t in_work = running_ ? taken_ - first_in_batch_ : 0;
    report_.arrived = static_cast<std::int64_t>(arrived - arrived_);
    report_.queued = static_cast<std::int64_t>(arrived - taken_ + in_work);
    arrived_ = arrived;
    ServiceView view{now(), taken_};
    if (running_) {
      busy_s_ += now() - std::max(report_.begin_s, batch_begin_s_);
      view.running = static_cast<std::int64_t>(in_work);
      view.running_s = virtual_s(*simulation_.next_process_time()) - zero_s_ - now();
    }
    report_.busy_s = std::clamp(busy_s_, 0.0, report_.end_s - report_.begin_s);
    if (holds()) report_.point = wanted_;
    report_.energy_j = (joules() - metered_j_) * (1 + options_.meter_sd * meter_.normal());
    metered_j_ = joules();
    report_.temperature_c = std::round(2 * simulation_.temperature(0).value()) / 2;
    if (now() > options_.blind_from_s && now() <= options_.blind_to_s) {
      report_.blind = "no sample of the power";
      report_.energy_j.reset();
    }
    count_outcome();
    obey(policy_.decide(report_, view));
    begin_epoch();
  }

  void count_outcome() {
    outcome_.served += report_.served;
    outcome_.late += report_.late;
  }

  void finish() {
    count_outcome();
    for (std::size_t i = taken_; i < trace_.requests.size(); ++i)
      if (trace_.requests[i].at_s + options_.latency_limit_s < now()) {
        ++outcome_.served;
        ++outcome_.late;
      }
    outcome_.joules = joules() - begun_j_;
    if (latencies_.empty()) return;
    const auto quantile = [&](double q) {
      const auto at = latencies_.begin() +
                      static_cast<std::ptrdiff_t>(q * static_cast<double>(latencies_.size() - 1));
      std::nth_element(latencies_.begin(), at, latencies_.end());
      return static_cast<double>(*at);
    };
    outcome_.p50_s = quantile(0.5);
    outcome_.p99_s = quantile(0.99);
  }

  const ServiceBoard& board_;
  const ServiceTrace& trace_;
  ServicePolicy& policy_;
  const ServiceRunOptions& options_;
  Simulation simulation_;
  Random meter_;
  ServiceOutcome outcome_;
  EpochReport report_;
  std::vector<float> latencies_;
  std::optional<GridPoint> wanted_;
  bool begun_ = false, governed_ = false, running_ = false;
  double zero_s_ = 0, epoch_end_ = 0, cpu_at_ = kNever, gpu_at_ = kNever, weather_until_ = 0;
  double slow_down_ = 1, other_w_ = 0, other_j_ = 0, metered_j_ = 0, begun_j_ = 0, busy_s_ = 0;
  double batch_begin_s_ = 0;
  std::size_t taken_ = 0, first_in_batch_ = 0, arrived_ = 0;
};

}  // namespace

ServiceOutcome run_service(const ServiceBoard& board, const ServiceTrace& trace,
                           ServicePolicy& policy, const ServiceRunOptions& options) {
  return Service(board, trace, policy, options).run();
}

}  // namespace isojoule
