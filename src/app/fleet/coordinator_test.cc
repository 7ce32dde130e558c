// The coordinator against a real server; agents are made up (fake_agent.h).
#include "app/fleet/coordinator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "app/fleet/block_watch.h"
#include "app/fleet/fleet_study.h"
#include "app/fleet/shared_server.h"
#include "base/clock.h"
#include "data/study_file.h"
#include "fleet/catalogue.h"
#include "fleet/object.h"

namespace isojoule {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::int64_t kRunsOfThePlan = 2 * 4 * 5;  // networks, points with their share, repeats

// The sweep of one test: its own type of board, so that tests share one server.
class CoordinatorTest : public test::SharedServerTest {
 protected:
  void SetUp() override {
    SharedServerTest::SetUp();
    if (IsSkipped()) return;
    write_network("one.onnx");
    write_network("two.onnx");
    write_plan("plan.toml", 5);
  }

  void write_plan(const std::string& name, int repeats) const {
    std::ofstream(folder_ / name) << "name = \"coordinator\"\nboard = \"" << type_ << "\"\n"
                                  << "[protocol]\nrepeats = " << repeats << "\nseed = 1\n"
                                  << "[[baseline]]\nname = \"default\"\n"
                                  << "cpu_governor = \"schedutil\"\n"
                                  << "[[grid]]\nname = \"clocks\"\nnetworks = [\""
                                  << (folder_ / "one.onnx").string() << "\", \""
                                  << (folder_ / "two.onnx").string() << "\"]\n"
                                  << "axes = { cpu_frequency_mhz = [1000, 1500, 2000] }\n"
                                  << "baselines = [\"default\"]\n";
  }

  FleetSweepRequest request(const std::string& file) const {
    FleetSweepRequest request;
    request.plan_path = folder_ / "plan.toml";
    request.study_path = folder_ / file;
    request.bus = options();
    request.claim = Duration::milliseconds(2000);
    request.command = "isojoule sweep";
    return request;
  }

  FleetStudyRequest study_request() const {
    FleetStudyRequest request;
    request.plan_path = folder_ / "plan.toml";
    return request;
  }

  // The plan's study on the server and its file, as a coordinator begins them; nothing is
  // published.
  struct BegunStudy {
    FleetStudy study;
    RunLedger ledger;
    std::unique_ptr<StudyFile> file;
  };
  Result<BegunStudy> begin_study() {
    BegunStudy begun;
    ISOJOULE_TRY(begun.study, find_fleet_study(*bus_, paths_, study_request()));
    ISOJOULE_CHECK(make_lanes(*bus_, begun.study.stored.record, Duration::milliseconds(2000)));
    for (const fleet::BlockMessage& block : begun.study.blocks) begun.ledger.add(block);
    ISOJOULE_TRY(begun.file,
                 StudyFile::create(folder_ / "s.study", fleet_study_info(begun.study, "")));
    return begun;
  }

  static constexpr Duration kGrace = Duration::milliseconds(1000);
  // Makes blocks again from the study, which outlives it.
  BlockWatch watch_of(const FleetStudy& study, RunLedger& ledger, RunCollector& collector) {
    const auto make = [&study](const std::set<std::int64_t>& wanted) {
      std::vector<fleet::BlockMessage> blocks;
      for (const fleet::BlockMessage& block : study.blocks)
        if (wanted.contains(block.block)) blocks.push_back(block);
      return Result<std::vector<fleet::BlockMessage>>(std::move(blocks));
    };
    return BlockWatch(*bus_, study.stored.record, Duration::milliseconds(2000), ledger, collector,
                      make, kGrace);
  }

  // Ends when everything is there, or interrupts itself after a minute: a test that hangs is
  // one that fails.
  Result<FleetSweepResult> sweep(const FleetSweepRequest& request,
                                 const std::function<bool(const FleetProgress&)>& stop = {}) const {
    std::atomic<bool> interrupted{false};
    return sweep_fleet(paths_, request, interrupted, [&](const FleetProgress& progress) {
      if (progress.elapsed > Second(60) || (stop && stop(progress))) interrupted = true;
    });
  }

