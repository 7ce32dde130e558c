#include "data/value_text.h"

#include <gtest/gtest.h>

namespace isojoule {
namespace {

TEST(ValueText, NumbersCarryTheirUnit) {
  EXPECT_EQ(*parse_value("921.6MHz"), Value(921600000.0));
  EXPECT_EQ(*parse_value("1.479GHz"), Value(1479000000.0));
  EXPECT_EQ(*parse_value("307200kHz"), Value(307200000.0));
  EXPECT_EQ(*parse_value(" 50% "), Value(50.0));
  EXPECT_EQ(*parse_value("1479000000"), Value(1479000000.0));
}

TEST(ValueText, WordsStayWordsAndSlipsAreSaid) {
  EXPECT_EQ(*parse_value("schedutil"), Value("schedutil"));
  EXPECT_EQ(*parse_value("15W_6CORE"), Value("15W_6CORE"));
  EXPECT_EQ(*parse_value("nan"), Value("nan"));  // no knob has it
  EXPECT_EQ(parse_value("5Mhz").error().kind, ErrorKind::parse);
  EXPECT_EQ(parse_value("").error().kind, ErrorKind::parse);
}

TEST(ValueText, AnAxisMayCarryTheUnitOfItsNumber) {
  const auto wanted = parse_axis_value("gpu_frequency_mhz=614.4");
  ASSERT_TRUE(wanted) << to_string(wanted.error());
  EXPECT_EQ(wanted->axis, "gpu_frequency");
  EXPECT_EQ(wanted->value, Value(614400000.0));
  EXPECT_EQ(parse_axis_value("cpu_governor=performance")->value, Value("performance"));
  for (const char* word : {"cpu_governor", "=3", "a="})
    EXPECT_EQ(parse_axis_value(word).error().kind, ErrorKind::parse) << word;
}

}  // namespace
}  // namespace isojoule
