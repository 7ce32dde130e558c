#include "app/fit_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/model_store.h"
#include "app/named_cost.h"
#include "base/text_file.h"
#include "data/study_file.h"

namespace isojoule {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// A folder of its own, which is the user's state folder as well.
class FitModel : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "isojoule-fit-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    ::setenv("ISOJOULE_STATE", folder_.c_str(), 1);
    auto paths = find_paths();
    ASSERT_TRUE(paths);
    paths_ = *paths;
    paths_.cache = folder_ + "/cache";
  }
  void TearDown() override {
    ::unsetenv("ISOJOULE_STATE");
    fs::remove_all(folder_);
  }

  std::string write(const std::string& name, const std::string& text) const {
    EXPECT_TRUE(write_text_file(folder_ + "/" + name, text));
    return folder_ + "/" + name;
  }

  TableRequest table(const std::string& text) const {
    TableRequest request;
    request.path = write("runs.csv", text);
    request.energy = "energy_mJ";
    request.macs = "macs";
    request.params = "params";
    return request;
  }
  Result<ObservationSet> observe(const std::string& text) const {
    return table_observations(paths_, table(text));
  }
  static const std::vector<Observation>& only(const Result<ObservationSet>& set) {
    return set->jobs.begin()->second;
  }

  // A study of made-up runs of single layers on a board.
  std::string study(const std::string& name, const std::vector<isojoule::Run>& runs,
                    const std::string& board = "jetson-nano", bool simulated = false) const {
    StudyInfo info;
    info.name = name;
    info.board = board;
    info.simulated = simulated;
    info.plan_hash = "abc";
    info.total = "VDD_IN";
    info.rails = {{"VDD_IN", "", "module input"}};
    info.protocol_json = "{}";
    const std::string path = folder_ + "/" + name + ".study";
    const auto file = StudyFile::create(path, info);
    EXPECT_TRUE(file);
    for (const isojoule::Run& run : runs) EXPECT_TRUE((*file)->add(run, nullptr));
    return path;
  }

  // 20 batches in `seconds`, with 2 W at rest.
  static isojoule::Run run(const std::string& network, double joules, double seconds,
                           double batch = 1) {
    static std::int64_t sequence = 0;
    isojoule::Run one;
    one.sequence = sequence++;
    one.network = network;
    one.setting.set("batch", batch);
    one.setting.set("gpu_frequency", 921.6e6);
    one.inferences = static_cast<std::int64_t>(20 * batch);
    const Instant begin{}, end = begin + Duration::milliseconds(std::llround(seconds * 1e3));
    one.phases = {{PhaseKind::inference, begin, end}};
    PhaseEnergy energy{};
    energy.phase = PhaseKind::inference;
    energy.rail = "total";
    energy.duration = Second(seconds);
    energy.gross = {Joule(joules), Joule(0.001 * joules), ""};
    energy.net = {Joule(joules - 2 * seconds), Joule(0.002 * joules), ""};
    energy.budget_j = {{"gain", 0.001 * joules}};
    one.energies = {energy};
    return one;
  }

  std::string folder_;
  Paths paths_;
};

// ---- tables -------------------------------------------------------------------------------------

TEST_F(FitModel, ATableHasAnObservationARow) {
  const auto set = observe("\xEF\xBB\xBFname,macs,params,energy_mJ\r\n\"a,b\",1e9,2e6,250\r\n");
  ASSERT_TRUE(set) << to_string(set.error());
  ASSERT_EQ(only(set).size(), 1u);
  EXPECT_DOUBLE_EQ(only(set)[0].energy_j, 0.25);
  EXPECT_DOUBLE_EQ(only(set)[0].work->macs(), 1e9);
  EXPECT_DOUBLE_EQ(only(set)[0].work->parameters(), 2e6);
  EXPECT_EQ(only(set)[0].source, "runs.csv, line 2");
  EXPECT_FALSE(only(set)[0].time_s);
}

TEST_F(FitModel, ABatchMultipliesWhatIsOfAnInference) {
  TableRequest request = table("macs,params,energy_mJ,n,t,f\n1e9,2e6,250,8,3,9e8\n");
  request.batch = "n";
  request.time = "t";
  request.time_unit = "ms";
  request.gpu_hz = "f";
  auto set = table_observations(paths_, request);
  ASSERT_TRUE(set) << to_string(set.error());
  EXPECT_DOUBLE_EQ(only(set)[0].energy_j, 2);
  EXPECT_DOUBLE_EQ(*only(set)[0].time_s, 0.024);
  EXPECT_DOUBLE_EQ(only(set)[0].work->macs(), 8e9);
  EXPECT_DOUBLE_EQ(only(set)[0].work->parameters(), 2e6);
  EXPECT_DOUBLE_EQ(only(set)[0].point.gpu_hz, 9e8);
  request.per_batch = true;
  request.energy_unit = "J";
  set = table_observations(paths_, request);
  EXPECT_DOUBLE_EQ(only(set)[0].energy_j, 250);
  EXPECT_DOUBLE_EQ(*only(set)[0].time_s, 0.003);
}

