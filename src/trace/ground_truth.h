// For tests and benches: power curves whose energy is known in closed form, and sensors that look
// at them as real ones do: over a window, late, in steps, at uneven times, with readings lost and
// repeated. Seconds, watts and joules as plain numbers, since this is outside the program.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "data/trace.h"

namespace isojoule::truth {

// A sum of parts, each with its own integral.
class Curve {
 public:
  void level(double power_w) { parts_.push_back({Kind::level, power_w}); }
  void ramp(double slope_w_per_s) { parts_.push_back({Kind::ramp, slope_w_per_s}); }
  void sine(double amplitude_w, double frequency_hz, double phase) {
    parts_.push_back({Kind::sine, amplitude_w, 2 * std::numbers::pi * frequency_hz, phase});
  }
  // `height_w` for `duty` of every period, first at `at_s`.
  void pulses(double height_w, double period_s, double duty, double at_s) {
    parts_.push_back({Kind::pulses, height_w, period_s, duty, at_s});
  }
  void step(double height_w, double at_s) { parts_.push_back({Kind::step, height_w, at_s}); }
  // A step that is reached as a first-order lag does.
  void relaxation(double height_w, double tau_s, double at_s) {
    parts_.push_back({Kind::relaxation, height_w, tau_s, at_s});
  }
  double power_w(double time_s) const {
    double sum = 0;
    for (const Part& part : parts_) sum += power_of(part, time_s);
    return sum;
  }
  double energy_j(double begin_s, double end_s) const {
    double sum = 0;
    for (const Part& part : parts_) sum += until(part, end_s) - until(part, begin_s);
    return sum;
  }

 private:
  enum class Kind { level, ramp, sine, pulses, step, relaxation };
  struct Part {
    Kind kind;
    double a = 0, b = 0, c = 0, d = 0;
  };
  static double power_of(const Part& p, double t) {
    switch (p.kind) {
      case Kind::level: return p.a;
      case Kind::ramp: return p.a * t;
      case Kind::sine: return p.a * std::sin(p.b * t + p.c);
      case Kind::pulses: return t - p.d - std::floor((t - p.d) / p.b) * p.b < p.c * p.b ? p.a : 0;
      case Kind::step: return t >= p.b ? p.a : 0;
      case Kind::relaxation: return t < p.c ? 0 : p.a * (1 - std::exp(-(t - p.c) / p.b));
    }
    return 0;
  }
  // Integral up to t, from wherever it is convenient.
  static double until(const Part& p, double t) {
    switch (p.kind) {
      case Kind::level: return p.a * t;
      case Kind::ramp: return p.a * t * t / 2;
      case Kind::sine: return -p.a / p.b * std::cos(p.b * t + p.c);
      case Kind::pulses: {
        const double whole = std::floor((t - p.d) / p.b);
        return p.a * (whole * p.c * p.b + std::min(t - p.d - whole * p.b, p.c * p.b));
      }
      case Kind::step: return t < p.b ? 0 : p.a * (t - p.b);
      case Kind::relaxation: {
        const double since = std::max(0.0, t - p.c);
        return p.a * (since - p.b * (1 - std::exp(-since / p.b)));
      }
    }
    return 0;
  }
  std::vector<Part> parts_;
};

struct Sensor {
  enum class Kind {
    instantaneous,   // the power at the moment it is asked
    moving_average,  // over the window that ends when it is asked
    free_running,    // the last whole window, one after the other whoever asks
    counter,         // the energy so far, told anew every update_s
  };
  Kind kind = Kind::instantaneous;
  double window_s = 0;
  double update_s = 0;  // of a counter
  double lag_s = 0;     // what it says was so this long ago
  double period_s = 0.1;
  double jitter_s = 0;  // standard deviation of the moment at which it is asked
  double step = 0.001;  // W, or J of a counter
  double dropped = 0;   // share of the readings that are lost
  double repeated = 0;  // share at which it says the last one again
  double gain_u = 0;    // standard uncertainties: each case draws its own error from them
  double offset_u_w = 0;
};

// What such a sensor says of a curve, with what it admits about itself.
class Look {
 public:
  Look(const Curve& curve, const Sensor& sensor, Random& random)
      : curve_(curve),
        sensor_(sensor),
        random_(random),
        gain_(1 + sensor.gain_u * random.normal()),
        offset_w_(sensor.offset_u_w * random.normal()),
        running_since_s_(-random.uniform() * std::max(sensor.window_s, sensor.update_s)) {}

  Channel between(double begin_s, double end_s) {
    Channel channel;
    channel.info = info();
    std::optional<std::int32_t> last;
    for (double tick = begin_s; tick <= end_s; tick += sensor_.period_s) {
      const double time = tick + std::abs(random_.normal()) * sensor_.jitter_s;  // never early
      const bool dropped = random_.uniform() < sensor_.dropped;
      const bool repeated = random_.uniform() < sensor_.repeated;
      if (dropped) continue;
      const auto ns = std::llround(time * 1e9);
      if (!channel.time_ns.empty() && ns <= channel.time_ns.back()) continue;
      if (!repeated || !last)
        last = static_cast<std::int32_t>(std::lround(value(time) / sensor_.step));
      channel.time_ns.push_back(ns);
      channel.a.push_back(*last);
    }
    return channel;
  }

