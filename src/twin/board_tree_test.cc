#include "twin/board_tree.h"

#include <gmock/gmock.h>

#include <map>

#include "base/text_file.h"
#include "twin/test_rig.h"

namespace isojoule::twin {
namespace {

TEST(BoardShape, BadFilesAreRefusedWithTheReason) {
  EXPECT_EQ(load_shape("/nowhere/tree.toml", "").error().kind, ErrorKind::not_found);
  const auto broken = parse_shape("schema = ", "tree.toml", "");
  EXPECT_EQ(broken.error().kind, ErrorKind::parse);
  EXPECT_THAT(broken.error().what, ::testing::HasSubstr("tree.toml:1:"));
  EXPECT_EQ(parse_shape("schema = 1\n", "tree.toml", "").error().kind, ErrorKind::out_of_range);
  const auto empty = parse_shape("[[release]]\nname = \"1\"\nkernel = \"3.2\"\n", "tree.toml", "");
  EXPECT_EQ(empty.error().kind, ErrorKind::invalid);
  EXPECT_THAT(empty.error().what, ::testing::HasSubstr("3.2"));
  const std::string nano = std::string(ISOJOULE_SOURCE_DIR) + "/boards/jetson-nano/tree.toml";
  EXPECT_THAT(load_shape(nano, "28.1").error().remedy, ::testing::HasSubstr("32.4, 32.7"));
  EXPECT_EQ(load_shape(nano, "")->release, "32.7");
  EXPECT_EQ(load_shape(nano, "32.4.4")->release, "32.4");
}

TEST(BoardTree, ARailThatTheConstantsLackIsRefused) {
  const BoardShape shape = shape_of("jetson-nano", "32.7");
  Constants constants = small_constants();
  constants.rails = {"POM_5V_IN"};
  constants.rail_components.resize(1);
  Simulation simulation(constants, 1, false);
  const auto made = BoardTree::make(shape, constants, simulation, {});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, ErrorKind::invalid);
}

// ---- identity ----------------------------------------------------------------------------------

TEST(BoardTree, IdentityHasItsNulBytes) {
  Rig nano("jetson-nano", "32.7");
  EXPECT_EQ(nano.read("/proc/device-tree/model"),
            std::string("NVIDIA Jetson Nano Developer Kit") + '\0');
  EXPECT_EQ(nano.read("/sys/firmware/devicetree/base/compatible"),
            std::string(
                "nvidia,p3449-0000-b00+p3448-0000-b00\0nvidia,jetson-nano\0nvidia,tegra210\0", 72));
  EXPECT_THAT(nano.read("/etc/nv_tegra_release"),
              ::testing::StartsWith("# R32 (release), REVISION: 7.1,"));
  const std::string id = nano.read("/proc/sys/kernel/random/boot_id");
  EXPECT_THAT(id, ::testing::MatchesRegex("........-....-4...-....-............\n"));
  EXPECT_EQ(id, Rig("jetson-nano", "32.7").read("/proc/sys/kernel/random/boot_id"));
  EXPECT_NE(id, Rig("jetson-nano", "32.7", true, 2).read("/proc/sys/kernel/random/boot_id"));
}

TEST(BoardTree, IdentityOfTheOtherBoards) {
  Rig xavier("jetson-xavier-nx", "35.5");
  EXPECT_THAT(xavier.read("/proc/device-tree/compatible"),
              ::testing::StartsWith("nvidia,p3509-0000+p3668-0000"));
  EXPECT_THAT(xavier.read("/etc/nv_tegra_release"),
              ::testing::StartsWith("# R35 (release), REVISION: 5.0"));
  EXPECT_THAT(Rig("jetson-orin-nx", "35.5").read("/proc/device-tree/model"),
              ::testing::StartsWith("NVIDIA Orin NX Developer Kit"));
  EXPECT_THAT(Rig("jetson-orin-nx", "36.4").read("/proc/device-tree/model"),
              ::testing::StartsWith("NVIDIA Jetson Orin NX Engineering Reference Developer Kit"));
}

TEST(BoardTree, AfterSettingsAreWrittenBackTheTreeIsAsBefore) {
  Rig nano("jetson-nano", "32.7");
  const auto settings = [&nano] {  // all but what time and load change
    std::map<std::string, std::string> texts = (*nano.made)->tree().snapshot();
    std::erase_if(texts, [](const auto& node) {
      const std::string name = node.first.substr(node.first.rfind('/') + 1);
      const bool measured = name.rfind("in_", 0) == 0 || name.rfind("ui_input", 0) == 0;
      return measured || name.find("cur_freq") != std::string::npos || name == "target_freq" ||
             name == "time_in_state" || name == "total_trans" || name == "trans_stat" ||
             name == "load" || name == "mc_all" || name == "temp";
    });
    return texts;
  };
  ASSERT_GT(settings().size(), 60U);
  const auto before = settings();
  const std::string gpu = kNanoGpu;
  nano.write(gpu + "governor", "userspace");
  nano.write(gpu + "userspace/set_freq", "460800000");
  nano.write(gpu + "max_freq", "614400000");
  nano.write(std::string(kPolicy) + "scaling_min_freq", "921600");
  EXPECT_NE(settings(), before);
  nano.write(std::string(kPolicy) + "scaling_min_freq", "102000");
  nano.write(gpu + "max_freq", "921600000");
  nano.write(gpu + "governor", "nvhost_podgov");
  EXPECT_EQ(settings(), before);
}

// Who may read a release's power chips where tree.toml does not say.
TEST(BoardShape, SensorAccessFollowsTheRelease) {
  const std::string path = std::string(ISOJOULE_SOURCE_DIR) + "/boards/jetson-orin-nx/tree.toml";
  const auto everyone = [&path](const std::string& release) {
    std::string text = *read_text_file(path);
    for (std::size_t at = 0; (at = text.find("sensor_access", at)) != std::string::npos;)
      text.erase(at, text.find('\n', at) - at);
    text.replace(text.find("name = \"35.5\""), 13, "name = \"" + release + "\"");
    return parse_shape(text, path, release)->sensors_for_everyone;
  };
  for (const char* open : {"28.2", "32.1", "32.4", "36.4", "38.2"})
    EXPECT_TRUE(everyone(open)) << open;
  for (const char* closed : {"32.5", "32.7", "34.1", "35.6"})
    EXPECT_FALSE(everyone(closed)) << closed;
}

// A user reads what the board lets him read, and writes nothing of the kernel's.
TEST(BoardTree, AUserWritesNothing) {
  for (const auto& [board, release] : {std::pair{"jetson-nano", "32.7"},
                                       {"jetson-xavier-nx", "35.5"},
                                       {"jetson-orin-nx", "36.4"}}) {
    Rig user(board, release, false);
    const auto nodes = (*user.made)->tree().snapshot();
    ASSERT_GT(nodes.size(), 150U);
    for (const auto& [path, text] : nodes) {
      if (text.starts_with("-> ") || !path.starts_with("/sys/")) continue;
      const auto status = user.tree().write(path, "1");
      ASSERT_FALSE(status) << path;
      EXPECT_EQ(status.error().kind, ErrorKind::permission_denied) << path;
    }
  }
}

}  // namespace
}  // namespace isojoule::twin
