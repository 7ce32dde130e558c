// Reads the exported bytes back with protobuf's own reader, by field number, and checks what a
// viewer relies on.
#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <memory>
#include <set>

#include "report/export_fixture.h"
#include "report/perfetto/lanes.h"

namespace isojoule::test {
namespace {

using google::protobuf::UnknownField;
using google::protobuf::UnknownFieldSet;

using Fields = std::shared_ptr<const UnknownFieldSet>;

Fields parsed(const std::string& bytes) {
  const auto set = std::make_shared<UnknownFieldSet>();
  EXPECT_TRUE(set->ParseFromString(bytes));
  return set;
}

std::vector<const UnknownField*> all_of(const UnknownFieldSet& set, int number) {
  std::vector<const UnknownField*> found;
  for (int i = 0; i < set.field_count(); ++i)
    if (set.field(i).number() == number) found.push_back(&set.field(i));
  return found;
}

std::optional<std::uint64_t> whole(const UnknownFieldSet& set, int number) {
  const auto found = all_of(set, number);
  return found.size() == 1 ? std::optional(found[0]->varint()) : std::nullopt;
}

std::string text(const UnknownFieldSet& set, int number) {
  const auto found = all_of(set, number);
  return found.size() == 1 ? found[0]->length_delimited() : "";
}

Fields message(const UnknownFieldSet& set, int number) {
  const auto found = all_of(set, number);
  if (found.size() != 1) return nullptr;
  return parsed(found[0]->length_delimited());
}

struct Track {
  std::string name, unit;
  std::uint64_t parent = 0;
  std::optional<std::uint64_t> pid;
  bool counts = false;
};
struct Event {
  std::int64_t time_ns = 0;
  std::uint64_t type = 0;
  std::string name;
  double value = 0;
  std::map<std::string, double> numbers;
  std::map<std::string, std::string> texts;
};
struct Decoded {
  std::map<std::uint64_t, Track> tracks;
  std::map<std::uint64_t, std::vector<Event>> events;  // by track, in the order of the file
  int clock_snapshots = 0;

