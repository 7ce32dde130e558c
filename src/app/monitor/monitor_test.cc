// A monitor's parts against closed forms: sums, frames, gaps, what is told to Prometheus.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "app/monitor/frame_maker.h"
#include "app/monitor/monitor_page.h"
#include "app/monitor/monitor_server.h"
#include "app/monitor/recording.h"
#include "experiment/fake_board.h"
#include "report/exposition_check.h"
#include "trace/integrate.h"

namespace isojoule {
namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr Duration kTick = Duration::milliseconds(10);

ChannelInfo power_info() {
  ChannelInfo info;
  info.rail = "VDD_IN";
  info.kind = ChannelKind::power;
  info.step_a = 1e-3;
  return info;
}

TEST(RailSum, FollowsTheRuleOfTheIntegral) {
  Channel channel;
  channel.info = power_info();
  RailSum sum(channel.info, kTick);
  Counters live, whole;
  for (std::int64_t i = 0; i <= 500; ++i) {
    // Never quite on time, as real ticks are.
    const std::int64_t at = i * 10 * kMs + i % 7 * 100'000;
    const auto mw =
        static_cast<std::int32_t>(4000 + 1000 * std::sin(0.05 * static_cast<double>(i)));
    channel.time_ns.push_back(at);
    channel.a.push_back(mw);
    sum.take(at, mw, 0, "none", live);
  }
  const Energy energy = integrate(channel, Instant{channel.time_ns.front()},
                                  Instant{channel.time_ns.back()}, kTick, whole);
  ASSERT_TRUE(energy.energy.value);
  EXPECT_NEAR(*sum.energy_j(), energy.energy.value->value(), 1e-6 * *sum.energy_j());
  EXPECT_FALSE(live.any());
  EXPECT_EQ(sum.readings(), 501U);
}

TEST(RailSum, AGapIsBridgedWhileItIsShortAndNeverSummedAsZero) {
  RailSum sum(power_info(), kTick);
  Counters counters;
  const auto read = [&](std::int64_t ms) { sum.take(ms * kMs, 2000, 0, "none", counters); };
  read(0);
  EXPECT_FALSE(sum.energy_j());  // one reading says nothing of energy
  read(10);
  read(60);  // five periods: a straight line
  EXPECT_DOUBLE_EQ(*sum.energy_j(), 2 * 0.060);
  EXPECT_EQ(counters[Counter::sample_gap], 1U);
  read(1060);  // a second: nobody knows
  EXPECT_DOUBLE_EQ(*sum.energy_j(), 2 * 0.060);
  EXPECT_EQ(counters[Counter::gap_not_bridged], 1U);
  read(1070);
  EXPECT_DOUBLE_EQ(*sum.energy_j(), 2 * 0.070);
  read(1070);  // the same reading, handed out again
  EXPECT_EQ(sum.readings(), 5U);
  read(1000);
  EXPECT_EQ(counters[Counter::time_backwards], 1U);
}

TEST(RailSum, ACounterGivesDifferencesAndGoesOnThroughAGap) {
  ChannelInfo info = power_info();
  info.kind = ChannelKind::energy_counter;
  info.step_a = 0.5;
  RailSum sum(info, kTick);
  Counters counters;
  sum.take(0, 100, 0, "none", counters);
  EXPECT_FALSE(sum.end_frame(0).power_w);  // not known, and not 0
  sum.take(2000 * kMs, 104, 0, "load", counters);
  EXPECT_DOUBLE_EQ(*sum.energy_j(), 2);
  EXPECT_DOUBLE_EQ(sum.phase_energy_j().at("load"), 2);
  EXPECT_DOUBLE_EQ(*sum.end_frame(2000 * kMs).power_w, 1);
  EXPECT_EQ(counters[Counter::gap_not_bridged], 0U);
  sum.take(2010 * kMs, 3, 0, "load", counters);  // it began anew
  EXPECT_DOUBLE_EQ(*sum.energy_j(), 2);
  EXPECT_EQ(counters[Counter::sample_failed], 1U);
}

TEST(RailSum, AFrameHasMeanLeastAndMostAndHoldsWhatIsNotDueYet) {
  RailSum sum(power_info(), kTick);
  Counters counters;
  sum.take(0, 1000, 0, "none", counters);
  sum.take(10 * kMs, 3000, 0, "none", counters);
  sum.take(20 * kMs, 5000, 0, "none", counters);
  const auto first = sum.end_frame(25 * kMs);
  EXPECT_DOUBLE_EQ(*first.power_w, 3);
  EXPECT_DOUBLE_EQ(*first.least_w, 1);
  EXPECT_DOUBLE_EQ(*first.most_w, 5);
  EXPECT_DOUBLE_EQ(*sum.end_frame(45 * kMs).power_w, 5);
  EXPECT_FALSE(sum.end_frame(60 * kMs).power_w);  // it should have said something by now
}

// A board, a sampler and frames, on a clock that the test moves.
struct Rig {
  fake::Bench bench;
  SampleRing ring;
  std::unique_ptr<Sampler> sampler;
  std::unique_ptr<FrameMaker> frames;
  Instant began;

