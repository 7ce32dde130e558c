// The main job from the outside: sweep, show, report, and going on after the program was killed.
#include "whole/program.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "base/random.h"

namespace isojoule::test {
namespace {

constexpr int kRunsABlock = 2 * 3 + 1;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// The table of runs without what is of the moment: the wall clock.
std::vector<std::string> table_of(const Workplace& place, const std::string& study) {
  const Outcome shown = place.run({"show", "--csv", place.path(study)});
  EXPECT_EQ(shown.status, 0) << shown.err;
  auto lines = lines_of(shown.out);
  std::istringstream header(lines.empty() ? "" : lines[0]);
  int wall = -1;
  int column = 0;
  for (std::string name; std::getline(header, name, ','); ++column)
    if (name == "wall_time") wall = column;
  for (auto& line : lines) {
    std::istringstream cells(line);
    std::string kept;
    column = 0;
    for (std::string cell; std::getline(cells, cell, ','); ++column)
      if (column != wall) kept += cell + ",";
    line = kept;
  }
  return lines;
}

TEST(Sweep, MeasuresEverySettingAndShowsTheMinimum) {
  const Workplace place;
  const std::string plan = place.write("plan.toml", small_plan(2));
  const Outcome swept =
      place.run({"sweep", plan, "--board", "twin:jetson-nano", "-o", place.path("a.study")});
  ASSERT_EQ(swept.status, 0) << swept.err;
  EXPECT_NE(swept.err.find("block 2/2"), std::string::npos) << swept.err;

  const Outcome shown = place.run({"show", place.path("a.study")});
  ASSERT_EQ(shown.status, 0) << shown.err;
  EXPECT_NE(shown.out.find("SIMULATED"), std::string::npos);
  const Outcome json = place.run({"show", "--json", place.path("a.study")});
  ASSERT_EQ(json.status, 0) << json.err;
  const auto root = nlohmann::json::parse(json.out);
  EXPECT_TRUE(root.at("simulated").get<bool>());
  EXPECT_EQ(root.at("totals").at("runs"), 2 * kRunsABlock);
  ASSERT_EQ(root.at("minima").size(), 1u);
  const auto& minimum = root.at("minima")[0];
  EXPECT_EQ(minimum.at("grid_points"), 6);
  double least = 1e300;
  for (const auto& point : root.at("points"))
    if (point.at("baseline").is_null())
      least = std::min(least, point.at("energy_j").at("value").get<double>());
  const auto& best = root.at("points")[minimum.at("best").get<std::size_t>()];
  EXPECT_DOUBLE_EQ(best.at("energy_j").at("value").get<double>(), least);
  EXPECT_GT(best.at("setting").at("gpu_frequency_hz").get<double>(), 3e8);
}

TEST(Sweep, ASecondCallMakesNothingAgain) {
  const Workplace place;
  const std::string plan = place.write("plan.toml", small_plan(1));
  const std::vector<std::string> command = {
      "sweep", plan, "--board", "twin:jetson-nano", "-o", place.path("a.study")};
  ASSERT_EQ(place.run(command).status, 0);
  const Outcome again = place.run(command);
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_NE(again.out.find("7 of 7 runs there, 0 made now"), std::string::npos) << again.out;
}

TEST(Sweep, AKilledSweepGoesOnToTheSameTable) {
  const Workplace place;
  const std::string plan = place.write("plan.toml", small_plan(40, 3200));
  const auto sweep_into = [&](const std::string& study) {
    return std::vector<std::string>{"sweep",          plan, "--board", "twin:jetson-nano", "-o",
                                    place.path(study)};
  };
  ASSERT_EQ(place.run(sweep_into("whole.study")).status, 0);

  Random random(3);
  int kills = 0;
  for (int attempt = 0; attempt < 60; ++attempt) {
    const pid_t process = place.start(sweep_into("killed.study"));
    ::usleep(static_cast<useconds_t>(20'000 + random.below(150'000)));
    ::kill(process, attempt % 3 == 2 ? SIGINT : SIGKILL);
    const Outcome outcome = place.wait(process);
    if (outcome.status == 0) break;
    ASSERT_TRUE(outcome.status == 128 + SIGKILL || outcome.status == 130)
        << outcome.status << outcome.err;
    ++kills;
  }
  const Outcome last = place.run(sweep_into("killed.study"));
  ASSERT_EQ(last.status, 0) << last.err;
  EXPECT_GE(kills, 1);
  const auto whole = table_of(place, "whole.study");
  const auto killed = table_of(place, "killed.study");
  ASSERT_EQ(whole.size(), 1u + 40u * kRunsABlock);
  ASSERT_EQ(killed.size(), whole.size());
  EXPECT_EQ(std::multiset<std::string>(whole.begin(), whole.end()),
            std::multiset<std::string>(killed.begin(), killed.end()));
}

TEST(Sweep, TheReportIsOneFileThatOpensOffline) {
  const Workplace place;
  const std::string plan = place.write("plan.toml", small_plan(1));
  ASSERT_EQ(
      place.run({"sweep", plan, "--board", "twin:jetson-nano", "-o", place.path("a.study")}).status,
      0);
  const Outcome report = place.run({"report", place.path("a.study"), "-o", place.path("r.html")});
  if (report.err.find("npm") != std::string::npos)
    GTEST_SKIP() << "the page is not built: " << report.err;
  ASSERT_EQ(report.status, 0) << report.err;
  EXPECT_EQ(report.out, place.path("r.html") + "\n");
}

}  // namespace
}  // namespace isojoule::test
