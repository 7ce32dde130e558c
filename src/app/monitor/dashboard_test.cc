// The Grafana dashboard that is installed asks for nothing that no page tells.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "app/govern/govern_page.h"
#include "app/live_page.h"
#include "app/monitor/monitor_page.h"
#include "report/exposition_check.h"

namespace isojoule {
namespace {

using nlohmann::json;

json dashboard() {
  std::ifstream file(ISOJOULE_SOURCE_DIR "/data/grafana/isojoule.json");
  return json::parse(file);
}

void add_names(const std::string& page, std::set<std::string>& names) {
  const test::ExpositionReader reader(page);
  EXPECT_EQ(reader.faults(), std::vector<std::string>{});
  for (const test::Sample& sample : reader.samples()) names.insert(sample.name);
}

// Of a session, a monitor and a governor in which everything is known.
std::set<std::string> told_names() {
  std::set<std::string> names;
  LiveSession::State session;
  session.rails = {{"VDD_IN", 4.5, 12.25, 3, {{"inference", 12.25}}}};
  session.sequence = 1;
  session.inference_s = 0.1;
  session.faults[Counter::sample_gap] = 1;
  add_names(live_page(session, {"b", "e", true, 0}, true), names);
  MonitorPage page;
  MonitorSink& sink = page;
  LiveHead head;
  head.rails = {{"VDD_IN", "", "", ""}};
  head.watches = {{"cpu_frequency", "clock", "Hz"}, {"temperature_CPU", "temperature", "°C"}};
  LiveFrame frame;
  frame.rails = {{4.5, 4, 5, 12.25, 3}};
  frame.watches = {1e9, 40};
  frame.throttled = false;
  frame.counters[Counter::sample_gap] = 1;
  frame.phase_energy_j["load"] = {12.25};
  EXPECT_TRUE(sink.begin(head) && sink.show(frame));
  add_names(page.page(true), names);
  LiveState state;
  state.latency_s = state.power_w = state.temperature_c = 1;
  add_names(govern_page(state, {}, true), names);
  return names;
}

TEST(Dashboard, EveryMetricThatItAsksForIsTold) {
  const std::set<std::string> names = told_names();
  std::set<std::string> asked;
  const std::regex word("isojoule_[a-z_]+");
  const json root = dashboard();
  for (const json& panel : root.at("panels"))
    for (const json& target : panel.value("targets", json::array())) {
      const std::string words = target.at("expr");
      for (std::sregex_iterator at(words.begin(), words.end(), word), end; at != end; ++at)
        asked.insert(at->str());
    }
  EXPECT_GT(asked.size(), 20U);
  for (const std::string& name : asked) EXPECT_TRUE(names.contains(name)) << name;
}

TEST(Dashboard, HasTheShapeThatGrafanaWants) {
  const json root = dashboard();
  EXPECT_FALSE(root.at("title").get<std::string>().empty());
  EXPECT_GE(root.at("schemaVersion").get<int>(), 36);
  std::set<std::string> variables;
  for (const json& variable : root.at("templating").at("list"))
    variables.insert(variable.at("name").get<std::string>());
  EXPECT_EQ(variables, (std::set<std::string>{"datasource", "board", "rail"}));
  std::set<int> ids;
  std::set<std::pair<int, int>> places;
  for (const json& panel : root.at("panels")) {
    EXPECT_TRUE(ids.insert(panel.at("id").get<int>()).second);
    const json& place = panel.at("gridPos");
    EXPECT_TRUE(places.emplace(place.at("x"), place.at("y")).second) << panel.at("title");
    EXPECT_LE(place.at("x").get<int>() + place.at("w").get<int>(), 24);
    if (panel.at("type") == "row") continue;
    ASSERT_FALSE(panel.at("targets").empty()) << panel.at("title");
    std::set<std::string> letters;
    for (const json& target : panel.at("targets"))
      EXPECT_TRUE(letters.insert(target.at("refId").get<std::string>()).second);
    EXPECT_EQ(panel.at("datasource").at("uid"), "${datasource}");
  }
}

}  // namespace
}  // namespace isojoule
