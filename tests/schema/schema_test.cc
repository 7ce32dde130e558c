// What the program writes fits web/schema/study.schema.json, which the page checks it with: studies
// of a sweep, of graphs, of a search, of several boards, and odd ones. The validator's headers take
// long to compile: this file alone includes them.
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "report/fleet_fixture.h"
#include "report/listed_study.h"
#include "report/packed_runs.h"
#include "report/summary_json.h"
#include "whole/program.h"

namespace isojoule::test {
namespace {

using nlohmann::json;
using Adapter = valijson::adapters::NlohmannJsonAdapter;

json study_schema() {
  std::ifstream file(std::string(ISOJOULE_SOURCE_DIR) + "/web/schema/study.schema.json");
  return json::parse(file);
}

class StudySchema {
 public:
  explicit StudySchema(const json& text) : text_(text) {
    valijson::SchemaParser(valijson::SchemaParser::kDraft7).populateSchema(Adapter(text_), schema_);
  }
  // "": it fits; otherwise what does not, and where.
  std::string fault_in(const json& data) const {
    valijson::Validator validator;
    valijson::ValidationResults results;
    if (validator.validate(schema_, Adapter(data), &results)) return "";
    std::string text;
    valijson::ValidationResults::Error error;
    while (results.popError(error)) {
      for (const std::string& part : error.context) text += part;
      text += ": " + error.description + "\n";
    }
    return text.empty() ? "it does not fit" : text;
  }

