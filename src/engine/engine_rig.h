// For the engines' tests: one job from its start to its last word, with the real worker.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/worker_engine.h"

namespace isojoule {

inline const std::string kWorkers = ISOJOULE_BINARY_DIR "/bin";

struct Outcome {
  std::vector<Event> events;
  std::map<std::string, std::string> notes;
  std::vector<PhaseKind> phases;
  std::vector<LayerTime> layers;
  int batches = 0;
  bool finished = false;
  std::optional<Error> error;
};

inline void take(const Event& event, Outcome& outcome) {
  outcome.events.push_back(event);
  switch (event.kind) {
    case EventKind::note: outcome.notes[event.key] = event.value; break;
    case EventKind::phase_begin: outcome.phases.push_back(event.phase); break;
    case EventKind::batch: ++outcome.batches; break;
    case EventKind::layers:
      outcome.layers.insert(outcome.layers.end(), event.layers.begin(), event.layers.end());
      break;
    case EventKind::finished: outcome.finished = true; break;
    case EventKind::failed: outcome.error = event.error; break;
    default: break;
  }
}

// A test of one engine, with a folder of its own; skipped where the worker is not built.
class EngineRig : public testing::Test {
 protected:
  explicit EngineRig(std::string engine) : engine_(std::move(engine)) {}
  void SetUp() override {
    if (!find_worker(engine_, kWorkers)) GTEST_SKIP() << "skipped: the worker is not built";
    std::string pattern = testing::TempDir() + "isojoule_" + engine_ + "_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override {
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }

  std::string write(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return (folder_ / name).string();
  }
  // `model`: the bytes of an ONNX file.
  Outcome run(const std::string& model, Job job) {
    job.model_path = write("model.onnx", model);
    return run_job(std::move(job), engine_);
  }
  Outcome run_job(Job job, const std::string& engine_name) {
    job.options.try_emplace("timeout_s", "120");
    Outcome outcome;
    auto engine = open_engine(engine_name, kWorkers, *clock_);
    auto session = (*engine)->start(job);
    EXPECT_TRUE(session) << to_string(session.error());
    while (session) {
      const auto event = (*session)->next_event(clock_->now() + Duration::milliseconds(200'000));
      if (!event || !*event) break;
      take(**event, outcome);
    }
    return outcome;
  }

  const std::string engine_;
  std::filesystem::path folder_;
  std::unique_ptr<Clock> clock_ = make_real_clock();
};

}  // namespace isojoule
