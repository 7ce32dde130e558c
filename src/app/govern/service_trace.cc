#include "app/govern/service_trace.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "base/random.h"
#include "base/text.h"

namespace isojoule {
namespace {

constexpr std::array<TraceKind, 5> kKinds{{
    {"all", "a diurnal curve with bursts and a changing input mix"},
    {"bursts", "a steady stream with bursts of some seconds"},
    {"diurnal", "one day's curve, as long as the simulation"},
    {"mix", "a steady stream whose inputs become heavier and lighter"},
    {"on-off", "phases with much and phases with almost nothing to do"},
}};
constexpr double kShortest_s = 10, kLongest_s = 48 * 3600.0;

// Shares of the capacity.
constexpr double kSteady = 0.28, kLowest = 0.06, kNoon = 0.42, kBurst = 0.2, kOn = 0.45,
                 kOff = 0.02;
constexpr double kBurstEvery_s = 40, kBurst_s = 3, kOn_s = 60, kOff_s = 45;
// Of a light and of a heavy input; their shares make 1 on the mean.
constexpr double kLight = 0.8, kHeavy = 1.3, kUsualHeavy = 0.4, kMixSwing = 0.3;

double exponential(Random& random, double mean) { return -mean * std::log(1 - random.uniform()); }

// Pieces of constant extra rate.
struct Piece {
  double begin_s, end_s;
};
std::vector<Piece> pieces(Random& random, double seconds, double every_s, double length_s) {
  std::vector<Piece> out;
  double at = exponential(random, every_s);
  while (at < seconds) {
    const double end = at + exponential(random, length_s);
    out.push_back({at, end});
    at = end + exponential(random, every_s);
  }
  return out;
}
bool inside(const std::vector<Piece>& pieces, std::size_t& next, double t) {
  while (next < pieces.size() && pieces[next].end_s <= t) ++next;
  return next < pieces.size() && pieces[next].begin_s <= t;
}

class Maker {
 public:
  explicit Maker(const TraceOptions& options)
      : options_(options),
        random_(seed_for(options.seed, "service requests")),
        bursts_(has("all") || has("bursts")
                    ? pieces(random_, options.seconds, kBurstEvery_s, kBurst_s)
                    : std::vector<Piece>()),
        on_(has("on-off") ? pieces(random_, options.seconds, kOff_s, kOn_s) : std::vector<Piece>()),
        mix_phase_(random_.uniform()) {}

  // A Poisson process of a moving rate, by thinning (P. A. W. Lewis and G. S. Shedler, 1979).
  void requests(ServiceTrace& trace) {
    const double highest = (std::max(kNoon, kOn) + kBurst) * options_.capacity_hz;
    double t = 0;
    while ((t += exponential(random_, 1 / highest)) < options_.seconds) {
      if (random_.uniform() * highest > rate(t)) continue;
      const bool heavy = random_.uniform() < heavy_share(t);
      trace.requests.push_back({t, static_cast<float>(heavy ? kHeavy : kLight)});
    }
  }

 private:
  bool has(std::string_view kind) const { return options_.kind == kind; }
  double rate(double t) {
    double share = kSteady;
    if (has("all") || has("diurnal")) {
      const double day = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * t / options_.seconds);
      share = kLowest + (kNoon - kLowest) * day;
    }
    if (has("on-off")) share = inside(on_, next_on_, t) ? kOn : kOff;
    if (inside(bursts_, next_burst_, t)) share += kBurst;
    return share * options_.capacity_hz;
  }
  double heavy_share(double t) const {
    if (!has("all") && !has("mix")) return kUsualHeavy;
    const double turn = t / options_.seconds * 3 + mix_phase_;
    return kUsualHeavy + kMixSwing * std::sin(2 * std::numbers::pi * turn);
  }

  const TraceOptions& options_;
  Random random_;
  std::vector<Piece> bursts_, on_;
  double mix_phase_;
  std::size_t next_burst_ = 0, next_on_ = 0;
};

// Another program for about a quarter of the time, a peripheral for about a third, and a room that
// becomes 20 K warmer.
std::vector<ServiceWeather> drifting(const TraceOptions& options) {
  Random random(seed_for(options.seed, "service weather"));
  const double whole = options.seconds;
  const double slow = 1.08 + 0.1 * random.uniform();
  const double slow_from = whole * (0.15 + 0.4 * random.uniform());
  const double slow_to = slow_from + whole * (0.2 + 0.1 * random.uniform());
  const double other_w = options.usual_w * (0.04 + 0.06 * random.uniform());
  const double other_from = whole * (0.1 + 0.5 * random.uniform());
  const double other_to = other_from + whole * 0.33;
  std::vector<ServiceWeather> out;
  const int steps = 60;
  for (int i = 0; i < steps; ++i) {
    const double t = whole * i / steps;
    ServiceWeather now{t, 1, 0, 20.0 * i / steps};
    if (t >= slow_from && t < slow_to) now.slow_down = slow;
    if (t >= other_from && t < other_to) now.other_w = other_w;
    out.push_back(now);
  }
  return out;
}

}  // namespace

std::span<const TraceKind> trace_kinds() { return kKinds; }

const ServiceWeather& ServiceTrace::weather_at(double s) const {
  const auto after = std::upper_bound(weather.begin(), weather.end(), s,
                                      [](double t, const ServiceWeather& w) { return t < w.at_s; });
  return after == weather.begin() ? weather.front() : *std::prev(after);
}

Result<ServiceTrace> make_trace(const TraceOptions& options) {
  std::vector<std::string> names;
  for (const TraceKind& kind : kKinds) names.emplace_back(kind.name);
  if (std::find(names.begin(), names.end(), options.kind) == names.end())
    return fail(ErrorKind::not_found, "there is no trace '" + options.kind + "'",
                unknown_name_remedy(options.kind, names));
  if (!(options.seconds >= kShortest_s && options.seconds <= kLongest_s))
    return fail(ErrorKind::out_of_range, "a service of that length is not simulated",
                "Give 10 s to 48 h, e.g. --for 1h");
  ServiceTrace trace;
  trace.seconds = options.seconds;
  Maker(options).requests(trace);
  trace.weather = options.drift ? drifting(options) : std::vector<ServiceWeather>{{}};
  return trace;
}

}  // namespace isojoule
