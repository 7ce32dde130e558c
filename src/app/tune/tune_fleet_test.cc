// A search over a fleet against a real server; agents are made up (fake_agent.h).
#include "app/tune/tune_fleet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "app/fleet/publish_blocks.h"
#include "app/fleet/shared_server.h"
#include "base/clock.h"
#include "fleet/catalogue.h"

namespace isojoule {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

constexpr std::int64_t kSettings = 2 * 4;  // batches, clocks

// Joules an inference on a board of factor 1. Least at batch 2 and 1.25 GHz.
double joules_of_setting(const Setting& setting, bool governors) {
  const bool two = setting.number("batch").value_or(1) > 1.5;
  if (governors) return two ? 6 : 10;
  const double gigahertz = setting.number("cpu_frequency").value_or(0) / 1e9;
  const double far = gigahertz - 1.25;
  return (two ? 4 : 7) + 4 * far * far;
}

// The search of one test: its own type of board, so that tests share one server.
class FleetTuneTest : public test::SharedServerTest {
 protected:
  void SetUp() override {
    SharedServerTest::SetUp();
    if (IsSkipped()) return;
    std::filesystem::create_directories(folder_ / "boards");
    paths_.boards = folder_ / "boards";
    write_network("one.onnx");
  }

  FleetTuneRequest request() const {
    FleetTuneRequest request;
    request.tune.network = folder_ / "one.onnx";
    request.tune.study_path = folder_ / "tune.study";
    request.tune.command = "isojoule tune";
    request.tune.space.axes = {"batch=1,2", "cpu_frequency_mhz=1000,1250,1500,2000"};
    request.tune.optimiser = "random";
    request.tune.budget = kSettings;
    request.tune.finalists = 2;
    request.tune.repeats = 1;
    request.bus = options();
    request.boards = "type=" + type_;
    request.claim = Duration::milliseconds(2000);
    return request;
  }

