#include "trace/window_energies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "base/random.h"

namespace isojoule {
namespace {

using testing::HasSubstr;

Instant at(double seconds) { return {std::llround(seconds * 1e9)}; }

using Power = std::function<double(double)>;
using Mean = std::function<double(double from, double to)>;

// The mean of the power over the `window` before each reading, and up to `noise` W beside it.
Channel averaging(const std::string& rail, const Mean& mean, double end, double period,
                  double window, double jitter = 0, double noise = 0) {
  Channel channel;
  channel.info.rail = rail;
  channel.info.sensor = "chip 1 channel " + rail;
  channel.info.kind = ChannelKind::power;
  channel.info.step_a = 1e-6;
  channel.info.window = Second(window);
  Random random(7);
  for (double t = 0; t < end; t += period * (1 + jitter * (random.uniform() - 0.5))) {
    channel.time_ns.push_back(at(t).ns);
    channel.a.push_back(static_cast<std::int32_t>(
        std::lround((mean(t - window, t) + noise * (2 * random.uniform() - 1)) * 1e6)));
  }
  return channel;
}

// Of a power that hardly changes within a window.
Channel channel_of(const std::string& rail, const Power& power, double end, double period,
                   double window) {
  return averaging(
      rail, [&power](double from, double to) { return power((from + to) / 2); }, end, period,
      window);
}

Trace trace_of(std::vector<Channel> channels, const std::string& total, double period) {
  Trace trace;
  trace.channels = std::move(channels);
  trace.total = total;
  trace.period = Duration::from(Second(period));
  return trace;
}

const WindowEnergy* energy_of(const std::vector<WindowEnergy>& energies, std::int64_t window,
                              const std::string& rail = "total") {
  for (const WindowEnergy& energy : energies)
    if (energy.window == window && energy.rail == rail) return &energy;
  return nullptr;
}

const std::vector<Phase> kIdle = {{PhaseKind::idle, at(0.5), at(1.5)}};

TEST(WindowEnergies, EachWindowIsItsOwnIntegralGrossAndNet) {
  const Power power = [](double t) { return t < 2 ? 1.0 : 5.0; };
  const Trace trace = trace_of(
      {channel_of("A", power, 10, 0.1, 0), channel_of("B", power, 10, 0.1, 0)}, "A + B", 0.1);
  const std::vector<Window> windows = {{"outer", at(3), at(7)},
                                       {"inner", at(4), at(5)},
                                       {"over", at(6), at(8)},
                                       {"now", at(4), at(4)}};
  Counters counters;
  const auto energies = window_energies(trace, windows, kIdle, counters);
  ASSERT_EQ(energies.size(), 9u);  // three windows x (two rails and the total)
  EXPECT_NEAR(energy_of(energies, 0)->gross.value->value(), 40, 1e-9);
  EXPECT_NEAR(energy_of(energies, 0, "A")->gross.value->value(), 20, 1e-9);
  EXPECT_NEAR(energy_of(energies, 1)->net.value->value(), 8, 1e-9);
  EXPECT_NEAR(energy_of(energies, 2)->gross.value->value(), 20, 1e-9);
  EXPECT_EQ(energy_of(energies, 3), nullptr) << "a moment has no energy";
  EXPECT_FALSE(counters.any());
}

TEST(WindowEnergies, WhatCannotBeSeenIsAbsentWithItsReason) {
  const Trace trace = trace_of({channel_of(
                                   "A", [](double) { return 2.0; }, 10, 0.1, 0.4)},
                               "A", 0.1);
  Counters counters;
  const auto energies = window_energies(
      trace, {{"short", at(5.01), at(5.02)}, {"late", at(20), at(21)}}, {}, counters);
  for (const std::int64_t window : {0, 1}) {
    const WindowEnergy* total = energy_of(energies, window);
    ASSERT_NE(total, nullptr);
    EXPECT_FALSE(total->gross.value);
    EXPECT_FALSE(total->gross.why_absent.empty());
    EXPECT_FALSE(total->net.value);
  }
  EXPECT_EQ(counters[Counter::window_shorter_than_sensor], 1u);
  EXPECT_EQ(counters[Counter::marker_outside], 1u);
}

TEST(WindowEnergies, OfTooManyOnlyTheNamesHaveOne) {
  const Trace trace = trace_of({channel_of(
                                   "A", [](double) { return 2.0; }, 10, 0.1, 0)},
                               "A", 0.1);
  std::vector<Window> windows;
  for (std::size_t i = 0; i <= kSingleWindows; ++i) {
    const double begin = 1 + 8.0 * static_cast<double>(i) / (kSingleWindows + 1.0);
    windows.push_back({"w", at(begin), at(begin + 0.001)});
  }
  Counters counters;
  EXPECT_TRUE(window_energies(trace, windows, {}, counters).empty());
  const auto named = named_windows(trace, windows, {});
  ASSERT_EQ(named.size(), 1u);
  EXPECT_EQ(named[0].together, named[0].count);
  EXPECT_NEAR(named[0].energy()->gross.value->value(), 2 * named[0].duration.value(), 1e-6);
}

TEST(NamedWindows, LongOnesAddUpAndOverlapsAreCounted) {
  const Trace trace = trace_of({channel_of(
                                   "A", [](double) { return 4.0; }, 20, 0.1, 0)},
                               "A", 0.1);
  const auto named = named_windows(
      trace, {{"a", at(2), at(4)}, {"a", at(3), at(5)}, {"a", at(7), at(8)}, {"m", at(1), at(1)}},
      {{PhaseKind::idle, at(0.5), at(1.5)}});
  ASSERT_EQ(named.size(), 2u);
  EXPECT_EQ(named[0].count, 3);
  EXPECT_EQ(named[0].overlapping, 2);
  EXPECT_EQ(named[0].together, 0);
  EXPECT_DOUBLE_EQ(named[0].duration.value(), 5);
  EXPECT_DOUBLE_EQ(named[0].shortest.value(), 1);
  EXPECT_DOUBLE_EQ(named[0].longest.value(), 2);
  EXPECT_NEAR(named[0].energy()->gross.value->value(), 20, 1e-9);
  EXPECT_NEAR(named[0].energy()->net.value->value(), 0, 1e-9);
  EXPECT_EQ(named[1].moments, 1);
  EXPECT_EQ(named[1].count, 0);
  EXPECT_EQ(named[1].energy(), nullptr);
}

TEST(NamedWindows, TheGainOfAChipIsOneErrorForAllOfItsWindowsAndRails) {
  Channel a = channel_of(
      "A", [](double) { return 3.0; }, 20, 0.1, 0);
  Channel b = channel_of(
      "B", [](double) { return 1.0; }, 20, 0.1, 0);
  a.info.gain_uncertainty = b.info.gain_uncertainty = 0.01;
  const std::vector<Window> windows = {{"w", at(2), at(4)}, {"w", at(6), at(8)}};
  const auto one = named_windows(trace_of({a, b}, "A + B", 0.1), windows, {});
  EXPECT_NEAR(one[0].energy()->budget_j.at("gain"), 0.16, 1e-9);
  b.info.sensor = "chip 2 channel B";
  const auto two = named_windows(trace_of({a, b}, "A + B", 0.1), windows, {});
  EXPECT_NEAR(two[0].energy()->budget_j.at("gain"), std::hypot(0.12, 0.04), 1e-9);
}

// Windows of 2 to 12 ms at random, a chip that averages over `window`: no reading sees one alone.
struct Bursts {
  std::vector<Window> windows;
  double inside_w, outside_w;
  double power(double t) const {
    const auto next =
        std::upper_bound(windows.begin(), windows.end(), at(t),
                         [](Instant time, const Window& window) { return time < window.begin; });
    return next != windows.begin() && at(t) < std::prev(next)->end ? inside_w : outside_w;
  }
  double mean(double from, double to) const {
    if (to <= from) return power(to);
    auto next =
        std::upper_bound(windows.begin(), windows.end(), at(from),
                         [](Instant time, const Window& window) { return time < window.begin; });
    if (next != windows.begin()) --next;
    double inside = 0;
    for (; next != windows.end() && next->begin < at(to); ++next)
      inside += std::max(
          0.0, (std::min(next->end, at(to)) - std::max(next->begin, at(from))).seconds().value());
    return outside_w + (inside_w - outside_w) * inside / (to - from);
  }
  double energy_j() const {
    double sum = 0;
    for (const Window& window : windows) sum += window.duration().value() * inside_w;
    return sum;
  }
};

Bursts bursts(Random& random) {
  Bursts made;
  made.inside_w = 2 + 10 * random.uniform();
  made.outside_w = 0.5 + 6 * random.uniform();
  for (double t = 1; t < 21;) {
    const double length = 0.002 + 0.01 * random.uniform();
    made.windows.push_back({"burst", at(t), at(t + length)});
    t += length + 0.03 * random.uniform();
  }
  return made;
}

TEST(NamedWindows, ManyShortOnesAreSeenTogether) {
  Random random(20261121);
  int inside = 0, better = 0;
  constexpr int kCases = 40;
  for (int i = 0; i < kCases; ++i) {
    const Bursts made = bursts(random);
    const double window = i % 2 == 0 ? 0.02 : 0.1;
    const Trace trace =
        trace_of({averaging(
                     "A", [&](double from, double to) { return made.mean(from, to); }, 22, 0.05,
                     window, 0.2, 0.02)},
                 "A", 0.05);
    const auto named = named_windows(trace, made.windows, {});
    ASSERT_EQ(named.size(), 1u);
    EXPECT_EQ(named[0].together, named[0].count);
    const RailEnergy* total = named[0].energy();
    ASSERT_TRUE(total->gross.value) << total->gross.why_absent;
    const double error = std::abs(total->gross.value->value() - made.energy_j());
    inside += error <= 2 * total->gross.uncertainty->value() ? 1 : 0;
    // As if power were even, which is what a plain integral over such windows comes to.
    double mean = 0;
    for (std::size_t k = 0; k < trace.channels[0].a.size(); ++k)
      mean +=
          trace.channels[0].power_at(k).value() / static_cast<double>(trace.channels[0].a.size());
    better += error < std::abs(mean * named[0].duration.value() - made.energy_j()) ? 1 : 0;
  }
  EXPECT_GE(inside, kCases * 88 / 100);
  EXPECT_GE(better, kCases * 90 / 100);
}

TEST(NamedWindows, WhatIsInStepWithTheSensorIsNotClaimedToBeKnown) {
  Bursts made{{}, 8, 2};
  for (int i = 0; i < 400; ++i)
    made.windows.push_back({"w", at(1 + i * 0.05), at(1.02 + i * 0.05)});
  const Trace trace =
      trace_of({averaging(
                   "A", [&](double from, double to) { return made.mean(from, to); }, 22, 0.1, 0.1)},
               "A", 0.1);
  const RailEnergy total = *named_windows(trace, made.windows, {})[0].energy();
  ASSERT_TRUE(total.gross.value);
  EXPECT_LE(std::abs(total.gross.value->value() - made.energy_j()),
            2 * total.gross.uncertainty->value());
  EXPECT_GT(total.gross.uncertainty->value(), 0.3 * total.gross.value->value());
}

TEST(NamedWindows, WithoutReadingsThereIsAReason) {
  const std::vector<Window> windows = {{"w", at(1), at(2)}};
  EXPECT_THAT(named_windows(Trace{}, windows, {})[0].energy()->gross.why_absent,
              HasSubstr("no power source"));
  Channel silent = channel_of(
      "A", [](double) { return 1.0; }, 0, 0.1, 0);
  EXPECT_THAT(
      named_windows(trace_of({silent}, "A", 0.1), windows, {})[0].energy()->gross.why_absent,
      HasSubstr("gave no reading"));
  Channel other = channel_of(
      "B", [](double) { return 1.0; }, 10, 0.1, 0);
  EXPECT_THAT(
      named_windows(trace_of({other}, "A + B", 0.1), windows, {})[0].energy()->gross.why_absent,
      HasSubstr("rail A"));
  EXPECT_TRUE(named_windows(Trace{}, {}, {}).empty());
}

TEST(NamedWindows, PartsOfANameAreAsItsWhole) {
  Channel a = channel_of(
      "A", [](double t) { return 3 + std::sin(t); }, 20, 0.1, 0);
  a.info.gain_uncertainty = 0.02;
  const Trace trace = trace_of({a}, "A", 0.1);
  const std::vector<Window> windows = {{"w", at(2), at(5)}, {"w", at(7), at(9)}};
  NamedWindows sum;
  for (const Window& window : windows) add_windows(sum, named_windows(trace, {window}, kIdle)[0]);
  const NamedWindows whole = named_windows(trace, windows, kIdle)[0];
  EXPECT_EQ(sum.count, whole.count);
  EXPECT_NEAR(sum.energy()->gross.value->value(), whole.energy()->gross.value->value(), 1e-9);
  EXPECT_NEAR(sum.energy()->budget_j.at("gain"), whole.energy()->budget_j.at("gain"), 1e-9);
  EXPECT_GE(sum.energy()->net.uncertainty->value(), whole.energy()->net.uncertainty->value());
}

// Ten milliseconds of 20 W under a chip that averages over 400 ms, and 1 W otherwise.
TEST(NamedWindows, OneShortWindowIsNotClaimedToBeKnown) {
  const Bursts made{{{"w", at(5), at(5.01)}}, 20, 1};
  const Trace trace =
      trace_of({averaging(
                   "A", [&](double from, double to) { return made.mean(from, to); }, 10, 0.1, 0.4)},
               "A", 0.1);
  const RailEnergy total = *named_windows(trace, made.windows, {})[0].energy();
  ASSERT_TRUE(total.gross.value);
  EXPECT_LE(std::abs(total.gross.value->value() - 0.2), 2 * total.gross.uncertainty->value());
}

// A busy machine's ticks come late: what lies between two of them is worth what is near.
TEST(NamedWindows, AShortOneWhereReadingsAreFarApartIsWorthWhatIsNear) {
  const auto energy_in_gap = [](double from, double to) {
    Channel channel = channel_of(
        "A", [](double) { return 4.0; }, 20, 0.1, 0);
    const Channel whole = channel;
    channel.time_ns.clear(), channel.a.clear();
    for (std::size_t i = 0; i < whole.a.size(); ++i)
      if (whole.time_ns[i] < at(from).ns || whole.time_ns[i] > at(to).ns)
        channel.time_ns.push_back(whole.time_ns[i]), channel.a.push_back(whole.a[i]);
    const double middle = (from + to) / 2;
    const std::vector<Window> windows = {{"w", at(middle), at(middle + 0.001)}};
    return *named_windows(trace_of({channel}, "A", 0.1), windows, {})[0].energy();
  };
  const RailEnergy late = energy_in_gap(5, 5.8);
  ASSERT_TRUE(late.gross.value) << late.gross.why_absent;
  EXPECT_NEAR(late.gross.value->value(), 0.004, 1e-9);
  EXPECT_GE(late.gross.uncertainty->value(), 0.004);  // nobody saw it
  EXPECT_THAT(energy_in_gap(5, 8).gross.why_absent, HasSubstr("near"));
}

TEST(NamedWindows, WhereReadingsAreMissingTheNameHasNoEnergy) {
  Channel channel = channel_of(
      "A", [](double) { return 4.0; }, 20, 0.1, 0);
  const auto in_gap = [](std::int64_t ns) { return ns > at(8).ns && ns < at(12).ns; };
  Channel kept = channel;
  kept.time_ns.clear(), kept.a.clear();
  for (std::size_t i = 0; i < channel.a.size(); ++i)
    if (!in_gap(channel.time_ns[i]))
      kept.time_ns.push_back(channel.time_ns[i]), kept.a.push_back(channel.a[i]);
  const Trace trace = trace_of({kept}, "A", 0.1);
  for (const Window& lost :
       {Window{"w", at(7), at(13)}, Window{"w", at(9), at(11)}, Window{"w", at(30), at(31)}}) {
    const RailEnergy total = *named_windows(trace, {{"w", at(2), at(4)}, lost}, {})[0].energy();
    EXPECT_FALSE(total.gross.value) << lost.begin.ns;
    EXPECT_FALSE(total.gross.why_absent.empty());
    EXPECT_TRUE(total.budget_j.empty());
  }
}

TEST(NamedWindows, ACountersReadingsAreCalibratedToo) {
  Channel counter;
  counter.info.rail = "A";
  counter.info.kind = ChannelKind::energy_counter;
  counter.info.step_a = 1e-3;
  counter.info.calibration = Calibration{1.5, Watt(1), 0.01, Watt(0.01), 0, "m", "2026"};
  for (int i = 0; i <= 200; ++i) {
    counter.time_ns.push_back(at(0.1 * i).ns);
    counter.a.push_back(i * 200);  // 2 W told, 4 W true
  }
  std::vector<Window> windows;
  for (int i = 0; i < 50; ++i) windows.push_back({"w", at(2 + 0.3 * i), at(2.05 + 0.3 * i)});
  const NamedWindows named = named_windows(trace_of({counter}, "A", 0.1), windows, {})[0];
  EXPECT_EQ(named.together, 50);
  EXPECT_NEAR(named.energy()->gross.value->value(), 4 * 50 * 0.05, 1e-3);
}

TEST(NamedWindows, CalibrationsAgainstOneMeterAreOneErrorOnAllRails) {
  Channel a = channel_of(
      "A", [](double) { return 3.0; }, 20, 0.1, 0);
  Channel b = channel_of(
      "B", [](double) { return 1.0; }, 20, 0.1, 0);
  a.info.calibration = b.info.calibration = Calibration{1, Watt(0), 0.01, Watt(0), 0, "m", "2026"};
  const std::vector<Window> windows = {{"w", at(2), at(4)}, {"w", at(6), at(8)}};
  const auto one = named_windows(trace_of({a, b}, "A + B", 0.1), windows, {});
  EXPECT_NEAR(one[0].energy()->budget_j.at("calibration"), 0.16, 1e-9);
}

TEST(WindowEnergies, OfTooManyWhatIsWrongIsCountedAllTheSame) {
  const Trace trace = trace_of({channel_of(
                                   "A", [](double) { return 2.0; }, 3, 0.1, 0.4)},
                               "A", 0.1);
  const std::vector<Window> windows(kSingleWindows + 1, {"late", at(20), at(20.1)});
  Counters counters;
  window_energies(trace, windows, {}, counters);
  EXPECT_EQ(counters[Counter::marker_outside], windows.size());
  EXPECT_EQ(counters[Counter::window_shorter_than_sensor], windows.size());
}

}  // namespace
}  // namespace isojoule
