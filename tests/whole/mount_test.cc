// A twin's tree as real files: what other programs, and this one with --sysroot, find there.
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "whole/mounted_twin.h"

namespace isojoule::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kGpu = "/sys/class/devfreq/57000000.gpu";
constexpr const char* kPower = "/sys/bus/i2c/drivers/ina3221x/6-0040/iio:device0/in_power0_input";

class Mount : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = MountedTwin::why_not(); !why.empty())
      GTEST_SKIP() << "skipped: " << why;
  }
  Workplace place_;
};

TEST_F(Mount, FilesAnswerAsTheKernelsNodes) {
  const MountedTwin twin(place_, "jetson-nano");
  ASSERT_TRUE(twin.mounted()) << twin.log();
  EXPECT_EQ(twin.read("/isojoule-twin").rfind("simulated jetson-nano", 0), 0u);
  EXPECT_EQ(twin.read(std::string(kGpu) + "/available_frequencies").rfind("76800000 ", 0), 0u);
  EXPECT_EQ(twin.write(std::string(kGpu) + "/max_freq", "614400000\n"), 0);
  EXPECT_EQ(twin.read(std::string(kGpu) + "/max_freq"), "614400000\n");
  EXPECT_EQ(twin.write(std::string(kGpu) + "/min_freq", "921600000"),
            EINVAL);  // 4.9: above the maximum
  EXPECT_EQ(twin.write(std::string(kGpu) + "/max_freq", "fast"), EINVAL);
  EXPECT_NE(twin.write(std::string(kGpu) + "/available_frequencies", "1"), 0);
  EXPECT_EQ(twin.write("/sys/nothing", "1"), ENOENT);
}

TEST_F(Mount, AFolderWithSomethingInItIsLeftAlone) {
  const MountedTwin twin(place_, "jetson-nano");
  ASSERT_TRUE(twin.mounted()) << twin.log();
  for (const std::string& folder :
       {twin.root(), fs::path(place_.write("x", "")).parent_path().string()}) {
    const Outcome again = place_.run({"twin", "mount", "twin:jetson-nano", folder});
    EXPECT_EQ(again.status, 2);
    EXPECT_NE(again.err.find("not empty"), std::string::npos) << again.err;
  }
}

TEST_F(Mount, LinksStayBelowTheMount) {
  const MountedTwin twin(place_, "jetson-orin-nx");
  ASSERT_TRUE(twin.mounted()) << twin.log();
  int links = 0;
  for (const auto& entry : fs::recursive_directory_iterator(twin.root())) {
    if (!entry.is_symlink()) continue;
    ++links;
    EXPECT_EQ(fs::canonical(entry.path()).string().rfind(fs::canonical(twin.root()).string(), 0),
              0u)
        << entry.path();
  }
  EXPECT_GT(links, 3);
}

TEST_F(Mount, TimeGoesOnAndAJobShowsOnTheRails) {
  const MountedTwin twin(place_, "jetson-nano", {"--model", "alexnet", "--batch", "8"});
  ASSERT_TRUE(twin.mounted()) << twin.log();
  const int idle = std::stoi(twin.read(kPower));
  EXPECT_GT(idle, 500);
  int most = 0;  // loading and initialising take some simulated seconds, which are real ones here
  for (int i = 0; i < 300 && most < 2 * idle; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    most = std::max(most, std::stoi(twin.read(kPower)));
  }
  EXPECT_GE(most, 2 * idle);
}

TEST_F(Mount, TheProgramMeasuresThereAndLeavesItAsItWas) {
  if (!fs::exists(ISOJOULE_BINARY_DIR "/bin/isojoule-engine-onnxruntime"))
    GTEST_SKIP() << "skipped: the engine is not built";
  const MountedTwin twin(place_, "jetson-nano");
  ASSERT_TRUE(twin.mounted()) << twin.log();
  const auto before = twin.settings();
  ASSERT_GT(before.size(), 10u);
  const Outcome outcome =
      place_.run({"measure", "--sysroot", twin.root(), "--model", "mobilenet-v2", "--inferences",
                  "200", "--json", "--set", "gpu_frequency=307200000", "cpu_frequency=710400000"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto root = nlohmann::json::parse(outcome.out);
  EXPECT_TRUE(root.at("simulated").get<bool>());
  EXPECT_EQ(root.at("board"), "jetson-nano");
  EXPECT_EQ(root.at("engine"), "onnxruntime");
  EXPECT_EQ(twin.settings(), before);
}

TEST_F(Mount, AFolderThatIsNotThereIsNamed) {
  const Outcome outcome = place_.run({"twin", "mount", "jetson-nano", place_.path("nowhere")});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.err.find("nowhere: no such folder"), std::string::npos) << outcome.err;
  const Outcome board = place_.run({"twin", "mount", "jetson-nono", place_.path("")});
  EXPECT_EQ(board.status, 2);
  EXPECT_NE(board.err.find("jetson-nano"), std::string::npos) << board.err;
}

}  // namespace
}  // namespace isojoule::test
