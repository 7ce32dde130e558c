#include "app/tune/tune_runs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "app/tune/run_probe.h"
#include "experiment/fake_board.h"

namespace isojoule {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

Setting clocks(double gpu_hz, double cpu_hz = 200e6) {
  Setting setting;
  setting.set("batch", 1.0);
  setting.set("gpu_frequency", gpu_hz);
  setting.set("cpu_frequency", cpu_hz);
  return setting;
}

class TuneRunsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "isojoule-runs-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    uses_[""] = {&bench_.engine, {{"net", "/net.onnx"}}, {}};
    protocol_.inferences = 8;
  }
  void TearDown() override {
    study_.reset();
    fs::remove_all(folder_);
  }

  // As a new program would find the study.
  TuneRuns begin() {
    const std::string path = folder_ + "/a.study";
    study_.reset();
    auto study = fs::exists(path) ? StudyFile::open(path, StudyFile::Mode::write)
                                  : StudyFile::create(path, info());
    EXPECT_TRUE(study);
    study_ = std::move(*study);
    TuneRuns runs({bench_.board, uses_, *study_, protocol_, "net", interrupted_});
    EXPECT_TRUE(runs.begin({clocks(76.8e6)}, {clocks(76.8e6), clocks(614.4e6)}));
    return runs;
  }
  static StudyInfo info() {
    StudyInfo info;
    info.name = "tune";
    info.board = "fake-board";
    info.plan_hash = "x";
    return info;
  }
  static TuneRuns::Ask ask(double gpu_hz) { return {.setting = clocks(gpu_hz), .inferences = 8}; }

  std::string folder_;
  fake::Bench bench_;
  EngineUses uses_;
  Protocol protocol_;
  std::atomic<bool> interrupted_ = false;
  std::unique_ptr<StudyFile> study_;
};

TEST_F(TuneRunsTest, StoresRunsAndFindsThemAgain) {
  TuneRuns runs = begin();
  const auto made = runs.run(ask(614.4e6));
  ASSERT_TRUE(made) << to_string(made.error());
  EXPECT_EQ(failure_of(*made), "");
  const Metrics metrics = metrics_of(*made);
  EXPECT_NEAR(*at(metrics, Metric::latency), 0.125, 1e-9);
  EXPECT_NEAR(*at(metrics, Metric::latency_p99), 0.125, 1e-9);
  EXPECT_NEAR(*at(metrics, Metric::power), 5, 0.05);
  EXPECT_NEAR(*at(metrics, Metric::energy), 5 * 0.125, 0.01);
  TuneRuns again = begin();
  ASSERT_NE(again.next_stored(), nullptr);
  EXPECT_EQ(again.next_stored()->setting, clocks(614.4e6));
  const auto notes = notes_of(*again.next_stored());
  ASSERT_TRUE(notes);
  EXPECT_GT(notes->took_s, 1);
  again.pass_stored();
  EXPECT_EQ(again.next_stored(), nullptr);
  EXPECT_EQ(again.made(), 0);
}

TEST_F(TuneRunsTest, MemoryIsWhatTheEngineNotedAndOtherwiseAbsent) {
  TuneRuns runs = begin();
  auto made = runs.run(ask(614.4e6));
  ASSERT_TRUE(made) << to_string(made.error());
  EXPECT_FALSE(at(metrics_of(*made), Metric::memory));
  EXPECT_THAT(why_no_memory(*made), HasSubstr("no word"));
  made->notes["peak_memory"] = "not known: the kernel is old";
  EXPECT_EQ(why_no_memory(*made), "not known: the kernel is old");
  for (const char* bad : {"", "0", "-5", "12 kB", "1e9", "99999999999999999999"}) {
    made->notes["peak_memory_bytes"] = bad;
    EXPECT_FALSE(at(metrics_of(*made), Metric::memory)) << bad;
  }
  made->notes["peak_memory_bytes"] = "123456789";
  EXPECT_EQ(at(metrics_of(*made), Metric::memory), 123456789.0);
}

TEST_F(TuneRunsTest, AClockThatIsRefusedIsThisSettingsFailure) {
  TuneRuns runs = begin();
  bench_.knob("gpu_frequency").stuck = true;
  const auto made = runs.run(ask(614.4e6));
  ASSERT_TRUE(made) << to_string(made.error());
  const auto notes = notes_of(*made);
  ASSERT_TRUE(notes);
  const Probe probe = probe_of(*made, *notes, 1);
  EXPECT_THAT(probe.failure, HasSubstr("gpu_frequency: asked for 614.4 MHz, reads 76.8 MHz"));
  EXPECT_TRUE(probe.definite);
  EXPECT_FALSE(at(probe.metrics, Metric::energy));
  EXPECT_GT(probe.seconds, 0);
}