 private:
  json text_;
  valijson::Schema schema_;
};

const StudySchema& of_study() {
  static const StudySchema schema(study_schema());
  return schema;
}

// The page holds the runs as columns: that part has a definition of its own.
const StudySchema& of_packed_runs() {
  static const StudySchema schema([] {
    json text = study_schema();
    return json{{"allOf", {{{"$ref", "#/definitions/packed_runs"}}}},
                {"definitions", text.at("definitions")}};
  }());
  return schema;
}

void expect_fits(const json& data, const std::string& what) {
  EXPECT_EQ(of_study().fault_in(data), "") << what;
  EXPECT_EQ(of_packed_runs().fault_in(packed_runs(data.at("runs"))), "") << what;
}

ReportOptions everything() {
  ReportOptions options;
  options.timelines = ReportOptions::Timelines::all;
  options.cumulative = true;
  return options;
}

json data_of(StudyFile& study, const ReportOptions& options) {
  const StudySummary summary = summarise(study).value();
  const json data = to_json(summary, study, options).value();
  // As the file will say it: what is no number is null there.
  return json::parse(data.dump(-1, ' ', false, json::error_handler_t::replace));
}

TEST(Schema, OddStudiesFit) {
  for (OddStudy& odd : odd_studies()) expect_fits(data_of(odd.study, everything()), odd.what);
}

TEST(Schema, BoardsOfAFleetFit) {
  for (const MadeFleet& made : {MadeFleet{.baseline = true}, MadeFleet{.settings = 1},
                                MadeFleet{.repeats = 1}, MadeFleet{.boards = 4, .there = 0}}) {
    ListedStudy study;
    fill_fleet(study, made, 1, 1.5);
    const json data = data_of(study, everything());
    EXPECT_EQ(data.at("board_effects").at(0).at("boards").size(), made.boards);
    expect_fits(data, std::to_string(made.settings) + " settings");
  }
}

TEST(Schema, BoardsBesideEachOtherFit) {
  std::vector<OddStudy> odd = odd_studies();
  for (OddStudy& one : odd) {
    ReportOptions options = everything();
    for (OddStudy& other : odd)
      options.beside.push_back({"other.study", summarise(other.study).value()});
    const json data = data_of(one.study, options);
    EXPECT_GT(data.at("boards").size(), 5U);
    expect_fits(data, one.what);
  }
}

TEST(Schema, FindsWhatDoesNotFit) {
  ListedStudy study;
  fill_grid(study);
  const json good = data_of(study, everything());
  ASSERT_EQ(of_study().fault_in(good), "");
  for (const char* bad : {R"([{"op": "replace", "path": "/schema", "value": 1}])",
                          R"([{"op": "remove", "path": "/points/0/setting"}])",
                          R"([{"op": "replace", "path": "/runs/1/energy_j", "value": "4"}])",
                          R"([{"op": "remove", "path": "/timelines/0/series/0/value/data"}])",
                          R"([{"op": "replace", "path": "/budgets/0/point", "value": -1}])"})
    EXPECT_NE(of_study().fault_in(good.patch(json::parse(bad))), "") << bad;
  json packed = packed_runs(good.at("runs"));
  packed["columns"]["energy_j"] = {{"texts", 3}};
  EXPECT_NE(of_packed_runs().fault_in(packed), "");
}

json report_of(const Workplace& place, std::vector<std::string> studies) {
  std::vector<std::string> command = {"report"};
  for (const std::string& study : studies) command.push_back(place.path(study));
  command.insert(command.end(), {"-o", place.path("a.json")});
  const Outcome made = place.run(command);
  EXPECT_EQ(made.status, 0) << made.err;
  return json::parse(std::ifstream(place.path("a.json")));
}

TEST(Schema, WhatTheProgramWritesOfASweepGraphsAndASearchFits) {
  const Workplace place;
  const std::vector<std::string> twin = {"--board", "twin:jetson-nano", "-o"};
  const auto made = [&](std::vector<std::string> command, const char* study) {
    command.insert(command.end(), twin.begin(), twin.end());
    command.push_back(place.path(study));
    const Outcome outcome = place.run(command);
    ASSERT_EQ(outcome.status, 0) << outcome.err;
  };
  made({"sweep", place.write("sweep.toml", small_plan(2, 96))}, "sweep.study");
  made({"sweep", place.write("graph.toml",
                             "name = \"graph\"\nboard = \"jetson-nano\"\n[protocol]\ninferences = "
                             "96\nrepeats = 1\n[[grid]]\nname = \"graph\"\nnetworks = "
                             "[\"alexnet\"]\naxes = { graph = [\"dynamic\", \"static\"] }\nfixed = "
                             "{ batch = 32 }\n")},
       "graph.study");
  made({"tune", "alexnet", "--axes", "gpu_frequency", "--budget", "4", "--inferences", "20",
        "--finalists", "1", "--repeats", "1", "--limit", "power<15W"},
       "tune.study");

  const json sweep = report_of(place, {"sweep.study", "graph.study"});
  expect_fits(sweep, "a sweep");
  EXPECT_EQ(sweep.at("timelines").size(), 2U);
  EXPECT_EQ(sweep.at("boards").size(), 3U);
  EXPECT_EQ(sweep.at("budgets").size(), 2U);

  const json graph = report_of(place, {"graph.study"});
  expect_fits(graph, "graphs");
  ASSERT_EQ(graph.at("cumulative").size(), 2U);
  // The last of a curve is the energy of all phases from the process's start on.
  EXPECT_GT(graph.at("cumulative")[0].at("energy_j").back(),
            graph.at("points")[0].at("energy_j").at("value"));

  const json tune = report_of(place, {"tune.study"});
  expect_fits(tune, "a search");
  const json& search = tune.at("search");
  EXPECT_EQ(search.at("probes").size(), 4U);
  EXPECT_EQ(search.at("limits"), json({"power<15W"}));
  EXPECT_EQ(search.at("governors").size(), 1U);
  ASSERT_TRUE(search.at("best").is_object());
  std::optional<double> least;
  for (const json& probe : search.at("probes")) {
    if (probe.at("within_limits") == true && !probe.at("cost").is_null())
      least = std::min(least.value_or(1e300), probe.at("cost").get<double>());
    EXPECT_EQ(probe.at("least"), least ? json(*least) : json(nullptr));
  }
}

}  // namespace
}  // namespace isojoule::test