  Rig() {
    static_cast<void>(bench.tree.write(fake::kCpuNode, "200000000"));
    static_cast<void>(bench.tree.write(fake::kGpuNode, "76800000"));
    add_live_watches(bench.board);
    sampler = std::make_unique<Sampler>(bench.board, kTick, kTick);
    sampler->pass_on(ring, Duration::milliseconds(100));
    frames = std::make_unique<FrameMaker>(bench.board, sampler->shape(), kTick,
                                          Duration::milliseconds(100));
    began = bench.clock.now();
    sampler->start();
  }
  LiveFrame frame_after(std::int64_t ms) {
    bench.clock.sleep_for(Duration::milliseconds(ms));
    return frames->make(ring, began, bench.clock.now());
  }
};

TEST(FrameMaker, TellsRailsWatchesAndTheTotal) {
  Rig rig;
  const LiveHead& head = rig.frames->head();
  ASSERT_EQ(head.rails.size(), 2U);
  EXPECT_EQ(head.rails[0].what, "module input");
  EXPECT_EQ(head.rails[1].name, "total");
  ASSERT_EQ(head.watches.size(), 3U);
  EXPECT_EQ(head.watches[0].unit, "Hz");
  EXPECT_EQ(head.watches[2].name, "temperature_cpu");
  EXPECT_TRUE(head.simulated);
  const LiveFrame frame = rig.frame_after(1005);
  EXPECT_DOUBLE_EQ(frame.time_s, 1.005);
  ASSERT_EQ(frame.rails.size(), 2U);
  EXPECT_DOUBLE_EQ(*frame.rails[0].power_w, 5);
  EXPECT_NEAR(*frame.rails[1].energy_j, 5, 1e-9);
  EXPECT_EQ(frame.rails[0].readings, 101U);
  EXPECT_DOUBLE_EQ(*frame.watches[0], 200e6);
  EXPECT_DOUBLE_EQ(*frame.watches[2], 40);
  EXPECT_EQ(frame.throttled, std::optional(false));
  EXPECT_TRUE(frame.counters.empty());
  EXPECT_EQ(frame.number, 0);
  rig.bench.throttled = 3;  // a count that rises
  EXPECT_EQ(rig.frame_after(1000).throttled, std::optional(true));
  const LiveFrame calm = rig.frame_after(1000);
  EXPECT_EQ(calm.throttled, std::optional(false));
  EXPECT_EQ(calm.counters.at(Counter::throttled), 1U);
}

TEST(FrameMaker, ABoardThatGoesAwayIsAbsentAndComesBack) {
  Rig rig;
  static_cast<void>(rig.frame_after(1000));
  rig.bench.sensor->fails = true;
  const LiveFrame away = rig.frame_after(1000);
  EXPECT_FALSE(away.rails[0].power_w);
  EXPECT_FALSE(away.rails[1].power_w);
  EXPECT_NEAR(*away.rails[0].energy_j, 5, 0.06);  // what was measured stays
  EXPECT_NEAR(static_cast<double>(away.counters.at(Counter::sample_failed)), 100, 1);
  EXPECT_TRUE(to_json(away).at("power_w").at(0).is_null());
  rig.bench.sensor->fails = false;
  const LiveFrame back = rig.frame_after(1000);
  EXPECT_DOUBLE_EQ(*back.rails[0].power_w, 5);
  EXPECT_NEAR(*back.rails[0].energy_j, 10, 0.12);
  EXPECT_EQ(back.counters.at(Counter::gap_not_bridged), 1U);
}

TEST(FrameMaker, WatchesOfSlowSamplingStayUntilTheNextAreOverdue) {
  fake::Bench bench;
  static_cast<void>(bench.tree.write(fake::kCpuNode, "200000000"));
  SampleRing ring;
  const Duration tick = Duration::milliseconds(5000);
  Sampler sampler(bench.board, tick, tick);
  sampler.pass_on(ring, Duration::milliseconds(100));
  FrameMaker frames(bench.board, sampler.shape(), tick, Duration::milliseconds(1000));
  const Instant began = bench.clock.now();
  sampler.start();
  for (int second = 0; second < 12; ++second) {
    bench.clock.sleep_for(Duration::milliseconds(1000));
    const LiveFrame frame = frames.make(ring, began, bench.clock.now());
    if (second > 5) {
      EXPECT_TRUE(frame.watches.at(0)) << second;
    }
  }
}

TEST(FrameMaker, PhasesSumUpToTheWhole) {
  Rig rig;
  EXPECT_TRUE(rig.frame_after(500).phase_energy_j.empty());
  rig.frames->enter(rig.began + Duration::milliseconds(600), "inference");
  rig.frames->enter(rig.began + Duration::milliseconds(900), "");
  const LiveFrame frame = rig.frame_after(505);
  EXPECT_EQ(frame.phase, "");
  EXPECT_NEAR(frame.phase_energy_j.at("inference").at(0), 1.5, 0.06);
  EXPECT_NEAR(frame.phase_energy_j.at("inference").at(1) + frame.phase_energy_j.at("none").at(1),
              *frame.rails[1].energy_j, 1e-12);
}

TEST(FrameMaker, ARailThatTheTotalNeedsAndThatIsMissingIsTold) {
  fake::Bench bench;
  bench.board.file.total = "VDD_IN + VDD_OTHER";
  SampleRing ring;
  Sampler sampler(bench.board, kTick, kTick);
  const FrameMaker frames(bench.board, sampler.shape(), kTick, kTick);
  EXPECT_EQ(frames.head().total, "");
  ASSERT_EQ(frames.head().notes.size(), 1U);
  EXPECT_NE(frames.head().notes[0].find("VDD_OTHER"), std::string::npos);
}

TEST(SampleRing, WhatFindsNoRoomIsCountedAndTheRestStays) {
  SampleRing ring;
  SampleTap& tap = ring;
  RawReading reading;
  reading.state = ReadingState::ok;
  for (std::size_t i = 0; i < SampleRing::kRoom + 10; ++i) {
    reading.a = static_cast<std::int32_t>(i);
    tap.reading(0, reading);
  }
  EXPECT_EQ(ring.lost(), 10U);
  SampleRecord record;
  for (std::size_t i = 0; i < SampleRing::kRoom; ++i) {
    ASSERT_TRUE(ring.take(record));
    ASSERT_EQ(record.a, static_cast<std::int32_t>(i));
  }
  EXPECT_FALSE(ring.take(record));
}

TEST(LiveFrame, AsJsonIsOneLineWithNullForWhatIsAbsent) {
  LiveFrame frame;
  frame.rails = {{4.5, 4, 5, 12.25, 3}, {}};
  frame.watches = {std::nullopt, 45.5};
  frame.counters[Counter::sample_gap] = 2;
  const auto json = to_json(frame);
  EXPECT_EQ(json.at("schema"), 1);
  EXPECT_EQ(json.at("event"), "frame");
  EXPECT_EQ(json.at("power_w").dump(), "[4.5,null]");
  EXPECT_EQ(json.at("energy_j").dump(), "[12.25,null]");
  EXPECT_EQ(json.at("watches").dump(), "[null,45.5]");
  EXPECT_EQ(json.at("counters").at("sample_gap"), 2);
  EXPECT_TRUE(json.at("throttled").is_null());
  EXPECT_EQ(json.at("lost_records"), 0);
  LiveHead head;
  head.board = "a\nb\xff";
  EXPECT_EQ(line_of(to_json(head)).find('\n'), std::string::npos);
}

LiveHead head_of_two() {
  LiveHead head;
  head.board = "jetson-nano";
  head.simulated = true;
  head.rails = {{"VDD_IN", "", "", ""}, {"total", "", "", ""}};
  head.watches = {{"cpu_frequency", "clock", "Hz"},
                  {"temperature_CPU", "temperature", "°C"},
                  {"fan_speed", "fan", ""}};
  return head;
}

TEST(MonitorPage, FollowsTheFormatAndNeverFalls) {
  MonitorPage page;
  MonitorSink& sink = page;
  ASSERT_TRUE(sink.begin(head_of_two()));
  LiveFrame frame;
  frame.rails = {{4.5, 4, 5, 12.25, 3},
                 {std::nullopt, std::nullopt, std::nullopt, std::nullopt, 0}};
  frame.watches = {1.479e9, 45.5, std::nullopt};
  frame.throttled = true;
  frame.counters[Counter::sample_gap] = 2;
  ASSERT_TRUE(sink.show(frame));
  const test::ExpositionReader reader(page.page(true));
  EXPECT_EQ(reader.faults(), std::vector<std::string>{}) << page.page(true);
  EXPECT_EQ(reader.find("isojoule_power_watts", {})->value, 4.5);
  const auto* energy = reader.find("isojoule_energy_joules_total", {});
  ASSERT_NE(energy, nullptr);
  EXPECT_EQ(energy->value, 12.25);
  EXPECT_EQ(energy->labels.at("phase"), "none");
  EXPECT_EQ(energy->labels.at("simulated"), "true");
  EXPECT_EQ(reader.find("isojoule_clock_hertz", {{"clock", "cpu"}})->value, 1.479e9);
  EXPECT_EQ(reader.find("isojoule_temperature_celsius", {{"zone", "CPU"}})->value, 45.5);
  EXPECT_EQ(reader.find("isojoule_watch_value", {}), nullptr);
  EXPECT_EQ(reader.find("isojoule_throttled", {})->value, 1);
  EXPECT_EQ(reader.find("isojoule_data_faults_total", {{"counter", "sample_gap"}})->value, 2);
  frame.rails[0].energy_j = 11;  // power was negative
  frame.rails[0].power_w.reset();
  ASSERT_TRUE(sink.show(frame));
  const test::ExpositionReader later(page.page(true));
  EXPECT_EQ(later.find("isojoule_energy_joules_total", {})->value, 12.25);
  EXPECT_EQ(later.find("isojoule_power_watts", {}), nullptr);
  const test::ExpositionReader over(page.page(false));
  EXPECT_EQ(over.find("isojoule_readings_total", {{"rail", "VDD_IN"}})->value, 3);
  EXPECT_EQ(over.find("isojoule_monitor_lost_records_total", {})->value, 0);
  EXPECT_EQ(over.find("isojoule_monitor_running", {})->value, 0);
  EXPECT_EQ(over.find("isojoule_clock_hertz", {}), nullptr);
  EXPECT_EQ(over.find("isojoule_energy_joules_total", {})->value, 12.25);
}

TEST(MonitorServer, GreetsWithTheHeadAndThinnedFramesInOrder) {
  const MonitorPage page;
  MonitorServing serving;
  serving.without_token = true;
  auto server = MonitorServer::open(serving, page);
  ASSERT_TRUE(server) << to_string(server.error());
  MonitorSink& sink = **server;
  ASSERT_TRUE(sink.begin(head_of_two()));
  LiveFrame frame;
  for (int i = 0; i < 1000; ++i) {
    frame.number = i;
    frame.time_s = 0.1 * i;
    ASSERT_TRUE(sink.show(frame));
  }
  const auto greeting = nlohmann::json::parse((*server)->greeting());
  EXPECT_EQ(greeting.at("event"), "head");
  EXPECT_EQ(greeting.at("rails").size(), 2U);
  std::vector<std::int64_t> numbers;
  for (const auto& event : greeting.at("frames")) numbers.push_back(event.at("number"));
  ASSERT_FALSE(numbers.empty());
  EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end()));
  EXPECT_EQ(numbers.back(), 999);
  // 300 of the last 30 s, and one of each of the 70 s before.
  EXPECT_NEAR(static_cast<double>(numbers.size()), 300 + 70, 2);
}

