// Export from the outside: files of a real study, one measured run kept as a study, and the metrics
// of sessions that run, asked over HTTP.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <thread>

#include "app/http_get.h"
#include "report/exposition_check.h"
#include "whole/program.h"

namespace isojoule::test {
namespace {

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The port that the program says on standard error; 0 when it ended without.
std::uint16_t announced_port(const Workplace& place, pid_t process) {
  for (;;) {
    std::istringstream lines(text_of(place.path("err")));
    for (std::string line; std::getline(lines, line) && !lines.eof();)
      if (line.starts_with("metrics: http://")) return port_of_url(line);
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(process), &info, WEXITED | WNOHANG | WNOWAIT);
    if (info.si_pid == process) return 0;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

TEST(Export, AStudyInEveryFormat) {
  const Workplace place;
  const std::string plan = place.write("plan.toml", small_plan(1));
  const std::string study = place.path("a.study");
  ASSERT_EQ(place.run({"sweep", plan, "--board", "twin:jetson-nano", "-o", study}).status, 0);
  for (const char* name : {"x.perfetto-trace", "x.trace.csv", "x.wide.csv", "x.jsonl", "x.prom"}) {
    const Outcome outcome = place.run({"export", study, "-o", place.path(name)});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(outcome.out, place.path(name) + "\n");
    EXPECT_GT(text_of(place.path(name)).size(), 1000U) << name;
  }
  const ExpositionReader metrics(text_of(place.path("x.prom")));
  EXPECT_EQ(metrics.faults(), std::vector<std::string>{});
  const Outcome shown = place.run({"show", "--json", study});
  const auto run = nlohmann::json::parse(shown.out).at("runs")[0];
  const auto* energy =
      metrics.find("isojoule_energy_joules_total",
                   {{"run", run.at("id").dump()}, {"phase", "inference"}, {"rail", "total"}});
  ASSERT_NE(energy, nullptr);
  EXPECT_DOUBLE_EQ(energy->value, run.at("energy_j").get<double>());
  // The energy of the inference phase from the readings of the long form, by the trapezoid.
  const Outcome csv = place.run({"export", study, "--as", "trace-csv", "--run", "1"});
  ASSERT_EQ(csv.status, 0) << csv.err;
  std::istringstream lines(csv.out);
  double joules = 0, last_w = 0;
  std::int64_t last_ns = -1;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string number, time, rail, power, skipped, phase;
    std::getline(fields, number, ',');
    std::getline(fields, time, ',');
    std::getline(fields, rail, ',');
    std::getline(fields, power, ',');
    for (int i = 0; i < 3; ++i) std::getline(fields, skipped, ',');
    std::getline(fields, phase, ',');
    if (rail != "POM_5V_IN" || phase != "inference") continue;
    if (last_ns >= 0)
      joules +=
          (std::stod(power) + last_w) / 2 * static_cast<double>(std::stoll(time) - last_ns) / 1e9;
    last_ns = std::stoll(time);
    last_w = std::stod(power);
  }
  const auto* first = metrics.find("isojoule_energy_joules_total",
                                   {{"run", "1"}, {"phase", "inference"}, {"rail", "POM_5V_IN"}});
  ASSERT_NE(first, nullptr);
  EXPECT_NEAR(joules, first->value, 0.1 * first->value);
}

// What `isojoule energy` says of one rail from `begin` to `end`, J; the sensor as `channel` has it.
double joules_of(const Workplace& place, const std::string& trace, const std::string& rail,
                 const nlohmann::json& window, const nlohmann::json& channel) {
  const double age_s = channel.at("update_period_s").get<double>() / 2;
  const Outcome outcome = place.run(
      {"energy", "--trace", trace, "--rail", rail, "--begin", window.at("begin_ns").dump(), "--end",
       window.at("end_ns").dump(), "--sensor-window", channel.at("window_s").dump(), "--lag",
       std::to_string(channel.at("lag_s").get<double>() + age_s), "--json"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const auto json = nlohmann::json::parse(outcome.out, nullptr, false);
  EXPECT_TRUE(json.is_object() && json.at("energy_j").is_number()) << outcome.out;
  return json.is_object() ? json.value("energy_j", 0.0) : 0;
}

TEST(Export, TheCsvReadBackGivesTheSameJoules) {
  const Workplace place;
  const std::string study = place.path("a.study");
  ASSERT_EQ(place
                .run({"measure", "--board", "twin:jetson-nano", "--model", "alexnet", "--batch",
                      "16", "--inferences", "320", "-o", study})
                .status,
            0);
  std::map<std::string, nlohmann::json> phases, energies, channels;
  std::istringstream lines(place.run({"export", study, "--as", "jsonl"}).out);
  for (std::string line; std::getline(lines, line);) {
    const auto object = nlohmann::json::parse(line);
    const std::string type = object.at("type");
    if (type == "phase") phases[object.at("phase")] = object;
    if (type == "channel") channels[object.at("rail")] = object;
    if (type == "phase_energy" && object.at("phase") == "inference")
      energies[object.at("rail")] = object;
  }
  for (const char* name : {"a.trace.csv", "a.wide.csv"})
    ASSERT_EQ(place.run({"export", study, "-o", place.path(name)}).status, 0);
  ASSERT_EQ(channels.size(), 3U);
  for (const auto& [rail, channel] : channels) {
    const double expected = energies.at(rail).at("energy_j");
    const double of_long =
        joules_of(place, place.path("a.trace.csv"), rail, phases.at("inference"), channel);
    EXPECT_NEAR(of_long, expected, 1e-6 * expected) << rail;
    // A row has one time for all rails, which are read one after another.
    const double of_wide = joules_of(place, place.path("a.wide.csv"), rail + "_power",
                                     phases.at("inference"), channel);
    EXPECT_NEAR(of_wide, expected, 5e-3 * expected) << rail;
  }
}

// A short run on a simulated board.
void measure_into(const Workplace& place, const std::string& study) {
  ASSERT_EQ(place
                .run({"measure", "--board", "twin:jetson-nano", "--model", "alexnet",
                      "--inferences", "4", "-o", study})
                .status,
            0);
}

TEST(Export, WhereNothingMoreCanBeWrittenIsAnError) {
  const Workplace place;
  const std::string study = place.path("a.study");
  ASSERT_NO_FATAL_FAILURE(measure_into(place, study));
  const Outcome full = place.run({"export", study, "--as", "jsonl", "-o", "/dev/full"});
  EXPECT_EQ(full.status, 2);
  EXPECT_NE(full.err.find("No space left"), std::string::npos) << full.err;
  const auto shell = [](const std::string& line) {
    return std::system(("bash -c '" + line + "'").c_str()) >> 8;  // NOLINT
  };
  const std::string program = program_path() + " ";
  EXPECT_EQ(shell(program + "export " + study + " --as jsonl > /dev/full 2> /dev/null"), 2);
  EXPECT_EQ(shell(program + "show " + study + " > /dev/full 2> /dev/null"), 2);
  // A reader that leaves is no error of ours.
  EXPECT_EQ(shell(program + "export " + study +
                  " --as jsonl | head -c 1 > /dev/null; exit ${PIPESTATUS[0]}"),
            0);
}

TEST(Export, WhatMakesNoSenseIsOneLine) {
  const Workplace place;
  const std::string study = place.path("m.study");
  ASSERT_NO_FATAL_FAILURE(measure_into(place, study));
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"export", study},
           {"export", study, "--as", "perfeto"},
           {"export", study, "-o", place.path("x.xlsx")},
           {"export", study, "--as", "jsonl", "--run", "9"},
           {"export", study, "--as", "trace-csv", "-o", study},
           {"export", place.path("none.study"), "--as", "jsonl"},
           {"report", study, "-o", place.path("x.perfetto-trace")},
           {"measure", "--board", "twin:jetson-nano", "--model", "alexnet", "-o", study},
           {"measure", "--board", "twin:jetson-nano", "--model", "alexnet", "--metrics", "x"}}) {
    const Outcome outcome = place.run(words);
    EXPECT_EQ(outcome.status, 2) << words.back();
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  }
  EXPECT_EQ(place.files(), std::vector<std::string>{"m.study"});
}

TEST(Export, AMeasuredRunIsAStudyOfOne) {
  const Workplace place;
  const std::string study = place.path("m.study");
  const Outcome measured = place.run({"measure", "--board", "twin:jetson-nano", "--model",
                                      "alexnet", "--inferences", "40", "--json", "-o", study});
  ASSERT_EQ(measured.status, 0) << measured.err;
  const double joules = nlohmann::json::parse(measured.out).at("energy_per_inference_j");
  const Outcome shown = place.run({"show", "--json", study});
  ASSERT_EQ(shown.status, 0) << shown.err;
  const auto root = nlohmann::json::parse(shown.out);
  ASSERT_EQ(root.at("points").size(), 1U);
  EXPECT_NEAR(root.at("points")[0].at("energy_j").at("value").get<double>(), 40 * joules, 1e-9);
  const Outcome lines = place.run({"export", study, "--as", "jsonl"});
  EXPECT_NE(lines.out.find("{\"type\":\"reading\""), std::string::npos);
}

TEST(Metrics, ASweepIsSeenOverHttpWhileItRuns) {
  const Workplace place;
  const std::string plan = place.write("plan.toml", small_plan(60));
  const pid_t process = place.start({"sweep", plan, "--board", "twin:jetson-nano", "-o",
                                     place.path("a.study"), "--metrics", "0"});
  const std::uint16_t port = announced_port(place, process);
  EXPECT_NE(port, 0);
  // Until it ends: each page is whole, and nothing that counts ever falls.
  double last_joules = 0, last_runs = 0;
  std::map<std::string, double> last_of_phase;
  int pages = 0;
  std::set<std::string> networks;
  for (std::string answer; !(answer = http_get(port)).empty();) {
    const ExpositionReader reader(body_of(answer));
    ASSERT_EQ(reader.faults(), std::vector<std::string>{}) << answer;
    if (reader.samples().empty()) break;
    ++pages;
    EXPECT_EQ(reader.find("isojoule_session_running", {})->value, 1);
    double joules = 0;  // over the phases
    for (const auto& sample : reader.samples()) {
      if (sample.name != "isojoule_energy_joules_total" || sample.labels.at("rail") != "total")
        continue;
      double& last = last_of_phase[sample.labels.at("phase")];
      EXPECT_GE(sample.value, last) << sample.labels.at("phase");
      last = sample.value;
      joules += sample.value;
    }
    EXPECT_GE(joules, last_joules);
    last_joules = joules;
    const auto* runs = reader.find("isojoule_runs_total", {{"state", "complete"}});
    ASSERT_NE(runs, nullptr);
    EXPECT_GE(runs->value, last_runs);
    last_runs = runs->value;
    if (const auto* run = reader.find("isojoule_run_active_info", {}))
      networks.insert(run->labels.at("network"));
    if (last_runs > 0) {
      EXPECT_EQ(reader.find("isojoule_runs_planned", {})->value, 60 * 7);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  const Outcome outcome = place.wait(process);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_GT(pages, 1);
  EXPECT_GT(last_joules, 0);
  EXPECT_GT(last_of_phase["inference"], 0);
  EXPECT_GT(last_runs, 0);
  EXPECT_EQ(networks, std::set<std::string>{"alexnet"});
}

// However many runs it takes, they are one session: nothing begins anew.
TEST(Metrics, RunsThatAreRepeatedAreOneSession) {
  const Workplace place;
  const std::string path = place.path("session.prom");
  const Outcome outcome =
      place.run({"measure", "--board", "twin:jetson-nano", "--model", "alexnet", "--batch", "16",
                 "--inferences", "320", "--until", "20%", "--json", "--metrics", path});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto repeats =
      nlohmann::json::parse(outcome.out).at("until").at("repeats").get<std::int64_t>();
  EXPECT_GE(repeats, 2);
  const ExpositionReader last(text_of(path));
  EXPECT_EQ(last.find("isojoule_session_running", {})->value, 0);
  EXPECT_GE(last.find("isojoule_runs_total", {{"state", "complete"}})->value, repeats);
  EXPECT_EQ(last.find("isojoule_runs_planned", {})->value,
            last.find("isojoule_runs_total", {{"state", "complete"}})->value);
  EXPECT_EQ(last.find("isojoule_power_watts", {{"rail", "total"}}), nullptr);
}

TEST(Metrics, AProgramOnThisMachineIsSeenInAFile) {
  const Workplace place;
  const std::string path = place.path("session.prom");
  const pid_t process =
      place.start({"measure", "--allow-unmeasured", "--metrics", path, "--", "sleep", "1"});
  bool seen_running = false;
  while (!seen_running) {
    const ExpositionReader reader(text_of(path));
    EXPECT_EQ(reader.faults(), std::vector<std::string>{});
    const auto* running = reader.find("isojoule_session_running", {});
    seen_running = running != nullptr && running->value == 1;
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(process), &info, WEXITED | WNOHANG | WNOWAIT);
    if (info.si_pid == process) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_TRUE(seen_running);
  const Outcome outcome = place.wait(process);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const ExpositionReader last(text_of(path));
  EXPECT_EQ(last.find("isojoule_session_running", {})->value, 0);
  EXPECT_EQ(last.find("isojoule_runs_total", {{"state", "complete"}})->value, 1);
  EXPECT_EQ(last.find("isojoule_run_active_info", {}), nullptr);
}

}  // namespace
}  // namespace isojoule::test
