// `isojoule agent` against a real nats-server: agents in threads of this process, and as a program
// where they are killed. A study is published by hand, as the coordinator would.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "app/fleet/agent.h"
#include "app/fleet/run_marker.h"
#include "app/fleet/run_sender.h"
#include "app/target.h"
#include "base/random.h"
#include "base/text_file.h"
#include "fleet/block.h"
#include "fleet/catalogue.h"
#include "fleet/message.h"
#include "fleet/name.h"
#include "fleet/nats_server.h"
#include "fleet/object.h"
#include "whole/program.h"

namespace isojoule {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using test::becomes_true;

constexpr milliseconds kLong{60'000};
constexpr const char* kNano = "twin:jetson-nano";

// One agent, in a thread, until it ends by itself or is stopped.
class AgentThread {
 public:
  AgentThread(const Paths& paths, AgentRequest request) : request_(std::move(request)) {
    thread_ = std::thread([this, &paths] {
      auto result = run_agent(paths, request_, stop_, [this](const std::string& line) {
        const std::lock_guard lock(mutex_);
        lines_ += line + "\n";
      });
      const std::lock_guard lock(mutex_);
      result_ = std::move(result);
    });
  }
  ~AgentThread() { end(); }
  void end() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  void join() { thread_.join(); }
  bool has_ended() const {
    const std::lock_guard lock(mutex_);
    return result_.has_value();
  }
  Result<AgentResult> result() {
    if (thread_.joinable()) join();
    return *result_;
  }
  std::string lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  bool says(const std::string& words, milliseconds limit = kLong) const {
    return becomes_true([&] { return lines().find(words) != std::string::npos; }, limit);
  }

 private:
  AgentRequest request_;
  std::atomic<bool> stop_{false};
  mutable std::mutex mutex_;
  std::string lines_;
  std::optional<Result<AgentResult>> result_;
  std::thread thread_;
};

std::string plan_of(int repeats, const std::string& more = "",
                    const std::string& clocks = "307.2, 921.6") {
  return "name = \"small\"\nboard = \"jetson-nano\"\n[protocol]\ninferences = 64\nrepeats = " +
         std::to_string(repeats) +
         "\nseed = 1\n[[baseline]]\nname = \"default\"\n"
         "cpu_governor = \"schedutil\"\ngpu_governor = \"nvhost_podgov\"\n[[grid]]\n"
         "name = \"map\"\nnetworks = [\"alexnet\"]\naxes = { gpu_frequency_mhz = [" +
         clocks + "] }\nfixed = { batch = 16 }\nbaselines = [\"default\"]\n" + more;
}

class FleetAgent : public ::testing::Test {
 protected:
  void SetUp() override {
    ISOJOULE_NEEDS_NATS_SERVER();
    server_.emplace();
    auto found = find_paths();
    ASSERT_TRUE(found);
    paths_ = *found;
    paths_.state = place_.path("state");
    bus_ = connect();
    ASSERT_NE(bus_, nullptr);
    ASSERT_TRUE(fleet::set_up(*bus_, 1));
  }

  std::unique_ptr<fleet::Bus> connect() const {
    auto bus = fleet::Bus::connect(bus_options());
    EXPECT_TRUE(bus) << to_string(bus.error());
    return bus ? std::move(*bus) : nullptr;
  }
  fleet::BusOptions bus_options() const {
    fleet::BusOptions options;
    options.url = server_->url();
    return options;
  }

  // Blocks of the plan in the queues, then the record.
  fleet::StudyRecord publish(const std::string& plan_text,
                             const std::function<void(fleet::StudyRecord&)>& change = {},
                             std::int64_t lanes = 1, std::int64_t block_runs = 0) {
    const auto plan = parse_plan(plan_text, "plan");
    TargetOptions options;
    options.board = kNano;
    const auto target = open_target(paths_, options);
    EXPECT_TRUE(plan && target);
    fleet::StudyRecord record;
    record.name = plan->name;
    record.board = "jetson-nano";
    record.simulated = true;
    record.engine = "onnxruntime";
    record.plan = *fleet::put_object(*bus_, "plan", plan_text);
    record.networks["alexnet"] =
        *fleet::put_file(*bus_, "plan", network_file(**target, paths_, "alexnet").value());
    record.total = (*target)->board.file.total;
    record.lanes = lanes;
    record.study =
        fleet::study_id(plan_text + std::to_string(++count_), "jetson-nano", true, record.engine,
                        record.networks, record.files, {lanes, block_runs});
    if (change) change(record);
    const auto blocks =
        fleet::cut_blocks(record.study, *plan, (*target)->board, {lanes, block_runs});
    EXPECT_TRUE(blocks);
    record.blocks = static_cast<std::int64_t>(blocks->size());
    for (std::int64_t lane = 0; lane < lanes; ++lane)
      EXPECT_TRUE(bus_->make_queue(fleet::kBlocks, fleet::lane_queue(record.study, lane),
                                   fleet::lane_filter(record.study, lane),
                                   Duration::milliseconds(3000)));
    for (const auto& block : *blocks) {
      record.runs += static_cast<std::int64_t>(block.runs.size());
      EXPECT_TRUE(bus_->publish(fleet::block_subject(block.study, block.lane, block.block),
                                to_bytes(block)));
    }
    EXPECT_TRUE(bus_->put(fleet::kStudies, record.study, to_bytes(record)));
    return record;
  }

  AgentRequest request(const std::string& name) const {
    AgentRequest request;
    request.bus = bus_options();
    request.target.board = kNano;
    request.name = name;
    request.folder = place_.path("agent-" + name);
    return request;
  }

  std::map<std::string, std::uint64_t> runs_of(const fleet::StudyRecord& study) const {
    return bus_->subjects(fleet::kRuns, fleet::study_runs_filter(study.study))
        .value_or(std::map<std::string, std::uint64_t>{});
  }
  std::set<std::int64_t> sequences_of(const fleet::StudyRecord& study) const {
    std::set<std::int64_t> sequences;
    for (const auto& [subject, count] : runs_of(study))
      sequences.insert(fleet::parse_run_subject(subject)->sequence);
    return sequences;
  }
  bool is_complete(const fleet::StudyRecord& study, milliseconds limit = kLong) const {
    return becomes_true(
        [&] { return static_cast<std::int64_t>(sequences_of(study).size()) == study.runs; }, limit);
  }
  fleet::RunMessage run_at(const std::string& subject) const {
    return fleet::parse_run(bus_->last(fleet::kRuns, subject)->bytes).value();
  }
  std::optional<fleet::Join> join_of(const fleet::StudyRecord& study, const std::string& board) {
    const auto entry = bus_->get(fleet::kJoins, fleet::join_key(study.study, board));
    if (!entry) return std::nullopt;
    return fleet::parse_join(entry->value).value();
  }
  bool refuses(const fleet::StudyRecord& study, const std::string& board,
               const std::string& words) {
    return becomes_true(
        [&] {
          const auto join = join_of(study, board);
          return join && join->refused.find(words) != std::string::npos;
        },
        kLong);
  }
  std::optional<fleet::Pulse> pulse_of(const std::string& board) const {
    const auto entry = bus_->get(fleet::kPulses, board);
    if (!entry) return std::nullopt;
    return fleet::parse_pulse(entry->value).value();
  }
  bool is_in_state(const std::string& board, fleet::BoardState state) const {
    return becomes_true(
        [&] {
          const auto pulse = pulse_of(board);
          return pulse && pulse->state == state;
        },
        kLong);
  }

  test::Workplace place_;
  std::optional<test::NatsServer> server_;
  std::unique_ptr<fleet::Bus> bus_;
  Paths paths_;
  int count_ = 0;
};

TEST_F(FleetAgent, MeasuresAStudyAndSaysWhatItIs) {
  const auto study = publish(plan_of(2));
  AgentThread agent(paths_, request("b1"));
  ASSERT_TRUE(is_complete(study)) << agent.lines();
  const auto card = fleet::parse_card(bus_->get(fleet::kCards, "b1")->value);
  ASSERT_TRUE(card);
  EXPECT_TRUE(card->simulated);
  EXPECT_EQ(card->board, "jetson-nano");
  EXPECT_EQ(card->instance, pulse_of("b1")->instance);
  EXPECT_EQ(join_of(study, "b1")->lane, 0);
  for (const auto& [subject, count] : runs_of(study)) {
    EXPECT_EQ(count, 1U);
    const auto message = run_at(subject);
    EXPECT_EQ(message.board, "b1");
    EXPECT_EQ(message.run.state, RunState::complete) << message.run.failure;
    EXPECT_TRUE(message.run.energy(PhaseKind::inference)->gross.value.has_value());
    EXPECT_TRUE(message.trace.has_value());
  }
  EXPECT_TRUE(is_in_state("b1", fleet::BoardState::idle));
  const auto queue = bus_->queue_state(fleet::kBlocks, fleet::lane_queue(study.study, 0));
  EXPECT_EQ(queue->waiting + queue->claimed, 0U);

  const auto health = nlohmann::json::parse(
      bus_->ask(fleet::ask_subject("b1"), "{\"verb\": \"health\"}", Duration::milliseconds(20'000))
          .value());
  EXPECT_EQ(health["runs"], study.runs);
  const auto probed = nlohmann::json::parse(
      bus_->ask(fleet::ask_subject("b1"), "{\"verb\": \"probe\"}", Duration::milliseconds(20'000))
          .value());
  EXPECT_EQ(probed["board"], "jetson-nano");
  const auto odd = nlohmann::json::parse(
      bus_->ask(fleet::ask_subject("b1"), "{\"verb\": \"reboot\"}", Duration::milliseconds(20'000))
          .value());
  EXPECT_NE(odd["error"]["remedy"].get<std::string>().find("probe"), std::string::npos);
  agent.end();
  EXPECT_NE(agent.lines().find("b1 (simulated jetson-nano): "), std::string::npos);
  EXPECT_EQ(agent.result()->runs, study.runs);
  EXPECT_FALSE(pulse_of("b1"));  // its name is free
}

TEST_F(FleetAgent, TwoBoardsHaveALaneEachAndMeasureEverySetting) {
  const auto study = publish(plan_of(2), {}, 2);
  AgentThread first(paths_, request("b1")), second(paths_, request("b2"));
  ASSERT_TRUE(is_complete(study)) << first.lines() << second.lines();
  std::map<std::string, std::set<std::string>> boards;  // by setting
  std::map<std::string, int> runs;
  for (const auto& [subject, count] : runs_of(study)) {
    const auto message = run_at(subject);
    boards[message.run.baseline + to_string(message.run.setting)].insert(message.board);
    ++runs[message.board];
  }
  for (const auto& [setting, names] : boards) EXPECT_EQ(names.size(), 2U) << setting;
  EXPECT_EQ(runs["b1"], runs["b2"]);
}

TEST_F(FleetAgent, WhatDoesNotFitIsRefusedWithTheReason) {
  AgentThread agent(paths_, request("b1"));
  const auto no_knob = publish(plan_of(1), [&](fleet::StudyRecord& record) {
    record.plan = *fleet::put_object(*bus_, "plan", plan_of(1, "", "922"));
  });
  const auto no_rail = publish(plan_of(1), [](auto& record) { record.rails = {"VDD_WARP"}; });
  const auto command = publish(plan_of(1), [](auto& record) { record.needs_command = true; });
  const auto wrong = publish(plan_of(1), [](fleet::StudyRecord& record) {
    record.networks["alexnet"].hash = std::string(64, 'a');
  });
  const auto others = publish(plan_of(1), [](auto& record) { record.simulated = false; });
  const auto good = publish(plan_of(1));
  EXPECT_TRUE(refuses(no_knob, "b1", "gpu_frequency"));
  EXPECT_TRUE(refuses(no_rail, "b1", "VDD_WARP"));
  EXPECT_TRUE(refuses(command, "b1", "--allow-command"));
  EXPECT_TRUE(refuses(wrong, "b1", "aaaa"));
  EXPECT_TRUE(is_complete(good)) << agent.lines();
  EXPECT_FALSE(join_of(others, "b1"));
  for (const auto& study : {no_knob, no_rail, command, wrong, others})
    EXPECT_TRUE(runs_of(study).empty());
}

TEST_F(FleetAgent, AStudyOfALaterProtocolIsRefusedInSoManyWords) {
  AgentThread agent(paths_, request("b1"));
  auto record =
      nlohmann::json::parse(to_bytes(publish(plan_of(1), [](auto& one) { one.closed = true; })));
  const std::string id = "later" + record["study"].get<std::string>();
  record["study"] = id;
  record["protocol"] = fleet::kProtocol + 1;
  ASSERT_TRUE(bus_->put(fleet::kStudies, id, record.dump()));
  fleet::StudyRecord later;
  later.study = id;
  EXPECT_TRUE(refuses(later, "b1", "protocol"));
}

TEST_F(FleetAgent, ANetworkOfOtherBytesIsNotMeasured) {
  const auto study = publish(plan_of(1), [&](fleet::StudyRecord& record) {
    // Stored under the hash of something else: what a broken or hostile publisher could do.
    const fleet::ObjectName odd = *fleet::put_object(*bus_, "plan", "no network");
    record.networks["alexnet"].bytes = odd.bytes;
  });
  AgentThread agent(paths_, request("b1"));
  EXPECT_TRUE(refuses(study, "b1", "bytes"));
  EXPECT_TRUE(runs_of(study).empty());
}

TEST_F(FleetAgent, ASecondBoardOfANameIsTurnedAway) {
  AgentThread first(paths_, request("b1"));
  ASSERT_TRUE(first.says("is in the fleet"));
  AgentRequest other = request("b1");
  other.folder = place_.path("elsewhere");
  other.target.board = "twin:jetson-tx2";
  AgentThread second(paths_, other);
  const auto result = second.result();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::busy);
  EXPECT_NE(result.error().what.find("twin:jetson-nano b1"), std::string::npos)
      << result.error().what;
  EXPECT_NE(result.error().what.find("twin:jetson-tx2 b1"), std::string::npos);
  EXPECT_NE(result.error().remedy.find("--name"), std::string::npos);
  EXPECT_FALSE(first.has_ended());
}

TEST_F(FleetAgent, ANameThatAnotherProcessHasTakenIsLeftToIt) {
  AgentThread agent(paths_, request("b1"));
  ASSERT_TRUE(agent.says("is in the fleet"));
  fleet::Pulse other;
  other.instance = "other";
  ASSERT_TRUE(bus_->put(fleet::kPulses, "b1", to_bytes(other)));
  const auto result = agent.result();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::busy);
  EXPECT_EQ(pulse_of("b1")->instance, "other");
}

TEST_F(FleetAgent, DrainedItTakesNothingUntilItIsTold) {
  fleet::Order order;
  order.drain = true;
  order.why = "new fans";
  ASSERT_TRUE(bus_->put(fleet::kOrders, "b1", to_bytes(order)));
  const auto study = publish(plan_of(1));
  AgentThread agent(paths_, request("b1"));
  ASSERT_TRUE(is_in_state("b1", fleet::BoardState::drained));
  EXPECT_EQ(pulse_of("b1")->why, "new fans");
  EXPECT_TRUE(runs_of(study).empty());
  // As where the server was away for longer than a pulse lasts: the next beat makes it again.
  ASSERT_TRUE(bus_->remove(fleet::kPulses, "b1"));
  order.drain = false;
  ASSERT_TRUE(bus_->put(fleet::kOrders, "b1", to_bytes(order)));
  EXPECT_TRUE(is_complete(study)) << agent.lines();
  EXPECT_TRUE(becomes_true([&] { return pulse_of("b1").has_value(); }, kLong));
  EXPECT_FALSE(agent.has_ended());
}

TEST_F(FleetAgent, ARunOfThreeDeathsIsGivenUpAndAMarkerIsOne) {
  const auto study = publish(plan_of(1));
  const std::int64_t deadly = 1, last = 2;
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(agent::count_death(*bus_, {study.study, 0, deadly}, "b9"));
  AgentRequest one = request("b1");
  one.until_idle = Duration::milliseconds(3000);
  fs::create_directories(one.folder);
  ASSERT_TRUE(agent::RunMarker(one.folder).set({study.study, 0, last}));
  AgentThread agent(paths_, one);
  ASSERT_TRUE(agent.result()) << agent.lines();
  ASSERT_TRUE(is_complete(study));
  const auto troubles = agent::troubles_of(*bus_, study.study).value();
  EXPECT_EQ(troubles.at(deadly).deaths, 3);
  EXPECT_EQ(troubles.at(last).deaths, 1);
  EXPECT_EQ(troubles.at(last).last_board, "b1");
  for (const auto& [subject, count] : runs_of(study)) {
    const auto message = run_at(subject);
    const bool is_deadly = message.run.sequence == deadly;
    EXPECT_EQ(message.run.state == RunState::failed, is_deadly) << message.run.failure;
    EXPECT_EQ(message.run.failure.find("b9") != std::string::npos, is_deadly);
  }
}

// Readings that no packing makes shorter.
Trace noisy_trace(std::size_t readings) {
  Trace trace;
  trace.period = Duration::milliseconds(1);
  Channel channel;
  channel.info.rail = channel.info.sensor = "noise";
  channel.info.kind = ChannelKind::power;
  Random random(1);
  for (std::size_t i = 0; i < readings; ++i) {
    channel.time_ns.push_back(static_cast<std::int64_t>(i) * 1'000'000);
    channel.a.push_back(static_cast<std::int32_t>(random.below(1'000'000'000)));
  }
  trace.channels.push_back(std::move(channel));
  return trace;
}

fleet::RunMessage made_run() {
  fleet::RunMessage message;
  message.study = "study";
  message.board = "b1";
  message.instance = "i";
  message.run.network = "alexnet";
  message.run.wall_time = "2026-01-31T12:00:00Z";
  return message;
}

agent::OutboxRun outbox_run(const fleet::RunMessage& message) {
  return {message.study, message.run.block, message.run.sequence, to_bytes(message), false};
}

TEST_F(FleetAgent, ATraceThatIsTooLongGoesBesideItsRun) {
  fleet::RunMessage message = made_run();
  message.trace = noisy_trace(400'000);
  const auto sent = agent::send_run(*bus_, "b1", outbox_run(message));
  ASSERT_TRUE(sent) << to_string(sent.error());
  const auto stored = run_at(fleet::run_subject("b1", "study", 0, 0));
  EXPECT_FALSE(stored.trace);
  ASSERT_TRUE(stored.trace_object);
  EXPECT_EQ(stored.trace_object->writer, "b1");
  const auto trace = fleet::parse_trace(fleet::get_object(*bus_, *stored.trace_object).value());
  ASSERT_TRUE(trace);
  EXPECT_EQ(*trace, *message.trace);
}

TEST_F(FleetAgent, ARunThatIsTooLargeIsStoredAsFailedAndSaysSo) {
  fleet::RunMessage message = made_run();
  Random random(1);
  Instant end;
  for (int i = 0; i < 300'000; ++i) {
    const Instant begin = end + Duration{static_cast<std::int64_t>(random.below(1'000'000'000))};
    end = begin + Duration{static_cast<std::int64_t>(random.below(1'000'000'000))};
    message.run.batches.push_back({begin, end});
  }
  const auto sent = agent::send_run(*bus_, "b1", outbox_run(message));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().kind, ErrorKind::invalid);
  const auto stored = run_at(fleet::run_subject("b1", "study", 0, 0));
  EXPECT_EQ(stored.run.state, RunState::failed);
  EXPECT_NE(stored.run.failure.find("too large"), std::string::npos);
}

TEST_F(FleetAgent, EndsAfterSoManyBlocks) {
  const auto study = publish(plan_of(6), {}, 1, 2);
  ASSERT_GT(study.blocks, 2);
  AgentRequest one = request("b1");
  one.most_blocks = 2;
  AgentThread agent(paths_, one);
  const auto result = agent.result();
  ASSERT_TRUE(result) << to_string(result.error());
  EXPECT_EQ(result->blocks, 2);
  EXPECT_LT(static_cast<std::int64_t>(sequences_of(study).size()), study.runs);
}

TEST_F(FleetAgent, AServerThatIsKilledLosesNothing) {
  const auto study = publish(plan_of(8), {}, 1, 6);
  AgentRequest one = request("b1");
  one.target.pace = 20;
  AgentThread agent(paths_, one);
  ASSERT_TRUE(becomes_true([&] { return sequences_of(study).size() > 2; }, kLong));
  server_->kill9();
  std::this_thread::sleep_for(milliseconds(700));  // some runs are made meanwhile
  server_->restart();
  EXPECT_TRUE(is_complete(study)) << agent.lines();
  EXPECT_TRUE(is_in_state("b1", fleet::BoardState::idle)) << agent.lines();
  for (const auto& [subject, count] : runs_of(study)) EXPECT_EQ(count, 1U) << subject;
}

TEST_F(FleetAgent, KilledAndStartedAgainItGoesOnAtOnce) {
  const auto study = publish(plan_of(6), {}, 1, 6);
  const std::vector<std::string> words = {
      "agent", "--nats",   server_->url(),          "--board", kNano, "--name",
      "b1",    "--folder", place_.path("agent-b1"), "--pace",  "20"};
  const pid_t process = place_.start(words);
  ASSERT_TRUE(becomes_true([&] { return sequences_of(study).size() > 1; }, kLong));
  ::kill(process, SIGKILL);
  place_.wait(process);
  ASSERT_LT(static_cast<std::int64_t>(sequences_of(study).size()), study.runs);
  // The name is its predecessor's, whose pulse is still there.
  ASSERT_TRUE(pulse_of("b1"));
  AgentRequest again = request("b1");
  again.until_idle = Duration::milliseconds(30'000);  // the dead one's claim has to run out
  AgentThread agent(paths_, again);
  EXPECT_TRUE(is_complete(study)) << agent.lines();
  for (const auto& [subject, count] : runs_of(study)) EXPECT_EQ(count, 1U) << subject;
  // It may have died between two runs.
  EXPECT_LE(agent::troubles_of(*bus_, study.study)->size(), 1U) << agent.lines();
}

}  // namespace
}  // namespace isojoule
