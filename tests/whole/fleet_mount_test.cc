// A board of a fleet whose nodes are real files: the agent dies, and each is as it was.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include "data/study_file.h"
#include "fleet/catalogue.h"
#include "fleet/nats_server.h"
#include "whole/mounted_twin.h"

namespace isojoule::test {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

// Its engine is this machine's, because a mounted twin has none; 2 clocks and the governors, 4
// times.
std::string plan_text(const std::string& network) {
  return "name = \"mounted\"\nboard = \"jetson-nano\"\n[protocol]\ninferences = 10\nrepeats = 2\n"
         "seed = 1\n[[baseline]]\nname = \"default\"\ncpu_governor = \"schedutil\"\n"
         "gpu_governor = \"nvhost_podgov\"\n[[grid]]\nname = \"map\"\nnetworks = [\"" +
         network +
         "\"]\naxes = { gpu_frequency_mhz = [307.2, 921.6] }\n"
         "baselines = [\"default\"]\n";
}

class FleetMount : public ::testing::Test {
 protected:
  void SetUp() override {
    ISOJOULE_NEEDS_NATS_SERVER();
    if (const std::string why = MountedTwin::why_not(); !why.empty())
      GTEST_SKIP() << "skipped: " << why;
    if (!fs::exists(ISOJOULE_BINARY_DIR "/bin/isojoule-engine-onnxruntime"))
      GTEST_SKIP() << "skipped: the engine is not built";
    server_.emplace();
    const Outcome network = place_.run(
        {"zoo", "export", "mobilenet-v2", "--dynamic-batch", "-o", place_.path("net.onnx")});
    ASSERT_EQ(network.status, 0) << network.err;
    place_.write("plan.toml", plan_text(place_.path("net.onnx")));
  }

  fleet::BusOptions bus_options() const {
    fleet::BusOptions options;
    options.url = server_->url();
    return options;
  }

  pid_t start_agent(const MountedTwin& twin) const {
    return boards_place_.start({"agent", "--nats", server_->url(), "--sysroot", twin.root(),
                                "--name", "b1", "--folder", boards_place_.path("agent")});
  }

  Workplace place_, boards_place_;
  std::optional<NatsServer> server_;
};

TEST_F(FleetMount, WheneverTheAgentDiesItsBoardIsAsBefore) {
  const MountedTwin twin(boards_place_, "jetson-nano");
  ASSERT_TRUE(twin.mounted()) << twin.log();
  const auto before = twin.settings();
  ASSERT_GT(before.size(), 10u);
  const auto bus = fleet::Bus::connect(bus_options());
  ASSERT_TRUE(bus && fleet::set_up(**bus, 1));
  pid_t agent = start_agent(twin);
  ASSERT_TRUE(becomes_true([&] { return fleet::members(**bus).value().size() == 1; }, seconds(60)));
  const pid_t sweep = place_.start({"sweep", place_.path("plan.toml"), "--fleet", server_->url(),
                                    "--claim", "2s", "-o", place_.path("mounted.study")});
  for (int death = 0; death < 2; ++death) {
    ASSERT_TRUE(becomes_true([&] { return twin.settings() != before; }, seconds(60)));
    ::kill(agent, SIGKILL);
    static_cast<void>(boards_place_.wait(agent));
    EXPECT_TRUE(becomes_true([&] { return twin.settings() == before; }, seconds(60)));
    agent = start_agent(twin);
  }
  const Outcome swept = place_.wait(sweep);
  EXPECT_EQ(swept.status, 0) << swept.out << swept.err;
  EXPECT_TRUE(becomes_true([&] { return twin.settings() == before; }, seconds(60)));
  ::kill(agent, SIGTERM);
  EXPECT_EQ(boards_place_.wait(agent).status, 0);
  const auto study = StudyFile::open(place_.path("mounted.study"), StudyFile::Mode::read);
  ASSERT_TRUE(study) << to_string(study.error());
  EXPECT_EQ((*study)->sequences().value().size(), 6U);
}

}  // namespace
}  // namespace isojoule::test