TEST_F(FitModel, RowsThatSayNothingAreLeftOutAndCounted) {
  const auto set = observe(
      "macs,params,energy_mJ\n1,1,\n1,1,NaN\n1,1,-3\n1,1,0\n1,1,x\n\n1,1\n-1,1,5\n1,0,5\n1,1,5\n");
  ASSERT_TRUE(set) << to_string(set.error());
  EXPECT_EQ(set->rows, 9);
  EXPECT_EQ(set->used, 2);
  std::int64_t left_out = 0;
  for (const LeftOutRows& one : set->left_out) left_out += one.count;
  EXPECT_EQ(left_out, 7);
  EXPECT_EQ(set->left_out[0].first, "runs.csv, line 2");
}

TEST_F(FitModel, WhereChoosesRowsAndMakesTheJob) {
  TableRequest request =
      table("macs,params,energy_mJ,precision,family\n1,1,5,int8,a\n1,1,6,fp32,a\n1,1,7,fp32,b\n");
  request.where = {{"precision", "fp32"}};
  request.group = "family";
  auto set = table_observations(paths_, request);
  ASSERT_TRUE(set) << to_string(set.error());
  EXPECT_EQ(set->rows, 2);
  EXPECT_EQ(set->jobs.begin()->first.text("precision"), "fp32");
  EXPECT_EQ(only(set)[1].group, "b");
  request.where.emplace_back("precision", "int8");
  EXPECT_EQ(table_observations(paths_, request)->used, 3);
  request.where = {{"precision", "fp16"}};
  EXPECT_EQ(table_observations(paths_, request).error().kind, ErrorKind::no_data);
}

TEST_F(FitModel, AnAxisThatIsANumberIsOne) {
  TableRequest request = table("macs,params,energy_mJ,threads\n1,1,5,4\n1,1,6,2\n");
  request.where = {{"threads", "4"}};
  const auto set = table_observations(paths_, request);
  ASSERT_TRUE(set) << to_string(set.error());
  EXPECT_EQ(set->jobs.begin()->first.number("threads"), 4);
}

TEST_F(FitModel, AUnitMayStandInsideAName) {
  TableRequest request = table("macs,params,energy_mJ_per_sample\n1e9,1e6,250\n");
  request.energy = "energy_mJ_per_sample";
  const auto set = table_observations(paths_, request);
  ASSERT_TRUE(set) << to_string(set.error());
  EXPECT_NEAR(only(set)[0].energy_j, 0.25, 1e-12);
}

TEST_F(FitModel, ClocksOfATableAreHertz) {
  TableRequest request = table("macs,params,energy_mJ,gpu_MHz\n1e9,1e6,250,1300\n");
  request.gpu_hz = "gpu_MHz";
  const auto set = table_observations(paths_, request);
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().kind, ErrorKind::invalid);
  EXPECT_THAT(set.error().remedy, HasSubstr("hertz"));
}

TEST_F(FitModel, NetworksOfATableAreNamed) {
  TableRequest request = table("net,energy_mJ\nresnet-18,50\nconv_c8_n8_k3_s1_h8,2\n");
  request.macs.clear();
  request.params.clear();
  request.network = "net";
  auto set = table_observations(paths_, request);
  ASSERT_TRUE(set) << to_string(set.error());
  EXPECT_NEAR(only(set)[0].work->macs(), 1.814e9, 1e6);
  EXPECT_EQ(only(set)[1].group, "conv_c8_n8_k3_s1_h8");
  write("runs.csv", "net,energy_mJ\ngone.onnx,50\n");
  set = table_observations(paths_, request);
  EXPECT_EQ(set.error().kind, ErrorKind::not_found);
  EXPECT_THAT(set.error().what, HasSubstr("runs.csv:2: "));
}

