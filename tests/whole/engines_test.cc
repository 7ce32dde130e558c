// What goes wrong between the program and an engine, for every engine that is built: files that are
// no models, inputs that do not fit, workers that crash, hang or talk nonsense, too little memory.
// Every measurement begins with a second of idling, so that those of a test run side by side.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "data/tensor.h"
#include "tensor/npy.h"
#include "whole/mounted_twin.h"
#include "whole/program.h"

namespace isojoule::test {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

constexpr int kFailed = 1, kBadInput = 2;  // README.md, exit status

std::string worker_of(const std::string& engine) {
  return ISOJOULE_BINARY_DIR "/bin/isojoule-engine-" + engine;
}
bool built(const std::string& engine) { return fs::exists(worker_of(engine)); }

std::string one_line(const std::string& text) {
  std::istringstream words(text);
  std::string line;
  for (std::string word; words >> word;) line += (line.empty() ? "" : " ") + word;
  return line;
}

Words measure(const std::string& engine, const std::string& model, const Words& more) {
  Words arguments = {"measure", "--allow-unmeasured", "--engine", engine, "--model", model};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

struct Case {
  std::string name;
  Words arguments;
  Words says;  // on standard error
  int status = kBadInput;
  std::string program = program_path();
};

// Each in a place of its own, all at once.
void expect_failures(const std::vector<Case>& cases) {
  std::vector<std::unique_ptr<Workplace>> places;
  std::vector<pid_t> processes;
  for (const Case& one : cases) {
    places.push_back(std::make_unique<Workplace>());
    processes.push_back(places.back()->start(one.arguments, one.program));
  }
  for (std::size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE(cases[i].name);
    const Outcome outcome = places[i]->wait(processes[i]);
    EXPECT_EQ(outcome.status, cases[i].status) << outcome.out << outcome.err;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_EQ(outcome.err.rfind("error: ", 0), 0u) << outcome.err;
    EXPECT_EQ(outcome.out.find("0.00 J"), std::string::npos) << outcome.out;
    for (const std::string& words : cases[i].says)
      EXPECT_NE(outcome.err.find(words), std::string::npos)
          << "'" << words << "' not in: " << outcome.err;
    EXPECT_TRUE(places[i]->files().empty());
  }
}

// Files for all cases of a test: a network, and what is wrong.
class Files {
 public:
  Files() {
    EXPECT_EQ(place_.run({"zoo", "export", "mobilenet-v2", "-o", whole()}).status, 0);
    std::ifstream file(whole(), std::ios::binary);
    std::string bytes(fs::file_size(whole()) / 2, '\0');
    file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    place_.write("half.onnx", bytes);
    place_.write("picture.onnx", "\x89PNG\r\n\x1a\n0000");
    place_.write("empty.onnx", "");
    place_.write("vocab.txt", "[PAD]\n[CLS]\n[SEP]\nword\n");
    Tensor flat;
    flat.spec.type = ElementType::float32;
    flat.spec.shape = {3, 5};
    flat.data.resize(3 * 5 * sizeof(float));
    EXPECT_TRUE(write_npy(flat, path("flat.npy")));
    EXPECT_TRUE(write_npy({{"", ElementType::float64, {1, 3, 224, 224}},
                           std::vector<std::byte>(1 * 3 * 224 * 224 * sizeof(double))},
                          path("double.npy")));
  }
  std::string whole() const { return path("m.onnx"); }
  std::string path(const std::string& name) const { return place_.path(name); }

 private:
  Workplace place_;
};

std::vector<Case> bad_inputs(const Files& files, const std::string& engine) {
  const auto with = [&](const std::string& model, const Words& more) {
    return measure(engine, model, more);
  };
  const std::string good = files.whole();
  std::vector<Case> cases = {
      {"missing", with(files.path("none.onnx"), {}), {"none.onnx", "Check the path"}},
      {"half", with(files.path("half.onnx"), {}), {"half.onnx: ", ". "}},
      {"picture", with(files.path("picture.onnx"), {}), {"picture.onnx: ", "ONNX"}},
      {"empty", with(files.path("empty.onnx"), {}), {"empty.onnx: ", ". "}},
      {"zero shape", with(good, {"--option", "shape.input=1x3x0x0"}), {"'0'", "1x3x224x224"}},
      {"other shape",
       with(good, {"--option", "shape.input=1x3x99x99"}),
       {"1x3x99x99", "1x3x224x224", "Only open dimensions"}},
      {"other input", with(good, {"--option", "shape.imput=1x3x224x224"}), {"imput", "'input'"}},
      {"built-in batch", with(good, {"--batch", "3"}), {"batch 1 built in", "Take batch 1"}},
      {"array's shape",
       with(good, {"--input", files.path("flat.npy")}),
       {"flat.npy", "3x5", "1x3x224x224"}},
      {"array's type", with(good, {"--input", files.path("double.npy")}), {"float64", "float32"}},
      {"option", with(good, {"--option", "optimization=all"}), {"optimization"}},
      {"accelerator", with(good, {"--accelerator", "dla"}), {"'dla'", "It has: cpu, gpu"}},
      {"precision", with(good, {"--precision", "int8"}), {"int8"}},
  };
  if (engine != "opencv")  // whose networks take floats only
    cases.push_back({"vocabulary",
                     with("bert-tiny", {"--vocabulary", files.path("vocab.txt")}),
                     {"vocab.txt: has no token [UNK]", "Take the vocab.txt"}});
  return cases;
}

class EngineOf : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!built(GetParam())) GTEST_SKIP() << "skipped: engine " << GetParam() << " is not built";
  }
};