  struct Row {
    std::string job;
    double energy_j = 0;
    bool operator==(const Row&) const = default;
  };
  // What the study says, without who measured it.
  std::map<std::int64_t, Row> table(const std::string& file) const {
    std::map<std::int64_t, Row> rows;
    auto study = StudyFile::open(folder_ / file, StudyFile::Mode::read);
    EXPECT_TRUE(study);
    if (!study) return rows;
    const auto runs = (*study)->runs();
    for (const Run& run : *runs) {
      EXPECT_FALSE(run.on_board.empty());
      const PhaseEnergy* energy = run.energy(PhaseKind::inference);
      EXPECT_TRUE(
          rows.emplace(run.sequence, Row{run.network + run.baseline + to_string(run.setting),
                                         energy->gross.value->value()})
              .second)
          << "run " << run.sequence << " twice";
    }
    return rows;
  }
  using Run = isojoule::Run;
};

TEST_F(CoordinatorTest, CollectsEveryRunOnceAndClosesTheStudy) {
  start_agent(card("a"));
  start_agent(card("b"));
  const auto result = sweep(request("s.study"));
  ASSERT_TRUE(result) << to_string(result.error());
  EXPECT_FALSE(result->interrupted);
  EXPECT_EQ(result->planned, kRunsOfThePlan);
  EXPECT_EQ(result->collected, result->planned);
  EXPECT_TRUE(result->simulated);
  EXPECT_THAT(result->troubles, IsEmpty());
  const auto rows = table("s.study");
  ASSERT_THAT(rows, SizeIs(kRunsOfThePlan));
  for (const auto& [sequence, row] : rows)
    EXPECT_EQ(row.energy_j, 1 + static_cast<double>(sequence));
  const auto stored = get_study(*bus_, result->study);
  ASSERT_TRUE(stored);
  EXPECT_TRUE(stored->record.closed);
  EXPECT_EQ(stored->record.runs, result->planned);
  EXPECT_FALSE(bus_->queue_state(fleet::kBlocks, fleet::lane_queue(result->study, 0)));
  auto study = StudyFile::open(folder_ / "s.study", StudyFile::Mode::read);
  ASSERT_TRUE(study);
  EXPECT_EQ((*study)->info().board, type_);
  EXPECT_EQ((*study)->info().release, "1.0");
  EXPECT_EQ((*study)->info().planned_runs, result->planned);
  const auto boards = (*study)->boards();
  ASSERT_TRUE(boards);
  for (const StudyBoard& board : *boards) EXPECT_EQ(board.title, "Board of tests");
}

TEST_F(CoordinatorTest, TheSameCommandElsewhereCollectsTheSameWithoutABoard) {
  start_agent(card("a"));
  const auto first = sweep(request("first.study"));
  ASSERT_TRUE(first) << to_string(first.error());
  agents_.clear();
  ASSERT_TRUE(bus_->remove(fleet::kCards, "a"));
  ASSERT_TRUE(bus_->remove(fleet::kPulses, "a"));
  const auto second = sweep(request("second.study"));
  ASSERT_TRUE(second) << to_string(second.error());
  EXPECT_EQ(second->study, first->study);
  EXPECT_EQ(second->published, 0);
  EXPECT_EQ(table("second.study"), table("first.study"));
  // Once more with the file that has everything.
  const auto third = sweep(request("first.study"));
  ASSERT_TRUE(third);
  EXPECT_EQ(third->already_there, third->planned);
  EXPECT_EQ(third->collected, 0);
}

TEST_F(CoordinatorTest, GoesOnWhereOneDiedWhilePublishing) {
  {
    FakeAgent agent(*bus_, card("a"));
    ASSERT_TRUE(agent.come());
  }
  std::int64_t blocks = 0;
  {  // as sweep_fleet() begins, until it is killed after three blocks
    const auto study = find_fleet_study(*bus_, paths_, study_request());
    ASSERT_TRUE(study) << to_string(study.error());
    EXPECT_TRUE(study->stored.record.closed) << "boards would take blocks of half a study";
    ASSERT_TRUE(make_lanes(*bus_, study->stored.record, Duration::milliseconds(2000)));
    blocks = static_cast<std::int64_t>(study->blocks.size());
    ASSERT_GT(blocks, 4);
    const std::vector<const fleet::BlockMessage*> some = {&study->blocks[0], &study->blocks[1],
                                                          &study->blocks[2]};
    ASSERT_TRUE(publish_blocks(*bus_, some, std::atomic<bool>(false)));
  }
  start_agent(card("a"));
  const auto result = sweep(request("s.study"));
  ASSERT_TRUE(result) << to_string(result.error());
  EXPECT_EQ(result->published, blocks - 3);
  EXPECT_EQ(result->collected, kRunsOfThePlan);
  EXPECT_EQ(result->twice, 0);
}

TEST_F(CoordinatorTest, ABlockOfTheQueueIsNotPublishedAgainHoweverLongAgoItWas) {
  FakeAgent agent(*bus_, card("a"));
  ASSERT_TRUE(agent.come());
  const auto study = find_fleet_study(*bus_, paths_, study_request());
  ASSERT_TRUE(study);
  ASSERT_TRUE(make_lanes(*bus_, study->stored.record, Duration::milliseconds(2000)));
  std::vector<const fleet::BlockMessage*> all;
  for (const fleet::BlockMessage& block : study->blocks) all.push_back(&block);
  const std::atomic<bool> interrupted(false);
  ASSERT_TRUE(publish_blocks(*bus_, all, interrupted));
  // `again` leaves the message ids away, as a server does that has forgotten them.
  const auto again = publish_blocks(*bus_, all, interrupted, true);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->published, 0);
  EXPECT_EQ(again->there, static_cast<std::int64_t>(all.size()));
}