  // The only track of that name in the process of the run.
  std::uint64_t track(std::int64_t run, const std::string& name) const {
    std::uint64_t found = 0;
    for (const auto& [id, track] : tracks) {
      const auto process = tracks.find(track.parent);
      if (track.name != name || process == tracks.end()) continue;
      if (process->second.pid != static_cast<std::uint64_t>(run)) continue;
      EXPECT_EQ(found, 0U) << "two tracks " << name;
      found = id;
    }
    return found;
  }
};

void decode_track(const UnknownFieldSet& descriptor, Decoded& result) {
  const std::uint64_t id = whole(descriptor, 1).value_or(0);
  EXPECT_NE(id, 0U);
  EXPECT_FALSE(result.tracks.contains(id)) << "a track twice";
  Track& track = result.tracks[id];
  track.name = text(descriptor, 2);
  track.parent = whole(descriptor, 5).value_or(0);
  if (const auto process = message(descriptor, 3)) track.pid = whole(*process, 1);
  if (const auto counter = message(descriptor, 8)) {
    track.counts = true;
    track.unit = text(*counter, 6);
  }
  EXPECT_TRUE(track.pid || result.tracks.contains(track.parent)) << "a child before its parent";
}

void decode_event(std::int64_t time_ns, const UnknownFieldSet& event, Decoded& result) {
  const std::uint64_t track = whole(event, 11).value_or(0);
  EXPECT_TRUE(result.tracks.contains(track)) << "an event before its track";
  Event& decoded = result.events[track].emplace_back();
  decoded.time_ns = time_ns;
  decoded.type = whole(event, 9).value_or(0);
  decoded.name = text(event, 23);
  for (const auto* value : all_of(event, 44))
    decoded.value = std::bit_cast<double>(value->fixed64());
  for (const auto* field : all_of(event, 4)) {
    const Fields whole_annotation = parsed(field->length_delimited());
    const UnknownFieldSet& annotation = *whole_annotation;
    const std::string name = text(annotation, 10);
    for (const auto* number : all_of(annotation, 5))
      decoded.numbers[name] = std::bit_cast<double>(number->fixed64());
    for (const auto* number : all_of(annotation, 4))
      decoded.numbers[name] = static_cast<double>(number->varint());
    if (!all_of(annotation, 6).empty()) decoded.texts[name] = text(annotation, 6);
  }
}

// A clock, a track or an event, and of each message only fields that the format has.
void expect_one_of_three(const UnknownFieldSet& packet) {
  int bodies = 0;
  for (int i = 0; i < packet.field_count(); ++i) {
    const int number = packet.field(i).number();
    bodies += number == 6 || number == 11 || number == 60 ? 1 : 0;
    EXPECT_TRUE((std::set<int>{6, 8, 10, 11, 13, 58, 60}).contains(number)) << number;
  }
  EXPECT_EQ(bodies, 1);
}

// CLOCK_MONOTONIC and CLOCK_BOOTTIME at the same time.
void expect_clocks(const UnknownFieldSet& snapshot) {
  std::map<std::uint64_t, std::uint64_t> clocks;
  for (const auto* field : all_of(snapshot, 1)) {
    const Fields clock = parsed(field->length_delimited());
    clocks[whole(*clock, 1).value_or(0)] = whole(*clock, 2).value_or(0);
  }
  EXPECT_EQ(clocks.size(), 2U);
  EXPECT_GT(clocks[3], 0U);
  EXPECT_EQ(clocks[3], clocks[6]);
}

Decoded decode(const std::string& bytes) {
  Decoded result;
  const Fields whole_trace = parsed(bytes);
  const UnknownFieldSet& trace = *whole_trace;
  for (int i = 0; i < trace.field_count(); ++i) {
    EXPECT_EQ(trace.field(i).number(), 1);
    const Fields whole_packet = parsed(trace.field(i).length_delimited());
    const UnknownFieldSet& packet = *whole_packet;
    EXPECT_EQ(whole(packet, 10), 1U) << "every packet names its sequence";
    // SEQ_INCREMENTAL_STATE_CLEARED, once; nothing is interned, so no packet needs the state.
    EXPECT_EQ(whole(packet, 13), i == 0 ? std::optional<std::uint64_t>(1) : std::nullopt);
    expect_one_of_three(packet);
    if (const auto snapshot = message(packet, 6)) {
      EXPECT_EQ(i, 0) << "the clock comes first";
      EXPECT_EQ(whole(*snapshot, 2), 3U);  // CLOCK_MONOTONIC
      expect_clocks(*snapshot);
      EXPECT_TRUE(all_of(packet, 8).empty()) << "a time before there is a clock";
      ++result.clock_snapshots;
    }
    if (const auto descriptor = message(packet, 60)) decode_track(*descriptor, result);
    if (const auto event = message(packet, 11)) {
      EXPECT_EQ(whole(packet, 58), 3U);
      EXPECT_TRUE(whole(packet, 8));
      decode_event(static_cast<std::int64_t>(whole(packet, 8).value_or(0)), *event, result);
    }
  }
  return result;
}

Decoded small() {
  auto study = small_study();
  return decode(exported(study, "perfetto").value());
}

// Begin and end balance, never go back in time, and the inner one ends first.
void expect_whole(const std::vector<Event>& events) {
  std::int64_t depth = 0, last = 0;
  for (const Event& event : events) {
    EXPECT_GE(event.time_ns, last);
    last = event.time_ns;
    depth += event.type == 1 ? 1 : -1;
    EXPECT_GE(depth, 0);
  }
  EXPECT_EQ(depth, 0);
}

TEST(Perfetto, EveryRunIsAProcessWithItsTracks) {
  const Decoded trace = small();
  EXPECT_EQ(trace.clock_snapshots, 1);
  int processes = 0;
  for (const auto& [id, track] : trace.tracks)
    if (track.pid) {
      ++processes;
      EXPECT_TRUE(track.name.starts_with("run " + std::to_string(*track.pid) + ": ")) << track.name;
      EXPECT_NE(track.name.find("simulated"), std::string::npos);
    }
  EXPECT_EQ(processes, 3);
  for (const char* name : {"run", "phases", "batches", "windows", "windows 2", "VDD_IN", "VDD_GPU",
                           "package-0", "gpu_frequency", "temperature_gpu"})
    EXPECT_NE(trace.track(3, name), 0U) << name;
  EXPECT_EQ(trace.track(2, "phases"), 0U);  // it failed before its first
  EXPECT_EQ(trace.tracks.at(trace.track(1, "VDD_IN")).unit, "W");
  EXPECT_EQ(trace.tracks.at(trace.track(1, "gpu_frequency")).unit, "Hz");
  EXPECT_EQ(trace.tracks.at(trace.track(1, "temperature_gpu")).unit, "°C");
}

TEST(Perfetto, SlicesBalanceAndTimesAreExact) {
  const Decoded trace = small();
  for (const auto& [id, events] : trace.events) {
    const bool counts = trace.tracks.at(id).counts;
    if (!counts) expect_whole(events);
    for (const Event& event : events)
      EXPECT_TRUE(counts ? event.type == 4 : event.type == 1 || event.type == 2) << event.type;
  }
  const auto& phases = trace.events.at(trace.track(1, "phases"));
  ASSERT_EQ(phases.size(), 4U);
  EXPECT_EQ(phases[0].name, "idle");
  EXPECT_EQ(phases[0].time_ns, kStart);
  EXPECT_EQ(phases[0].texts.at("why_absent"), "no reading falls into it");
  EXPECT_FALSE(phases[0].numbers.contains("energy_j"));
  EXPECT_EQ(phases[1].time_ns, kStart + 200 * kMs);
  EXPECT_EQ(phases[1].type, 2U);
  EXPECT_EQ(phases[2].name, "inference");
  EXPECT_EQ(phases[2].numbers.at("energy_j"), 1.25);
  const auto& batches = trace.events.at(trace.track(1, "batches"));
  EXPECT_EQ(batches[1].time_ns, kStart + 300 * kMs + 1);
  EXPECT_EQ(trace.events.at(trace.track(1, "run"))[0].numbers.at("data_fault.sample_gap"), 2);
}

TEST(Perfetto, WindowsWithinOneAnotherNestAndOverlappingOnesHaveATrackOfTheirOwn) {
  const Decoded trace = small();
  std::vector<std::string> seen;
  for (const Event& event : trace.events.at(trace.track(1, "windows")))
    seen.push_back((event.type == 1 ? "+" : "-") + event.name);
  EXPECT_EQ(seen, (std::vector<std::string>{"+request", "+decode", "-", "-"}));
  const auto& second = trace.events.at(trace.track(1, "windows 2"));
  ASSERT_EQ(second.size(), 2U);
  EXPECT_EQ(second[0].time_ns, kStart + 390 * kMs);
  EXPECT_EQ(second[0].numbers.at("energy_j"), 0.25);
}

TEST(Perfetto, RailsAndWatchesAreCountersWithEveryReading) {
  const Decoded trace = small();
  const auto& rail = trace.events.at(trace.track(1, "VDD_IN"));
  ASSERT_EQ(rail.size(), 4U);
  EXPECT_EQ(rail[3].time_ns, kStart + 300 * kMs + 7);
  EXPECT_EQ(rail[3].value, 4.992);
  for (const Event& event : rail) EXPECT_EQ(event.type, 4U);
  // An energy counter is the power from one reading to the next: 16384 / 65536 J in 0.1 s.
  const auto& package = trace.events.at(trace.track(1, "package-0"));
  ASSERT_EQ(package.size(), 3U);
  EXPECT_EQ(package[0].time_ns, kStart + 2 * kMs);
  EXPECT_DOUBLE_EQ(package[0].value, 2.5);
  EXPECT_DOUBLE_EQ(package[1].value, 10);
  EXPECT_EQ(trace.events.at(trace.track(1, "gpu_frequency"))[2].value, 76.8e6);
}

TEST(Perfetto, TracksOfOneProcessHaveDistinctNamesAndWhatIsNoNumberIsNoValue) {
  MadeStudy study(1, small_run, [](std::int64_t) {
    Trace trace = small_trace();
    trace.channels[1].info.rail = "VDD_IN";
    trace.watches[0].value[1] = std::nan("");
    return trace;
  });
  const Decoded trace = decode(exported(study, "perfetto").value());
  EXPECT_NE(trace.track(1, "VDD_IN"), 0U);
  EXPECT_NE(trace.track(1, "VDD_IN_2"), 0U);
  EXPECT_EQ(trace.events.at(trace.track(1, "gpu_frequency")).size(), 3U);
}

TEST(Perfetto, ABatchHasItsEnergyOrSaysWhyNot) {
  MadeStudy study(
      1,
      [](std::int64_t id) {
        isojoule::Run run = small_run(id);
        run.batches = {{{kStart + 10 * kMs}, {kStart + 260 * kMs}},
                       {{kStart + 300 * kMs}, {kStart + 310 * kMs}}};
        return run;
      },
      [](std::int64_t) {
        Trace trace = small_trace();
        trace.channels[0].info.window = Second(0);
        return trace;
      });
  const Decoded trace = decode(exported(study, "perfetto").value());
  const auto& batches = trace.events.at(trace.track(1, "batches"));
  ASSERT_EQ(batches.size(), 4U);
  EXPECT_GT(batches[0].numbers.at("energy_j"), 2.59 * 0.25);
  EXPECT_LT(batches[0].numbers.at("energy_j"), 4.99 * 0.25);
  EXPECT_DOUBLE_EQ(batches[0].numbers.at("power_w"), batches[0].numbers.at("energy_j") / 0.25);
  EXPECT_TRUE(batches[2].texts.contains("why_absent"));
  EXPECT_FALSE(batches[2].numbers.contains("energy_j"));
}

TEST(Perfetto, TimesBeforeTheClocksZeroAreRefused) {
  MadeStudy study(
      1,
      [](std::int64_t id) {
        isojoule::Run run = empty_run(id);
        run.phases = {{PhaseKind::load, {-5}, {5}}};
        return run;
      },
      [](std::int64_t) { return std::nullopt; });
  const auto bytes = exported(study, "perfetto");
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().kind, ErrorKind::unsupported);
}

TEST(Perfetto, OnALaneAnyTwoSlicesAreApartOrOneIsWithinTheOther) {
  rc::check([](const std::vector<std::pair<std::uint8_t, std::uint8_t>>& spans) {
    std::vector<perfetto::Slice> slices;
    for (const auto& [begin, length] : spans)
      slices.push_back({begin, std::int64_t{begin} + length % 32, "", {}});
    std::size_t count = 0;
    for (const auto& lane : perfetto::lanes_of(slices)) {
      count += lane.size();
      for (std::size_t i = 0; i < lane.size(); ++i)
        for (std::size_t j = i + 1; j < lane.size(); ++j) {
          const auto &a = slices[lane[i]], &b = slices[lane[j]];
          RC_ASSERT(a.begin_ns <= b.begin_ns);
          RC_ASSERT(a.end_ns <= b.begin_ns || b.end_ns <= a.end_ns);
        }
    }
    RC_ASSERT(count == slices.size());
  });
}

}  // namespace
}  // namespace isojoule::test
