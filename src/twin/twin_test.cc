#include "twin/twin.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "base/faulty_tree.h"
#include "twin/test_board.h"
#include "workload/zoo.h"

namespace isojoule {
namespace {

using twin::board_named;

TEST(Twin, EachBoardAndReleaseIsMadeFromItsFiles) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> all = {
      {"jetson-nano", {"32.4", "32.7"}},
      {"jetson-xavier-nx", {"32.7", "35.5"}},
      {"jetson-orin-nx", {"35.5", "36.4"}}};
  for (const auto& [name, releases] : all)
    for (const auto& release : releases) {
      TwinOptions options;
      options.release = release;
      const auto twin = make_twin(board_named(name), options);
      ASSERT_TRUE(twin) << name << " " << release << ": " << to_string(twin.error());
      EXPECT_TRUE((*twin)->tree().exists("/proc/device-tree/model"));
      EXPECT_TRUE((*twin)->clock().is_virtual());
      EXPECT_EQ((*twin)->engine().name(), "twin");
      EXPECT_EQ(
          *read_line((*twin)->tree(), "/sys/devices/system/cpu/cpufreq/policy0/scaling_governor"),
          "schedutil");
    }
}

TEST(Twin, TheNewestReleaseIsTheBoardFiles) {
  BoardFile board = board_named("jetson-nano");
  board.releases.resize(2);
  board.releases[0].name = "32.7";
  board.releases[1].name = "32.4";
  const auto twin = make_twin(board, {});
  ASSERT_TRUE(twin);
  EXPECT_THAT(*(*twin)->tree().read("/etc/nv_tegra_release"),
              ::testing::HasSubstr("REVISION: 4.4"));
}

TEST(Twin, WhatIsMissingIsSaid) {
  EXPECT_EQ(make_twin(board_named("jetson-none"), {}).error().kind, ErrorKind::not_found);
  TwinOptions options;
  options.release = "28.1";
  EXPECT_EQ(make_twin(board_named("jetson-nano"), options).error().kind, ErrorKind::out_of_range);
}

// A network of the zoo on each board, read as a study reads it.
TEST(Twin, ARunTakesTimeAndEnergyAndTheSeedRepeatsIt) {
  const std::string path =
      (std::filesystem::temp_directory_path() / "isojoule_twin_test.onnx").string();
  ZooOptions zoo;
  zoo.dynamic_batch = true;
  zoo.weights = false;
  ASSERT_TRUE(write_zoo_model("alexnet", zoo, path));
  const auto play = [&path](std::uint64_t seed) {
    TwinOptions options;
    options.seed = seed;
    auto twin = *make_twin(board_named("jetson-nano"), options);
    Job job;
    job.model_path = path;
    job.network = "alexnet";
    job.batch = 8;
    job.inferences = 64;
    auto current =
        *twin->tree().open("/sys/bus/i2c/drivers/ina3221x/6-0040/iio:device0/in_current0_input");
    std::vector<std::int64_t> seen;
    const auto ticker = twin->clock().every(
        Duration::milliseconds(100), [&](Instant) { seen.push_back(*read_integer(*current)); });
    auto session = *twin->engine().start(job);
    while (auto event = *session->next_event({3'600'000'000'000}))
      if (event->kind == EventKind::phase_end) seen.push_back(event->end.ns);
    return seen;
  };
  const auto first = play(1);
  EXPECT_GT(first.size(), 20U);
  EXPECT_EQ(first, play(1));
  EXPECT_NE(first, play(2));
  std::filesystem::remove(path);
}

// A hanging node costs the simulated board two seconds, and nobody else any.
TEST(Twin, AFaultyTreeAroundItHangsInItsTime) {
  auto twin = *make_twin(board_named("jetson-orin-nx"), {});
  FaultyTree tree(twin->tree(), twin->clock());
  tree.fail("*/scaling_max_freq", Fault::hang().times(1));
  tree.fail("*/min_freq", Fault::ignored_write());
  const Instant before = twin->clock().now();
  const std::string policy = "/sys/devices/system/cpu/cpu0/cpufreq/";  // a link
  EXPECT_TRUE(tree.write(policy + "scaling_max_freq", "1190400"));
  EXPECT_EQ(twin->clock().now() - before, FaultyTree::kHang);
  EXPECT_EQ(*read_integer(tree, policy + "scaling_max_freq"), 1190400);
  const std::string gpu = "/sys/class/devfreq/17000000.gpu/";
  EXPECT_TRUE(tree.write(gpu + "min_freq", "510000000"));
  EXPECT_EQ(*read_integer(tree, gpu + "min_freq"), 306000000);
}

}  // namespace
}  // namespace isojoule