TEST_F(CoordinatorTest, MayBeInterruptedAndMovedToAnotherFile) {
  start_agent(card("a"));
  const auto first = sweep(request("first.study"), [](const FleetProgress& progress) {
    return progress.done > 0;  // Ctrl-C
  });
  ASSERT_TRUE(first) << to_string(first.error());
  const auto second = sweep(request("second.study"));
  ASSERT_TRUE(second) << to_string(second.error());
  EXPECT_EQ(second->collected, kRunsOfThePlan);
  EXPECT_EQ(first->published + second->published, first->published);
  const auto rest = sweep(request("first.study"));
  ASSERT_TRUE(rest);
  EXPECT_EQ(rest->already_there + rest->collected, kRunsOfThePlan);
  EXPECT_EQ(rest->already_there, first->collected);
  EXPECT_EQ(table("first.study"), table("second.study"));
}

TEST_F(CoordinatorTest, TwoAtOnceGetTheSameAndPublishOnce) {
  start_agent(card("a"));
  start_agent(card("b"));
  Result<FleetSweepResult> other;
  std::jthread second([&] { other = sweep(request("second.study")); });
  const auto one = sweep(request("first.study"));
  second.join();
  ASSERT_TRUE(one) << to_string(one.error());
  ASSERT_TRUE(other) << to_string(other.error());
  EXPECT_EQ(one->study, other->study);
  EXPECT_EQ(one->collected, kRunsOfThePlan);
  EXPECT_EQ(other->collected, kRunsOfThePlan);
  EXPECT_EQ(table("first.study"), table("second.study"));
}

