#include "app/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file_tree.h"

namespace isojoule {
namespace {

using ::testing::HasSubstr;

TEST(TwinName, HasABoardAVariantAndASilicon) {
  const auto all = parse_twin_name("twin:jetson-orin-nx/super#3").value();
  EXPECT_EQ(all.board, "jetson-orin-nx");
  EXPECT_EQ(all.variant, "super");
  EXPECT_EQ(all.silicon, 3U);
  const auto piece = parse_twin_name("twin:jetson-nano#18446744073709551615").value();
  EXPECT_EQ(piece.board, "jetson-nano");
  EXPECT_EQ(piece.variant, "");
  EXPECT_EQ(piece.silicon, 18446744073709551615U);
  EXPECT_EQ(parse_twin_name("twin:jetson-nano").value().silicon, 0U);
}

TEST(TwinName, ANumberThatIsNoneIsRefused) {
  for (const char* bad : {"twin:jetson-nano#", "twin:jetson-nano#x", "twin:jetson-nano#-1",
                          "twin:jetson-nano#1.5", "twin:jetson-nano#7#8", "twin:jetson-nano# 7",
                          "twin:jetson-nano#18446744073709551616", "twin:jetson-nano#3/super"}) {
    const auto refused = parse_twin_name(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().kind, ErrorKind::invalid) << bad;
    EXPECT_THAT(refused.error().remedy, HasSubstr("twin:jetson-nano#7"));
  }
}

TEST(TwinName, OpensThePiece) {
  const Paths paths = find_paths().value();
  TargetOptions options;
  options.board = "twin:jetson-orin-nx/super#3";
  options.calibrated = false;
  const auto target = open_target(paths, options);
  ASSERT_TRUE(target) << to_string(target.error());
  EXPECT_EQ((*target)->board.variant, "super");
  EXPECT_EQ((*target)->board.file.name, "jetson-orin-nx");
  EXPECT_TRUE((*target)->board.simulated);
  EXPECT_TRUE((*target)->twin->tree().exists("/proc/device-tree/serial-number"));
  options.board = "twin:jetson-orin-nx/super";
  const auto nominal = open_target(paths, options);
  ASSERT_TRUE(nominal) << to_string(nominal.error());
  EXPECT_FALSE((*nominal)->twin->tree().exists("/proc/device-tree/serial-number"));
}

}  // namespace
}  // namespace isojoule
