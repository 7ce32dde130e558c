// A governor that is killed while it turns the board under load: its keeper puts every node back.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <random>
#include <thread>

#include "whole/mounted_twin.h"

namespace isojoule::kill {
namespace {

namespace fs = std::filesystem;
using test::becomes_true;

// Of a crash. The address sanitizer takes SIGSEGV for itself and exits with 1.
#ifdef __SANITIZE_ADDRESS__
constexpr int kCrash = SIGABRT;
#else
constexpr int kCrash = SIGSEGV;
#endif

// Nodes that nobody moves but a setting: what the board shows by itself changes from look to look.
std::map<std::string, std::string> steady(const test::MountedTwin& twin) {
  auto first = twin.settings();
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  const auto second = twin.settings();
  std::erase_if(first, [&](const auto& entry) { return second.at(entry.first) != entry.second; });
  return first;
}

std::string first_difference(const std::map<std::string, std::string>& before,
                             const test::MountedTwin& twin) {
  for (const auto& [path, text] : before)
    if (twin.read(path) != text) return path + ": " + text + " before, now " + twin.read(path);
  return {};
}

TEST(KillGovernor, EveryKnobIsAsBefore) {
  if (const std::string why = test::MountedTwin::why_not(); !why.empty())
    GTEST_SKIP() << "skipped: " << why;
  const test::Workplace place;
  ::setenv("ISOJOULE_STATE", place.path("state").c_str(), 1);
  ::setenv("ISOJOULE_RUNTIME", place.path("run").c_str(), 1);
  const std::string study = place.path("nano.study");
  ASSERT_EQ(place
                .run({"sweep", place.write("plan.toml", test::small_plan(1)), "--board",
                      "twin:jetson-nano", "-o", study})
                .status,
            0);
  const test::MountedTwin twin(place, "jetson-nano");
  ASSERT_TRUE(twin.mounted()) << twin.log();
  const auto before = steady(twin);
  ASSERT_GT(before.size(), 10u);
  constexpr const char* kGpu = "/sys/devices/57000000.gpu/devfreq/57000000.gpu/min_freq";
  std::mt19937 random(20261122);
  for (int round = 0; round < 5; ++round) {
    // The service is killed as well where it is the governor's child; alone it goes on.
    const pid_t governor = place.start(
        {"govern", "--sysroot", twin.root(), "--table", study, "--limit", "latency<5s", "--epoch",
         "100ms", "--period", "20ms", "--quiet", "--socket", place.path("govern.sock"), "--",
         ISOJOULE_BINARY_DIR "/bin/example_governed", "60", "200", "2"});
    ASSERT_TRUE(becomes_true([&] { return twin.read(kGpu) != before.at(kGpu); })) << round;
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 400));
    ::kill(governor, round == 3 ? kCrash : SIGKILL);
    EXPECT_GT(place.wait(governor).status, 128);
    // A busy machine's keeper may need more than its usual second.
    EXPECT_TRUE(becomes_true([&] { return first_difference(before, twin).empty(); },
                             std::chrono::seconds(30)))
        << "round " << round << ": " << first_difference(before, twin);
  }
  ::unsetenv("ISOJOULE_STATE");
  ::unsetenv("ISOJOULE_RUNTIME");
}

}  // namespace
}  // namespace isojoule::kill