TEST_F(FitModel, WhatATableLacksIsSaid) {
  const std::string good = "macs,params,energy_mJ\n1,1,5\n";
  const auto error_of = [this](const TableRequest& request) {
    const auto set = table_observations(paths_, request);
    return set ? Error{} : set.error();
  };
  TableRequest request = table(good);
  request.energy = "energy_mj";
  EXPECT_THAT(error_of(request).remedy, HasSubstr("energy_mJ"));
  request = table(good);
  request.energy_unit = "W";
  EXPECT_EQ(error_of(request).kind, ErrorKind::invalid);
  request = table(good);
  request.energy.clear();
  EXPECT_THAT(error_of(request).remedy, HasSubstr("--energy"));
  request = table(good);
  request.network = "macs";
  EXPECT_EQ(error_of(request).kind, ErrorKind::invalid);
  request = table(good);
  request.macs.clear();
  EXPECT_EQ(error_of(request).kind, ErrorKind::invalid);
  EXPECT_EQ(error_of(table("macs;params;energy_mJ\n1;1;2,5\n")).kind, ErrorKind::invalid);
  EXPECT_EQ(error_of(table("")).kind, ErrorKind::parse);
  EXPECT_EQ(error_of(table("macs,params,energy_mJ\n")).kind, ErrorKind::no_data);
  EXPECT_EQ(error_of(table("macs,params,energy_mJ\n1,1,\n")).kind, ErrorKind::no_data);
  EXPECT_EQ(error_of(table("macs,params,energy_mJ,macs\n1,1,1,1\n")).kind, ErrorKind::invalid);
  request = table(good);
  request.path = folder_ + "/none.csv";
  EXPECT_EQ(error_of(request).kind, ErrorKind::not_found);
  EXPECT_FALSE(error_of(request).remedy.empty());
}

// ---- studies ------------------------------------------------------------------------------------

TEST_F(FitModel, AStudyHasAnObservationAPoint) {
  isojoule::Run failed = run("fc_i64_o64", 1, 1);
  failed.state = RunState::failed;
  failed.failure = "crashed";
  isojoule::Run throttled = run("fc_i64_o64", 9, 1);
  throttled.state = RunState::throttled;
  isojoule::Run governed = run("resnet-18", 80, 8, 4);
  governed.setting.erase("gpu_frequency");
  governed.residency_percent["gpu_frequency"] = {{400e6, 25}, {800e6, 75}};
  const auto set =
      study_observations(paths_, {study("a", {run("fc_i64_o64", 10, 2), run("fc_i64_o64", 12, 2),
                                              failed, throttled, governed})});
  ASSERT_TRUE(set) << to_string(set.error());
  EXPECT_EQ(set->rows, 5);
  EXPECT_EQ(set->used, 3);
  ASSERT_EQ(set->left_out.size(), 2u);
  ASSERT_EQ(only(set).size(), 2u);
  for (const Observation& one : only(set)) {
    if (!one.single_layer) {
      EXPECT_DOUBLE_EQ(one.point.gpu_hz, 700e6);
      EXPECT_DOUBLE_EQ(one.energy_j, 4);
      EXPECT_DOUBLE_EQ(one.work->batch, 4);
      continue;
    }
    EXPECT_DOUBLE_EQ(one.energy_j, 0.55);
    EXPECT_DOUBLE_EQ(*one.time_s, 0.1);
    EXPECT_NEAR(*one.idle_power_w, 2, 1e-9);
    EXPECT_DOUBLE_EQ(one.point.gpu_hz, 921.6e6);
  }
}

TEST_F(FitModel, SequencesAreHeldAgainstTheirParts) {
  std::vector<isojoule::Run> runs{run("identity_c1_h1", 1, 1)};
  for (const int n : {8, 16, 24, 32, 40, 48, 56, 64}) {
    const std::string size = std::to_string(n);
    const std::string conv = "conv_c3_n" + size + "_k3_s1_h16", relu = "relu_c" + size + "_h16";
    runs.push_back(run(conv, 1 + n, 1));
    runs.push_back(run(relu, 2, 1));
    // The layers' n + 1 joules over what every batch costs; 10 % less in one pass, a little apart.
    runs.push_back(run(conv + "+" + relu, 0.9 * (n + 2) + 1e-3 * n, 1));
  }
  const auto set = study_observations(paths_, {study("a", runs)});
  ASSERT_TRUE(set) << to_string(set.error());
  ASSERT_EQ(set->additivity.size(), 1u);
  const Additivity& found = set->additivity.begin()->second;
  EXPECT_EQ(found.sequences, 8);
  EXPECT_NEAR(found.median_ratio, 0.901, 2e-3);
  EXPECT_LE(found.low, found.median_ratio);
  EXPECT_GE(found.high, found.median_ratio);
  EXPECT_NEAR(found.mean_absolute_percent, 10, 0.2);
}

