// The CPU's dynamic governors.
#include <algorithm>

#include "twin/governor.h"

namespace isojoule::twin {
namespace {

Duration milliseconds(double ms) { return Duration::from(Second(ms * 1e-3)); }

// kernel/sched/cpufreq_schedutil.c: next = margin x highest x utilisation, never below the boost of
// a task that woke from I/O, which halves at every update without another such wake.
class Schedutil : public Governor {
 public:
  explicit Schedutil(const Constants& c)
      : Governor(c.cpu_frequencies, milliseconds(std::max(c.schedutil_rate_limit_ms, c.tick_ms))),
        margin_(c.schedutil_margin),
        highest_(c.cpu_frequencies.back().value()),
        lowest_(c.cpu_frequencies.front().value() / highest_) {}

 private:
  std::size_t do_decide(const GovernorInput& input) override {
    if (input.io_wake)
      boost_ = 1;
    else if ((boost_ /= 2) < lowest_)
      boost_ = 0;
    const double utilisation = std::max(input.utilisation, boost_);
    return at_least(std::min(highest_, margin_ * utilisation * highest_));
  }
  // A busy core's utilisation only rises, an idle one's only falls.
  bool do_settled(std::size_t current, std::size_t lowest, std::size_t highest,
                  double busy) const override {
    return boost_ == 0 && (busy > 0 ? current == highest : current == lowest);
  }
  double margin_;
  double highest_;
  double lowest_;
  double boost_ = 0;
};

// drivers/cpufreq/cpufreq_ondemand.c: above up_threshold (95 % where idle time is accounted in
// microseconds) the highest, otherwise proportional to the load, rounded down (RELATION_C without
// an energy bias behaves so for loads below the threshold).
class Ondemand : public Governor {
 public:
  explicit Ondemand(const Constants& c)
      : Governor(c.cpu_frequencies, milliseconds(c.cpu_sampling_ms)) {}

 private:
  std::size_t do_decide(const GovernorInput& input) override {
    if (input.load > 0.95) return input.highest;
    const double low = hertz(input.lowest), high = hertz(input.highest);
    return at_most(low + input.load * (high - low));
  }
};

// drivers/cpufreq/cpufreq_conservative.c: above 80 % one step of 5 % of the highest up, below 20 %
// one down; the wish is kept apart from the table's entries.
class Conservative : public Governor {
 public:
  explicit Conservative(const Constants& c)
      : Governor(c.cpu_frequencies, milliseconds(c.cpu_sampling_ms)) {}

 private:
  std::size_t do_decide(const GovernorInput& input) override {
    const double low = hertz(input.lowest), high = hertz(input.highest);
    if (wish_ < low || wish_ > high) wish_ = hertz(input.current);
    const double step = 0.05 * high;
    if (input.load > 0.80) {
      if (wish_ >= high) return input.highest;
      wish_ = std::min(high, wish_ + step);
      return at_most(wish_);
    }
    if (input.load < 0.20) {
      wish_ = std::max(low, wish_ - step);
      return at_least(wish_);
    }
    return input.current;
  }
  double wish_ = 0;  // Hz
};

// drivers/cpufreq/cpufreq_interactive.c (Android, JetPack 4): at 99 % load the highest; otherwise
// the lowest clock at which the load would stay at 90 %; no fall before 80 ms at a clock.
class Interactive : public Governor {
 public:
  explicit Interactive(const Constants& c)
      : Governor(c.cpu_frequencies, milliseconds(c.cpu_sampling_ms)),
        hold_(static_cast<int>(80 / c.cpu_sampling_ms)) {}

 private:
  std::size_t do_decide(const GovernorInput& input) override {
    std::size_t wish = input.highest;
    if (input.load < 0.99) wish = at_least(hertz(input.current) * input.load / 0.90);
    if (wish >= input.current) {
      held_ = 0;
      return wish;
    }
    return ++held_ >= hold_ ? (held_ = 0, wish) : input.current;
  }
  int hold_;
  int held_ = 0;
};

}  // namespace

std::unique_ptr<Governor> make_dynamic_cpu_governor(const std::string& name, const Constants& c) {
  if (name == "schedutil") return std::make_unique<Schedutil>(c);
  if (name == "ondemand") return std::make_unique<Ondemand>(c);
  if (name == "conservative") return std::make_unique<Conservative>(c);
  if (name == "interactive") return std::make_unique<Interactive>(c);
  return nullptr;
}

}  // namespace isojoule::twin