TEST_P(EngineOf, BadInputIsOneLineWithItsRemedy) {
  const Files files;
  expect_failures(bad_inputs(files, GetParam()));
}

void expect_whole_shares(const nlohmann::json& layers) {
  EXPECT_GT(layers.size(), 10u);
  double sum = 0;
  for (const auto& layer : layers) {
    EXPECT_GE(layer.at("time_s").get<double>(), 0);
    EXPECT_GE(layer.at("share").get<double>(), 0);
    EXPECT_FALSE(layer.at("layer").get<std::string>().empty());
    sum += layer.at("share").get<double>();
  }
  EXPECT_NEAR(sum, 1, 1e-9);
}

TEST_P(EngineOf, LayersShareTheTime) {
  const Files files;
  const Words graphs = {"static", "dynamic"};
  std::vector<Workplace> places(graphs.size());
  std::vector<pid_t> processes;
  for (std::size_t i = 0; i < graphs.size(); ++i)
    processes.push_back(places[i].start(
        measure(GetParam(), files.whole(),
                {"--inferences", "2", "--graph", graphs[i], "--per-layer", "2", "--json"})));
  for (std::size_t i = 0; i < graphs.size(); ++i) {
    SCOPED_TRACE(graphs[i]);
    const Outcome outcome = places[i].wait(processes[i]);
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    expect_whole_shares(nlohmann::json::parse(outcome.out).at("layers"));
  }
}

INSTANTIATE_TEST_SUITE_P(Built, EngineOf, ::testing::Values("onnxruntime", "libtorch", "opencv"),
                         [](const auto& test) { return std::string(test.param); });

// A copy of the program, and beside it the workers that a test puts there.
class FakeWorkers {
 public:
  FakeWorkers() {
    fs::create_directory(place_.path("bin"));
    fs::copy_file(program_path(), program());
    place_.write("any.onnx", "the fake workers do not look");
  }
  std::string program() const { return place_.path("bin/isojoule"); }
  std::string path(const std::string& engine) const {
    return place_.path("bin/isojoule-engine-" + engine);
  }
  Words arguments(const std::string& engine) const {
    return measure(engine, place_.path("any.onnx"), {"--timeout", "1"});
  }
  // A case whose worker is this script.
  Case fake(const std::string& engine, const std::string& script, const Words& says) const {
    place_.write("bin/isojoule-engine-" + engine, "#!/bin/sh\n" + script);
    fs::permissions(path(engine), fs::perms::owner_all);
    return {engine + ": " + script, arguments(engine), says, kFailed, program()};
  }

 private:
  Workplace place_;
};

TEST(FakeWorker, ThatCrashesHangsOrTalksNonsenseIsAFailedRun) {
  const FakeWorkers one, two;
  const std::string begin =
      // In steps of 10 ms, so that it waits for more than one since its start.
      "sleep 0.05\n"
      "at=$(cut -d ' ' -f 1 /proc/uptime | tr -d .)0000000\n"
      "echo '{\"type\":\"phase_begin\",\"phase\":\"load\",\"at_ns\":'$at'}' >&3\n";
  expect_failures(
      {one.fake("onnxruntime", begin + "echo assertion x >&2\nkill -SEGV $$\n",
                {"the run failed", "signal 11", "phase load", "assertion x"}),
       one.fake("libtorch", begin + "exec sleep 100\n", {"nothing heard for 1 s in phase load"}),
       one.fake("opencv", "echo 'Loading: 100%' >&3\nexec sleep 100\n", {"Loading: 100%", "not a"}),
       one.fake("trtexec", "exit 3\n", {"exit status 3", "outside any phase"}),
       two.fake("onnxruntime", "kill -KILL $$\n", {"the run failed", "signal 9"}),
       two.fake("libtorch", "exec 3>&-\nexec sleep 100\n", {"closed its channel"}),
       two.fake("opencv", "head -c 3000000 /dev/zero >&3\nexec sleep 100\n", {"does not end"}),
       two.fake("trtexec", "echo '{\"type\":\"finished\"}' >&3\n", {"after 0 batches of 1"})});
}