  // Interrupts itself after a minute: a test that hangs is one that fails.
  Result<TuneResult> search(const FleetTuneRequest& request,
                            const std::function<bool(const TuneProgress&)>& stop = {}) {
    std::atomic<bool> interrupted{false};
    const auto clock = make_real_clock();
    const Instant end = clock->now() + Duration::milliseconds(60'000);
    std::jthread guard([&](const std::stop_token& over) {
      while (!over.stop_requested() && clock->now() < end)
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      if (!over.stop_requested()) interrupted = true;
    });
    return tune_fleet(paths_, request, interrupted, [&](const TuneProgress& progress) {
      if (stop && stop(progress)) interrupted = true;
    });
  }

  fleet::BoardCard card(const std::string& name) const override {
    fleet::BoardCard card = SharedServerTest::card(name);
    card.knobs[0].values = {1e9, 1.25e9, 1.5e9, 2e9};
    return card;
  }

  // `factor`: of its energies, as one piece of silicon takes more than another. `refusal`: instead
  // of working.
  void start_agent(const std::string& name, double factor, const std::string& refusal = "") {
    const auto measure = [factor](fleet::RunMessage& message) {
      isojoule::Run& run = message.run;
      const double each = joules_of_setting(run.setting, !run.baseline.empty());
      run.energies[0].gross.value = Joule(factor * each * static_cast<double>(run.inferences));
      return true;
    };
    SharedServerTest::start_agent(card(name), {refusal.empty() ? 0 : -1, refusal}, measure);
  }
  void start_three() {
    start_agent("a", 1);
    start_agent("b", 1.5);
    start_agent("c", 0.7);
  }

  std::string study_id() const {
    const auto studies = fleet::studies(*bus_);
    if (studies)
      for (const fleet::StudyRecord& record : *studies)
        if (record.board == type_) return record.study;
    return "";
  }

  static void expect_least(const TuneResult& result) {
    ASSERT_NE(result.winner(), nullptr);
    EXPECT_EQ(result.winner()->setting.number("cpu_frequency"), 1.25e9);
    EXPECT_EQ(result.winner()->setting.number("batch"), 2.0);
  }
};

TEST_F(FleetTuneTest, FindsTheLeastOnBoardsOfWhichNoTwoAreAlike) {
  start_three();
  const auto result = search(request());
  ASSERT_TRUE(result) << to_string(result.error());
  EXPECT_FALSE(result->interrupted);
  EXPECT_EQ(std::ssize(result->steps), kSettings);
  expect_least(*result);
  // Whoever measured it, a setting costs what it would on one board: 4 to 10 under the governors.
  ASSERT_FALSE(result->governors.empty());
  double own = 0;  // of the governors with batch 1
  for (const TuneCandidate& governors : result->governors)
    if (governors.setting.number("batch") == 1.0)
      own = at(governors.mean, Metric::energy).value_or(0);
  ASSERT_GT(own, 0);
  for (const SearchStep& step : result->steps) {
    const double expected = joules_of_setting(result->space.setting(step.probe.point), false);
    EXPECT_NEAR(at(step.probe.metrics, Metric::energy).value_or(0) / own, expected / 10, 1e-9);
  }
  EXPECT_GT(result->search_j, 0);
  const auto stored = get_study(*bus_, study_id());
  ASSERT_TRUE(stored) << to_string(stored.error());
  EXPECT_TRUE(stored->record.closed);
  auto file = StudyFile::open(folder_ / "tune.study", StudyFile::Mode::read);
  ASSERT_TRUE(file);
  const auto boards = (*file)->boards();
  ASSERT_TRUE(boards);
  for (const StudyBoard& board : *boards) EXPECT_EQ(board.title, "Board of tests");
}

TEST_F(FleetTuneTest, GovernorsOfAnotherBatchKeepTheirOwnEnergy) {
  start_agent("b", 1.5);
  const auto result = search(request());
  ASSERT_TRUE(result) << to_string(result.error());
  std::map<double, double> joules;  // by batch
  for (const TuneCandidate& governors : result->governors)
    if (governors.again)
      joules[governors.setting.number("batch").value_or(0)] =
          at(governors.mean, Metric::energy).value_or(0);
  ASSERT_EQ(joules.count(1), 1U);
  ASSERT_EQ(joules.count(2), 1U);
  EXPECT_NEAR(joules[2] / joules[1], 0.6, 1e-9);
  ASSERT_TRUE(result->saving);
  EXPECT_NEAR(result->saving->share, 1 - 4.0 / 6, 1e-9) << "over the governors with its batch";
}

TEST_F(FleetTuneTest, GoesOnFromItsFileAndNotAsAnotherSearch) {
  start_three();
  const auto first =
      search(request(), [](const TuneProgress& progress) { return progress.done >= 3; });
  ASSERT_TRUE(first) << to_string(first.error());
  EXPECT_TRUE(first->interrupted);
  const std::string id = study_id();
  FleetTuneRequest other = request();
  other.tune.engine = "trtexec";
  const auto refused = search(other);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
  EXPECT_THAT(refused.error().what, HasSubstr("another engine, network or board type"));
  const auto studies = fleet::studies(*bus_);
  ASSERT_TRUE(studies);
  for (const fleet::StudyRecord& record : *studies)
    if (record.board == type_) {
      EXPECT_EQ(record.study, id) << "nothing was created";
    }
  const auto second = search(request());
  ASSERT_TRUE(second) << to_string(second.error());
  EXPECT_FALSE(second->interrupted);
  EXPECT_GE(second->already_there, 3);
  EXPECT_EQ(std::ssize(second->steps), kSettings);
  expect_least(*second);
}

TEST_F(FleetTuneTest, SaysThatTheStudyWasRemovedAndGoesOnAnew) {
  start_three();
  bool removed = false;
  const auto first = search(request(), [&](const TuneProgress& progress) {
    if (progress.done < 2 || removed) return false;
    removed = true;
    agents_.clear();
    const std::string id = study_id();
    EXPECT_TRUE(bus_->remove(fleet::kStudies, id));
    EXPECT_TRUE(bus_->purge(fleet::kBlocks, fleet::study_blocks_filter(id)));
    EXPECT_TRUE(bus_->purge(fleet::kRuns, fleet::study_runs_filter(id)));
    return false;
  });
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().kind, ErrorKind::not_found);
  EXPECT_THAT(first.error().what, HasSubstr("the study was removed"));
  start_three();
  const auto second = search(request());
  ASSERT_TRUE(second) << to_string(second.error());
  EXPECT_EQ(std::ssize(second->steps), kSettings);
  expect_least(*second);
}

TEST_F(FleetTuneTest, EndsWhereEveryBoardRefuses) {
  start_agent("a", 1, "its engine is not here");
  std::vector<std::string> words;
  const auto result = search(request(), [&](const TuneProgress& progress) {
    words.push_back(progress.words);
    return false;
  });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::engine);
  EXPECT_THAT(result.error().what, HasSubstr("a: its engine is not here"));
  EXPECT_THAT(words, Contains(HasSubstr("1 board refuses this study (a)")));
}

}  // namespace
}  // namespace isojoule