TEST_F(FitModel, StudiesThatDoNotGoTogetherAreRefused) {
  const std::string a = study("a", {run("fc_i64_o64", 1, 1)});
  const std::string other = study("b", {run("fc_i64_o64", 1, 1)}, "jetson-tx2");
  const std::string twin = study("c", {run("fc_i64_o64", 1, 1)}, "jetson-nano", true);
  EXPECT_EQ(study_observations(paths_, {a, other}).error().kind, ErrorKind::invalid);
  EXPECT_THAT(study_observations(paths_, {a, twin}).error().what, HasSubstr("twin"));
  EXPECT_EQ(study_observations(paths_, {folder_ + "/none.study"}).error().kind,
            ErrorKind::not_found);
  const auto gone = study_observations(paths_, {study("d", {run("/none/net.onnx", 1, 1)})});
  EXPECT_EQ(gone.error().kind, ErrorKind::not_found);
  EXPECT_THAT(gone.error().what, HasSubstr("/none/net.onnx"));
  isojoule::Run failed = run("fc_i64_o64", 1, 1);
  failed.state = RunState::failed;
  EXPECT_EQ(study_observations(paths_, {study("e", {failed})}).error().kind, ErrorKind::no_data);
}

// ---- fits ---------------------------------------------------------------------------------------

TEST_F(FitModel, IsStoredWhereItIsFound) {
  EXPECT_THAT(model_path(paths_, "myboard", false).error().remedy, HasSubstr("isojoule fit"));
  std::string rows = "net,energy_mJ,ms\n";
  int i = 0;
  for (const char* net :
       {"conv_c8_n16_k3_s1_h32", "conv_c16_n64_k3_s1_h56", "fc_i512_o512", "conv_c64_n64_k3_s1_h28",
        "fc_i4096_o1024", "conv_c32_n32_k1_s1_h56", "relu_c64_h56", "conv_c3_n32_k7_s2_h112"}) {
    const auto cost = named_cost(paths_, net, 1);
    ASSERT_TRUE(cost);
    const double ms = 1 + 1e-8 * static_cast<double>(cost->macs()) * (1 + 0.01 * (i++ % 3));
    rows += std::string(net) + "," + std::to_string(5 * ms) + "," + std::to_string(ms) + "\n";
  }
  FitRequest request;
  request.table = table(rows);
  request.table->macs.clear();
  request.table->params.clear();
  request.table->network = "net";
  request.table->time = "ms";
  request.table->time_unit = "ms";
  request.predictor = "mac";
  EXPECT_EQ(fit_model(paths_, request).error().kind, ErrorKind::invalid);  // no board
  request.table->board = "myboard";
  const auto fitted = fit_model(paths_, request);
  ASSERT_TRUE(fitted) << to_string(fitted.error());
  EXPECT_EQ(fitted->file.models.size(), 1u);
  const auto path = model_path(paths_, "myboard", false);
  ASSERT_TRUE(path);
  EXPECT_EQ(*path, fitted->path);
  EXPECT_FALSE(model_path(paths_, "myboard", true));
  const auto loaded = load_energy_model(*path);
  ASSERT_TRUE(loaded) << to_string(loaded.error());
  EXPECT_EQ(loaded->board, "myboard");
  EXPECT_EQ(loaded->models[0].predictor->kind(), "mac");
  const auto json = to_json(*fitted);
  EXPECT_EQ(json["runs_used"], 8);
  EXPECT_FALSE(json["models"][0]["parameters"].empty());
  const auto tested = test_models(*loaded, fitted->observations);
  ASSERT_EQ(tested.size(), 8u);
  for (const TestedNetwork& one : tested) EXPECT_TRUE(std::isfinite(one.energy_mape_percent));
}

TEST_F(FitModel, WhatCannotBeFittedIsSaid) {
  FitRequest request;
  EXPECT_EQ(fit_model(paths_, request).error().kind, ErrorKind::invalid);
  request.table = table("macs,params,energy_mJ\n1e9,1e6,5\n");
  request.output = folder_ + "/m.json";
  const auto few = fit_model(paths_, request);
  ASSERT_FALSE(few);
  EXPECT_EQ(few.error().kind, ErrorKind::invalid);
  EXPECT_FALSE(few.error().remedy.empty());
  EXPECT_FALSE(fs::exists(request.output));
  request.predictor = "rooflin";
  const auto unknown = fit_model(paths_, request);
  EXPECT_EQ(unknown.error().kind, ErrorKind::not_found);
  EXPECT_THAT(unknown.error().remedy, HasSubstr("roofline"));
  request.studies = {"a.study"};
  EXPECT_EQ(fit_model(paths_, request).error().kind, ErrorKind::invalid);
}

TEST_F(FitModel, AFileThatIsNoModelIsRefused) {
  EXPECT_EQ(load_energy_model(folder_ + "/none.json").error().kind, ErrorKind::not_found);
  EXPECT_EQ(load_energy_model(write("m.json", "{")).error().kind, ErrorKind::parse);
}

}  // namespace
}  // namespace isojoule