TEST(MonitorServer, NoTokenOnlyWhereNobodyElseReachesIt) {
  const MonitorPage page;
  MonitorServing serving;
  serving.address = "0.0.0.0";
  serving.without_token = true;
  const auto refused = MonitorServer::open(serving, page);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
  serving.address = "127.0.0.1";
  serving.without_token = false;
  const auto first = MonitorServer::open(serving, page),
             second = MonitorServer::open(serving, page);
  ASSERT_TRUE(first && second);
  const std::string url = (*first)->url();
  EXPECT_EQ(url.size() - url.find("?token="), 7U + 32U) << url;
  EXPECT_NE(url.substr(url.find('?')), (*second)->url().substr((*second)->url().find('?')));
}

// A file of its own for a recording of the rig, gone with the test.
struct RecordingPlace {
  RecordingPlace() { std::filesystem::remove(path); }
  ~RecordingPlace() { std::filesystem::remove(path); }
  RecordingPlace(const RecordingPlace&) = delete;
  RecordingPlace& operator=(const RecordingPlace&) = delete;

  Result<std::unique_ptr<LiveRecording>> record(const Rig& rig) const {
    LiveRecording::About about;
    about.info.name = "monitor";
    about.info.board = "fake-board";
    about.info.total = "VDD_IN";
    about.network = "monitor";
    return LiveRecording::create(path, about, rig.sampler->shape(), rig.began);
  }

