// The GPU's dynamic governors (devfreq).
#include <algorithm>

#include "twin/governor.h"

namespace isojoule::twin {
namespace {

Duration milliseconds(double ms) { return Duration::from(Second(ms * 1e-3)); }

// NVIDIA's drivers/devfreq/governor_pod_scaling.c with the values that its probe sets for the 3D
// unit: load_max 900, load_target 700, bias 80, damp 7, smooth 10. Integer steps there, real
// numbers here.
class Podgov : public Governor {
 public:
  explicit Podgov(const Constants& c)
      : Governor(c.gpu_frequencies, milliseconds(c.gpu_sampling_ms)),
        max_boost_(c.gpu_frequencies.back().value() / 3) {}

 private:
  static constexpr double load_max = 0.9, load_target = 0.7, bias = 0.8, smooth = 10;

  std::size_t do_decide(const GovernorInput& input) override {
    const double f = hertz(input.current);
    double damp = 0.7;
    double boost = max_boost_;
    if (input.load > load_max)
      damp = 1;  // too busy: a third of the highest up, not damped
    else
      boost = std::min(max_boost_, f * (input.load - load_target) * bias / load_target);
    const double wish = f + boost;
    average_ = average_ < 0 ? wish : (average_ * smooth + wish) / (smooth + 1);
    return at_least(damp * wish + (1 - damp) * average_);
  }
  double max_boost_;
  double average_ = -1;
};

// drivers/devfreq/governor_simpleondemand.c: upthreshold 90, downdifferential 5.
class SimpleOndemand : public Governor {
 public:
  explicit SimpleOndemand(const Constants& c)
      : Governor(c.gpu_frequencies, milliseconds(c.gpu_sampling_ms)) {}

 private:
  std::size_t do_decide(const GovernorInput& input) override {
    if (input.load > 0.90) return input.highest;
    if (input.load > 0.85) return input.current;
    return at_least(hertz(input.current) * input.load / 0.875);
  }
};

// NVIDIA's drivers/devfreq/governor_wmark_active.c: the activity monitor interrupts when the load
// leaves the band between two marks; then the clock that would bring it to the target (70 %), or
// the highest above 90 %. The band is read here at every sampling instead of by interrupt.
class WmarkActive : public Governor {
 public:
  explicit WmarkActive(const Constants& c)
      : Governor(c.gpu_frequencies, milliseconds(c.gpu_sampling_ms)) {}

 private:
  std::size_t do_decide(const GovernorInput& input) override {
    average_ = average_ < 0 ? input.load : (average_ * smooth + input.load) / (smooth + 1);
    if (input.load > 0.9) return input.highest;
    if (average_ > 0.6 && average_ < 0.8) return input.current;
    return at_least(hertz(input.current) * average_ / 0.7);
  }
  static constexpr double smooth = 2;
  double average_ = -1;
};

// NVIDIA's drivers/devfreq/governor_wmark_simple.c: one entry up above the high mark, one down
// below the low one.
class WmarkSimple : public Governor {
 public:
  explicit WmarkSimple(const Constants& c)
      : Governor(c.gpu_frequencies, milliseconds(c.gpu_sampling_ms)) {}

 private:
  std::size_t do_decide(const GovernorInput& input) override {
    if (input.load > 0.8) return input.current + 1;
    if (input.load < 0.3 && input.current > 0) return input.current - 1;
    return input.current;
  }
};

}  // namespace

std::unique_ptr<Governor> make_dynamic_gpu_governor(const std::string& name, const Constants& c) {
  if (name == "nvhost_podgov") return std::make_unique<Podgov>(c);
  if (name == "simple_ondemand") return std::make_unique<SimpleOndemand>(c);
  if (name == "wmark_active") return std::make_unique<WmarkActive>(c);
  if (name == "wmark_simple") return std::make_unique<WmarkSimple>(c);
  return nullptr;
}

}  // namespace isojoule::twin
