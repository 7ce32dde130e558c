// The real worker with a program that behaves like trtexec (testdata/fake_trtexec) on a small
// network that is written here. What a real trtexec does on a board, nobody has tried.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/engine.h"
#include "engine/sample_models.h"
#include "engine/worker_engine.h"

namespace isojoule {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string kWorkers = ISOJOULE_BINARY_DIR "/bin";
const std::string kFake = ISOJOULE_SOURCE_DIR "/src/engine/trtexec/testdata/fake_trtexec";

std::string model(const std::string& batch) {
  onnx::ModelProto model;
  model.set_ir_version(8);
  model.add_opset_import()->set_version(13);
  describe(*model.mutable_graph()->add_input(), "x", {batch, "3", "8", "8"});
  return model.SerializeAsString();
}

std::string token_model() {
  onnx::ModelProto model;
  describe(*model.mutable_graph()->add_input(), "ids:0", {"n", "length"}, onnx::TensorProto::INT64);
  return model.SerializeAsString();
}

struct Outcome {
  std::map<std::string, std::string> notes;
  std::map<PhaseKind, Phase> phase;
  std::vector<PhaseKind> phases;
  std::vector<BatchMark> batches;
  std::vector<LayerTime> layers;
  std::optional<Error> error;
  std::string calls;  // command lines, one a line
};

class TrtexecTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!find_worker("trtexec", kWorkers)) GTEST_SKIP() << "skipped: the worker is not built";
    std::string pattern = testing::TempDir() + "isojoule_trt_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    setenv("TMPDIR", folder_.c_str(), 1);
    setenv("FAKE_TRTEXEC_CALLS", (folder_ / "calls").c_str(), 1);
    job_.batch = 2;
    job_.inferences = 20;
    job_.options["trtexec"] = kFake;
    job_.options["timeout_s"] = "60";
    set("8.5");
  }
  void TearDown() override {
    for (const char* name : {"VERSION", "MODE", "CALLS", "BATCH_MS"})
      unsetenv((std::string("FAKE_TRTEXEC_") + name).c_str());
    unsetenv("TMPDIR");
    std::error_code ignored;
    if (!folder_.empty()) fs::remove_all(folder_, ignored);
  }
  static void set(const std::string& version, const std::string& mode = "") {
    setenv("FAKE_TRTEXEC_VERSION", version.c_str(), 1);
    setenv("FAKE_TRTEXEC_MODE", mode.c_str(), 1);
  }

  Outcome run(const std::string& bytes = model("n")) {
    fs::remove(folder_ / "calls");
    job_.model_path = (folder_ / "model.onnx").string();
    std::ofstream(job_.model_path, std::ios::binary) << bytes;
    Outcome outcome;
    auto engine = open_engine("trtexec", kWorkers, *clock_);
    auto session = (*engine)->start(job_);
    EXPECT_TRUE(session) << to_string(session.error());
    while (session) {
      const auto event = (*session)->next_event(clock_->now() + Duration::milliseconds(100'000));
      if (!event || !*event) break;
      take(**event, outcome);
    }
    std::ifstream calls(folder_ / "calls");
    std::stringstream text;
    text << calls.rdbuf();
    outcome.calls = text.str();
    return outcome;
  }
  static void take(const Event& event, Outcome& outcome) {
    if (event.kind == EventKind::note) outcome.notes[event.key] = event.value;
    if (event.kind == EventKind::phase_begin) {
      outcome.phases.push_back(event.phase);
      outcome.phase[event.phase].begin = event.begin;
    }
    if (event.kind == EventKind::phase_end) outcome.phase[event.phase].end = event.end;
    if (event.kind == EventKind::batch) outcome.batches.push_back({event.begin, event.end});
    if (event.kind == EventKind::layers) outcome.layers = event.layers;
    if (event.kind == EventKind::failed) outcome.error = event.error;
  }
  Error error_of(const std::string& mode, const std::string& version = "8.5") {
    set(version, mode);
    return run().error.value_or(Error{});
  }

  fs::path folder_;
  Job job_;
  std::unique_ptr<Clock> clock_ = make_real_clock();
};

TEST_F(TrtexecTest, every_version_builds_runs_and_places_its_batches) {
  job_.profile_batches = 10;
  job_.options["workspace_mib"] = "256";
  for (const std::string version : {"8.0", "8.2", "8.4", "8.5", "8.6", "10.0", "10.3", "10.4"}) {
    set(version);
    const Instant before = clock_->now();
    const Outcome outcome = run();
    ASSERT_FALSE(outcome.error) << version << ": " << to_string(*outcome.error);
    EXPECT_THAT(outcome.notes.at("engine"), StartsWith("TensorRT " + version)) << version;
    EXPECT_THAT(outcome.phases,
                ElementsAre(PhaseKind::process_start, PhaseKind::graph_initialisation,
                            PhaseKind::load, PhaseKind::first_inference, PhaseKind::inference,
                            PhaseKind::tear_down, PhaseKind::profiling));
    ASSERT_EQ(outcome.batches.size(), 10u);
    EXPECT_GE(outcome.batches.front().begin, before);
    for (const BatchMark& mark : outcome.batches)
      EXPECT_EQ(mark.end - mark.begin, Duration{3'500'000});  // computeMs
    EXPECT_EQ(outcome.notes.at("throughput_qps"), "250");
    EXPECT_EQ(outcome.notes.at("device"), "Orin");
    ASSERT_EQ(outcome.layers.size(), 2u) << version;
    EXPECT_EQ(outcome.layers[0].device, "GPU");
    EXPECT_DOUBLE_EQ(outcome.layers[0].time.value(), 0.003);
    EXPECT_EQ(outcome.layers[0].batches, 10);
    EXPECT_EQ(outcome.layers[1].operation, version == "8.0" ? "SOFTMAX" : "SoftMaxV2");
    EXPECT_THAT(outcome.calls,
                HasSubstr(version < "8.4" && version[0] == '8' ? "--workspace=256"
                                                               : "--memPoolSize=workspace:256"));
  }
}

// The fake's own begin is known to a few milliseconds: it starts to wait right after its line.
TEST_F(TrtexecTest, time_zero_is_bounded_by_two_lines_and_says_how_well) {
  setenv("FAKE_TRTEXEC_BATCH_MS", "20", 1);
  job_.inferences = 40;
  const Outcome outcome = run();
  ASSERT_FALSE(outcome.error) << to_string(*outcome.error);
  const double uncertainty_ms = std::stod(outcome.notes.at("time_zero_uncertainty_ms"));
  EXPECT_GT(uncertainty_ms, 0);
  EXPECT_LT(uncertainty_ms, 200);
  EXPECT_FALSE(outcome.notes.contains("warning time_zero"));
  const Phase& inference = outcome.phase.at(PhaseKind::inference);
  EXPECT_EQ(inference.begin, outcome.batches.front().begin);
  EXPECT_EQ(inference.end, outcome.batches.back().end);
  EXPECT_NEAR((inference.end - inference.begin).seconds().value(), 19 * 0.020 + 0.0195, 1e-4);
  EXPECT_LE(outcome.phase.at(PhaseKind::load).end, inference.begin);
  EXPECT_GE(outcome.phase.at(PhaseKind::tear_down).end, inference.end);
}

TEST_F(TrtexecTest, times_longer_than_the_run_are_a_warning_or_an_error) {
  const Outcome outcome = (set("8.5", "long_times"), run());
  if (outcome.error)
    EXPECT_THAT(outcome.error->what, HasSubstr("do not fit"));
  else
    EXPECT_THAT(outcome.notes.at("warning time_zero"), HasSubstr("longer than what passed"));
}

TEST_F(TrtexecTest, without_the_first_line_the_end_alone_places_the_batches) {
  set("8.5", "no_start");
  const Outcome outcome = run();
  ASSERT_FALSE(outcome.error) << to_string(*outcome.error);
  EXPECT_THAT(outcome.notes.at("time_zero_uncertainty_ms"), StartsWith("not known"));
  EXPECT_EQ(outcome.batches.size(), 10u);
}

TEST_F(TrtexecTest, warm_up_by_time_and_by_count) {
  job_.warmup_batches = 3;
  job_.warmup_time = Duration::milliseconds(40);
  for (const std::string version : {"8.2", "10.4"}) {
    set(version);
    const Outcome outcome = run();
    ASSERT_FALSE(outcome.error) << to_string(*outcome.error);
    const bool exported = version == "8.2";  // with the warm-up's batches
    EXPECT_EQ(outcome.phase.contains(PhaseKind::first_inference), exported);
    EXPECT_EQ(outcome.notes.contains("first inference"), !exported);
    const Phase& warm_up = outcome.phase.at(PhaseKind::warm_up);
    EXPECT_GE((warm_up.end - outcome.phase.at(PhaseKind::load).end).seconds().value(), 0.052);
    EXPECT_EQ(outcome.batches.size(), 10u);
    EXPECT_THAT(outcome.calls, HasSubstr("--warmUp=40"));
    EXPECT_THAT(outcome.calls, HasSubstr("--iterations=14"));
  }
}

TEST_F(TrtexecTest, axes_and_options_become_arguments) {
  job_.accelerator = "dla1";
  job_.precision = "int8";
  job_.loading = "lazy";
  job_.profile_batches = 5;
  job_.options.merge(std::map<std::string, std::string>{{"spin", "on"},
                                                        {"cuda_graph", "on"},
                                                        {"overlap", "off"},
                                                        {"dla_sram_mib", "0.5"},
                                                        {"arguments", "--verbose"}});
  const Outcome outcome = run();
  ASSERT_FALSE(outcome.error) << to_string(*outcome.error);
  for (const char* word :
       {"--useDLACore=1", "--allowGPUFallback", "--int8", "--useSpinWait", "--useCudaGraph",
        "--exposeDMA", "--memPoolSize=dlaSRAM:0.5", "--verbose", "CUDA_MODULE_LOADING=LAZY",
        "--minShapes=x:2x3x8x8", "--shapes=x:2x3x8x8", "--buildOnly", "--duration=0"})
    EXPECT_THAT(outcome.calls, HasSubstr(word));
  EXPECT_EQ(outcome.notes.at("layers on DLA"), "1");
  ASSERT_EQ(outcome.layers.size(), 2u);
  EXPECT_EQ(outcome.layers[0].device, "DLA");
  EXPECT_EQ(outcome.layers[1].device, "GPU");
  // One after the other: copies and all.
  EXPECT_EQ(outcome.batches[0].end - outcome.batches[0].begin, Duration{3'750'000});
}

TEST_F(TrtexecTest, options_that_changed_their_names) {
  job_.options["streams"] = "2";
  set("8.2");
  const Outcome old = run();
  ASSERT_FALSE(old.error) << to_string(*old.error);
  EXPECT_THAT(old.calls, HasSubstr("--streams=2"));
  EXPECT_EQ(old.batches.size(), 10u);
  set("8.6");
  const Outcome later = run();
  ASSERT_FALSE(later.error) << to_string(*later.error);
  EXPECT_THAT(later.calls, HasSubstr("--infStreams=2"));
  EXPECT_THAT(later.calls, HasSubstr("--skipInference"));
  EXPECT_THAT(later.notes.at("batch times"), HasSubstr("2 streams"));
}

TEST_F(TrtexecTest, a_built_in_batch_needs_no_shapes_and_cannot_be_another) {
  const Outcome fixed = run(model("2"));
  ASSERT_FALSE(fixed.error) << to_string(*fixed.error);
  EXPECT_THAT(fixed.calls, Not(HasSubstr("hapes")));
  EXPECT_EQ(fixed.notes.at("input x"), "2x3x8x8");
  const Outcome other = run(model("7"));
  ASSERT_TRUE(other.error);
  EXPECT_EQ(other.error->kind, ErrorKind::invalid);
  EXPECT_THAT(other.error->what, HasSubstr("batch 7 built in"));
}

TEST_F(TrtexecTest, open_dimensions_and_integers_come_from_options) {
  const Outcome open = run(token_model());
  ASSERT_TRUE(open.error);
  EXPECT_THAT(open.error->remedy, HasSubstr("shape.ids:0=2x?"));
  job_.options["shape.ids:0"] = "2x16";
  job_.options["limit.ids:0"] = "100";
  const Outcome chosen = run(token_model());
  ASSERT_FALSE(chosen.error) << to_string(*chosen.error);
  EXPECT_THAT(chosen.calls, HasSubstr("--shapes='ids:0':2x16"));
  EXPECT_THAT(chosen.calls, HasSubstr("--loadInputs='ids:0':"));
}

TEST_F(TrtexecTest, an_engine_in_the_cache_is_not_built_again) {
  job_.options["engine_cache"] = (folder_ / "cache").string();
  job_.options["keep_engine"] = (folder_ / "kept.engine").string();
  job_.accelerator = "dla";
  job_.profile_batches = 5;
  const Outcome built = run();
  ASSERT_FALSE(built.error) << to_string(*built.error);
  EXPECT_TRUE(built.phase.contains(PhaseKind::graph_initialisation));
  EXPECT_TRUE(fs::is_regular_file(folder_ / "kept.engine"));
  const Outcome again = run();
  ASSERT_FALSE(again.error) << to_string(*again.error);
  EXPECT_TRUE(again.notes.contains("engine from cache"));
  EXPECT_FALSE(again.phase.contains(PhaseKind::graph_initialisation));
  EXPECT_EQ(again.layers[0].device, "DLA");  // the build's lists were kept beside it
  job_.batch = 4;
  EXPECT_FALSE(run().notes.contains("engine from cache"));
  job_.batch = 2;
  set("8.4");  // another version
  EXPECT_FALSE(run().notes.contains("engine from cache"));
}

TEST_F(TrtexecTest, a_name_that_breaks_the_json_is_read_from_the_table) {
  set("10.3", "quote");
  job_.profile_batches = 5;
  const Outcome outcome = run();
  ASSERT_FALSE(outcome.error) << to_string(*outcome.error);
  EXPECT_THAT(outcome.notes.at("profile"), StartsWith("from the printed table"));
  EXPECT_EQ(outcome.layers.back().name, "\"soft\" max");
}

TEST_F(TrtexecTest, a_version_that_nobody_knows_is_a_warning) {
  set("9.9");
  const Outcome outcome = run();
  ASSERT_FALSE(outcome.error) << to_string(*outcome.error);
  EXPECT_EQ(outcome.notes.at("engine"), "TensorRT of unknown version");
  EXPECT_TRUE(outcome.notes.contains("warning version"));
  EXPECT_EQ(outcome.batches.size(), 10u);
}

TEST_F(TrtexecTest, every_way_to_go_wrong_is_one_typed_error) {
  EXPECT_THAT(error_of("crash").what, HasSubstr("signal 11"));
  EXPECT_THAT(error_of("memory").what, StartsWith("out of memory"));
  EXPECT_THAT(error_of("memory_run").what, StartsWith("out of memory"));
  EXPECT_EQ(error_of("fail_parse").kind, ErrorKind::parse);
  EXPECT_THAT(error_of("nonsense").what, HasSubstr("does not speak like trtexec"));
  EXPECT_EQ(error_of("library").kind, ErrorKind::not_found);
  EXPECT_THAT(error_of("no_engine").what, HasSubstr("there is no engine"));
  EXPECT_THAT(error_of("stale").remedy, HasSubstr("engine cache"));
  EXPECT_THAT(error_of("no_verdict").what, HasSubstr("without a verdict"));
  EXPECT_EQ(error_of("bad_times").kind, ErrorKind::engine);
  EXPECT_THAT(error_of("few_times").what, HasSubstr("1 batches of 10"));
  EXPECT_EQ(error_of("no_times").kind, ErrorKind::engine);
}

TEST_F(TrtexecTest, what_cannot_be_asked_is_refused_before_anything_runs) {
  const auto error_with = [this](const std::string& key, const std::string& value) {
    Job kept = job_;
    job_.options[key] = value;
    const Error error = run().error.value_or(Error{});
    job_ = kept;
    return error;
  };
  EXPECT_EQ(error_with("fallback", "maybe").kind, ErrorKind::invalid);
  EXPECT_EQ(error_with("workspace_mib", "-1").kind, ErrorKind::invalid);
  EXPECT_EQ(error_with("streams", "0").kind, ErrorKind::invalid);
  EXPECT_THAT(error_with("steams", "2").remedy, HasSubstr("'streams'"));
  EXPECT_EQ(error_with("save_outputs", "x").kind, ErrorKind::unsupported);
  EXPECT_EQ(error_with("shape.y", "1x2").kind, ErrorKind::not_found);
  EXPECT_EQ(error_with("trtexec", "/nowhere/trtexec").kind, ErrorKind::not_found);
  EXPECT_EQ(error_with("arguments", "--fast").kind, ErrorKind::invalid);
  EXPECT_EQ(error_with("dla_sram_mib", "1").kind, ErrorKind::internal);  // 8.5 has it: no error
  set("8.2");
  EXPECT_EQ(error_with("dla_sram_mib", "1").kind, ErrorKind::unsupported);
  job_.accelerator = "dla";
  job_.precision = "fp32";
  EXPECT_THAT(run().error->what, HasSubstr("fp32"));
  job_.precision = "fp16";
  EXPECT_THAT(error_with("fallback", "off").remedy, HasSubstr("fallback=on"));
}

TEST_F(TrtexecTest, a_hang_is_found_and_a_slow_build_is_none) {
  job_.options["silence_s"] = "1";
  const Error hang = error_of("hang_run");
  EXPECT_EQ(hang.kind, ErrorKind::timeout);
  EXPECT_THAT(hang.what, HasSubstr("Starting inference"));
  // Longer than the core waits for a word: the worker says that it is alive.
  job_.options["silence_s"] = "30";
  job_.options["timeout_s"] = "3.5";
  set("8.5", "slow");
  const Outcome slow = run();
  EXPECT_FALSE(slow.error) << to_string(*slow.error);
}

TEST_F(TrtexecTest, nothing_is_left_behind) {
  // Of a worker that was killed: the highest process id that the kernel gives is below 2^22.
  fs::create_directory(folder_ / "isojoule_trtexec_4194304_abcdef");
  std::ofstream(folder_ / "isojoule_trtexec_4194304_abcdef" / "model.engine") << "large";
  run();
  error_of("bad_times");
  for (const auto& entry : fs::directory_iterator(folder_))
    EXPECT_THAT(entry.path().filename().string(), Not(HasSubstr("isojoule_trtexec")));
}

TEST(TrtexecDescribe, names_the_version_or_what_to_install) {
  if (!find_worker("trtexec", kWorkers)) GTEST_SKIP() << "skipped: the worker is not built";
  const std::string path = getenv("PATH") == nullptr ? "" : getenv("PATH");
  setenv("FAKE_TRTEXEC_VERSION", "10.4", 1);
  std::string pattern = testing::TempDir() + "isojoule_trt_XXXXXX";
  ASSERT_NE(mkdtemp(pattern.data()), nullptr);
  fs::create_symlink(kFake, fs::path(pattern) / "trtexec");
  setenv("PATH", (pattern + ":" + path).c_str(), 1);
  const auto found = describe_engine("trtexec", kWorkers);
  setenv("PATH", path.c_str(), 1);
  const auto missing = describe_engine("trtexec", kWorkers);
  unsetenv("FAKE_TRTEXEC_VERSION");
  fs::remove_all(pattern);
  ASSERT_TRUE(found) << to_string(found.error());
  EXPECT_EQ(found->at("version"), "10.4.0 b26");
  EXPECT_THAT(found->at("program"), HasSubstr("trtexec"));
  if (!missing) {
    EXPECT_THAT(missing.error().what, HasSubstr("libnvinfer-bin"));
  }
}

}  // namespace
}  // namespace isojoule