  const std::string path =
      (std::filesystem::temp_directory_path() / ("isojoule-recording-" + std::to_string(getpid())))
          .string();
};

TEST(LiveRecording, APieceGrowsInPlaceAndIsARunWithItsEnergies) {
  Rig rig;
  const RecordingPlace place;
  auto recording = place.record(rig);
  ASSERT_TRUE(recording) << to_string(recording.error());
  rig.frames->listen([&](const SampleRecord& record) { (*recording)->take(record); });
  Event begins;
  begins.kind = EventKind::phase_begin;
  begins.phase = PhaseKind::inference;
  begins.begin = rig.began + Duration::milliseconds(2000);
  (*recording)->take(begins);
  for (int i = 0; i < 12; ++i) {
    static_cast<void>(rig.frame_after(1000));
    ASSERT_TRUE((*recording)->tidy(rig.bench.clock.now(), rig.frames->counters()));
  }
  // As after a SIGKILL: what was saved last is there, whole.
  {
    const auto study = StudyFile::open(place.path, StudyFile::Mode::read);
    ASSERT_TRUE(study) << to_string(study.error());
    const auto runs = (*study)->runs();
    ASSERT_TRUE(runs);
    ASSERT_EQ(runs->size(), 1U);
    EXPECT_NEAR(runs->front().phases.at(0).duration().value(), 8, 1e-9);
    const auto trace = (*study)->trace(runs->front().id);
    ASSERT_TRUE(trace);
    EXPECT_EQ(trace->channels.at(0).time_ns.size(), 1001U);
    EXPECT_EQ(trace->watches.at(0).time_ns.size(), 101U);
  }
  ASSERT_TRUE((*recording)->finish(rig.bench.clock.now(), rig.frames->counters()));
  recording->reset();
  auto study = StudyFile::open(place.path, StudyFile::Mode::read);
  const auto runs = (*study)->runs();
  ASSERT_TRUE(runs && runs->size() == 1);
  const auto& run = runs->front();
  ASSERT_EQ(run.windows.size(), 1U);
  EXPECT_EQ(run.windows[0].name, "monitored");
  EXPECT_NEAR(run.window_energies.at(0).gross.value->value(), 60, 1e-6);
  EXPECT_NEAR(run.energy(PhaseKind::inference)->gross.value->value(), 50, 1e-6);
  EXPECT_EQ(run.temperature_end_c.at("cpu"), 40);
  study->reset();
}

