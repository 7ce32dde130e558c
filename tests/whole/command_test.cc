// `isojoule measure -- PROGRAM` from the outside, with the examples of docs/examples.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "whole/program.h"

namespace isojoule::test {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kService = ISOJOULE_BINARY_DIR "/bin/example_service";
const std::string kExamples = ISOJOULE_SOURCE_DIR "/docs/examples";

std::vector<std::string> measure(const std::vector<std::string>& options,
                                 const std::vector<std::string>& program) {
  std::vector<std::string> words = {"measure", "--allow-unmeasured"};
  words.insert(words.end(), options.begin(), options.end());
  words.emplace_back("--");
  words.insert(words.end(), program.begin(), program.end());
  return words;
}

std::map<std::string, double> durations_of(const nlohmann::json& root) {
  std::map<std::string, double> durations;
  for (const auto& phase : root.at("phases"))
    durations[phase.at("phase")] = phase.at("duration_s").get<double>();
  return durations;
}

bool has_python() { return std::system("python3 -c 'import ctypes' 2>/dev/null") == 0; }

TEST(Command, AServiceInCMarksItsPhasesAndBatches) {
  const Workplace place;
  const Outcome outcome = place.run(measure({"--batch", "8", "--json"}, {kService}));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("measured\n"));  // the program's own output
  const auto root = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(root.at("engine"), "command");
  EXPECT_EQ(root.at("notes").at("engine"), "service 1.0");
  EXPECT_EQ(root.at("inferences"), 80);
  EXPECT_EQ(root.at("batch_durations_s").size(), 10u);
  for (const auto& batch : root.at("batch_durations_s")) {
    EXPECT_GE(batch.get<double>(), 0.005);
    EXPECT_LE(batch.get<double>(), 0.5);  // on a machine that is busy
  }
  const auto durations = durations_of(root);
  EXPECT_GE(durations.at("load"), 0.020);
  EXPECT_GE(durations.at("inference"), 0.050);
  EXPECT_TRUE(durations.contains("process_start"));
}

TEST(Command, TheExamplesInPythonDoTheSame) {
  if (!has_python()) GTEST_SKIP() << "skipped: no python3 with ctypes";
  const Workplace place;
  std::vector<std::vector<std::string>> programs = {{"python3", kExamples + "/infer.py"}};
#ifndef __SANITIZE_ADDRESS__  // whose library wants to be in the program before all others
  programs.push_back({"python3", kExamples + "/infer_ctypes.py",
                      ISOJOULE_BINARY_DIR "/lib/libisojoule_mark.so.1"});
#endif
  for (const std::vector<std::string>& program : programs) {
    const Outcome outcome = place.run(measure({"--json"}, program));
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    const auto root = nlohmann::json::parse(outcome.out);
    EXPECT_EQ(root.at("batch_durations_s").size(), 10u) << program[1];
    EXPECT_GE(durations_of(root).at("inference"), 0.050);
    EXPECT_FALSE(root.at("notes").contains("marks")) << "its times are its own";
  }
}

TEST(Command, OutputPassesThroughUnchangedAndTheReportFollows) {
  const Workplace place;
  const Outcome outcome =
      place.run(measure({}, {"sh", "-c", "printf 'one\\ntwo'; echo three >&2"}));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, testing::StartsWith("one\ntwo"));
  EXPECT_THAT(outcome.out, HasSubstr("none marked: the whole process is the inference phase"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("per inference")));  // nobody knows how many
  EXPECT_EQ(outcome.err, "three\n");
  const Outcome large = place.run(measure({}, {"head", "-c", "10000000", "/dev/zero"}));
  EXPECT_EQ(large.status, 0);
  EXPECT_EQ(std::count(large.out.begin(), large.out.end(), '\0'), 10'000'000);
}

TEST(Command, ItsStatusIsOurs) {
  const Workplace place;
  const Outcome three = place.run(measure({}, {"sh", "-c", "exit 3"}));
  EXPECT_EQ(three.status, 3);
  EXPECT_THAT(three.err, HasSubstr("the command ended with exit status 3"));
  EXPECT_EQ(place.run(measure({}, {"sh", "-c", "kill -TERM $$"})).status, 128 + SIGTERM);
  const Outcome late = place.run(measure({"--timeout", "0.2"}, {"sleep", "60"}));
  EXPECT_EQ(late.status, 1);
  EXPECT_THAT(late.err, HasSubstr("more than the 0.2 s"));
  const std::string lie = R"({"type":"note","key":"exit_status","value":"none"})";
  const Outcome odd =
      place.run(measure({"--timeout", "0.5"}, {"sh", "-c", "echo '" + lie + "' >&9; sleep 60"}));
  EXPECT_EQ(odd.status, 1) << odd.err;
}

TEST(Command, WordsThatDoNotFitTogetherAreRefused) {
  const Workplace place;
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"measure"}, "nothing to measure"},
      {{"measure", "--"}, "nothing to measure"},
      {{"measure", "--engine", "command"}, "without a program"},
      {{"measure", "--model", "alexnet", "--", "true"}, "exclude each other"},
      {{"measure", "--engine", "onnxruntime", "--", "true"}, "runs no programs"},
      {{"measure", "--board", "twin:jetson-nano", "--", "true"}, "a program cannot run there"},
      {{"measure", "--", "isojoule-no-such-program"}, "is not there"},
      {{"measure", "--warm-up", "infs", "--", "true"}, "--warm-up 'infs'"},
      {{"measure", "--warm-up", "1e30", "--", "true"}, "--warm-up '1e30'"},
      {{"measure", "--set", "batch=8", "--", "true"}, "--batch N"},
  };
  for (const auto& [words, why] : cases) {
    const Outcome outcome = place.run(words);
    EXPECT_EQ(outcome.status, 2) << why;
    EXPECT_THAT(outcome.err, HasSubstr(why));
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  }
}

TEST(Command, ItsOwnOptionsAreNotOurs) {
  const Workplace place;
  const Outcome outcome = place.run(measure({}, {"echo", "--json", "--", "--help", "[a,b]"}));
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, testing::StartsWith("--json -- --help [a,b]\n"));
}

TEST(Command, CtrlCReachesTheProgramFirst) {
  const Workplace place;
  const std::string trapped = place.path("trapped");
  const pid_t process =
      place.start(measure({}, {"sh", "-c",
                               "trap 'echo yes > " + trapped + "; exit 0' INT; echo > " +
                                   place.path("ready") + "; while :; do sleep 0.02; done"}));
  becomes_true([&place] { return access(place.path("ready").c_str(), F_OK) == 0; });
  kill(process, SIGINT);
  const Outcome outcome = place.wait(process);
  EXPECT_EQ(outcome.status, 130) << outcome.err;
  EXPECT_EQ(access(trapped.c_str(), F_OK), 0);
}

}  // namespace
}  // namespace isojoule::test