TEST_F(CoordinatorTest, WhoeverWasFirstInTheStreamIsTheRun) {
  FakeAgent agent(*bus_, card("a"));
  ASSERT_TRUE(agent.come());
  FakeAgent slow(*bus_, card("b"));
  ASSERT_TRUE(slow.come());
  const auto study = find_fleet_study(*bus_, paths_, study_request());
  ASSERT_TRUE(study);
  const std::string id = study->stored.record.study;
  // Both measured the block: one was cut off from the server, and its claim ran out.
  for (const PlannedRun& planned : study->blocks[0].runs)
    for (FakeAgent* board : {&slow, &agent}) {
      auto message = board->message_of(id, planned);
      ASSERT_TRUE(
          bus_->publish(fleet::run_subject(board->card().name, id, planned.block, planned.sequence),
                        to_bytes(message)));
    }
  start_agent(card("a"));
  const auto result = sweep(request("s.study"));
  ASSERT_TRUE(result) << to_string(result.error());
  EXPECT_EQ(result->collected, kRunsOfThePlan);
  EXPECT_GE(result->twice, static_cast<std::int64_t>(study->blocks[0].runs.size()));
  auto file = StudyFile::open(folder_ / "s.study", StudyFile::Mode::read);
  ASSERT_TRUE(file);
  std::set<std::string> boards;
  const auto runs = (*file)->runs();
  ASSERT_TRUE(runs);
  for (const Run& run : *runs)
    if (run.block == 0) boards.insert(run.on_board);
  EXPECT_THAT(boards, ElementsAre("b"));
}

TEST_F(CoordinatorTest, ALyingBoardPutsNothingIntoAnotherSettingsRow) {
  auto lies = std::make_shared<std::atomic<int>>(0);
  start_agent(card("a"), {0, ""}, [lies](fleet::RunMessage& message) {
    if (message.run.sequence == 3 && (*lies)++ == 0)
      message.run.setting.set("cpu_frequency", 1.23e9);
    if (message.run.sequence == 4 && (*lies)++ < 2) message.run.baseline = "powersave";
    return true;
  });
  FakeAgent evil(*bus_, card("evil"));
  ASSERT_TRUE(evil.come());
  const auto study = find_fleet_study(*bus_, paths_, study_request());
  ASSERT_TRUE(study);
  const std::string id = study->stored.record.study;
  PlannedRun beyond = study->blocks[0].runs[0];
  beyond.sequence = 1'000'000;
  ASSERT_TRUE(evil.publish(evil.message_of(id, beyond)));
  auto as_other = evil.message_of(id, study->blocks[0].runs[1]);
  as_other.board = as_other.run.on_board = "a";
  ASSERT_TRUE(
      bus_->publish(fleet::run_subject("evil", id, 0, as_other.run.sequence), to_bytes(as_other)));
  const auto result = sweep(request("s.study"));
  ASSERT_TRUE(result) << to_string(result.error());
  EXPECT_FALSE(result->interrupted);
  EXPECT_EQ(result->refused, 4);
  EXPECT_GE(result->published_again, 1);
  EXPECT_EQ(result->collected, kRunsOfThePlan);
  EXPECT_THAT(result->troubles, Contains(HasSubstr("evil: 2 messages were refused")));
  for (const auto& [sequence, row] : table("s.study"))
    EXPECT_EQ(row.energy_j, 1 + static_cast<double>(sequence));
}

TEST_F(CoordinatorTest, ADamagedMessageIsNamedAndItsBlockMeasuredAgain) {
  auto sent = std::make_shared<std::set<std::int64_t>>();
  auto bus = std::shared_ptr<fleet::Bus>(std::move(*fleet::Bus::connect(options())));
  start_agent(card("a"), {0, ""}, [sent, bus](fleet::RunMessage& message) {
    if (message.run.sequence != 2 || !sent->insert(2).second) return true;
    EXPECT_TRUE(bus->publish(fleet::run_subject("a", message.study, message.run.block, 2),
                             "no run at all"));
    return false;
  });
  const auto result = sweep(request("s.study"));
  ASSERT_TRUE(result) << to_string(result.error());
  EXPECT_EQ(result->damaged, 1);
  EXPECT_EQ(result->published_again, 1);
  EXPECT_EQ(result->collected, kRunsOfThePlan);
  EXPECT_EQ(result->given_up, 0);
  EXPECT_THAT(result->troubles, Contains(HasSubstr("a: 1 message was refused")));
}

