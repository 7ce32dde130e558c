// The stated uncertainty held against the truth: 2,000 random curves under random sensors, whose
// energy is known in closed form (ground_truth.h).
#include "trace/ground_truth.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

#include "trace/integrate.h"
#include "trace/stream_integral.h"

namespace isojoule {
namespace {

constexpr int kCases = 2000;
constexpr std::uint64_t kSeed = 20261121;

Instant at(double seconds) { return {std::llround(seconds * 1e9)}; }

struct Score {
  int cases = 0, inside = 0;
  double percent() const { return 100.0 * inside / cases; }
};

Energy look_at(const truth::Case& drawn, const Channel& channel) {
  Counters counters;
  return integrate(channel, at(drawn.begin_s), at(drawn.end_s),
                   Duration::from(Second(drawn.sensor.period_s)), counters);
}

TEST(GroundTruth, TheEnergyLiesInsideItsIntervalAsOftenAsStated) {
  truth::Cases cases(kSeed);
  std::map<std::string, Score> scores;
  for (int i = 0; i < kCases; ++i) {
    const truth::Case drawn = cases.next();
    const Channel channel =
        truth::Look(drawn.curve, drawn.sensor, cases.random()).between(0, drawn.end_s + 3);
    const Energy energy = look_at(drawn, channel);
    ASSERT_TRUE(energy.energy.value) << energy.energy.why_absent;
    const double off = std::abs(energy.energy.value->value() - drawn.energy_j());
    for (const std::string& name : drawn.classes) {
      ++scores[name].cases;
      scores[name].inside += off <= 2 * energy.energy.uncertainty->value() ? 1 : 0;
    }
    ++scores["all"].cases;
    scores["all"].inside += off <= 2 * energy.energy.uncertainty->value() ? 1 : 0;
  }
  for (const auto& [name, score] : scores) {
    fmt::print("{:<16} {:5} cases, {:.1f} % inside\n", name, score.cases, score.percent());
    EXPECT_GE(score.cases, 200) << name;
    EXPECT_GE(score.percent(), 90) << name;
  }
  EXPECT_GE(scores["all"].percent(), 93);
  EXPECT_LE(scores["all"].percent(), 97.5);
}

// What a plain program does: each reading times the time since the last one, by when it was asked.
double by_rectangles(const Channel& channel, double begin_s, double end_s) {
  double joules = 0;
  for (std::size_t i = 1; i < channel.time_ns.size(); ++i)
    if (channel.time_ns[i] > at(begin_s).ns && channel.time_ns[i] <= at(end_s).ns)
      joules += channel.power_at(i).value() *
                static_cast<double>(channel.time_ns[i] - channel.time_ns[i - 1]) * 1e-9;
  return joules;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// A chip that averages, read every 100 ms; gain and offset, which no rule can mend, left out.
TEST(GroundTruth, AnAveragingSensorIsReadWithLessThanHalfTheErrorOfRectangles) {
  truth::Cases cases(kSeed);
  std::vector<double> ours, rectangles;
  while (ours.size() < 500) {
    truth::Case drawn = cases.next(0.1);
    const auto kind = drawn.sensor.kind;
    if (kind != truth::Sensor::Kind::free_running && kind != truth::Sensor::Kind::moving_average)
      continue;
    drawn.sensor.gain_u = drawn.sensor.offset_u_w = 0;
    const Channel channel =
        truth::Look(drawn.curve, drawn.sensor, cases.random()).between(0, drawn.end_s + 3);
    const Energy energy = look_at(drawn, channel);
    ASSERT_TRUE(energy.energy.value) << energy.energy.why_absent;
    const double truth = drawn.energy_j();
    ours.push_back(std::abs(energy.energy.value->value() / truth - 1));
    rectangles.push_back(std::abs(by_rectangles(channel, drawn.begin_s, drawn.end_s) / truth - 1));
  }
  fmt::print("median error {:.4f} %, of rectangles {:.4f} %\n", 100 * median(ours),
             100 * median(rectangles));
  EXPECT_LE(median(ours), median(rectangles) / 2);
}

// A trace in blocks gives what it gives in one piece.
TEST(GroundTruth, BlocksOfAnySizeGiveTheSame) {
  truth::Cases cases(kSeed + 1);
  for (int i = 0; i < 200; ++i) {
    const truth::Case drawn = cases.next();
    const Channel channel =
        truth::Look(drawn.curve, drawn.sensor, cases.random()).between(0, drawn.end_s + 3);
    const Energy whole = look_at(drawn, channel);
    const std::size_t size = 1 + cases.random().below(40);
    StreamIntegral stream(channel.info, at(drawn.begin_s), at(drawn.end_s),
                          Duration::from(Second(drawn.sensor.period_s)));
    for (std::size_t from = 0; from < channel.time_ns.size(); from += size) {
      const auto slice = [&](const auto& column) {
        return std::decay_t<decltype(column)>(
            column.begin() + static_cast<std::ptrdiff_t>(from),
            column.begin() + static_cast<std::ptrdiff_t>(std::min(column.size(), from + size)));
      };
      stream.add({channel.info, slice(channel.time_ns), slice(channel.a), {}});
    }
    Counters counters;
    const Energy streamed = stream.finish(counters);
    ASSERT_TRUE(streamed.energy.value) << streamed.energy.why_absent;
    EXPECT_NEAR(streamed.energy.value->value(), whole.energy.value->value(),
                1e-9 * drawn.energy_j())
        << drawn.classes[0] << " " << drawn.classes[1] << " " << drawn.classes[2] << " period "
        << drawn.sensor.period_s << " window " << drawn.sensor.window_s << " update "
        << drawn.sensor.update_s << " length " << drawn.end_s - drawn.begin_s;
    EXPECT_NEAR(streamed.energy.uncertainty->value(), whole.energy.uncertainty->value(),
                1e-6 * drawn.energy_j());
  }
}

// A long trace where all is well is passed in large strides; in small blocks it is not.
TEST(GroundTruth, ALongTraceGivesTheSameInStrides) {
  for (const bool has_b : {false, true})
    for (const bool has_faults : {false, true}) {
      Random random(9);
      Channel channel;
      channel.info.kind = has_b ? ChannelKind::voltage_current : ChannelKind::power;
      channel.info.window = channel.info.update_period = Second(0.01);
      for (int i = 0; i < 400'000; ++i) {
        channel.time_ns.push_back(i * 20'000'000LL +
                                  static_cast<std::int64_t>(random.below(5'000'000)));
        channel.a.push_back(5000 + static_cast<std::int32_t>(random.below(100)));
        if (has_b) channel.b.push_back(900 + static_cast<std::int32_t>(random.below(400)));
      }
      if (has_faults) {
        channel.a[200'000] = -40;
        channel.time_ns[300'000] = channel.time_ns[299'990];
        channel.time_ns.erase(channel.time_ns.begin() + 100'000, channel.time_ns.begin() + 100'007);
        channel.a.erase(channel.a.begin() + 100'000, channel.a.begin() + 100'007);
        if (has_b) channel.b.erase(channel.b.begin() + 100'000, channel.b.begin() + 100'007);
      }
      Counters strides, blocks;
      const Duration period = Duration::milliseconds(20);
      const Instant begin = at(10.003), end = at(7990.007);
      const Energy whole = integrate(channel, begin, end, period, strides);
      StreamIntegral stream(channel.info, begin, end, period);
      for (std::size_t from = 0; from < channel.time_ns.size(); from += 1000) {
        const auto slice = [&](const auto& column) {
          const std::size_t to = std::min(column.size(), from + 1000);
          return std::decay_t<decltype(column)>(
              column.begin() + static_cast<std::ptrdiff_t>(std::min(from, to)),
              column.begin() + static_cast<std::ptrdiff_t>(to));
        };
        stream.add({channel.info, slice(channel.time_ns), slice(channel.a), slice(channel.b)});
      }
      const Energy streamed = stream.finish(blocks);
      ASSERT_TRUE(whole.energy.value && streamed.energy.value);
      EXPECT_NEAR(whole.energy.value->value() / streamed.energy.value->value(), 1, 1e-9);
      EXPECT_EQ(strides, blocks);
      EXPECT_EQ(strides.any(), has_faults);
      for (const auto& [cause, joules] : streamed.budget_j)
        EXPECT_NEAR(whole.budget_j.at(cause), joules, 0.15 * joules + 1e-6) << cause;
    }
}

}  // namespace
}  // namespace isojoule
