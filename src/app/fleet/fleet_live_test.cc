// Looking at a fleet and giving it orders, with a real server.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "app/fleet/fake_agent.h"
#include "app/fleet/fleet_orders.h"
#include "app/fleet/fleet_picture.h"
#include "fleet/catalogue.h"
#include "fleet/nats_server.h"
#include "fleet/object.h"

namespace isojoule {
namespace {

using namespace fleet;

constexpr const char* kStudyA = "aaaaaaaaaaaaaaaaaaaaaaaa";
constexpr const char* kStudyB = "bbbbbbbbbbbbbbbbbbbbbbbb";

class FleetLive : public ::testing::Test {
 protected:
  void SetUp() override {
    ISOJOULE_NEEDS_NATS_SERVER();
    server_ = std::make_unique<test::NatsServer>();
    auto bus = Bus::connect({.url = server_->url(), .client = "test"});
    ASSERT_TRUE(bus) << to_string(bus.error());
    bus_ = std::move(*bus);
  }
  void set_up() { ASSERT_TRUE(fleet::set_up(*bus_, 1)); }
  void come(const std::string& name) {
    ASSERT_TRUE(FakeAgent(*bus_, FakeAgent::simple_card(name)).come());
  }
  StudyRecord publish(const std::string& id, const std::string& network) {
    StudyRecord record;
    record.study = id;
    record.name = "study-" + id.substr(0, 1);
    record.board = "test-board";
    record.simulated = true;
    record.plan = *put_object(*bus_, "plan", "plan of " + id);
    record.networks["net"] = *put_object(*bus_, "plan", network);
    record.engine = "twin";
    record.blocks = 1;
    record.runs = 2;
    record.version = "0.1";
    record.created = "2026-01-31T12:00:00Z";
    EXPECT_TRUE(bus_->put(kStudies, id, to_bytes(record)));
    EXPECT_TRUE(bus_->make_queue(kBlocks, lane_queue(id, 0), lane_filter(id, 0),
                                 Duration::milliseconds(30'000)));
    EXPECT_TRUE(bus_->publish(block_subject(id, 0, 0), "block"));
    EXPECT_TRUE(bus_->publish(run_subject("b1", id, 0, 0), "run"));
    EXPECT_TRUE(bus_->put(kJoins, join_key(id, "b1"), to_bytes(Join{0, ""})));
    EXPECT_TRUE(bus_->put(kJoins, join_key(id, "b2"), to_bytes(Join{-1, "no engine"})));
    return record;
  }
  Order order_of(const std::string& board) {
    return *parse_order(bus_->get(kOrders, board)->value);
  }

  std::unique_ptr<test::NatsServer> server_;
  std::unique_ptr<Bus> bus_;
  std::unique_ptr<Clock> clock_ = make_real_clock();
};

TEST_F(FleetLive, AServerWithoutAFleetHasNoBoards) {
  FleetLook look(*bus_, *clock_);
  ASSERT_TRUE(look.refresh());
  EXPECT_TRUE(look.picture().reachable);
  EXPECT_FALSE(look.picture().is_set_up);
  EXPECT_TRUE(look.picture().boards.empty());
  const auto chosen = chosen_boards(*bus_, {"b1"}, false);
  ASSERT_FALSE(chosen);
  EXPECT_EQ(chosen.error().what, "no board has announced itself");
}

TEST_F(FleetLive, ShowsBoardsStudiesAndWhoIsLost) {
  set_up();
  come("b1");
  come("b2");
  ASSERT_TRUE(bus_->put(kCards, "b3", "no card"));
  publish(kStudyA, "network");
  FleetLook look(*bus_, *clock_);
  ASSERT_TRUE(look.refresh());
  const FleetPicture& picture = look.picture();
  ASSERT_EQ(picture.boards.size(), 3U);
  EXPECT_EQ(state_of(picture.boards[0]), "idle");
  EXPECT_GT(picture.server_ns, 0);
  EXPECT_EQ(state_of(picture.boards[2]), "lost");
  EXPECT_GT(picture.boards[2].seen_ns, 0);
  ASSERT_EQ(picture.boards[2].problems.size(), 1U);
  EXPECT_TRUE(picture.boards[2].problems[0].starts_with("its card cannot be read"));
  ASSERT_EQ(picture.studies.size(), 1U);
  const SeenStudy& study = picture.studies[0];
  EXPECT_EQ(study.stored, 1);
  ASSERT_EQ(study.lanes.size(), 1U);
  EXPECT_EQ(study.lanes[0].boards, std::vector<std::string>{"b1"});
  ASSERT_TRUE(study.lanes[0].queue);
  EXPECT_EQ(study.lanes[0].queue->waiting, 1U);
  ASSERT_EQ(study.refused.size(), 1U);
  EXPECT_EQ(study.refused[0].reason, "no engine");
  // Its pulse goes: lost, with what was known of it, since it was seen last.
  const std::int64_t seen_ns = picture.boards[1].seen_ns;
  ASSERT_TRUE(bus_->remove(kPulses, "b2"));
  ASSERT_TRUE(look.refresh());
  EXPECT_EQ(state_of(look.picture().boards[1]), "lost");
  EXPECT_EQ(look.picture().boards[1].seen_ns, seen_ns);
  EXPECT_TRUE(look.picture().boards[1].pulse);
  // Somebody new comes: its card is read at once, not when the others' grow old.
  come("b4");
  ASSERT_TRUE(look.refresh());
  ASSERT_EQ(look.picture().boards.size(), 4U);
  EXPECT_EQ(look.picture().boards[3].card.board, "test-board");
}

TEST_F(FleetLive, ABoardThatRefusesAfterItTookPartIsNamedWithTheReason) {
  set_up();
  come("b1");
  publish(kStudyA, "network");
  ASSERT_TRUE(bus_->put(kJoins, join_key(kStudyA, "b1"), to_bytes(Join{0, "other bytes"})));
  FleetLook look(*bus_, *clock_);
  ASSERT_TRUE(look.refresh());
  ASSERT_EQ(look.picture().studies.size(), 1U);
  const SeenStudy& study = look.picture().studies[0];
  EXPECT_TRUE(study.lanes[0].boards.empty());
  ASSERT_EQ(study.refused.size(), 2U);
  EXPECT_EQ(study.refused[0].board, "b1");
  EXPECT_EQ(study.refused[0].reason, "other bytes");
}

TEST_F(FleetLive, ALostServerLeavesThePictureAndSaysSo) {
  set_up();
  come("b1");
  bus_ = *Bus::connect({.url = server_->url(), .patience = Duration::milliseconds(2000)});
  FleetLook look(*bus_, *clock_);
  ASSERT_TRUE(look.refresh());
  server_->kill9();
  EXPECT_FALSE(look.refresh());
  EXPECT_FALSE(look.picture().reachable);
  EXPECT_FALSE(look.picture().trouble.empty());
  ASSERT_EQ(look.picture().boards.size(), 1U);
  EXPECT_TRUE(look.picture().boards[0].alive);
  server_->restart();
  for (int i = 0; i < 300 && !look.refresh(); ++i) clock_->sleep_for(Duration::milliseconds(100));
  EXPECT_TRUE(look.picture().reachable);
  EXPECT_EQ(look.picture().trouble, "");
}

TEST_F(FleetLive, OrdersAreWrittenAndBoardsAreNamed) {
  set_up();
  come("rack1-07");
  come("rack1-08");
  EXPECT_EQ(*chosen_boards(*bus_, {}, true), (std::vector<std::string>{"rack1-07", "rack1-08"}));
  const auto unknown = chosen_boards(*bus_, {"rack1-0"}, false);
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().remedy.find("rack1-0"), std::string::npos);
  ASSERT_TRUE(drain_board(*bus_, "rack1-07", "fan"));
  EXPECT_TRUE(order_of("rack1-07").drain);
  EXPECT_EQ(order_of("rack1-07").why, "fan");
  ASSERT_TRUE(resume_board(*bus_, "rack1-07"));
  ASSERT_TRUE(resume_board(*bus_, "rack1-07"));
  EXPECT_FALSE(order_of("rack1-07").drain);
  EXPECT_EQ(order_of("rack1-07").why, "");
  EXPECT_EQ(order_of("rack1-07").resume, 2);
  // One that is gone may be forgotten, one that is alive not.
  const Status alive = forget_board(*bus_, "rack1-08");
  ASSERT_FALSE(alive);
  EXPECT_EQ(alive.error().kind, ErrorKind::busy);
  ASSERT_TRUE(bus_->remove(kPulses, "rack1-08"));
  ASSERT_TRUE(forget_board(*bus_, "rack1-08"));
  EXPECT_EQ(*fleet_board_names(*bus_), std::vector<std::string>{"rack1-07"});
}

TEST_F(FleetLive, WaitsForDrained) {
  set_up();
  come("b1");
  come("b2");
  ASSERT_TRUE(bus_->remove(kPulses, "b2"));
  std::vector<std::string> told;
  std::atomic<bool> interrupted{true};
  const Status still = wait_for_drained(*bus_, *clock_, {"b1", "b2"}, interrupted,
                                        [&](const std::string& line) { told.push_back(line); });
  ASSERT_FALSE(still);
  EXPECT_EQ(still.error().kind, ErrorKind::interrupted);
  EXPECT_EQ(told, std::vector<std::string>{"b2: lost"});
  Pulse pulse;
  pulse.instance = "instance-b1";
  pulse.state = BoardState::drained;
  ASSERT_TRUE(bus_->put(kPulses, "b1", to_bytes(pulse)));
  EXPECT_TRUE(wait_for_drained(*bus_, *clock_, {"b1"}, interrupted, [](const std::string&) {}));
}

TEST_F(FleetLive, AsksBoardsAtOnceAndTrustsNoAnswer) {
  std::vector<std::string> questions;
  std::mutex lock;
  const auto answers = [&](const std::string& board, const std::string& answer) {
    ASSERT_TRUE(bus_->answer(ask_subject(board), [&, answer](std::string_view question) {
      const std::lock_guard held(lock);
      questions.emplace_back(question);
      return answer;
    }));
  };
  answers("good", R"({"title": "Nano", "rails": [{"name": "VDD_IN", "power_w": 4.5}]})");
  answers("busy", R"({"error": {"kind": "busy", "what": "it measures"}})");
  answers("liar", "\x1b[2Jnonsense");
  const auto all =
      ask_boards(*bus_, {"good", "deaf", "busy", "liar"}, "probe", Duration::milliseconds(5000));
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0].problem, "");
  EXPECT_EQ(answer_text(all[0], false),
            "  rails:\n    - name VDD_IN, power_w 4.5\n  title: Nano\n");
  EXPECT_EQ(all[1].problem, "nobody answers: its agent does not run");
  EXPECT_EQ(all[2].problem, "it measures");
  EXPECT_EQ(all[3].problem, "its answer is no JSON object");
  EXPECT_EQ(questions, std::vector<std::string>(3, R"({"verb":"probe"})"));
}

TEST_F(FleetLive, RemovesAStudyAndNothingOfAnother) {
  set_up();
  const StudyRecord a = publish(kStudyA, "shared network"), b = publish(kStudyB, "shared network");
  EXPECT_EQ(remove_study(*bus_, "study-c", true).error().kind, ErrorKind::not_found);
  EXPECT_EQ(remove_study(*bus_, "", true).error().kind, ErrorKind::invalid);
  // Nobody said that its runs were collected.
  EXPECT_EQ(remove_study(*bus_, "study-a", false).error().kind, ErrorKind::busy);
  EXPECT_TRUE(get_object(*bus_, a.plan));
  const auto removed = remove_study(*bus_, "study-a", true);
  ASSERT_TRUE(removed) << to_string(removed.error());
  EXPECT_EQ(removed->runs, 1U);
  EXPECT_EQ(removed->blocks, 1U);
  EXPECT_EQ(removed->objects, 1U);  // its plan; the network is used by the other, too
  EXPECT_FALSE(bus_->get(kStudies, kStudyA));
  EXPECT_FALSE(bus_->get(kJoins, join_key(kStudyA, "b1")));
  EXPECT_FALSE(bus_->queue_state(kBlocks, lane_queue(kStudyA, 0)));
  EXPECT_TRUE(bus_->subjects(kRuns, study_runs_filter(kStudyA))->empty());
  EXPECT_TRUE(bus_->subjects(kBlocks, study_blocks_filter(kStudyA))->empty());
  EXPECT_FALSE(get_object(*bus_, a.plan));
  EXPECT_TRUE(get_object(*bus_, b.plan));
  EXPECT_TRUE(get_object(*bus_, b.networks.at("net")));
  EXPECT_EQ(bus_->subjects(kRuns, study_runs_filter(kStudyB))->size(), 1U);
  EXPECT_EQ(bus_->queue_state(kBlocks, lane_queue(kStudyB, 0))->waiting, 1U);
}

}  // namespace
}  // namespace isojoule