 private:
  using Kind = Sensor::Kind;
  double mean(double begin, double end) const {
    return curve_.energy_j(begin, end) / (end - begin);
  }
  // The last whole update before t.
  double updated(double t, double every) const {
    return running_since_s_ + std::floor((t - running_since_s_) / every) * every;
  }
  double value(double asked_s) const {
    const double t = asked_s - sensor_.lag_s;
    switch (sensor_.kind) {
      case Kind::instantaneous: return gain_ * curve_.power_w(t) + offset_w_;
      case Kind::moving_average: return gain_ * mean(t - sensor_.window_s, t) + offset_w_;
      case Kind::free_running: {
        const double end = updated(t, sensor_.window_s);
        return gain_ * mean(end - sensor_.window_s, end) + offset_w_;
      }
      case Kind::counter: {
        const double since = -10;  // before any window
        const double now = updated(t, sensor_.update_s);
        return gain_ * curve_.energy_j(since, now) + offset_w_ * (now - since);
      }
    }
    return 0;
  }
  ChannelInfo info() const {
    ChannelInfo info;
    info.rail = "VDD_IN";
    info.sensor = "truth";
    info.kind = sensor_.kind == Kind::counter ? ChannelKind::energy_counter : ChannelKind::power;
    info.step_a = sensor_.step;
    info.window = Second(sensor_.window_s);
    info.update_period =
        Second(sensor_.kind == Kind::free_running ? sensor_.window_s : sensor_.update_s);
    info.gain_uncertainty = sensor_.gain_u;
    info.power_offset_uncertainty = Watt(sensor_.offset_u_w);
    return info;
  }
  const Curve& curve_;
  const Sensor& sensor_;
  Random& random_;
  double gain_, offset_w_, running_since_s_;
};

struct Case {
  Curve curve;
  Sensor sensor;
  double begin_s = 0, end_s = 0;  // the window whose energy is asked for
  std::vector<std::string> classes;
  double energy_j() const { return curve.energy_j(begin_s, end_s); }
};

// Any curve under any sensor; uniform and log-uniform draws over what boards and chips show.
class Cases {
 public:
  explicit Cases(std::uint64_t seed) : random_(seed) {}
  Random& random() { return random_; }
  // `period_s`: of the readings, 0: anything from 5 to 200 ms.
  Case next(double period_s = 0) {
    Case drawn;
    drawn.begin_s = between(3, 4);
    drawn.sensor.period_s = period_s > 0 ? period_s : spread(0.005, 0.2);
    sensor(drawn);
    drawn.end_s = drawn.begin_s + drawn.sensor.period_s * spread(5, 500);
    curve(drawn);
    return drawn;
  }

 private:
  double between(double low, double high) { return low + (high - low) * random_.uniform(); }
  double spread(double low, double high) { return low * std::pow(high / low, random_.uniform()); }

  void sensor(Case& drawn) {
    Sensor& s = drawn.sensor;
    s.kind = static_cast<Sensor::Kind>(random_.below(4));
    static const char* const names[] = {"instantaneous", "moving_average", "free_running",
                                        "counter"};
    drawn.classes.emplace_back(names[static_cast<int>(s.kind)]);
    if (s.kind == Sensor::Kind::moving_average) s.window_s = s.period_s * spread(0.2, 2);
    if (s.kind == Sensor::Kind::free_running) s.window_s = s.period_s * spread(0.2, 5);
    if (s.kind == Sensor::Kind::counter) s.update_s = s.period_s * spread(0.02, 2);
    s.step = spread(1e-3, 4e-2);
    if (s.kind == Sensor::Kind::counter) s.step *= s.period_s;
    s.jitter_s = random_.below(2) == 0 ? 0 : s.period_s * spread(0.001, 0.1);
    s.gain_u = spread(3e-4, 1e-2);
    s.offset_u_w = s.kind == Sensor::Kind::counter ? 0 : spread(1e-3, 3e-2);
    static const char* const damages[] = {"whole", "dropped", "repeated"};
    const auto damage = random_.below(3);
    drawn.classes.emplace_back(damages[damage]);
    if (damage == 1) s.dropped = between(0.01, 0.2);
    if (damage == 2) s.repeated = between(0.01, 0.2);
  }

  void curve(Case& drawn) {
    Curve& c = drawn.curve;
    const double length = drawn.end_s - drawn.begin_s, height = spread(0.5, 15);
    c.level(between(1, 8));
    static const char* const names[] = {"steady",         "ramp",           "sine",      "batches",
                                        "steps_at_edges", "steps_anywhere", "relaxation"};
    const auto kind = random_.below(7);
    drawn.classes.emplace_back(names[kind]);
    switch (kind) {
      case 1: {  // up or down, from 3 s before to 3 s after, and never below zero
        const double slope = height / (length + 8) * between(-0.5, 1);
        if (slope < 0) c.level(-slope * (drawn.end_s + 4));
        c.ramp(slope);
        break;
      }
      case 2: c.sine(std::min(height / 2, 1.0), spread(0.5, 50) / length, between(0, 6.28)); break;
      case 3: c.pulses(height, length / spread(2, 300), between(0.2, 0.9), drawn.begin_s); break;
      case 4:
        c.step(height, drawn.begin_s);
        c.step(-height, drawn.end_s);
        break;
      case 5:
        for (int i = 0; i < 6; ++i)
          c.step(height * between(0, 0.3), drawn.begin_s + length * between(-0.2, 1.2));
        break;
      case 6:
        c.relaxation(height, length * spread(0.02, 0.5), drawn.begin_s);
        c.relaxation(-height, length * spread(0.02, 0.5), drawn.end_s);
        break;
      default: break;
    }
  }

  Random random_;
};

}  // namespace isojoule::truth