TEST_F(CoordinatorTest, WhatStaysDamagedIsGivenUpAndTheRestIsThere) {
  auto bus = std::shared_ptr<fleet::Bus>(std::move(*fleet::Bus::connect(options())));
  start_agent(card("a"), {0, ""}, [bus](fleet::RunMessage& message) {
    if (message.run.sequence != 2) return true;
    EXPECT_TRUE(bus->publish(fleet::run_subject("a", message.study, message.run.block, 2), "no"));
    return false;
  });
  const auto result = sweep(request("s.study"));
  ASSERT_TRUE(result) << to_string(result.error());
  EXPECT_FALSE(result->interrupted);
  EXPECT_EQ(result->given_up, 1);
  EXPECT_EQ(result->published_again, 2);
  EXPECT_EQ(result->collected, kRunsOfThePlan - 1);
  EXPECT_THAT(result->troubles, Contains(HasSubstr("1 block is not complete")));
}

TEST_F(CoordinatorTest, WhatAnEarlierCollectorRefusedIsReadAnewInsteadOfWaitedForForEver) {
  FakeAgent agent(*bus_, card("a"));
  ASSERT_TRUE(agent.come());
  auto begun = begin_study();
  ASSERT_TRUE(begun) << to_string(begun.error());
  auto& [study, ledger, file] = *begun;
  const fleet::StudyRecord& record = study.stored.record;
  // All runs but one, which is damaged, twice under one subject.
  const PlannedRun& bad = study.blocks[0].runs[0];
  const std::string subject = fleet::run_subject("a", record.study, bad.block, bad.sequence);
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(bus_->publish(subject, "no run at all"));
  for (const fleet::BlockMessage& block : study.blocks)
    for (const PlannedRun& planned : block.runs)
      if (planned.sequence != bad.sequence) {
        ASSERT_TRUE(agent.publish(agent.message_of(record.study, planned)));
      }
  const auto read_all = [](RunCollector& collector) {
    std::int64_t sum = 0;
    for (;;) {
      const auto taken = collector.collect(Duration::milliseconds(2000));
      EXPECT_TRUE(taken);
      EXPECT_EQ(collector.away(), "");
      if (!taken || *taken == 0) return sum;
      sum += *taken;
    }
  };
  {
    const auto first = RunCollector::begin(*bus_, record, ledger, *file);
    ASSERT_TRUE(first);
    read_all(**first);
    EXPECT_EQ((*first)->tally().damaged, 2);
    EXPECT_EQ((*first)->bad_messages(bad.sequence), 2);
  }
  RunLedger again;
  for (const fleet::BlockMessage& block : study.blocks) again.add(block);
  const auto second = RunCollector::begin(*bus_, record, again, *file);
  ASSERT_TRUE(second);
  EXPECT_EQ(read_all(**second), 0) << "it goes on behind what was read";
  BlockWatch watch = watch_of(study, again, **second);
  const std::atomic<bool> interrupted(false);
  const Instant begin{};
  for (const Instant now : {begin, begin + kGrace}) {
    const auto looked = watch.look({}, now, interrupted);
    ASSERT_TRUE(looked) << to_string(looked.error());
    EXPECT_FALSE(*looked) << "what is stored may still come";
  }
  read_all(**second);
  EXPECT_EQ((*second)->bad_messages(bad.sequence), 2);
  EXPECT_EQ((*second)->tally().twice, 0) << "not counted a second time";
  const auto looked = watch.look({}, begin + kGrace, interrupted);
  ASSERT_TRUE(looked) << to_string(looked.error());
  EXPECT_TRUE(*looked);
  EXPECT_EQ(watch.published_again(), 1);
  EXPECT_FALSE(bus_->last(fleet::kRuns, subject)) << "a board would take it for the run";
  ASSERT_TRUE(agent.work(record.study, 0, Duration::milliseconds(20'000)));
  read_all(**second);
  EXPECT_TRUE(again.complete());
}

TEST_F(CoordinatorTest, LongTracesComeAsObjectsAndAMissingOneIsSaid) {
  Trace trace;
  Channel channel;
  channel.info.rail = "VDD_IN";
  channel.time_ns = {0, 100'000'000};
  channel.a = {5000, 5100};
  channel.b = {1000, 1010};
  trace.channels = {channel};
  auto bus = std::shared_ptr<fleet::Bus>(std::move(*fleet::Bus::connect(options())));
  const std::string bytes = fleet::trace_bytes(trace);
  start_agent(card("a"), {0, ""}, [bus, bytes](fleet::RunMessage& message) {
    if (message.run.sequence == 0) {
      auto object = fleet::put_object(*bus, "a", bytes);
      EXPECT_TRUE(object);
      message.trace_object = *object;
    }
    if (message.run.sequence == 1)
      message.trace_object = fleet::ObjectName{"a", fleet::sha256("nobody has it"), 13};
    if (message.run.sequence == 2)
      message.trace_object = fleet::ObjectName{"b", fleet::sha256(bytes), 1};
    return true;
  });
  const auto result = sweep(request("s.study"));
  ASSERT_TRUE(result) << to_string(result.error());
  EXPECT_EQ(result->collected, kRunsOfThePlan);
  EXPECT_EQ(result->without_trace, 2);
  auto file = StudyFile::open(folder_ / "s.study", StudyFile::Mode::read);
  ASSERT_TRUE(file);
  const auto ids = (*file)->ids();
  ASSERT_TRUE(ids);
  const auto stored = (*file)->trace(ids->at(0));
  ASSERT_TRUE(stored) << to_string(stored.error());
  EXPECT_EQ(stored->channels.at(0).info.rail, "VDD_IN");
  EXPECT_FALSE((*file)->trace(ids->at(1)));
  EXPECT_THAT((*file)->run(ids->at(1))->notes["trace"], HasSubstr("not there: "));
  EXPECT_THAT((*file)->run(ids->at(2))->notes["trace"], HasSubstr("not the board's"));
}

TEST_F(CoordinatorTest, EverySettingOnTwoBoardsAndNoBoardTwice) {
  start_agent(card("a"));
  FleetSweepRequest both = request("s.study");
  both.blocks.lanes = 2;
  std::vector<std::string> troubles;
  const auto half = sweep(both, [&](const FleetProgress& progress) {
    if (progress.done == kRunsOfThePlan && !progress.boards.empty()) troubles = progress.troubles;
    return !troubles.empty();
  });
  ASSERT_TRUE(half) << to_string(half.error());
  EXPECT_TRUE(half->interrupted);
  EXPECT_THAT(troubles, Contains(HasSubstr("no board takes blocks of lane 2 of 2")));
  start_agent(card("b"), {1, ""});
  const auto result = sweep(both);
  ASSERT_TRUE(result) << to_string(result.error());
  EXPECT_EQ(result->planned, 2 * kRunsOfThePlan);
  EXPECT_EQ(result->already_there + result->collected, result->planned);
  auto file = StudyFile::open(folder_ / "s.study", StudyFile::Mode::read);
  ASSERT_TRUE(file);
  std::map<std::string, std::int64_t> by_board;
  std::map<std::string, std::set<std::string>> boards_of;
  const auto runs = (*file)->runs();
  ASSERT_TRUE(runs);
  for (const Run& run : *runs) {
    ++by_board[run.on_board];
    boards_of[run.network + run.baseline + to_string(run.setting)].insert(run.on_board);
  }
  EXPECT_EQ(by_board["a"], kRunsOfThePlan);
  EXPECT_EQ(by_board["b"], kRunsOfThePlan);
  for (const auto& [job, boards] : boards_of) EXPECT_THAT(boards, SizeIs(2)) << job;
}

TEST_F(CoordinatorTest, BoardsWithoutThePlansValuesAreLeftOutWithTheReason) {
  start_agent(card("a"));
  fleet::BoardCard slow = card("slow");
  slow.knobs[0].values = {1e9, 1.5e9};
  FakeAgent agent(*bus_, slow);
  ASSERT_TRUE(agent.come());
  const auto result = sweep(request("s.study"));
  ASSERT_TRUE(result) << to_string(result.error());
  EXPECT_EQ(result->collected, kRunsOfThePlan);
  EXPECT_THAT(result->left_out, Contains(HasSubstr("slow: grid 'clocks': " + type_ +
                                                   " has no cpu_frequency of 2000000000 Hz")));
}

TEST_F(CoordinatorTest, WhereNoBoardFitsNothingIsPublishedAndEachReasonIsSaid) {
  fleet::BoardCard slow = card("slow");
  slow.knobs[0].values = {1e9};
  FakeAgent agent(*bus_, slow);
  ASSERT_TRUE(agent.come());
  const auto result = sweep(request("s.study"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::out_of_range);
  EXPECT_THAT(result.error().what, HasSubstr("0 of 1 boards can do what the plan asks (slow: "));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "s.study"));
  const auto studies = fleet::studies(*bus_);
  ASSERT_TRUE(studies);
  for (const fleet::StudyRecord& record : *studies) EXPECT_NE(record.board, type_);
}

TEST_F(CoordinatorTest, AStudyFileOfAnotherPlanIsNotTouched) {
  start_agent(card("a"));
  ASSERT_TRUE(sweep(request("s.study")));
  const auto before = table("s.study");
  write_plan("plan.toml", 1);
  const auto result = sweep(request("s.study"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::invalid);
  EXPECT_THAT(result.error().what, HasSubstr("made with another plan"));
  EXPECT_EQ(table("s.study"), before);
}

TEST_F(CoordinatorTest, WithoutWaitingItPublishesAndGoes) {
  FakeAgent agent(*bus_, card("a"));
  ASSERT_TRUE(agent.come());
  FleetSweepRequest now = request("s.study");
  now.wait = false;
  const auto first = sweep(now);
  ASSERT_TRUE(first) << to_string(first.error());
  EXPECT_FALSE(first->interrupted);
  EXPECT_GT(first->published, 0);
  EXPECT_EQ(first->collected, 0);
  ASSERT_TRUE(agent.join(first->study, {0, ""}));
  for (;;) {
    const auto worked = agent.work(first->study, 0, Duration::milliseconds(3000));
    ASSERT_TRUE(worked) << to_string(worked.error());
    if (!*worked) break;
  }
  const auto second = sweep(now);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->collected, kRunsOfThePlan);
  EXPECT_EQ(second->published, 0);
}

TEST_F(CoordinatorTest, AStudyThatTheServerForgotGoesOnFromItsFile) {
  start_agent(card("a"));
  const auto first =
      sweep(request("s.study"), [](const FleetProgress& progress) { return progress.done > 0; });
  ASSERT_TRUE(first) << to_string(first.error());
  agents_.clear();
  const auto before = table("s.study");
  ASSERT_TRUE(bus_->remove(fleet::kStudies, first->study));
  ASSERT_TRUE(bus_->purge(fleet::kRuns, fleet::study_runs_filter(first->study)));
  ASSERT_TRUE(bus_->purge(fleet::kBlocks, fleet::study_blocks_filter(first->study)));
  start_agent(card("a"));
  const auto second = sweep(request("s.study"));
  ASSERT_TRUE(second) << to_string(second.error());
  EXPECT_EQ(second->already_there, static_cast<std::int64_t>(before.size()));
  EXPECT_EQ(second->already_there + second->collected, kRunsOfThePlan);
  EXPECT_FALSE(second->interrupted);
}

TEST_F(CoordinatorTest, ABlockOfAPurgedQueueIsPublishedAgainButNotWhileABoardHoldsIt) {
  FakeAgent agent(*bus_, card("a"));
  ASSERT_TRUE(agent.come());
  auto begun = begin_study();
  ASSERT_TRUE(begun) << to_string(begun.error());
  auto& [study, ledger, file] = *begun;
  const fleet::StudyRecord& record = study.stored.record;
  const auto collector = RunCollector::begin(*bus_, record, ledger, *file);
  ASSERT_TRUE(collector);
  BlockWatch watch = watch_of(study, ledger, **collector);
  const std::atomic<bool> interrupted(false);
  // Nothing was ever published: as after a purge. A board says that it holds block 1.
  ASSERT_TRUE(agent.pulse(record.study, 1));
  const auto members = fleet::members(*bus_);
  ASSERT_TRUE(members);
  const Instant begin{};
  auto looked = watch.look(*members, begin, interrupted);
  ASSERT_TRUE(looked) << to_string(looked.error());
  EXPECT_FALSE(*looked) << "not at once: a board that is cut off may hold it";
  looked = watch.look(*members, begin + kGrace, interrupted);
  ASSERT_TRUE(looked);
  EXPECT_TRUE(*looked);
  auto in_queues = blocks_in_queues(*bus_, record.study);
  ASSERT_TRUE(in_queues);
  EXPECT_THAT(*in_queues, SizeIs(study.blocks.size() - 1));
  EXPECT_FALSE(in_queues->contains(1));
  // It no longer says so.
  looked = watch.look({}, begin + kGrace, interrupted);
  ASSERT_TRUE(looked);
  EXPECT_FALSE(*looked);
  looked = watch.look({}, begin + kGrace * 2, interrupted);
  ASSERT_TRUE(looked);
  EXPECT_TRUE(*looked);
  EXPECT_EQ(watch.published_again(), static_cast<std::int64_t>(study.blocks.size()));
}

TEST_F(CoordinatorTest, AServerThatDiesAndComesBackLosesNothing) {
  start_agent(card("a"));
  std::atomic<bool> killed{false};
  const auto result = sweep(request("s.study"), [&](const FleetProgress& progress) {
    if (progress.done > 0 && !killed.exchange(true)) {
      server_->kill9();
      server_->restart();
    }
    return false;
  });
  ASSERT_TRUE(result) << to_string(result.error());
  EXPECT_FALSE(result->interrupted);
  EXPECT_EQ(result->collected, kRunsOfThePlan);
  EXPECT_EQ(result->refused + result->damaged + result->given_up, 0);
  EXPECT_THAT(table("s.study"), SizeIs(kRunsOfThePlan));
}

TEST_F(CoordinatorTest, SaysWhyAServerIsOfNoUse) {
  FleetSweepRequest elsewhere = request("s.study");
  test::NatsServerOptions without_streams;
  without_streams.jetstream = false;
  test::NatsServer plain(without_streams);
  elsewhere.bus.url = plain.url();
  const auto without = sweep(elsewhere);
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().kind, ErrorKind::unsupported);
  test::NatsServerOptions with_password;
  with_password.configuration = "authorization { user: lab, password: secret }";
  test::NatsServer locked(with_password);
  elsewhere.bus.url = locked.url();
  const auto refused = sweep(elsewhere);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::permission_denied);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "s.study"));
}

