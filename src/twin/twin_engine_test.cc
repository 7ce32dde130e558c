#include "twin/twin_engine.h"

#include <gmock/gmock.h>

#include "twin/test_board.h"
#include "twin/virtual_clock.h"

namespace isojoule::twin {
namespace {

constexpr Instant kFar{3'600'000'000'000};

// One convolution as a matrix product; each image adds its rows.
NetworkCost one_layer(std::int64_t batch) {
  LayerCost layer;
  layer.name = "convolution";
  layer.operation = "Conv";
  layer.rows = 3136 * batch;
  layer.columns = 64;
  layer.depth = 576;
  layer.groups = 1;
  layer.macs = layer.rows * layer.columns * layer.depth;
  layer.bytes_read = layer.bytes_written = layer.rows * 64 * 4;
  layer.bytes_weights = 64 * 576 * 4;
  NetworkCost cost;
  cost.batch = batch;
  cost.layers = {layer};
  return cost;
}

class TwinEngineTest : public ::testing::Test {
 protected:
  Constants constants_ = small_constants();
  Simulation simulation_{constants_, 1, false};
  VirtualClock clock_{simulation_};
  int asked_ = 0;
  TwinEngine engine_{simulation_, clock_, constants_,
                     [this](const std::string& path, std::int64_t batch) -> Result<NetworkCost> {
                       ++asked_;
                       if (path == "missing.onnx")
                         return fail(ErrorKind::not_found, "missing.onnx: no such file");
                       return one_layer(batch);
                     }};
  Job job_;
  void SetUp() override {
    job_.model_path = "model.onnx";
    job_.network = "model";
    job_.batch = 4;
    job_.inferences = 12;
    job_.warmup_batches = 1;
  }
  std::vector<Event> all(Session& session) {
    std::vector<Event> events;
    while (auto event = *session.next_event(kFar)) events.push_back(*event);
    return events;
  }
};

TEST_F(TwinEngineTest, PhasesComeInOrderAndEachBatchIsMarked) {
  EXPECT_EQ(engine_.name(), "twin");
  auto session = *engine_.start(job_);
  std::vector<std::pair<EventKind, PhaseKind>> phases;
  std::vector<BatchMark> batches;
  Instant last{0};
  EventKind final = EventKind::note;
  for (const Event& event : all(*session)) {
    final = event.kind;
    if (event.kind == EventKind::phase_begin || event.kind == EventKind::phase_end) {
      const Instant at = event.kind == EventKind::phase_begin ? event.begin : event.end;
      EXPECT_GE(at, last);
      last = at;
      phases.emplace_back(event.kind, event.phase);
    }
    if (event.kind == EventKind::batch) batches.push_back({event.begin, event.end});
  }
  std::vector<std::pair<EventKind, PhaseKind>> expected;
  for (const PhaseKind phase :
       {PhaseKind::process_start, PhaseKind::load, PhaseKind::graph_initialisation,
        PhaseKind::inputs, PhaseKind::first_inference, PhaseKind::warm_up, PhaseKind::inference,
        PhaseKind::tear_down}) {
    expected.emplace_back(EventKind::phase_begin, phase);
    expected.emplace_back(EventKind::phase_end, phase);
  }
  EXPECT_EQ(phases, expected);
  EXPECT_EQ(final, EventKind::finished);
  ASSERT_EQ(batches.size(), 3U);
  for (std::size_t i = 0; i < batches.size(); ++i) {
    EXPECT_LT(batches[i].begin, batches[i].end);
    if (i > 0) {
      EXPECT_GE(batches[i].begin, batches[i - 1].end);
    }
  }
  EXPECT_LT(clock_.now(), kFar);  // it does not run on after the end
}

TEST_F(TwinEngineTest, ItSaysThatItIsSimulatedAndThatItRoundsUp) {
  job_.inferences = 10;
  auto session = *engine_.start(job_);
  std::map<std::string, std::string> notes;
  int batches = 0;
  for (const Event& event : all(*session)) {
    if (event.kind == EventKind::note) notes[event.key] = event.value;
    if (event.kind == EventKind::batch) ++batches;
  }
  EXPECT_EQ(batches, 3);
  EXPECT_EQ(notes["simulated"], "yes");
  EXPECT_EQ(notes["board"], "jetson-nano");
  EXPECT_EQ(notes["inferences"], "12");
  EXPECT_EQ(notes["network_constants"], "other");
}

TEST_F(TwinEngineTest, TickersTickWhileItRuns) {
  auto session = *engine_.start(job_);
  int ticks = 0;
  const Instant start = clock_.now();
  const auto ticker = clock_.every(Duration::milliseconds(10), [&](Instant) { ++ticks; });
  all(*session);
  EXPECT_EQ(ticks, (clock_.now() - start).ns / 10'000'000 + 1);
  EXPECT_GT(ticks, 10);
}

TEST_F(TwinEngineTest, TheDeadlineComesFirst) {
  auto session = *engine_.start(job_);
  int seen = 0;
  const Instant deadline = clock_.now() + Duration::milliseconds(1);
  while (*session->next_event(deadline)) ++seen;
  EXPECT_GE(seen, 3);
  EXPECT_EQ(clock_.now(), deadline);
  EXPECT_TRUE(simulation_.running());
}

TEST_F(TwinEngineTest, AKilledSessionLeavesNothingBehind) {
  auto session = *engine_.start(job_);
  clock_.sleep_for(Duration::milliseconds(500));
  EXPECT_EQ(engine_.start(job_).error().kind, ErrorKind::busy);
  session.reset();
  EXPECT_FALSE(simulation_.running());
  auto second = engine_.start(job_);
  ASSERT_TRUE(second);
  EXPECT_EQ((*(*second)->next_event(kFar))->key, "simulated");
}

TEST_F(TwinEngineTest, CostsAreAskedForOnceAPathAndBatch) {
  for (int i = 0; i < 3; ++i) all(**engine_.start(job_));
  EXPECT_EQ(asked_, 1);
  job_.batch = 2;
  all(**engine_.start(job_));
  EXPECT_EQ(asked_, 2);
}

TEST_F(TwinEngineTest, WhatCannotStart) {
  job_.batch = 0;
  EXPECT_EQ(engine_.start(job_).error().kind, ErrorKind::invalid);
  job_.batch = 1;
  job_.model_path = "missing.onnx";
  EXPECT_EQ(engine_.start(job_).error().kind, ErrorKind::not_found);
  job_.model_path = "model.onnx";
  EXPECT_TRUE(engine_.start(job_));
}

// The number that decides whether it fits: with a byte less, rounded, it would not.
TEST_F(TwinEngineTest, SaysWhatTheNetworkNeedsOfMemory) {
  double last = 0;
  for (const std::int64_t batch : {1, 2, 4}) {
    job_.batch = job_.inferences = batch;
    auto session = *engine_.start(job_);
    const auto events = all(*session);
    ASSERT_GE(events.size(), 2U);
    ASSERT_EQ(events.back().kind, EventKind::finished);
    const Event& note = events[events.size() - 2];
    ASSERT_EQ(note.key, "peak_memory_bytes");
    const double bytes = std::stod(note.value);
    EXPECT_GT(bytes, constants_.runtime_gb * 1e9);
    EXPECT_GT(bytes, last);
    last = bytes;
    session.reset();
    for (const double more : {1.0, -1.0}) {
      Constants other = constants_;
      other.memory_gb = (bytes + more) * 1e-9;
      Simulation simulation(other, 1, false);
      VirtualClock clock(simulation);
      TwinEngine engine(
          simulation, clock, other,
          [&](const std::string&, std::int64_t n) -> Result<NetworkCost> { return one_layer(n); });
      auto again = *engine.start(job_);
      std::optional<Event> end;
      while (auto event = *again->next_event(kFar)) end = event;
      ASSERT_TRUE(end);
      EXPECT_EQ(end->kind, more > 0 ? EventKind::finished : EventKind::failed);
    }
  }
}

TEST_F(TwinEngineTest, ABatchThatDoesNotFitIsOutOfMemory) {
  job_.batch = 1 << 14;
  job_.inferences = job_.batch;
  auto session = *engine_.start(job_);
  const auto events = all(*session);
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.back().kind, EventKind::failed);
  ASSERT_TRUE(events.back().error);
  EXPECT_THAT(events.back().error->what, ::testing::StartsWith("out of memory"));
  EXPECT_FALSE(*session->next_event(kFar));
}

}  // namespace
}  // namespace isojoule::twin
