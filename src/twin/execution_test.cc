#include "twin/execution.h"

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "twin/twin_engine.h"
#include "twin/virtual_clock.h"

namespace isojoule::twin {
namespace {

using testing::HasSubstr;

Constants constants_of(const std::string& board, const std::string& variant = {}) {
  std::ifstream file(ISOJOULE_SOURCE_DIR "/boards/" + board + "/twin.toml");
  std::ostringstream text;
  text << file.rdbuf();
  auto parsed = parse_constants(text.str(), board, variant);
  EXPECT_TRUE(parsed) << (parsed ? "" : to_string(parsed.error()));
  return *parsed;
}

Error refusal(const Job& job, const std::string& board) {
  const auto made = execution_of(job, constants_of(board));
  EXPECT_FALSE(made);
  return made ? Error{} : made.error();
}

Job with(std::string Job::*field, const std::string& value) {
  Job job;
  job.*field = value;
  return job;
}

TEST(Execution, NothingChosenIsTheFittedState) {
  const Constants nano = constants_of("jetson-nano");
  const auto execution = execution_of({}, nano);
  ASSERT_TRUE(execution);
  const WorkOptions options = work_options(*execution, nano);
  EXPECT_EQ(options.mac_rate, 1);
  EXPECT_EQ(options.element_bytes, 0);
  EXPECT_EQ(options.kernel_share, 1);
  EXPECT_FALSE(options.fused);
  const StartCycles start = start_cycles(*execution, nano, 20);
  EXPECT_NEAR(start.process + start.graph + start.first_use, nano.initialisation_cycles, 1);
}

TEST(Execution, PrecisionsThatAGpuLacksAreRefusedWithTheReason) {
  const Error nano = refusal(with(&Job::precision, "int8"), "jetson-nano");
  EXPECT_EQ(nano.kind, ErrorKind::unsupported);
  EXPECT_THAT(nano.what, HasSubstr("dp4a"));
  EXPECT_EQ(refusal(with(&Job::precision, "fp16"), "raspberry-pi-5").kind, ErrorKind::unsupported);
  for (const char* board : {"jetson-xavier-nx", "jetson-orin-nx", "jetson-agx-orin"})
    EXPECT_TRUE(execution_of(with(&Job::precision, "int8"), constants_of(board))) << board;
}

TEST(Execution, AcceleratorsAreThoseOfTheBoard) {
  EXPECT_THAT(refusal(with(&Job::accelerator, "dla"), "jetson-nano").what,
              HasSubstr("no such unit"));
  EXPECT_EQ(refusal(with(&Job::accelerator, "gpu"), "raspberry-pi-5").kind, ErrorKind::unsupported);
  EXPECT_TRUE(execution_of(with(&Job::accelerator, "cpu"), constants_of("raspberry-pi-5")));
  EXPECT_THAT(refusal(with(&Job::accelerator, "cpu"), "jetson-nano").what, HasSubstr("on the GPU"));
  const Job second = with(&Job::accelerator, "dla1");
  EXPECT_EQ(execution_of(second, constants_of("jetson-orin-nx"))->dla_core, 1);
  EXPECT_FALSE(execution_of(second, constants_of("jetson-orin-nx", "8gb")));
  Job single = with(&Job::accelerator, "dla");
  single.precision = "fp32";
  EXPECT_THAT(refusal(single, "jetson-agx-orin").what, HasSubstr("INT8 and FP16 only"));
  single.precision.clear();
  EXPECT_EQ(execution_of(single, constants_of("jetson-agx-orin"))->precision, Precision::int8);
}

TEST(Execution, ACompiledEngineHasNoInterpreter) {
  EXPECT_THAT(refusal(with(&Job::implementation, "python"), "jetson-agx-orin").what,
              HasSubstr("compiled engine"));
  EXPECT_EQ(refusal(with(&Job::graph, "dynamic"), "jetson-agx-orin").kind, ErrorKind::unsupported);
  EXPECT_EQ(refusal(with(&Job::graph, "static"), "generic-linux").kind, ErrorKind::unsupported);
  EXPECT_TRUE(execution_of(with(&Job::graph, "static"), constants_of("jetson-agx-orin")));
}

TEST(Execution, Options) {
  Job job;
  job.options["gc"] = "off";
  EXPECT_FALSE(execution_of(job, constants_of("jetson-nano"))->garbage_collection);
  job.implementation = "cpp";
  EXPECT_EQ(refusal(job, "jetson-nano").kind, ErrorKind::unsupported);
  job = {};
  job.options["gc"] = "maybe";
  EXPECT_EQ(refusal(job, "jetson-nano").kind, ErrorKind::invalid);
  job = {};
  job.options["fallbak"] = "on";
  EXPECT_EQ(refusal(job, "jetson-agx-orin").kind, ErrorKind::not_found);
  job = {};
  job.options["gpu_operators"] = "Resize,Softmax";
  EXPECT_EQ(execution_of(job, constants_of("jetson-agx-orin"))->gpu_operators.size(), 2u);
}

TEST(Execution, TheAxesActInTheirDirection) {
  const Constants nano = constants_of("jetson-nano");
  const auto cycles = [&](std::string Job::*field, const std::string& value) {
    return start_cycles(*execution_of(with(field, value), nano), nano, 20);
  };
  EXPECT_GT(cycles(&Job::graph, "static").graph, cycles(&Job::graph, "dynamic").graph);
  EXPECT_GT(cycles(&Job::loading, "eager").graph, cycles(&Job::loading, "lazy").graph);
  EXPECT_EQ(cycles(&Job::loading, "eager").first_use, 0);
  EXPECT_GT(cycles(&Job::loading, "lazy").first_use, 0);
  const auto options = [&](std::string Job::*field, const std::string& value) {
    return work_options(*execution_of(with(field, value), nano), nano);
  };
  EXPECT_LT(options(&Job::graph, "static").kernel_share, 1);
  EXPECT_LT(options(&Job::implementation, "cpp").cycles_share, 1);
  EXPECT_EQ(options(&Job::implementation, "python").cycles_share, 1);
  EXPECT_EQ(options(&Job::precision, "fp16").element_bytes, 2);
}

}  // namespace
}  // namespace isojoule::twin
