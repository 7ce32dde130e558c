#include "experiment/calibration_notes.h"

namespace isojoule {
namespace {

Trace trace_of(ChannelKind kind) {
  Trace trace;
  Channel channel;
  channel.info.rail = "VDD_IN";
  channel.info.sensor = "ina3221 1-0040 channel 0";
  channel.info.kind = kind;
  channel.info.step_a = 1;
  Calibration known;
  known.gain = 2;  // what is told counts for the range, not what is made of it
  known.meter = "PM-1";
  known.date = "2026-11-21T10:00:00Z";
  known.lowest = Watt(1);
  known.highest = Watt(6);
  channel.info.calibration = known;
  for (int i = 0; i < 10; ++i) {
    channel.time_ns.push_back(i * 1'000'000'000LL);
    channel.a.push_back(kind == ChannelKind::energy_counter ? 5 * i : 5);
  }
  trace.channels.push_back(channel);
  return trace;
}

TEST(CalibrationNotes, SayWithWhatAndWhen) {
  isojoule::Run run;
  note_calibrations(trace_of(ChannelKind::power), {}, run);
  const std::string note = run.notes.at("calibration VDD_IN");
  EXPECT_NE(note.find("2026-11-21 against PM-1"), std::string::npos) << note;
  EXPECT_EQ(run.counters[Counter::calibration_exceeded], 0u);
  isojoule::Run other;
  Trace plain = trace_of(ChannelKind::power);
  plain.channels[0].info.calibration.reset();
  note_calibrations(plain, {}, other);
  EXPECT_TRUE(other.notes.empty());
}

TEST(CalibrationNotes, SayWhyItIsToBeDoubted) {
  isojoule::Run run;
  note_calibrations(trace_of(ChannelKind::power),
                    {{"ina3221 1-0040 channel 0", "more than a year old"}, {"other", "no"}}, run);
  EXPECT_TRUE(run.notes.at("calibration VDD_IN").ends_with("; attention: more than a year old"));
}

TEST(CalibrationNotes, PowerBeyondTheRangeIsCounted) {
  for (const ChannelKind kind : {ChannelKind::power, ChannelKind::energy_counter}) {
    Trace trace = trace_of(kind);
    Calibration& known = *trace.channels[0].info.calibration;
    for (const auto& [lowest, highest, exceeded] : {std::tuple{1.0, 4.9, 0u},
                                                    {1.0, 4.0, 1u},
                                                    {5.05, 9.0, 0u},
                                                    {6.0, 9.0, 1u},
                                                    {0.0, 0.0, 0u}}) {
      known.lowest = Watt(lowest);
      known.highest = Watt(highest);
      isojoule::Run run;
      note_calibrations(trace, {}, run);
      EXPECT_EQ(run.counters[Counter::calibration_exceeded], exceeded) << lowest << " " << highest;
    }
  }
}

}  // namespace
}  // namespace isojoule
