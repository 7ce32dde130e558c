// Two settings of synthetic studies whose difference is known.
#include "report/compare.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <sstream>

#include "base/random.h"
#include "report/table.h"

namespace isojoule {
namespace {

namespace fs = std::filesystem;

Setting clocks(double gpu, double batch) {
  Setting setting;
  setting.set("batch", batch);
  setting.set("gpu_frequency", gpu);
  return setting;
}

isojoule::Run measured(std::string network, std::string baseline, Setting setting, double joules,
                       double seconds) {
  isojoule::Run run;
  run.network = std::move(network);
  run.baseline = std::move(baseline);
  run.setting = std::move(setting);
  run.inferences = 1000;
  run.phases = {{PhaseKind::inference, {0}, Instant{std::llround(seconds * 1e9)}}};
  PhaseEnergy energy{PhaseKind::inference, "total", Second(seconds), {}, {}, {}};
  energy.budget_j = {{"gain", 0.01 * joules}, {"offset", 0}};
  energy.gross = {Joule(joules), Joule(0.01 * joules), ""};
  energy.net = {Joule(joules - seconds), Joule(0.01 * joules), ""};
  run.energies = {energy};
  return run;
}

class CompareTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "isojoule-compare-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    first_ = create("before", "jetson-nano");
    second_ = create("after", "jetson-nano");
  }
  void TearDown() override {
    first_.reset();
    second_.reset();
    fs::remove_all(folder_);
  }
  std::unique_ptr<StudyFile> create(const std::string& name, const std::string& board) const {
    StudyInfo info;
    info.name = name;
    info.board = board;
    info.simulated = true;
    auto study = StudyFile::create((folder_ / (name + ".study")).string(), info);
    EXPECT_TRUE(study) << to_string(study.error());
    return std::move(*study);
  }
  // Ten blocks of two GPU clocks at two batches and the governors; whatever moves a block moves all
  // of it by about 2 %, each run by 0.3 %. 307.2 MHz: 200 J; 921.6 MHz: 190 J; governors: 200.5 J.
  static void fill(StudyFile& study, double factor, std::uint64_t seed) {
    Random random(seed);
    std::int64_t sequence = 0;
    for (int block = 0; block < 10; ++block) {
      const double common = factor * (1 + 0.02 * random.normal());
      const auto add = [&](const char* baseline, Setting setting, double joules) {
        auto run = measured("alexnet", baseline, std::move(setting),
                            joules * common * (1 + 0.003 * random.normal()), 20);
        run.block = run.repeat = block;
        run.sequence = sequence++;
        const auto added = study.add(run, nullptr);
        ASSERT_TRUE(added) << to_string(added.error());
      };
      for (const double batch : {8.0, 16.0}) {
        add("", clocks(307.2e6, batch), 200);
        add("", clocks(921.6e6, batch), 190);
      }
      Setting governed;
      governed.set("batch", 16.0);
      governed.set("gpu_governor", std::string("nvhost_podgov"));
      add("default", governed, 200.5);
    }
  }
  CompareResult compare(const std::string& a, const std::string& b) {
    const auto result = compare_runs(*first_, nullptr, {.a = a, .b = b});
    EXPECT_TRUE(result) << to_string(result.error());
    return *result;
  }
  Error refused(const std::string& a, const std::string& b, const std::string& network = "") {
    const auto result = compare_runs(*first_, nullptr, {.a = a, .b = b, .network = network});
    EXPECT_FALSE(result);
    return result ? Error{} : result.error();
  }
  fs::path folder_;
  std::unique_ptr<StudyFile> first_, second_;
};

TEST_F(CompareTest, ADifferenceIsToldWithItsInterval) {
  fill(*first_, 1, 1);
  const CompareResult result =
      compare("gpu_frequency=921.6MHz batch=16", "gpu_frequency_mhz=307.2, batch=16");
  const SettingComparison& said = result.pairs.at(0).comparison;
  EXPECT_TRUE(said.is_paired);
  EXPECT_EQ(said.blocks, 10);
  EXPECT_EQ(said.verdict, Difference::less);
  EXPECT_NEAR(said.percent, -5, 0.4);
  EXPECT_TRUE(result.per_inference);
  EXPECT_NEAR(*result.pairs[0].a.mean, 0.190, 0.004);
  const std::string text = to_text(result);
  EXPECT_NE(text.find("% less energy than B (95 %: "), std::string::npos) << text;
  EXPECT_NE(text.find("SIMULATED"), std::string::npos);
  EXPECT_NE(text.find("Paired: 10 blocks"), std::string::npos) << text;
  EXPECT_NE(text.find("cancels"), std::string::npos) << text;
  const auto json = to_json(result);
  EXPECT_EQ(json["a_against_b"]["verdict"], "less");
  EXPECT_LT(json["a_against_b"]["percent_high"].get<double>(), 0);
  EXPECT_EQ(json["a"]["setting"]["gpu_frequency_hz"], 921600000);
  EXPECT_EQ(json["per"], "inference");
  EXPECT_EQ(json["simulated"], true);
}