TEST_F(CoordinatorTest, ChoosesThePlansValuesOfMostBoards) {
  Plan plan;
  plan.name = "all";
  PlanGrid grid;
  grid.name = "clocks";
  grid.networks = {"net"};
  PlanAxis axis;
  axis.name = "cpu_frequency";
  axis.all = true;
  grid.axes = {axis};
  plan.grids = {grid};
  const auto member = [&](const std::string& name, std::vector<Value> values) {
    fleet::Member made;
    made.card = card(name);
    made.card.knobs[0].values = std::move(values);
    return made;
  };
  const std::vector<fleet::Member> boards = {member("a", {1e9}), member("b", {1e9, 2e9}),
                                             member("c", {1e9, 2e9})};
  const FittingBoards most = fitting_boards(boards, plan, {}, nullptr);
  ASSERT_THAT(most.boards, SizeIs(2));
  EXPECT_EQ(most.boards[0].card.name, "b");
  EXPECT_THAT(most.left_out, ElementsAre(HasSubstr("a: its values")));
  const FittingBoards like = fitting_boards(boards, plan, {}, &boards[0].card);
  ASSERT_THAT(like.boards, SizeIs(1));
  EXPECT_EQ(like.boards[0].card.name, "a");
  EXPECT_THAT(fitting_boards(boards, plan, {"trtexec"}, nullptr).left_out,
              ElementsAre("a: it has no engine 'trtexec'", "b: it has no engine 'trtexec'",
                          "c: it has no engine 'trtexec'"));
}

}  // namespace
}  // namespace isojoule
