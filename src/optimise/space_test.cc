#include "optimise/space.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "optimise/test_grids.h"

namespace isojoule {
namespace {

Setting setting_of(const std::string& text) { return *parse_setting(text); }

TEST(SearchSpace, AGridHasEveryCombinationAndWhatIsFixed) {
  const auto space =
      SearchSpace::grid({{"batch", {4.0, 1.0}}, {"graph", {std::string("b"), std::string("a")}}},
                        setting_of("precision=fp16"));
  ASSERT_TRUE(space.has_value());
  EXPECT_EQ(space->size(), 4);
  EXPECT_EQ(to_string(space->setting(0)),
            "batch=1 graph=b precision=fp16");  // words keep their order
  EXPECT_EQ(to_string(space->setting(3)), "batch=4 graph=a precision=fp16");
  EXPECT_TRUE(space->axes()[0].ordered);
  EXPECT_FALSE(space->axes()[1].ordered);
  EXPECT_EQ(space->axis("graph"), 1u);
  EXPECT_FALSE(space->axis("precision"));
}

TEST(SearchSpace, ASettingIsFoundUnlessItContradictsWhatIsFixed) {
  const auto space = *SearchSpace::grid({{"batch", {1.0, 4.0}}}, setting_of("precision=fp16"));
  EXPECT_EQ(space.find(setting_of("batch=4 precision=fp16")), 1);
  EXPECT_EQ(space.find(setting_of("batch=4 precision=fp16 fan=on")), 1);
  EXPECT_EQ(space.find(setting_of("batch=4")), 1);
  EXPECT_FALSE(space.find(setting_of("batch=4 precision=fp32")));
  EXPECT_FALSE(space.find(setting_of("batch=2 precision=fp16")));
  EXPECT_FALSE(space.find(setting_of("precision=fp16")));
}

TEST(SearchSpace, AGridThatIsNoneIsRefused) {
  const auto kind_of = [](std::vector<SearchAxis> axes) {
    const auto space = SearchSpace::grid(std::move(axes));
    EXPECT_FALSE(space.has_value());
    EXPECT_FALSE(space.error().remedy.empty());
    return space.error().kind;
  };
  EXPECT_EQ(kind_of({}), ErrorKind::invalid);
  EXPECT_EQ(kind_of({{"batch", {}}}), ErrorKind::invalid);
  EXPECT_EQ(kind_of({{"batch", {1.0, 1.0}}}), ErrorKind::invalid);
  EXPECT_EQ(kind_of({{"batch", {0.0, -0.0}}}), ErrorKind::invalid);
  EXPECT_EQ(kind_of({{"batch", {1.0, std::string("two")}}}), ErrorKind::invalid);
  EXPECT_EQ(kind_of({{"batch", {1.0}}, {"batch", {2.0}}}), ErrorKind::invalid);
  EXPECT_EQ(kind_of({{"batch", {1.0, std::nan("")}}}), ErrorKind::invalid);
  EXPECT_EQ(kind_of({{"batch", {1.0, std::numeric_limits<double>::infinity()}}}),
            ErrorKind::invalid);
  EXPECT_EQ(kind_of({test_numbers("a", 1, 2, 1001), test_numbers("b", 1, 2, 1000)}),
            ErrorKind::out_of_range);
  EXPECT_EQ(kind_of({test_numbers("a", 1, 2, 40000)}), ErrorKind::out_of_range);
}

TEST(SearchSpace, OfSettingsWithHoles) {
  const auto space = SearchSpace::of({setting_of("batch=1 fan=on gpu_frequency=100"),
                                      setting_of("batch=4 fan=on gpu_frequency=100"),
                                      setting_of("batch=4 fan=on gpu_frequency=300")});
  ASSERT_TRUE(space.has_value());
  EXPECT_EQ(space->size(), 3);
  EXPECT_EQ(space->axes().size(), 2u);  // the fan is always on
  EXPECT_EQ(to_string(space->setting(2)), "batch=4 fan=on gpu_frequency=300");
  EXPECT_FALSE(space->find(setting_of("batch=1 gpu_frequency=300")));
  EXPECT_EQ(space->neighbours(0), (std::vector<GridPoint>{1}));
}

TEST(SearchSpace, OneSettingIsASpace) {
  const auto space = SearchSpace::of({setting_of("batch=1 fan=on")});
  ASSERT_TRUE(space.has_value()) << space.error().what;
  EXPECT_EQ(space->size(), 1);
  EXPECT_EQ(to_string(space->setting(0)), "batch=1 fan=on");
  EXPECT_TRUE(space->neighbours(0).empty());
}

TEST(SearchSpace, SettingsThatAreNoSpaceAreRefused) {
  const auto what_of = [](const std::vector<Setting>& settings) {
    const auto space = SearchSpace::of(settings);
    EXPECT_FALSE(space.has_value());
    EXPECT_EQ(space.error().kind, ErrorKind::invalid);
    return space.error().what;
  };
  EXPECT_EQ(what_of({}), "there is no setting to choose");
  EXPECT_EQ(what_of({Setting{}}), "a setting without any value");
  EXPECT_EQ(what_of({setting_of("batch=1"), setting_of("batch=1")}), "two settings are alike");
  EXPECT_EQ(what_of({setting_of("batch=1"), setting_of("batch=2"), setting_of("batch=1")}),
            "two settings are alike");
  EXPECT_EQ(what_of({setting_of("batch=1"), setting_of("fan=on")}), "settings of different axes");
  EXPECT_EQ(what_of({setting_of("batch=1"), setting_of("batch=1 fan=on")}),
            "settings of different axes: batch=1 fan=on");
  EXPECT_EQ(what_of({setting_of("fan=1"), setting_of("fan=on")}), "axis fan has numbers and words");
}

TEST(SearchSpace, CoordinatesAreLogarithmsSharesOrPlaces) {
  const auto space = *SearchSpace::grid(
      {{"batch", {1.0, 4.0}}, {"offset", {-1.0, 0.0, 1.0}}, {"graph", {std::string("a")}}});
  const auto& all = space.coordinates();
  EXPECT_FLOAT_EQ(all[0], std::log(0.25F));
  EXPECT_FLOAT_EQ(all[1], 0);
  EXPECT_FLOAT_EQ(all[2], 0);
  const auto last = static_cast<std::size_t>(3 * (space.size() - 1));
  EXPECT_FLOAT_EQ(all[last], 0);
  EXPECT_FLOAT_EQ(all[last + 1], 1);
}

RC_GTEST_PROP(SearchSpace, PointsSettingsAndNeighboursAgree, ()) {
  const SearchSpace space =
      *SearchSpace::grid({test_numbers("batch", 1, 8, *rc::gen::inRange(1, 6)),
                          {"graph", {std::string("a"), std::string("b"), std::string("c")}},
                          test_numbers("gpu_frequency", 1, 8, *rc::gen::inRange(1, 6))});
  for (GridPoint p = 0; p < space.size(); ++p) {
    RC_ASSERT(space.find(space.setting(p)) == p);
    RC_ASSERT(space.at(space.levels(p)) == p);
    for (const GridPoint other : space.neighbours(p)) {
      const auto back = space.neighbours(other);
      RC_ASSERT(std::find(back.begin(), back.end(), p) != back.end());
      int apart = 0;
      for (std::size_t a = 0; a < 3; ++a) {
        const int steps = std::abs(space.levels(p)[a] - space.levels(other)[a]);
        apart += space.axes()[a].ordered ? steps : steps != 0 ? 1 : 0;
      }
      RC_ASSERT(apart == 1);
    }
  }
}

}  // namespace
}  // namespace isojoule
