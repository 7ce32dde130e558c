#include "app/predict/place.h"

#include <gtest/gtest.h>

#include "app/predict/fake_model.h"

namespace isojoule {
namespace {

using fake::closed_form_choices;
using fake::closed_form_model;

Result<PredictPlace> place_at(const std::vector<std::string>& words) {
  ISOJOULE_TRY(const AskedSetting asked, asked_setting(words));
  return place_of(asked.knobs, closed_form_choices(), closed_form_model());
}

TEST(PredictPlace, WithoutWordsItIsTheHighestClocks) {
  const auto place = place_at({});
  ASSERT_TRUE(place) << to_string(place.error());
  EXPECT_TRUE(place->highest);
  EXPECT_EQ(place->point, (OperatingPoint{1500e6, 1000e6, 1600e6, 4}));
  EXPECT_EQ(to_string(place->point), "GPU 1000 MHz, CPU 1500 MHz, memory 1600 MHz, 4 cores");
}

TEST(PredictPlace, UnitsMayStandOnEitherSide) {
  for (const char* word : {"gpu_frequency=400MHz", "gpu_frequency_hz=400000000",
                           "gpu_frequency_mhz=400", "gpu_frequency=0.4GHz"}) {
    const auto place = place_at({word});
    ASSERT_TRUE(place) << word << to_string(place.error());
    EXPECT_EQ(place->point.gpu_hz, 400e6) << word;
    EXPECT_FALSE(place->highest);
    EXPECT_TRUE(place->notes.empty());
  }
}

TEST(PredictPlace, AnotherClockBecomesTheNearestAndIsSaid) {
  const auto place = place_at({"gpu_frequency=450MHz"});
  ASSERT_TRUE(place);
  EXPECT_EQ(place->point.gpu_hz, 400e6);
  ASSERT_EQ(place->notes.size(), 1U);
  EXPECT_EQ(place->notes[0], "gpu_frequency 450 MHz: the nearest that this board has is 400 MHz");
}

TEST(PredictPlace, AMissingUnitIsFound) {
  const auto place = place_at({"gpu_frequency=400"});
  ASSERT_FALSE(place);
  EXPECT_EQ(place.error().kind, ErrorKind::out_of_range);
  EXPECT_NE(place.error().remedy.find("gpu_frequency=1000MHz"), std::string::npos)
      << place.error().remedy;
}

TEST(PredictPlace, GovernorsModesAndLimitsCannotBePredicted) {
  for (const char* word : {"cpu_governor=schedutil", "gpu_frequency=simple_ondemand",
                           "power_mode=MAXN", "gpu_maximum_frequency=400MHz"}) {
    const auto place = place_at({word});
    ASSERT_FALSE(place) << word;
    EXPECT_EQ(place.error().kind, ErrorKind::unsupported) << word;
    EXPECT_NE(place.error().remedy.find("sweep"), std::string::npos) << word;
  }
}

TEST(PredictPlace, AnAxisThatWasNotLearntIsRefusedWithThoseThatWere) {
  const auto place = place_at({"fan_speed=50"});
  ASSERT_FALSE(place);
  EXPECT_EQ(place.error().kind, ErrorKind::unsupported);
  EXPECT_NE(place.error().remedy.find("gpu_frequency, cpu_frequency"), std::string::npos);
  EnergyModel of_a_table = closed_form_model();
  of_a_table.points = {OperatingPoint{}};
  Setting knobs;
  knobs.set("gpu_frequency", 4e8);
  EXPECT_FALSE(place_of(knobs, {}, of_a_table));
  const auto anywhere = place_of({}, {}, of_a_table);
  ASSERT_TRUE(anywhere);
  EXPECT_EQ(anywhere->point, OperatingPoint{});
}

TEST(PredictPlace, EngineAxesMakeTheJobAndTheBatchIsApart) {
  const auto asked = asked_setting({"accelerator=dla", "batch=8", "cores=2"});
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->job.text("accelerator"), "dla");
  EXPECT_EQ(asked->batch, 8);
  EXPECT_EQ(asked->knobs.number("cpu_online"), 2);
  for (const char* word : {"batch=0", "batch=2.5", "batch=x", "gpu_frequency", "gpu_frequency="})
    EXPECT_FALSE(asked_setting({word})) << word;
}

TEST(PredictPlace, TheClocksOfATwinComeFromItsTables) {
  const auto paths = find_paths();
  ASSERT_TRUE(paths);
  const PointChoices twin = point_choices(*paths, "jetson-tx2", true, closed_form_model());
  EXPECT_EQ(twin.gpu_hz.size(), 13U);  // boards/jetson-tx2/twin.toml
  EXPECT_EQ(twin.cpu_hz.size(), 12U);
  EXPECT_TRUE(std::is_sorted(twin.cpu_hz.begin(), twin.cpu_hz.end()));
  // A board that is not here, and one that nobody knows.
  EXPECT_EQ(point_choices(*paths, "jetson-tx2", false, closed_form_model()).source,
            "the tables of the board's simulated twin");
  const PointChoices unknown = point_choices(*paths, "phone", false, closed_form_model());
  EXPECT_EQ(unknown.source, "the clocks that were measured");
  EXPECT_EQ(unknown.gpu_hz, (std::vector<double>{200e6, 400e6, 600e6}));
}

}  // namespace
}  // namespace isojoule
