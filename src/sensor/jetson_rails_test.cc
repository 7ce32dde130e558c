#include "sensor/jetson_rails.h"

#include <gtest/gtest.h>

namespace isojoule::jetson {
namespace {

using Names = std::vector<std::string>;

TEST(JetsonRails, ParentsFollowTheInputRail) {
  const Names nx = {"VDD_SOC", "VDD_IN"};
  EXPECT_EQ(parent_of("VDD_IN", nx), "");
  EXPECT_EQ(parent_of("VDD_SOC", nx), "VDD_IN");
  EXPECT_EQ(parent_of("POM_5V_GPU", {"POM_5V_GPU", "POM_5V_IN"}), "POM_5V_IN");
  const Names agx = {"VDD_GPU_SOC", "VIN_SYS_5V0", "VDDQ_VDD2_1V8AO"};
  EXPECT_EQ(parent_of("VDD_GPU_SOC", agx), "");
  EXPECT_EQ(parent_of("VDDQ_VDD2_1V8AO", agx), "VIN_SYS_5V0");
  EXPECT_EQ(parent_of("VDDQ_VDD2_1V8AO", {"VDDQ_VDD2_1V8AO"}), "");
}

TEST(JetsonRails, TheModuleDoesNotFeedItsCarrierBoard) {
  EXPECT_EQ(parent_of("CVB_ATX_12V", {"VDD_IN", "CVB_ATX_12V"}), "");
}

TEST(JetsonRails, OnlyTheRailsOfAKnownModuleStandBesideEachOther) {
  EXPECT_EQ(overlap_of({"GPU", "CPU", "SOC", "CV", "VDDRQ", "SYS5V"}), Overlap::none);
  EXPECT_EQ(overlap_of({"VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0", "VDDQ_VDD2_1V8AO"}),
            Overlap::none);
  EXPECT_EQ(overlap_of({"VDD_GPU_SOC", "VDD_CPU_CV", "CVB_ATX_12V"}), Overlap::in_kind);
  EXPECT_EQ(overlap_of({"VDD_IN", "VDD_SOC"}), Overlap::in_kind);  // without VDD_IN: not known
  EXPECT_EQ(overlap_of({"GPU", "GPU"}), Overlap::in_kind);
}

}  // namespace
}  // namespace isojoule::jetson