TEST_F(CompareTest, NoDifferenceSaysWhatWouldHaveBeenSeen) {
  fill(*first_, 1, 1);
  const CompareResult result =
      compare("gpu_frequency=307.2MHz batch=16", "gpu_frequency=307.2MHz batch=8");
  EXPECT_EQ(result.pairs[0].comparison.verdict, Difference::not_shown);
  const std::string text = to_text(result);
  EXPECT_NE(text.find("No difference shown"), std::string::npos) << text;
  EXPECT_NE(text.find("10 blocks, in 8 of 10"), std::string::npos) << text;
}

TEST_F(CompareTest, ABaselineIsChosenByName) {
  fill(*first_, 1, 1);
  const CompareResult result = compare("gpu_frequency=921.6MHz batch=8", "baseline=default");
  EXPECT_EQ(result.pairs[0].b.baseline, "default");
  EXPECT_EQ(result.pairs[0].comparison.verdict, Difference::less);
}

TEST_F(CompareTest, WhatDoesNotSelectOneSettingIsRefusedWithWhatThereIs) {
  fill(*first_, 1, 1);
  const Error several = refused("gpu_frequency=921.6MHz", "baseline=default");
  EXPECT_EQ(several.kind, ErrorKind::invalid);
  EXPECT_NE(several.what.find("fits 2 settings"), std::string::npos) << several.what;
  EXPECT_NE(several.remedy.find("batch: 8, 16"), std::string::npos) << several.remedy;
  const Error value = refused("gpu_frequency=1GHz", "baseline=default");
  EXPECT_EQ(value.kind, ErrorKind::not_found);
  EXPECT_NE(value.remedy.find("307.2MHz, 921.6MHz"), std::string::npos) << value.remedy;
  EXPECT_NE(refused("gpu_freqency=1GHz", "baseline=default").remedy.find("gpu_frequency"),
            std::string::npos);
  EXPECT_NE(refused("baseline=powersave", "baseline=default").remedy.find("default"),
            std::string::npos);
  EXPECT_NE(
      refused("baseline=default gpu_frequency=921.6MHz", "baseline=default").remedy.find("Without"),
      std::string::npos);
  EXPECT_NE(refused("baseline=default", "baseline=default").what.find("same runs"),
            std::string::npos);
  EXPECT_EQ(refused("921.6MHz", "baseline=default").kind, ErrorKind::parse);
  EXPECT_NE(refused("batch=8", "").what.find("--b"), std::string::npos);
  EXPECT_NE(refused("baseline=default", "batch=8", "alexnett").remedy.find("alexnet"),
            std::string::npos);
  EXPECT_EQ(refused(" , ", "baseline=default").kind, ErrorKind::invalid);
}

TEST_F(CompareTest, OneNetworkOfSeveralIsNamed) {
  fill(*first_, 1, 1);
  for (int i = 0; i < 4; ++i) {
    auto run = measured("resnet-18", "", clocks(921.6e6, 16), 400 + i, 30);
    run.block = i;
    run.sequence = 1000 + i;
    ASSERT_TRUE(first_->add(run, nullptr));
  }
  EXPECT_NE(refused("gpu_frequency=921.6MHz batch=16", "baseline=default").remedy.find("resnet-18"),
            std::string::npos);
  const auto found = compare_runs(
      *first_, nullptr,
      {.a = "gpu_frequency=921.6MHz batch=16", .b = "baseline=default", .network = "alexnet"});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->pairs[0].a.network, "alexnet");
  const auto word = compare_runs(
      *first_, nullptr,
      {.a = "gpu_frequency=921.6MHz batch=16 network=resnet-18", .b = "baseline=default"});
  ASSERT_TRUE(word) << to_string(word.error());
  EXPECT_EQ(word->pairs[0].comparison.blocks, 4);
}

