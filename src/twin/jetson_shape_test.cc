#include "twin/jetson_shape.h"

#include <gmock/gmock.h>

namespace isojoule::twin {
namespace {

TEST(JetsonShape, NothingIsNeeded) {
  const auto shape = jetson_shape_of(toml::parse(""));
  ASSERT_TRUE(shape);
  EXPECT_TRUE(shape->emc.driver.empty());
  EXPECT_TRUE(shape->nvpmodel.conf.empty());
}

TEST(JetsonShape, NumbersOfAMode) {
  const auto shape = jetson_shape_of(toml::parse(R"(
[nvpmodel]
default = 1
[[nvpmodel.mode]]
id = 0
name = "MAXN"
[[nvpmodel.mode]]
id = 1
name = "MAXQ"
cores = [0, 3, 4, 5]
cpu_max_khz = [1200000, 2035200]
emc_max_hz = 3199000000
caps = { dla0_core = 614400000 }
tpc_mask = 252
)"));
  ASSERT_TRUE(shape) << to_string(shape.error());
  const PowerModeShape& mode = shape->nvpmodel.modes[1];
  EXPECT_EQ(mode.cores, (std::vector<int>{0, 3, 4, 5}));
  EXPECT_EQ(mode.cpu_max_khz, (std::vector<std::int64_t>{1200000, 2035200}));
  EXPECT_EQ(mode.cpu_min_khz, std::vector<std::int64_t>{-1});
  EXPECT_EQ(mode.emc_max_hz, 3'199'000'000);
  EXPECT_EQ(mode.caps.at("dla0_core"), 614'400'000);
  EXPECT_EQ(mode.tpc_mask, 252);
  EXPECT_FALSE(shape->nvpmodel.modes[0].tpc_mask);
  EXPECT_EQ(shape->nvpmodel.start, 1);
  EXPECT_TRUE(shape->nvpmodel.applied);
}

TEST(JetsonShape, SaysWhatIsWrong) {
  struct Row {
    const char* text;
    const char* says;
  };
  for (const Row& row :
       {Row{"[emc]\ndriver = \"none\"\nrates_khz = [1]\n", "emc.driver"},
        Row{"[emc]\ndriver = \"bpmp\"\nrates_khz = [2, 1]\n", "rise"},
        Row{"[emc]\ndriver = \"bpmp\"\nrates_khz = [1, 2]\ndefault_khz = 3\n", "default_khz"},
        Row{"[[clock_cap]]\npath = \"emc\"\n", "/sys/"},
        Row{"[nvpmodel]\ndefault = 3\n", "no mode 3"},
        Row{"[nvpmodel]\n[[nvpmodel.mode]]\nid = 0\n", "id and name"},
        Row{"[nvpmodel]\n[[nvpmodel.mode]]\nid = 0\nname = \"A\"\n[[nvpmodel.mode]]\nid = 0\n"
            "name = \"B\"\n",
            "twice"}}) {
    const auto shape = jetson_shape_of(toml::parse(row.text));
    ASSERT_FALSE(shape) << row.text;
    EXPECT_EQ(shape.error().kind, ErrorKind::invalid);
    EXPECT_THAT(shape.error().what, ::testing::HasSubstr(row.says));
  }
}

}  // namespace
}  // namespace isojoule::twin
