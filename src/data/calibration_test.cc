#include "data/trace.h"

namespace isojoule {
namespace {

TEST(CalibrationText, ReadsBackWithAndWithoutItsRange) {
  Calibration c{1.02, Watt(-0.01), 1e-3, Watt(2e-3), -0.875, "meter = 3, lowest=1", "2026-11-21"};
  EXPECT_EQ(*parse_calibration(to_string(c)), c);
  EXPECT_EQ(to_string(c).find("highest"), std::string::npos);
  c.lowest = Watt(1.5);
  c.highest = Watt(12.25);
  EXPECT_EQ(*parse_calibration(to_string(c)), c);
  EXPECT_FALSE(parse_calibration("gain=1 meter=x"));
}

// A line by which every energy would become infinite, or no number.
TEST(CalibrationText, RefusesWhatNoComparisonFinds) {
  const std::string rest = " correlation=0 meter=x";
  EXPECT_TRUE(parse_calibration("gain=1 offset=0 gain_u=0.1 offset_u=0.1" + rest));
  EXPECT_FALSE(parse_calibration("gain=0 offset=0 gain_u=0.1 offset_u=0.1" + rest));
  EXPECT_FALSE(parse_calibration("gain=-1 offset=0 gain_u=0.1 offset_u=0.1" + rest));
  EXPECT_FALSE(parse_calibration("gain=1 offset=0 gain_u=-0.1 offset_u=0.1" + rest));
  EXPECT_FALSE(parse_calibration("gain=1 offset=0 gain_u=0.1 offset_u=0.1 correlation=2 meter=x"));
}

}  // namespace
}  // namespace isojoule
