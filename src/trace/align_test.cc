#include "trace/align.h"

#include <cmath>
#include <cstdlib>
#include <functional>
#include <limits>

#include "base/random.h"

namespace isojoule {
namespace {

// A power that is constant between its steps, with its integral.
class Steps {
 public:
  void add(double at_s, double power_w) {
    joules_.push_back(at_.empty() ? 0 : joules_.back() + power_.back() * (at_s - at_.back()));
    at_.push_back(at_s);
    power_.push_back(power_w);
  }
  double mean(double from, double to) const {
    if (to <= from) return power_[place(from)];
    return (energy(to) - energy(from)) / (to - from);
  }

 private:
  std::size_t place(double time) const {
    const auto next = std::upper_bound(at_.begin(), at_.end(), time) - at_.begin();
    return static_cast<std::size_t>(std::max<std::ptrdiff_t>(next, 1) - 1);
  }
  double energy(double time) const {
    const std::size_t i = place(time);
    return joules_[i] + power_[i] * (time - at_[i]);
  }
  std::vector<double> at_, power_, joules_;
};

struct Meter {
  double from_s = 0, to_s = 60, period_s = 0.1, window_s = 0.1, lag_s = 0;
  double jitter_s = 0, noise_w = 0.01, step_w = 0.001, gain = 1, level_w = 0;
  double ahead_s = 0, rate = 0;  // its clock against the true one
};

Channel look(const Steps& power, const Meter& meter, Random& random) {
  Channel channel;
  channel.info.rail = "TOTAL";
  channel.info.kind = ChannelKind::power;
  channel.info.step_a = meter.step_w;
  channel.info.window = Second(meter.window_s);
  channel.info.lag = Second(meter.lag_s);
  const double phase = random.uniform() * meter.period_s;
  for (double tick = meter.from_s + phase; tick < meter.to_s; tick += meter.period_s) {
    const double time = tick + meter.jitter_s * random.uniform();
    const double end = time - meter.lag_s;
    const double watt = power.mean(end - meter.window_s, end) * meter.gain + meter.level_w +
                        meter.noise_w * random.normal();
    channel.time_ns.push_back(std::llround((time * (1 + meter.rate) + meter.ahead_s) * 1e9));
    channel.a.push_back(static_cast<std::int32_t>(std::lround(watt / meter.step_w)));
  }
  return channel;
}

double between(Random& random, double low, double high) {
  return low + (high - low) * random.uniform();
}

// Loads that come and go: what programs do.
Steps random_load(Random& random, double from_s, double to_s, double dwell_s) {
  Steps steps;
  for (double at = from_s; at < to_s; at += dwell_s * (0.2 + 1.6 * random.uniform()))
    steps.add(at, between(random, 2, 12));
  return steps;
}

PowerSeries series(const Channel& channel) {
  auto result = power_series(channel);
  EXPECT_TRUE(result.has_value()) << to_string(result.error());
  return *result;
}

TEST(PowerSeries, AReadingBelongsToTheMiddleOfItsWindow) {
  Channel channel;
  channel.info.kind = ChannelKind::power;
  channel.info.window = Second(0.4);
  channel.info.lag = Second(0.1);
  channel.time_ns = {5'000'000'000, 6'000'000'000, 7'000'000'000};
  channel.a = {1000, 2000, 3000};
  const PowerSeries plain = series(channel);
  EXPECT_NEAR(plain.instant(plain.time_s[0]).ns, 4'700'000'000, 1);
  // One that has news every second, asked every second: half a second older on average.
  channel.info.update_period = Second(1);
  const PowerSeries waiting = series(channel);
  EXPECT_NEAR(waiting.instant(waiting.time_s[0]).ns, 4'200'000'000, 1);
}

TEST(PowerSeries, OldNewsAreLeftOut) {
  Channel channel;
  channel.info.kind = ChannelKind::power;
  channel.info.window = channel.info.update_period = Second(0.43);
  for (int i = 0; i < 20; ++i) {
    channel.time_ns.push_back(i * 100'000'000LL);
    channel.a.push_back(1000 + i * 100 / 430);
  }
  EXPECT_EQ(series(channel).time_s.size(), 5u);
}

// The lines of a log are dated by who wrote them: nothing waited, and an equal line is no old one.
TEST(PowerSeries, WhatItsSourceDatesIsNoOlder) {
  Channel channel;
  channel.info.kind = ChannelKind::power;
  channel.info.update_period = Second(1);
  channel.info.is_dated_by_source = true;
  channel.time_ns = {5'000'000'000, 5'999'000'000, 7'000'000'000};
  channel.a = {1000, 1000, 1000};
  const PowerSeries dated = series(channel);
  ASSERT_EQ(dated.time_s.size(), 3u);
  EXPECT_NEAR(dated.instant(dated.time_s[0]).ns, 5'000'000'000, 1);
  channel.info.kind = ChannelKind::energy_counter;
  const PowerSeries counted = series(channel);
  EXPECT_NEAR(counted.instant(counted.time_s[0]).ns, 5'499'500'000, 1);
}

// Asked every 0.25 s, it moves every second: its power is even, not four times as much in a
// quarter.
TEST(PowerSeries, ACounterThatStandsBetweenItsNewsIsNoPause) {
  Channel channel;
  channel.info.kind = ChannelKind::energy_counter;
  channel.info.update_period = Second(1);
  channel.info.step_a = 1;
  for (int i = 0; i < 41; ++i) {
    channel.time_ns.push_back(i * 250'000'000LL);
    channel.a.push_back(5 * (i / 4));
  }
  for (const double power : series(channel).power_w) EXPECT_NEAR(power, 5, 1e-9);
}

TEST(PowerSeries, ACounterGivesMeanPowers) {
  Channel channel;
  channel.info.kind = ChannelKind::energy_counter;
  channel.info.step_a = 1e-3;
  channel.time_ns = {0, 1'000'000'000, 3'000'000'000};
  channel.a = {std::numeric_limits<std::int32_t>::max() - 999,
               std::numeric_limits<std::int32_t>::min() + 4000,
               std::numeric_limits<std::int32_t>::min() + 8000};
  const PowerSeries found = series(channel);
  ASSERT_EQ(found.time_s.size(), 2u);
  EXPECT_NEAR(found.power_w[0], 5, 1e-9);
  EXPECT_NEAR(found.power_w[1], 2, 1e-9);
  EXPECT_NEAR(found.time_s[0], 0.5, 1e-9);
}

TEST(PowerSeries, TheTotalIsASumAndAMissingRailIsNamed) {
  Trace trace;
  for (const char* rail : {"CPU", "GPU"}) {
    Channel channel;
    channel.info.rail = rail;
    channel.info.kind = ChannelKind::power;
    channel.info.step_a = 1;
    const std::int64_t late = trace.channels.empty() ? 0 : 500'000'000;
    channel.time_ns = {late, late + 1'000'000'000, late + 2'000'000'000};
    channel.a = {1, 3, 5};
    trace.channels.push_back(channel);
  }
  trace.total = "CPU + GPU";
  const auto sum = power_series(trace, "");
  ASSERT_TRUE(sum);
  EXPECT_NEAR(sum->power_w[1], 3 + 2, 1e-9);
  const auto missing = power_series(trace, "CPUU");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().remedy.find("CPU"), std::string::npos);
  trace.total.clear();
  EXPECT_EQ(power_series(trace, "total").error().kind, ErrorKind::no_data);
}

TEST(PowerLine, MeansAreThoseOfTheLine) {
  PowerSeries ramp;
  ramp.spacing_s = 1;
  for (int i = 0; i < 10; ++i) {
    ramp.time_s.push_back(i < 5 ? i : i + 20);
    ramp.power_w.push_back(ramp.time_s.back());
  }
  const PowerLine line(ramp);
  EXPECT_NEAR(line.mean(1, 3), 2, 1e-12);
  EXPECT_NEAR(line.mean(1.25, 1.75), 1.5, 1e-12);
  EXPECT_NEAR(line.mean(-2, 0), 0, 1e-12);
  EXPECT_NEAR(line.at(27.5), 27.5, 1e-12);
  EXPECT_TRUE(line.covers(0, 4));
  EXPECT_FALSE(line.covers(3, 26));  // a gap between
  EXPECT_FALSE(line.covers(-2, 1));
}

struct Score {
  int cases = 0, sure = 0, within_two = 0, within_three = 0, wrong = 0;
  double square = 0;
};

Score run_cases(std::uint64_t seed, int cases,
                const std::function<void(Random&, Meter& ours, Meter& theirs)>& draw) {
  Score score;
  Random random(seed);
  for (int i = 0; i < cases; ++i) {
    Meter ours, theirs;
    draw(random, ours, theirs);
    const double dwell = between(random, 2, 5) * std::max(ours.period_s, theirs.period_s);
    const Steps load = random_load(random, -20, 400, dwell);
    theirs.ahead_s = between(random, -10, 10);
    const auto match =
        match_clocks(series(look(load, ours, random)), series(look(load, theirs, random)), {});
    EXPECT_TRUE(match) << to_string(match.error());
    ++score.cases;
    if (!match->is_sure) {
      if (std::getenv("ALIGN_SHOW") != nullptr)
        std::printf("unsure: %s r=%.3f\n", match->why_unsure.c_str(), match->correlation);
      continue;
    }
    ++score.sure;
    const double error = match->offset.seconds().value() + theirs.ahead_s;
    const double ratio = std::abs(error) / match->offset_uncertainty.seconds().value();
    score.within_two += ratio <= 2 ? 1 : 0;
    score.within_three += ratio <= 3 ? 1 : 0;
    score.wrong += std::abs(error) > std::max(ours.period_s, theirs.period_s) ? 1 : 0;
    score.square += std::min(ratio * ratio, 100.0);
    if (std::getenv("ALIGN_SHOW") != nullptr)
      if (ratio > 2.5)
        std::printf(
            "po %.3f wo %.3f pt %.3f wt %.3f error %+.4f u %.4f ratio %.2f r %.4f rate %.1e\n",
            ours.period_s, ours.window_s, theirs.period_s, theirs.window_s, error,
            match->offset_uncertainty.seconds().value(), ratio, match->correlation, match->rate);
  }
  return score;
}

void expect_honest(const Score& score, const char* name) {
  std::printf(
      "%s: %d cases, %d sure, %.1f %% within 2 u, %.1f %% within 3 u, rms %.2f u, %d wrong\n", name,
      score.cases, score.sure, 100.0 * score.within_two / score.sure,
      100.0 * score.within_three / score.sure, std::sqrt(score.square / score.sure), score.wrong);
  EXPECT_GE(score.sure, score.cases * 95 / 100);
  EXPECT_GE(score.within_three, score.sure * 99 / 100);
  EXPECT_GE(score.within_two, score.sure * 93 / 100);
  EXPECT_EQ(score.wrong, 0);
  EXPECT_GT(std::sqrt(score.square / score.sure), 0.3) << "stated far too wide";
}

TEST(MatchClocks, TheErrorLiesWithinTheStatedUncertainty) {
  const auto any = [](Random& random, Meter& ours, Meter& theirs) {
    for (Meter* meter : {&ours, &theirs}) {
      meter->period_s = 0.02 * std::pow(50, random.uniform());
      meter->window_s = meter->period_s * between(random, 0, 1.5) * (random.below(3) == 0 ? 0 : 1);
      meter->jitter_s = random.below(2) == 0 ? 0 : 0.1 * meter->period_s;
      meter->noise_w = 0.002 * std::pow(100, random.uniform());
      meter->step_w = 0.001 * std::pow(40, random.uniform());
      meter->lag_s = random.below(2) == 0 ? 0 : between(random, 0, 0.5);
    }
    ours.to_s = between(random, 60, 120);
    theirs.from_s = between(random, -10, 5);
    theirs.to_s = between(random, 55, 130);
    theirs.gain = between(random, 0.9, 1.3);
    theirs.level_w = between(random, -0.5, 3);
  };
  expect_honest(run_cases(11, 100, any), "any two sensors");
}

TEST(MatchClocks, ADriftOfTheClocksIsFound) {
  Random random(3);
  const Steps load = random_load(random, -20, 2000, 3);
  Meter ours, theirs;
  ours.to_s = theirs.to_s = 1200;
  theirs.period_s = theirs.window_s = 0.5;
  theirs.ahead_s = 4.25;
  theirs.rate = 1e-4;
  const auto match =
      match_clocks(series(look(load, ours, random)), series(look(load, theirs, random)), {});
  ASSERT_TRUE(match);
  EXPECT_TRUE(match->is_sure) << match->why_unsure;
  EXPECT_NEAR(match->rate, -1e-4, 4 * match->rate_uncertainty);
  EXPECT_LT(match->rate_uncertainty, 3e-5);
  // Their clock shows 4.25 + t (1 + 1e-4); ours t.
  const Instant theirs_end{std::llround((1100 * 1.0001 + 4.25) * 1e9)};
  EXPECT_NEAR(match->to_ours(theirs_end).ns * 1e-9, 1100, 0.01);
  EXPECT_NEAR(match->to_theirs(match->to_ours(theirs_end)).ns * 1e-9, theirs_end.ns * 1e-9, 1e-4);
}

ClockMatch match_of(const Steps& load, double ahead_s, const MatchOptions& options = {}) {
  Random random(5);
  Meter ours, theirs;
  theirs.period_s = theirs.window_s = 0.25;
  theirs.ahead_s = ahead_s;
  const auto match =
      match_clocks(series(look(load, ours, random)), series(look(load, theirs, random)), options);
  EXPECT_TRUE(match) << to_string(match.error());
  return *match;
}

TEST(MatchClocks, AFlatPowerIsUnsure) {
  Steps flat;
  flat.add(-20, 5);
  const ClockMatch match = match_of(flat, 3);
  EXPECT_FALSE(match.is_sure);
  EXPECT_FALSE(match.why_unsure.empty());
}

TEST(MatchClocks, APeriodicLoadIsUnsureAndSaysWhereElseItFits) {
  Steps periodic;
  for (int i = -10; i < 60; ++i) periodic.add(i * 2.0, i % 2 == 0 ? 3 : 9);
  const ClockMatch match = match_of(periodic, 3);
  EXPECT_FALSE(match.is_sure);
  EXPECT_NE(match.why_unsure.find("repeats"), std::string::npos) << match.why_unsure;
  EXPECT_GT(match.next_correlation, 0.9);
  // Who knows the offset to within half a period gets it.
  MatchOptions options;
  options.near = Duration::from(Second(-2.8));
  options.within = Duration::from(Second(1.5));
  const ClockMatch known = match_of(periodic, 3, options);
  EXPECT_TRUE(known.is_sure) << known.why_unsure;
  EXPECT_NEAR(known.offset.seconds().value(), -3, 0.02);
}

TEST(MatchClocks, TwoStrangersAreUnsure) {
  int sure = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Random random(seed);
    Meter ours, theirs;
    theirs.period_s = theirs.window_s = 0.5;
    const Steps one = random_load(random, -20, 100, 3), other = random_load(random, -20, 100, 3);
    const auto match =
        match_clocks(series(look(one, ours, random)), series(look(other, theirs, random)), {});
    if (match && match->is_sure) ++sure;
  }
  EXPECT_EQ(sure, 0);
}

TEST(MatchClocks, TooLittleIsAnError) {
  Random random(1);
  const Steps load = random_load(random, -20, 100, 3);
  Meter ours, brief;
  brief.to_s = 0.5;
  const auto few =
      match_clocks(series(look(load, ours, random)), series(look(load, brief, random)), {});
  ASSERT_FALSE(few);
  EXPECT_EQ(few.error().kind, ErrorKind::no_data);
  MatchOptions far;
  far.near = Duration::from(Second(5000));
  const auto apart =
      match_clocks(series(look(load, ours, random)), series(look(load, Meter{}, random)), far);
  ASSERT_FALSE(apart);
  EXPECT_EQ(apart.error().kind, ErrorKind::no_data);
}

}  // namespace
}  // namespace isojoule
