// A fleet as lines, JSON, metrics and news: golden texts of a made-up one, and what must hold of
// any.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "app/fleet/fleet_fixture.h"
#include "app/fleet/fleet_json.h"
#include "app/fleet/fleet_metrics.h"
#include "app/fleet/fleet_news.h"
#include "app/fleet/fleet_orders.h"
#include "app/fleet/fleet_table.h"
#include "app/monitor/terminal_text.h"
#include "base/subprocess.h"
#include "report/exposition_check.h"

namespace isojoule {
namespace {

using nlohmann::json;
using test::fleet_picture;

std::string fleet_text(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

TEST(FleetTable, Golden80) {
  EXPECT_EQ(fleet_text(boards_table(fleet_picture(), {80, 0, false, false})),
            R"(6 boards: 1 measuring, 1 idle, 1 drained, 1 out, 2 lost (1 simulated)
board     type              state      doing              runs  health
rack1-01  jetson-orin-nx    measuring  orin-night 5/12 r   312  61 C; 7.2 W
rack1-02  sim. jetson-nano  idle                           312  61 C; 7.2 W
rack1-03  jetson-orin-nx    out                            312  throttled for 60
rack1-04  jetson-orin-nx    lost                                22:03:20 UTC
rack1-05  jetson-orin-nx    drained                        312  fan is "loud"\;
rack1-06  ?                 lost                                its card cannot
)");
}

TEST(FleetTable, Golden140) {
  EXPECT_EQ(fleet_text(boards_table(fleet_picture(), {140, 0, false, false})),
            R"(6 boards: 1 measuring, 1 idle, 1 drained, 1 out, 2 lost (1 simulated)
board     type                    release  state      doing                          runs  health                         seen
rack1-01  jetson-orin-nx          36.4     measuring  orin-night 5/12 runs block 17   312  61 C; 7.2 W                    2 s
rack1-02  jetson-nano, simulated  32.7     idle                                       312  61 C; 7.2 W                    2 s
rack1-03  jetson-orin-nx          36.4     out                                        312  throttled for 60 s at 97 C; 3  2 s
rack1-04  jetson-orin-nx          36.4     lost                                                                           since 22:03:20 UTC
rack1-05  jetson-orin-nx          36.4     drained                                    312  fan is "loud"\; 61 C; 7.2 W    2 s
rack1-06  ?                                lost                                            its card cannot be read: ?[31
)");
}

TEST(FleetTable, GoldenStudies) {
  EXPECT_EQ(fleet_text(studies_table(fleet_picture(), 80, false)),
            R"(nano-day (simulated), closed: 2000 of 2000 runs (100.0 %), blocks 0 waiting, 0 c
  fedcba9876543210fedcba98: jetson-nano, 1 lane, engine trtexec,
    made 2023-11-14T20:00:00Z
  lane 0 (0 waiting, 0 claimed): rack1-02
orin-night: 412 of 2000 runs (20.6 %), 2 h left, blocks 63 waiting, 1 claimed
  0123456789abcdef01234567: jetson-orin-nx, 2 lanes, engine trtexec,
    made 2023-11-14T20:00:00Z
  lane 0 (63 waiting, 1 claimed): rack1-01, rack1-05
  lane 1: no board
  refused by rack1-03, rack1-07
    no engine trtexec
  1 run during which an agent died
)");
}

TEST(FleetTable, ALowScreenShowsTroublesFirstAndSaysThatThereAreMore) {
  EXPECT_EQ(fleet_text(fleet_screen(fleet_picture(), {80, 9, false, false})),
            R"(isojoule fleet  lab 2.9.10 nats://lab:4222  22:13:20 UTC
6 boards: 1 measuring, 1 idle, 1 drained, 1 out, 2 lost (1 simulated)
board     type            state  doing  runs  health
rack1-03  jetson-orin-nx  out            312  throttled for 60 s at 97 C; 3 unse
rack1-04  jetson-orin-nx  lost                22:03:20 UTC
rack1-06  ?               lost                its card cannot be read: ?[31mno J
+3 more boards: make the window higher
orin-night: 412 of 2000 runs (20.6 %), 2 h left, blocks 63 waiting, 1 claimed
q quit
)");
}

TEST(FleetTable, NobodyAndNothingAreSaid) {
  EXPECT_EQ(fleet_text(boards_table({}, {80, 0, false, false})),
            "no board has announced itself: start isojoule agent on one\n");
  EXPECT_TRUE(studies_table({}, 80, false)[0].starts_with("no study was published"));
  FleetPicture lost = fleet_picture();
  lost.reachable = false;
  lost.trouble = "error: no server";
  EXPECT_EQ(fleet_screen(lost, {80, 24, false, false})[1],
            "NOT REACHABLE, what is below is old: error: no server");
}

RC_GTEST_PROP(FleetTable, FitsEverySizeAndObeysNobody, ()) {
  FleetPicture picture = fleet_picture();
  const auto name = *rc::gen::string<std::string>();
  picture.boards[0].name = picture.boards[1].pulse->setting = name;
  picture.boards[2].pulse->why = picture.studies[1].record.name = name;
  picture.studies[1].refused[0].reason = name;
  const TerminalSize size{*rc::gen::inRange(1, 250), *rc::gen::inRange(4, 60), false, false};
  auto lines = fleet_screen(picture, size);
  RC_ASSERT(lines.size() <= static_cast<std::size_t>(size.rows));
  for (std::string& line : boards_table(picture, {size.columns, 0, false, false}))
    lines.push_back(std::move(line));
  for (std::string& line : studies_table(picture, std::max(size.columns, 40), false))
    if (size.columns >= 40) lines.push_back(std::move(line));
  for (const std::string& line : lines) {
    RC_ASSERT(width_of(line) <= static_cast<std::size_t>(size.columns));
    RC_ASSERT(std::all_of(line.begin(), line.end(), [](char c) { return c >= ' ' && c <= '~'; }));
  }
}

TEST(FleetJson, SaysWhatIsKnownAndLeavesOutTheRest) {
  const json boards = boards_json(fleet_picture());
  ASSERT_EQ(boards["boards"].size(), 6U);
  const json& busy = boards["boards"][0];
  EXPECT_EQ(busy["state"], "measuring");
  EXPECT_EQ(busy["study_name"], "orin-night");
  EXPECT_EQ(busy["block_done"], 5);
  EXPECT_EQ(busy["temperatures_c"]["CPU"], 61.25);
  EXPECT_EQ(busy["power_w"], 7.25);
  EXPECT_EQ(busy["seen_unix_s"], 1'699'999'998);
  const json& lost = boards["boards"][3];
  EXPECT_EQ(lost["state"], "lost");
  EXPECT_FALSE(lost.contains("power_w"));
  EXPECT_FALSE(lost.contains("runs"));
  const json studies = studies_json(fleet_picture());
  EXPECT_FALSE(studies["studies"][0].contains("left_s"));
  EXPECT_EQ(studies["studies"][1]["lanes"][0]["blocks_waiting"], 63);
  EXPECT_FALSE(studies["studies"][1]["lanes"][1].contains("blocks_waiting"));
  EXPECT_EQ(studies["studies"][1]["refused"][1]["reason"], "no engine trtexec");
  FleetPicture odd = fleet_picture();
  odd.boards[0].name = "\xff\xfe";
  EXPECT_TRUE(json::parse(json_text(boards_json(odd))).is_object());
}

TEST(FleetMetrics, AreWhatPrometheusReads) {
  const std::string text = fleet_metrics(fleet_picture());
  const test::ExpositionReader reader(text);
  EXPECT_EQ(reader.faults(), std::vector<std::string>{});
  const auto value = [&](const char* name, const std::map<std::string, std::string>& labels) {
    const test::Sample* sample = reader.find(name, labels);
    return sample == nullptr ? -1 : sample->value;
  };
  EXPECT_EQ(value("isojoule_fleet_server_reachable", {}), 1);
  EXPECT_EQ(value("isojoule_fleet_boards", {{"state", "lost"}}), 2);
  EXPECT_EQ(value("isojoule_fleet_boards", {{"state", "draining"}}), 0);
  EXPECT_EQ(value("isojoule_fleet_board_alive", {{"name", "rack1-04"}}), 0);
  EXPECT_EQ(value("isojoule_fleet_runs_total", {{"name", "rack1-01"}}), 312);
  EXPECT_EQ(value("isojoule_fleet_runs_total", {{"name", "rack1-04"}}), -1);  // nobody knows
  EXPECT_EQ(value("isojoule_fleet_unsent_runs", {{"name", "rack1-03"}}), 3);
  EXPECT_EQ(value("isojoule_fleet_temperature_celsius", {{"name", "rack1-02"}, {"zone", "GPU"}}),
            58);
  EXPECT_EQ(value("isojoule_fleet_study_stored_runs", {{"name", "orin-night"}}), 412);
  EXPECT_EQ(value("isojoule_fleet_study_waiting_blocks", {{"name", "orin-night"}, {"lane", "0"}}),
            63);
  FleetPicture lost = fleet_picture();
  lost.reachable = false;
  EXPECT_EQ(test::ExpositionReader(fleet_metrics(lost)).samples().size(), 2U);
}

// Applied as the page does.
void apply_change(json& state, const json& change) {
  for (const auto& [key, value] : change.items()) {
    if (key == "gone") {
      for (const json& name : value) state["boards"].erase(name.get<std::string>());
    } else if (key == "boards") {
      for (const auto& [name, keys] : value.items()) state["boards"][name].merge_patch(keys);
    } else if (key != "event") {
      value.is_null() ? static_cast<void>(state.erase(key)) : static_cast<void>(state[key] = value);
    }
  }
}

RC_GTEST_PROP(FleetNews, HeadAndChangesGiveThePictureOfNow, ()) {
  FleetNews news;
  json page = json::parse(news.head());
  const int pictures = *rc::gen::inRange(1, 8);
  for (int i = 0; i < pictures; ++i) {
    FleetPicture picture = fleet_picture();
    picture.server_ns += i * 2'000'000'000LL;
    for (FleetBoard& board : picture.boards) {
      board.alive = *rc::gen::arbitrary<bool>();
      if (board.pulse) board.pulse->block_done = *rc::gen::inRange(0, 3);
      if (board.pulse && *rc::gen::arbitrary<bool>()) board.pulse->power_w.reset();
    }
    while (!picture.boards.empty() && *rc::gen::inRange(0, 3) == 0) picture.boards.pop_back();
    if (*rc::gen::arbitrary<bool>()) picture.studies.clear();
    if (*rc::gen::arbitrary<bool>()) page = json::parse(news.head());  // who comes later
    apply_change(page, json::parse(news.take(picture)));
    json head = json::parse(news.head());
    RC_ASSERT(page == head);
  }
}

TEST(FleetNews, ASteadyFleetCostsNothing) {
  FleetNews news;
  news.take(fleet_picture());
  EXPECT_EQ(json::parse(news.take(fleet_picture())), json({{"event", "change"}, {"number", 2}}));
}

TEST(FleetAnswers, AreBoundedAndHarmless) {
  const auto problem = [](const std::string& text) { return checked_answer("b", text).problem; };
  EXPECT_EQ(problem("[]"), "its answer is no JSON object");
  EXPECT_EQ(problem("{\"a\": \"\xff\"}"), "its answer is no JSON object");
  EXPECT_EQ(problem(R"({"error": "no"})"), "no");
  EXPECT_EQ(problem(R"({"error": {"kind": "busy", "what": "it measures"}})"), "it measures");
  EXPECT_EQ(problem(std::string(2 << 20, ' ')), "its answer is too long: 2097152 bytes");
  std::string deep = "{\"a\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}";
  EXPECT_EQ(problem(deep), "its answer is nested too deeply");
  const BoardAnswer nasty = checked_answer(
      "b", std::string(R"({"\u001b[2Jkey": "a\u0007b\nc", "\u202e": [1, "\u009b"]})"));
  for (const bool utf8 : {false, true}) {
    const std::string text = answer_text(nasty, utf8);
    EXPECT_EQ(text.find_first_of("\x1b\x07"), std::string::npos);
    EXPECT_EQ(text.find("\xc2\x9b"), std::string::npos);
    EXPECT_EQ(text.find("\xe2\x80\xae"), std::string::npos);
  }
  json many = json::array();
  for (int i = 0; i < 5000; ++i) many.push_back({{"n", i}});
  const std::string text = answer_text(checked_answer("b", json{{"many", many}}.dump()), false);
  EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 2002);
  EXPECT_NE(text.find("and more: --json has all of it"), std::string::npos);
}

}  // namespace
}  // namespace isojoule
