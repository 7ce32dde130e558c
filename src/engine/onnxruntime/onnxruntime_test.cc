// The real worker with the real library, on a small network that is written here: two layers
// (Gemm, Relu), so that every phase is there and a batch takes microseconds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/engine_rig.h"
#include "engine/sample_models.h"

namespace isojoule {
namespace {

using testing::HasSubstr;

// y = x + x on whole numbers, with a second open dimension.
std::string token_model() {
  onnx::ModelProto model = empty_model();
  onnx::GraphProto& graph = *model.mutable_graph();
  describe(*graph.add_input(), "tokens", {"batch", "length"}, onnx::TensorProto::INT64);
  describe(*graph.add_output(), "y", {"batch", "length"}, onnx::TensorProto::INT64);
  add_node(model, "Add", {"tokens", "tokens"}, "y");
  return model.SerializeAsString();
}

class OnnxRuntimeTest : public EngineRig {
 protected:
  OnnxRuntimeTest() : EngineRig("onnxruntime") {}
  void SetUp() override {
    EngineRig::SetUp();
    if (IsSkipped()) return;
    const Outcome probe = run(gemm_model("1"), {});
    if (probe.error && probe.error->kind == ErrorKind::not_found)
      GTEST_SKIP() << "skipped: " << probe.error->what;
  }
};

TEST_F(OnnxRuntimeTest, runs_a_network_phase_by_phase_on_our_clock) {
  Job job;
  job.batch = 8;
  job.inferences = 80'000;  // more marks than one message holds
  job.warmup_batches = 3;
  job.threads = 1;
  const Instant before = clock_->now();
  const Outcome outcome = run(gemm_model("n"), job);
  const Instant after = clock_->now();
  ASSERT_FALSE(outcome.error) << to_string(*outcome.error);
  EXPECT_EQ(outcome.phases,
            (std::vector{PhaseKind::process_start, PhaseKind::load, PhaseKind::graph_initialisation,
                         PhaseKind::inputs, PhaseKind::first_inference, PhaseKind::warm_up,
                         PhaseKind::inference, PhaseKind::post_processing, PhaseKind::tear_down}));
  EXPECT_EQ(outcome.batches, 10'000);
  EXPECT_EQ(outcome.events.back().kind, EventKind::finished);
  for (const Event& event : outcome.events) {
    if (event.kind == EventKind::phase_begin || event.kind == EventKind::batch) {
      EXPECT_GE(event.begin, before);
    }
    if (event.kind == EventKind::phase_end || event.kind == EventKind::batch) {
      EXPECT_LE(event.end, after);
    }
  }
  EXPECT_THAT(outcome.notes.at("engine"), testing::StartsWith("onnxruntime 1."));
  EXPECT_EQ(outcome.notes.at("provider"), "CPU");
  EXPECT_EQ(outcome.notes.at("threads"), "1");
  EXPECT_EQ(outcome.notes.at("optimisation"), "all");
  EXPECT_EQ(outcome.notes.at("input x"), "8x4");
}

TEST_F(OnnxRuntimeTest, without_warm_up_there_is_no_such_phase) {
  const Outcome outcome = run(gemm_model("n"), {});
  ASSERT_FALSE(outcome.error) << to_string(*outcome.error);
  EXPECT_THAT(outcome.phases, testing::Not(testing::Contains(PhaseKind::warm_up)));
  EXPECT_EQ(outcome.batches, 1);
}

TEST_F(OnnxRuntimeTest, layers_come_from_the_runtimes_own_profile_in_their_order) {
  Job job;
  job.graph = "dynamic";  // no fusion: the nodes are those of the file
  job.profile_batches = 7;
  const Outcome outcome = run(gemm_model("n"), job);
  ASSERT_FALSE(outcome.error) << to_string(*outcome.error);
  EXPECT_EQ(outcome.notes.at("optimisation"), "disable");
  EXPECT_THAT(outcome.phases, testing::Contains(PhaseKind::profiling));
  std::vector<LayerTime> layers;
  for (const Event& event : outcome.events)
    if (event.kind == EventKind::layers) layers = event.layers;
  ASSERT_EQ(layers.size(), 2u);
  EXPECT_EQ(layers[0].operation, "Gemm");
  EXPECT_EQ(layers[1].operation, "Relu");
  EXPECT_EQ(layers[0].device, "CPU");
  EXPECT_EQ(layers[0].batches, 7);
}

TEST_F(OnnxRuntimeTest, what_the_library_cannot_do_is_said_before_anything_runs) {
  Job on_gpu;
  on_gpu.accelerator = "gpu";
  const Outcome no_cuda = run(gemm_model("n"), on_gpu);
  ASSERT_TRUE(no_cuda.error);
  EXPECT_EQ(no_cuda.error->kind, ErrorKind::unsupported);
  EXPECT_THAT(no_cuda.error->what, HasSubstr("CUDAExecutionProvider"));
  Job half;
  half.precision = "fp16";
  EXPECT_EQ(run(gemm_model("n"), half).error.value().kind, ErrorKind::unsupported);
  half.options["provider"] = "cuda";
  half.accelerator = "cpu";
  EXPECT_EQ(run(gemm_model("n"), half).error.value().kind, ErrorKind::invalid);
}

TEST_F(OnnxRuntimeTest, a_warm_up_lasts_as_long_as_asked_and_says_how_long) {
  Job job;
  job.warmup_batches = 2;
  job.warmup_time = Duration::milliseconds(50);
  const Outcome outcome = run(gemm_model("n"), job);
  ASSERT_FALSE(outcome.error) << to_string(*outcome.error);
  EXPECT_THAT(outcome.notes.at("warm_up"), HasSubstr("0.05"));
}

TEST_F(OnnxRuntimeTest, a_limit_of_memory_is_kept) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "skipped: the sanitizer's shadow does not fit into a limit";
#endif
  Job job;
  job.batch = 20'000'000;  // 320 MB an input
  job.options["memory_limit_mib"] = "200";
  const Outcome outcome = run(gemm_model("n"), job);
  ASSERT_TRUE(outcome.error);
  EXPECT_THAT(outcome.error->what, testing::StartsWith("out of memory"));
}

TEST_F(OnnxRuntimeTest, a_built_in_batch_and_another_one_are_both_named) {
  Job job;
  job.batch = 8;
  const Outcome outcome = run(gemm_model("3"), job);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind, ErrorKind::invalid);
  EXPECT_EQ(outcome.error->what, "input 'x' (3x4) has batch 3 built in, the job asks for batch 8");
  job.batch = 3;
  EXPECT_FALSE(run(gemm_model("3"), job).error);
}

TEST_F(OnnxRuntimeTest, other_open_dimensions_need_an_option) {
  Job job;
  job.batch = 2;
  const Outcome open = run(token_model(), job);
  ASSERT_TRUE(open.error);
  EXPECT_EQ(open.error->kind, ErrorKind::invalid);
  EXPECT_THAT(open.error->remedy, HasSubstr("shape.tokens=2x?"));

  job.options["shape.tokens"] = "2x16";
  job.options["limit.tokens"] = "1000";
  const Outcome chosen = run(token_model(), job);
  ASSERT_FALSE(chosen.error) << to_string(*chosen.error);
  EXPECT_EQ(chosen.notes.at("input tokens"), "2x16");

  job.options["shape.tokens"] = "3x16";
  EXPECT_THAT(run(token_model(), job).error->what, HasSubstr("does not fit input 'tokens'"));
}

TEST_F(OnnxRuntimeTest, wrong_options_are_named_with_the_nearest) {
  const auto error_of = [&](const std::string& key, const std::string& value) {
    Job job;
    job.options[key] = value;
    const Outcome outcome = run(gemm_model("n"), job);
    return outcome.error.value_or(Error{});
  };
  EXPECT_THAT(error_of("optimization", "all").remedy, HasSubstr("'optimisation'"));
  EXPECT_EQ(error_of("optimisation", "most").kind, ErrorKind::invalid);
  EXPECT_EQ(error_of("spinning", "fast").kind, ErrorKind::invalid);
  EXPECT_EQ(error_of("shape.x", "1x0").kind, ErrorKind::invalid);
  EXPECT_EQ(error_of("shape.x", "1xa").kind, ErrorKind::invalid);
  EXPECT_EQ(error_of("shape.z", "1x4").kind, ErrorKind::not_found);
  EXPECT_EQ(error_of("limit.x", "0").kind, ErrorKind::invalid);
}

TEST_F(OnnxRuntimeTest, every_optimisation_level_runs) {
  for (const char* level : {"disable", "basic", "extended", "all"}) {
    Job job;
    job.options = {{"optimisation", level}, {"spinning", "off"}};
    const Outcome outcome = run(gemm_model("n"), job);
    EXPECT_FALSE(outcome.error) << level;
    EXPECT_EQ(outcome.notes.at("optimisation"), level);
    EXPECT_EQ(outcome.notes.at("spinning"), "off");
  }
}

TEST_F(OnnxRuntimeTest, a_file_that_is_no_model_is_a_typed_error) {
  const std::string good = gemm_model("1");
  for (const std::string& bytes :
       {std::string(), std::string("hello, this is no network"), good.substr(0, good.size() / 2)}) {
    const Outcome outcome = run(bytes, {});
    ASSERT_TRUE(outcome.error);
    EXPECT_TRUE(outcome.error->kind == ErrorKind::parse || outcome.error->kind == ErrorKind::engine)
        << to_string(*outcome.error);
  }
}

TEST_F(OnnxRuntimeTest, outputs_that_are_not_finite_are_a_failure) {
  const Outcome outcome = run(gemm_model("n", 3e38f), {});
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind, ErrorKind::engine);
  EXPECT_THAT(outcome.error->what, HasSubstr("output 'y' holds values that are not finite"));
}

TEST_F(OnnxRuntimeTest, more_than_the_memory_holds_is_told_as_such) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "skipped: the sanitizer's allocator ends the program instead of refusing";
#endif
  Job job;
  job.batch = 2'000'000'000;
  job.options["shape.tokens"] = "2000000000x4000";  // 64 TB
  const Outcome outcome = run(token_model(), job);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind, ErrorKind::engine);
  EXPECT_THAT(outcome.error->what, testing::StartsWith("out of memory"));
}

TEST_F(OnnxRuntimeTest, a_missing_library_names_the_places_and_the_remedy) {
  setenv("ISOJOULE_ONNXRUNTIME", "/nowhere/libonnxruntime.so.1", 1);
  const Outcome outcome = run(gemm_model("1"), {});
  unsetenv("ISOJOULE_ONNXRUNTIME");
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind, ErrorKind::not_found);
  EXPECT_THAT(outcome.error->tried, HasSubstr("/nowhere/libonnxruntime.so.1"));
  EXPECT_THAT(outcome.error->remedy, HasSubstr("tools/setup"));
}

}  // namespace
}  // namespace isojoule