TEST(FakeWorker, ThatIsNotThereSaysWhereItWasLookedFor) {
  const FakeWorkers none;
  std::vector<Case> cases;
  for (const std::string engine : {"onnxruntime", "libtorch", "opencv", "trtexec"})
    cases.push_back({engine,
                     none.arguments(engine),
                     {none.path(engine), "Build it"},
                     kBadInput,
                     none.program()});
  expect_failures(cases);
}

Case program(const std::string& script, const Words& says, int status = kFailed,
             const Words& more = {}) {
  Words arguments = {"measure"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  arguments.insert(arguments.end(), {"--", "sh", "-c", script});
  return {script, arguments, says, status};
}

TEST(EngineCommand, AProgramThatCrashesHangsOrTalksNonsense) {
  expect_failures(
      {program("exec sleep 100", {"0.5 s"}, kFailed, {"--timeout", "0.5"}),
       program("echo 'isojoule: begin lunch'; exec sleep 100", {"'begin lunch'", "Known: idle"}),
       program("echo 'isojoule: end load'; exec sleep 100", {"load"}),
       program("kill -SEGV $$", {"signal 11"}, 128 + 11), program("exit 7", {"7"}, 7)});
}

TEST(Memory, ABatchThatDoesNotFitNamesOneThatDoes) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "skipped: the sanitizer's allocator ends the program instead of refusing";
#endif
  if (!built("onnxruntime")) GTEST_SKIP() << "skipped: engine onnxruntime is not built";
  const Workplace place;
  const Outcome outcome =
      place.run(measure("onnxruntime", "inception",
                        {"--batch", "64", "--inferences", "64", "--option", "memory_limit_mib=120",
                         "--option", "input.kind=random"}));
  EXPECT_EQ(outcome.status, kFailed) << outcome.out;
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  EXPECT_NE(outcome.err.find("does not fit: batch 64 is out of memory"), std::string::npos)
      << outcome.err;
  const auto batch = outcome.err.find("; batch ");
  ASSERT_NE(batch, std::string::npos) << outcome.err;
  const int fits = std::stoi(outcome.err.substr(batch + 8));
  EXPECT_TRUE(fits >= 1 && fits < 64 && (fits & (fits - 1)) == 0) << outcome.err;
  EXPECT_NE(outcome.out.find("out_of_memory x1"), std::string::npos) << outcome.out;
}

// One network is damaged, one is good, at two clocks each.
class DamagedAmongGood : public ::testing::Test {
 protected:
  std::string plan(const std::string& engine) const {
    return place_.write(
        "plan.toml",
        "name = \"two\"\n" + engine +
            "[protocol]\ninferences = 2\nrepeats = 1\nsettle_ms = 0\nidle_ms = 100\n"
            "warmup_batches = 1\n[[grid]]\nname = \"g\"\nnetworks = [\"" +
            files_.path("half.onnx") + "\", \"" + files_.whole() +
            "\"]\naxes = { gpu_frequency = [\"307.2MHz\", \"921.6MHz\"], batch = [1] }\n");
  }
  void expect_half_a_study(const Words& more) const {
    const std::string study = place_.path("two.study");
    Words arguments = {"sweep", place_.path("plan.toml"), "-o", study};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome swept = place_.run(arguments);
    EXPECT_EQ(swept.status, 0) << swept.err;
    EXPECT_NE(swept.out.find("4 of 4 runs there, 4 made now, 2 failed"), std::string::npos)
        << swept.out;
    const std::string shown = one_line(place_.run({"show", study}).out);
    EXPECT_NE(shown.find("every run failed: "), std::string::npos) << shown;
    EXPECT_NE(shown.find("2 x engine_failed"), std::string::npos) << shown;
    std::error_code none;  // where nothing was kept
    for (const auto& entry : fs::recursive_directory_iterator(place_.path("cache"), none))
      EXPECT_EQ(entry.path().string().find("journal"), std::string::npos) << entry.path();
  }
  Files files_;
  Workplace place_;
};

TEST_F(DamagedAmongGood, AStudyOnATwinGoesOn) {
  plan("");
  expect_half_a_study({"--board", "twin:jetson-nano"});
}

TEST_F(DamagedAmongGood, AStudyOfARealEngineGoesOnAndTheBoardIsAsBefore) {
  if (!built("onnxruntime")) GTEST_SKIP() << "skipped: engine onnxruntime is not built";
  if (const std::string why = MountedTwin::why_not(); !why.empty())
    GTEST_SKIP() << "skipped: " << why;
  const MountedTwin twin(place_, "jetson-nano");
  ASSERT_TRUE(twin.mounted()) << twin.log();
  const auto before = twin.settings();
  plan("engine = \"onnxruntime\"\n");
  expect_half_a_study({"--sysroot", twin.root()});
  EXPECT_EQ(twin.settings(), before);
}

}  // namespace
}  // namespace isojoule::test