TEST(LiveRecording, PiecesAreNoRepeatsAndWhatCrossesTheCutIsNotLostUnseen) {
  Rig rig;
  const RecordingPlace place;
  auto recording = place.record(rig);
  ASSERT_TRUE(recording) << to_string(recording.error());
  const auto read = [&](std::int64_t second) {
    SampleRecord record;
    record.kind = SampleRecord::Kind::reading;
    record.time_ns = rig.began.ns + second * 1'000 * kMs;
    record.a = 5000;
    (*recording)->take(record);
  };
  const auto at = [&](std::int64_t second) {
    return rig.began + Duration::milliseconds(1000 * second);
  };
  for (std::int64_t second = 0; second <= 3600; ++second) read(second);
  ASSERT_TRUE((*recording)->tidy(at(3600), {}));
  EXPECT_EQ((*recording)->pieces(), 1);  // the second has nothing yet
  Event batch, window;
  batch.kind = EventKind::batch;
  batch.begin = at(3599);
  batch.end = at(3601);
  window.kind = EventKind::windows;
  window.windows = {{"crosses", at(3590), at(3605)}};
  (*recording)->take(batch);
  (*recording)->take(window);
  for (std::int64_t second = 3601; second <= 3610; ++second) read(second);
  ASSERT_TRUE((*recording)->finish(at(3610), {}));
  EXPECT_EQ((*recording)->pieces(), 2);
  recording->reset();
  auto study = StudyFile::open(place.path, StudyFile::Mode::read);
  const auto runs = (*study)->runs();
  ASSERT_TRUE(runs && runs->size() == 2);
  EXPECT_EQ(runs->at(0).network, "monitor");
  EXPECT_EQ(runs->at(1).network, "monitor, part 2");
  EXPECT_EQ(runs->at(1).repeat, 0);
  EXPECT_EQ(runs->at(0).inferences + runs->at(1).inferences, 1);
  EXPECT_EQ(runs->at(1).counters[Counter::window_lost], 1U);
  study->reset();
}

}  // namespace
}  // namespace isojoule
