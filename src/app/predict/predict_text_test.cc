#include "app/predict/predict_text.h"

#include <gtest/gtest.h>

#include <sstream>

#include "app/predict/fake_model.h"
#include "app/predict/predict_json.h"
#include "report/table.h"

namespace isojoule {
namespace {

class PredictAnswers : public testing::Test {
 protected:
  PredictAnswer ask(PredictRequest request, const BoardModel& board = fake::closed_form_board()) {
    const auto paths = find_paths();
    EXPECT_TRUE(paths);
    if (request.networks.empty()) request.networks = {"alexnet"};
    auto answer = predict_energy(*paths, board, std::move(request));
    EXPECT_TRUE(answer) << to_string(answer.error());
    return answer ? std::move(*answer) : PredictAnswer{};
  }
  std::string text(const PredictAnswer& answer, PredictTextOptions options = {}) {
    return predict_text(answer, options);
  }
};

void expect_fits(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), 100U) << line;
}

TEST_F(PredictAnswers, TotalsLayersModelAndWhatIsSimulated) {
  const PredictAnswer answer = ask({});
  const std::string all = text(answer, {.all_layers = true, .map = true});
  expect_fits(all);
  EXPECT_EQ(all.find("alexnet on twin:test-board, batch 1: predicted, not measured, SIMULATED"),
            0U);
  for (const char* words :
       {"an inference", "what belongs to no layer", "closed_form, fitted on 100",
        "energy 4.2 %, time 3.1 %", "held 91 %", "GPU MHz down", "GPU 600 MHz, CPU 1500 MHz"})
    EXPECT_NE(all.find(words), std::string::npos) << words << "\n" << all;
  const std::string real = text(ask({}, fake::closed_form_board(false)));
  EXPECT_EQ(real.find("SIMULATED"), std::string::npos);
}

TEST_F(PredictAnswers, TheLayersAndTheRestAreTheWhole) {
  const PredictAnswer answer = ask({});
  double sum = answer.networks[0].rest.energy_j, shares = 0;
  for (const LayerAnswer& layer : answer.networks[0].layers) {
    sum += layer.predicted.energy_j;
    shares += layer.share;
  }
  EXPECT_NEAR(sum, answer.networks[0].total.energy_j, 1e-9 * sum);
  EXPECT_NEAR(shares + answer.networks[0].rest.energy_j / sum, 1, 1e-9);
}

TEST_F(PredictAnswers, CautionsAreShownOnce) {
  PredictRequest request;
  request.batches = {64};
  const std::string all = text(ask(std::move(request)));
  expect_fits(all);
  EXPECT_NE(all.find("Caution"), std::string::npos) << all;
}

TEST_F(PredictAnswers, BatchesHaveATableAndOneIsTheBest) {
  PredictRequest request;
  request.batches = {1, 2, 8};
  request.limits.power_w = 1.2;
  const PredictAnswer answer = ask(std::move(request));
  EXPECT_EQ(answer.batches.size(), 3U);
  EXPECT_EQ(answer.best.cell->batch, 8);
  ASSERT_TRUE(answer.best_within);
  const std::string all = text(answer);
  expect_fits(all);
  EXPECT_NE(all.find("Batches at these clocks"), std::string::npos) << all;
  EXPECT_NE(all.find("at most 1.20 W: GPU 200 MHz"), std::string::npos) << all;
}

TEST_F(PredictAnswers, NetworksAreComparedWithTheFirst) {
  PredictRequest request;
  request.networks = {"alexnet", "mobilenet-v2", "alexnet"};
  const PredictAnswer answer = ask(std::move(request));
  ASSERT_EQ(answer.differences.size(), 2U);
  EXPECT_FALSE(answer.differences[1].is_shown());
  const std::string all = text(answer);
  expect_fits(all);
  EXPECT_NE(all.find("not shown"), std::string::npos) << all;
}

TEST_F(PredictAnswers, ABudgetThatIsBrokenNamesTheLayers) {
  PredictRequest request;
  request.budget_j = 5e-3;
  const PredictAnswer answer = ask(std::move(request));
  ASSERT_TRUE(answer.budget);
  EXPECT_FALSE(answer.budget->kept());
  const std::string all = text(answer);
  expect_fits(all);
  EXPECT_NE(all.find("5.00 mJ an inference: not kept"), std::string::npos) << all;
  EXPECT_NE(all.find("largest layer"), std::string::npos) << all;
  EXPECT_NE(all.find("above its fair share"), std::string::npos) << all;
}

