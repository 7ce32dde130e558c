#include "twin/variant.h"

#include <gmock/gmock.h>

#include "base/text_file.h"
#include "twin/board_shape.h"
#include "twin/constants.h"
#include "twin/test_board.h"
#include "twin/test_rig.h"
#include "twin/twin.h"

namespace isojoule::twin {
namespace {

TEST(Variant, TablesAreMergedAndEverythingElseIsReplaced) {
  const toml::table file = toml::parse(R"(
a = 1
list = [1, 2]
[table]
kept = "yes"
changed = "top"
[variant.big]
list = [3]
[variant.big.table]
changed = "variant"
[[release]]
name = "1"
[release.table]
changed = "release"
own = 5
[release.variant.big]
a = 7
)");
  const toml::table* release = file["release"][0].as_table();
  const toml::table plain = merged(file, release, "");
  EXPECT_EQ(plain["table"]["kept"].value_or<std::string>(""), "yes");
  EXPECT_EQ(plain["table"]["changed"].value_or<std::string>(""), "release");
  EXPECT_EQ(plain["table"]["own"].value_or(0), 5);
  EXPECT_EQ(plain["list"].as_array()->size(), 2U);
  EXPECT_FALSE(plain.contains("variant"));
  const toml::table big = merged(file, release, "big");
  EXPECT_EQ(big["table"]["changed"].value_or<std::string>(""), "variant");
  EXPECT_EQ(big["table"]["kept"].value_or<std::string>(""), "yes");
  EXPECT_EQ(big["list"].as_array()->size(), 1U);
  EXPECT_EQ(big["a"].value_or(0), 7);
  EXPECT_EQ(merged(file, release, "other"), plain);
  EXPECT_EQ(variants_in(file), std::set<std::string>{"big"});
}

TEST(Variant, OfTheOrinNxShowsItsIdentityAndItsCores) {
  Rig small("jetson-orin-nx", "36.4", true, 1, "8gb");
  EXPECT_THAT(small.read("/proc/device-tree/compatible"),
              ::testing::StartsWith("nvidia,p3768-0000+p3767-0001"));
  EXPECT_EQ(small.read("/sys/devices/system/cpu/present"), "0-5\n");
  Rig super("jetson-orin-nx", "36.4", true, 1, "super");
  EXPECT_THAT(super.read("/proc/device-tree/model"), ::testing::HasSubstr("Super"));
  EXPECT_THAT(*super.tree().run({"nvpmodel", "-q"}, Duration::milliseconds(100)),
              ::testing::HasSubstr("MAXN_SUPER\n0\n"));
}

TEST(Variant, OfTheConstants) {
  const std::string path = std::string(ISOJOULE_SOURCE_DIR) + "/boards/jetson-orin-nx/twin.toml";
  const std::string text = *read_text_file(path);
  EXPECT_EQ(parse_constants(text, path)->cores, 8);
  EXPECT_EQ(parse_constants(text, path, "8gb")->cores, 6);
  EXPECT_EQ(parse_constants(text, path, "super")->gpu_frequencies.back(), Hertz(1173e6));
}

TEST(Variant, AnUnknownOneIsRefusedWithTheKnown) {
  BoardFile board = board_named("jetson-orin-nx");
  TwinOptions options;
  options.variant = "16gb";
  const auto refused = make_twin(board, options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::out_of_range);
  EXPECT_THAT(refused.error().remedy, ::testing::HasSubstr("8gb, 8gb-super, super"));
  board.variants.push_back({"16gb", "a title", {}});  // the board's own file may name it too
  EXPECT_TRUE(make_twin(board, options));
}

}  // namespace
}  // namespace isojoule::twin