TEST_F(CompareTest, TwoStudiesAreATableOfWhatTheyShare) {
  fill(*first_, 1, 1);
  fill(*second_, 1.06, 2);
  auto alone = measured("alexnet", "", clocks(614.4e6, 16), 195, 20);
  alone.sequence = 500;
  ASSERT_TRUE(second_->add(alone, nullptr));
  const auto result = compare_runs(*first_, second_.get(), {});
  ASSERT_TRUE(result) << to_string(result.error());
  EXPECT_TRUE(result->of_all);
  ASSERT_EQ(result->pairs.size(), 5U);
  for (const ComparedSettings& pair : result->pairs) {
    EXPECT_FALSE(pair.comparison.is_paired);
    EXPECT_EQ(pair.comparison.verdict, Difference::more);  // B, the later, uses more
    EXPECT_TRUE(pair.holds_together);
  }
  ASSERT_TRUE(result->all_percent && result->all_interval);
  EXPECT_NEAR(*result->all_percent, 6, 2);
  EXPECT_EQ(result->only_in_b.size(), 1U);
  const std::string text = to_text(*result);
  EXPECT_NE(text.find("gpu 921.6MHz"), std::string::npos) << text;
  EXPECT_NE(text.find("5 of 5 settings differ"), std::string::npos) << text;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), 100U) << line;
  const auto json = to_json(*result);
  EXPECT_EQ(json["settings"].size(), 5U);
  EXPECT_EQ(json["settings"][0]["b_against_a"]["verdict"], "more");
  EXPECT_EQ(json["all"]["settings"], 5);
}

TEST_F(CompareTest, TwoBoardsHaveAGainEach) {
  fill(*first_, 1, 1);
  fill(*second_, 1, 2);
  const CompareRequest one = {.a = "baseline=default"};
  CompareRequest other = one;
  other.other_board = true;
  const auto same = compare_runs(*first_, second_.get(), one);
  const auto different = compare_runs(*first_, second_.get(), other);
  ASSERT_TRUE(same && different);
  EXPECT_FALSE(same->of_all);
  EXPECT_NEAR(different->pairs[0].comparison.systematic_percent, std::sqrt(2.0), 0.05);
  EXPECT_LT(same->pairs[0].comparison.systematic_percent, 0.01);
  EXPECT_NE(to_text(*different).find("two boards"), std::string::npos);
  auto third = create("third", "jetson-tx2");
  fill(*third, 1, 3);
  EXPECT_FALSE(compare_runs(*first_, third.get(), one)->same_board);
}

TEST_F(CompareTest, StudiesWithoutACommonSettingAreRefused) {
  fill(*first_, 1, 1);
  EXPECT_EQ(compare_runs(*first_, second_.get(), {}).error().kind, ErrorKind::invalid);
}

TEST_F(CompareTest, EveryQuantityHasItsWords) {
  fill(*first_, 1, 1);
  for (const auto& [quantity, words] :
       {std::pair{RunQuantity::net_energy, "energy net of idle"}, {RunQuantity::power, "power"}}) {
    const auto result = compare_runs(
        *first_, nullptr,
        {.a = "gpu_frequency=921.6MHz batch=16", .b = "baseline=default", .quantity = quantity});
    ASSERT_TRUE(result);
    EXPECT_NE(to_text(*result).find(words), std::string::npos) << to_text(*result);
  }
  const auto latency = compare_runs(*first_, nullptr,
                                    {.a = "gpu_frequency=921.6MHz batch=16",
                                     .b = "baseline=default",
                                     .quantity = RunQuantity::latency});
  ASSERT_TRUE(latency);  // 20 s in every run: no spread to hold a difference against
  EXPECT_EQ(latency->pairs[0].comparison.verdict, Difference::unknown);
  EXPECT_NE(to_text(*latency).find("Nothing can be said"), std::string::npos);
  EXPECT_TRUE(to_json(*latency)["a_against_b"]["percent_low"].is_null());
  EXPECT_TRUE(to_json(*latency)["a"].contains("mean_s"));
}

TEST_F(CompareTest, ASettingWhoseRunsFailedSaysSo) {
  fill(*first_, 1, 1);
  auto failed = measured("alexnet", "", clocks(921.6e6, 64), 1, 1);
  failed.state = RunState::failed;
  failed.failure = "out of memory";
  failed.sequence = 900;
  ASSERT_TRUE(first_->add(failed, nullptr));
  const CompareResult result = compare("batch=64", "baseline=default");
  EXPECT_EQ(result.pairs[0].comparison.verdict, Difference::unknown);
  EXPECT_FALSE(result.pairs[0].a.mean);
  EXPECT_NE(to_text(result).find("out of memory"), std::string::npos) << to_text(result);
  EXPECT_TRUE(to_json(result)["a"]["mean_j"].is_null());
}

}  // namespace
}  // namespace isojoule