TEST_F(TuneRunsTest, AWriteThatTheKernelRefusesSaysNothingOfTheEngine) {
  TuneRuns runs = begin();
  bench_.tree.add_node(
      fake::kGpuNode, [](std::span<char> into) { return copy_text("open", into); },
      [](std::string_view text) -> Status {
        if (text != "614400000") return {};
        return fail(ErrorKind::invalid, "gpu: Invalid argument");  // EINVAL
      });
  const auto made = runs.run(ask(614.4e6));
  ASSERT_TRUE(made) << to_string(made.error());
  EXPECT_THAT(failure_of(*made), HasSubstr("Invalid argument"));
  EXPECT_TRUE(notes_of(*made)->definite);
  EXPECT_FALSE(notes_of(*made)->engine_error);
  EXPECT_FALSE(runs.known_failure(clocks(76.8e6)));
  EXPECT_FALSE(runs.hopeless());
  TuneRuns again = begin();
  again.pass_stored();
  EXPECT_FALSE(again.known_failure(clocks(76.8e6)));
}

TEST_F(TuneRunsTest, WhatTheEngineRefusesIsKnownAgainAfterAResume) {
  TuneRuns runs = begin();
  bench_.script.refuses = [](const Job&) {
    return Error{ErrorKind::unsupported, "no such precision here", "", ""};
  };
  ASSERT_TRUE(runs.run(ask(614.4e6)));
  ASSERT_TRUE(runs.known_failure(clocks(76.8e6)));
  TuneRuns again = begin();
  EXPECT_FALSE(again.known_failure(clocks(76.8e6)));
  again.pass_stored();
  const auto known = again.known_failure(clocks(76.8e6));
  ASSERT_TRUE(known);
  EXPECT_THAT(known->failure, HasSubstr("no such precision here"));
  EXPECT_TRUE(again.hopeless());
}

TEST_F(TuneRunsTest, ABoardThatWasHotMayDoItAnotherDay) {
  TuneRuns runs = begin();
  bench_.script.at_inference = [this](int) { ++bench_.throttled; };
  const auto made = runs.run(ask(614.4e6));
  ASSERT_TRUE(made) << to_string(made.error());
  const Probe probe = probe_of(*made, *notes_of(*made), 1);
  EXPECT_EQ(probe.failure, "the board throttled");
  EXPECT_FALSE(probe.definite);
}

TEST_F(TuneRunsTest, AnEngineThatCrashesTwiceCannotDoIt) {
  TuneRuns runs = begin();
  bench_.script.crashes = [](const Job&, int) { return true; };
  const auto made = runs.run(ask(614.4e6));
  ASSERT_TRUE(made);
  EXPECT_EQ(bench_.script.runs, 2);
  EXPECT_THAT(failure_of(*made), HasSubstr("crashed"));
  bench_.script.crashes = [](const Job&, int run) { return run == 2; };
  const auto once = runs.run(ask(76.8e6));
  ASSERT_TRUE(once);
  EXPECT_EQ(failure_of(*once), "");
}

TEST_F(TuneRunsTest, ALackOfMemoryTwiceIsKnownAtEveryClock) {
  TuneRuns runs = begin();
  bench_.script.out_of_memory = [](const Job&, int) { return true; };
  ASSERT_TRUE(runs.run(ask(614.4e6)));
  EXPECT_FALSE(runs.known_failure(clocks(76.8e6)));
  ASSERT_TRUE(runs.run(ask(921.6e6)));
  const auto known = runs.known_failure(clocks(76.8e6));
  ASSERT_TRUE(known);
  EXPECT_THAT(known->failure, HasSubstr("does not fit"));
  TuneRuns again = begin();  // is known again as the runs are told again
  EXPECT_FALSE(again.known_failure(clocks(76.8e6)));
  again.pass_stored();
  again.pass_stored();
  EXPECT_TRUE(again.known_failure(clocks(76.8e6)));
}

TEST_F(TuneRunsTest, ABoardThatGoesAwayLosesNothing) {
  TuneRuns runs = begin();
  ASSERT_TRUE(runs.run(ask(614.4e6)));
  bench_.script.at_inference = [this](int) { bench_.tree.remove(fake::kGpuNode); };
  ASSERT_TRUE(runs.run(ask(76.8e6)));  // it was over when the node went
  const auto gone = runs.run(ask(921.6e6));
  ASSERT_FALSE(gone);
  EXPECT_THAT(gone.error().what, HasSubstr("the board is gone"));
  EXPECT_THAT(gone.error().remedy, HasSubstr("goes on from there"));
  bench_.tree.add_text(fake::kGpuNode, "open");
  bench_.script.at_inference = {};
  TuneRuns again = begin();
  EXPECT_EQ(again.stored(), 2);
  again.pass_stored();
  again.pass_stored();
  EXPECT_TRUE(again.run(ask(921.6e6)));
}

TEST_F(TuneRunsTest, AnInterruptionIsToldBeforeAnythingIsTurned) {
  TuneRuns runs = begin();
  interrupted_ = true;
  const auto made = runs.run(ask(614.4e6));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, ErrorKind::interrupted);
  EXPECT_EQ(bench_.script.runs, 0);
}

}  // namespace
}  // namespace isojoule