TEST_F(PredictAnswers, MapsOfManyClocksStayNarrow) {
  ExpectedMap map;
  for (int i = 0; i < 29; ++i) map.cpu_hz.push_back(1e8 + 7e7 * i);
  for (int i = 0; i < 60; ++i) map.gpu_hz.push_back(1e8 + 2e7 * i);
  for (std::size_t gpu = 0; gpu < 60; ++gpu)
    for (std::size_t cpu = 0; cpu < 29; ++cpu) {
      ExpectedCell cell;
      cell.energy_j = 1 + std::abs(17.0 - static_cast<double>(gpu)) * 0.02 +
                      std::abs(11.0 - static_cast<double>(cpu)) * 0.03;
      map.cells.push_back(cell);
    }
  const std::string plain = expected_map_text(map, {}, false);
  expect_fits(plain);
  EXPECT_NE(plain.find("1.00*"), std::string::npos) << plain;  // the least is among what is left
  EXPECT_NE(plain.find("--csv"), std::string::npos);
  const std::string coloured = expected_map_text(map, {}, true);
  EXPECT_NE(coloured.find("\x1b[48;5;226"), std::string::npos);
}

TEST_F(PredictAnswers, JsonHasUnitsIntervalsAndTheMap) {
  PredictRequest request;
  request.networks = {"alexnet", "mobilenet-v2"};
  request.batches = {2, 4};
  request.limits.latency_s = 1.0;
  request.budget_j = 1e-3;
  const nlohmann::json root = to_json(ask(std::move(request)));
  EXPECT_TRUE(root.at("simulated").get<bool>());
  EXPECT_TRUE(root.at("predicted").get<bool>());
  const auto& each = root.at("per_inference");
  EXPECT_LT(each.at("energy_low_j"), each.at("energy_j"));
  EXPECT_LT(each.at("time_s"), each.at("time_high_s"));
  EXPECT_NEAR(root.at("per_batch").at("energy_j").get<double>(),
              2 * each.at("energy_j").get<double>(), 1e-12);
  double sum = root.at("rest").at("energy_j");
  for (const auto& layer : root.at("layers")) sum += layer.at("energy_j").get<double>();
  EXPECT_NEAR(sum, each.at("energy_j").get<double>(), 1e-9);
  EXPECT_EQ(root.at("maps").size(), 2U);
  EXPECT_EQ(root.at("maps")[0].at("cells").size(), 9U);
  EXPECT_EQ(root.at("setting").at("gpu_frequency_hz"), 600e6);
  EXPECT_TRUE(root.at("best").at("setting").contains("energy_per_inference_j"));
  EXPECT_EQ(root.at("limits").at("latency_s"), 1.0);
  EXPECT_EQ(root.at("differences").size(), 1U);
  EXPECT_EQ(root.at("budget").at("kept"), false);
  EXPECT_EQ(root.at("batches").size(), 2U);
  EXPECT_EQ(root.at("model").at("validations")[0].at("energy_mape_percent"), 4.2);
}

TEST_F(PredictAnswers, WhatIsNotKnownIsNull) {
  EnergyModelFile file;
  file.board = "test-board";
  file.models.push_back(fake::closed_form_model());
  file.models[0].network_energy.quantile = INFINITY;
  file.models[0].why_no_interval = "only one group";
  BoardModel board;
  board.board = "test-board";
  board.file = std::make_shared<const EnergyModelFile>(std::move(file));
  const PredictAnswer answer = ask({}, board);
  const nlohmann::json root = to_json(answer);
  EXPECT_TRUE(root.at("per_inference").at("energy_high_j").is_null());
  EXPECT_EQ(root.at("model").at("why_no_interval"), "only one group");
  EXPECT_NE(text(answer).find("No interval: only one group"), std::string::npos);
}

TEST_F(PredictAnswers, WhatCannotBeAnsweredIsRefused) {
  const auto paths = find_paths();
  ASSERT_TRUE(paths);
  const BoardModel board = fake::closed_form_board();
  EXPECT_EQ(predict_energy(*paths, board, PredictRequest{}).error().kind, ErrorKind::invalid);
  PredictRequest unknown;
  unknown.networks = {"alexnett"};
  EXPECT_EQ(predict_energy(*paths, board, unknown).error().kind, ErrorKind::not_found);
  PredictRequest twice;
  twice.networks = {"alexnet"};
  twice.batches = {1};
  twice.settings = {"batch=2"};
  EXPECT_EQ(predict_energy(*paths, board, twice).error().kind, ErrorKind::invalid);
  EXPECT_EQ(board_model(*paths, "", "").error().kind, ErrorKind::invalid);
  const auto nowhere = board_model(*paths, "no-such-board", "");
  EXPECT_EQ(nowhere.error().kind, ErrorKind::not_found);
  EXPECT_NE(nowhere.error().remedy.find("isojoule fit"), std::string::npos);
}

}  // namespace
}  // namespace isojoule
