// What an agent decides, without a server: outbox, options, fitness, health, questions.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "app/fleet/agent_answers.h"
#include "app/fleet/agent_card.h"
#include "app/fleet/agent_fit.h"
#include "app/fleet/agent_health.h"
#include "app/fleet/agent_join.h"
#include "app/fleet/agent_options.h"
#include "app/fleet/agent_place.h"
#include "app/fleet/block_sink.h"
#include "app/fleet/outbox.h"
#include "app/fleet/run_marker.h"
#include "base/text_file.h"
#include "fleet/name.h"
#include "twin/twin.h"

namespace isojoule::agent {
namespace {

namespace fs = std::filesystem;

class AgentFolder : public ::testing::Test {
 protected:
  AgentFolder() {
    std::string pattern = (fs::temp_directory_path() / "isojoule-agent-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~AgentFolder() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  std::vector<std::string> files(const std::string& below) const {
    std::vector<std::string> names;
    for (const auto& item : fs::directory_iterator(folder_ + "/" + below))
      if (item.is_regular_file()) names.push_back(item.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }
  std::string folder_;
};

fleet::RunMessage message_of(const std::string& study, std::int64_t sequence) {
  fleet::RunMessage message;
  message.study = study;
  message.board = "b";
  message.instance = "i";
  message.run.sequence = sequence;
  message.run.block = sequence / 10;
  message.run.network = "alexnet";
  message.run.wall_time = "2026-01-31T12:00:00Z";
  return message;
}

// What a server does with runs, as the test likes it.
struct FakeSender {
  SendRun sender() {
    return [this](const OutboxRun& run) -> Status {
      const std::lock_guard lock(mutex);
      ++calls;
      if (is_away) return fail(ErrorKind::timeout, "no answer");
      if (refused.contains(run.sequence)) return fail(refusal, "not yours");
      const auto parsed = fleet::parse_run(run.bytes);
      if (!parsed) return fail(ErrorKind::internal, "the outbox sent something else");
      sent.push_back(parsed->run.sequence);
      leftovers.push_back(run.is_leftover);
      return {};
    };
  }
  void come_back() {
    const std::lock_guard lock(mutex);
    is_away = false;
    refused.clear();
  }
  std::mutex mutex;
  bool is_away = false;
  int calls = 0;
  std::set<std::int64_t> refused;
  ErrorKind refusal = ErrorKind::out_of_range;
  std::vector<std::int64_t> sent;
  std::vector<bool> leftovers;
};

constexpr Duration kGenerous = Duration::milliseconds(20'000);

class OutboxTest : public AgentFolder {
 protected:
  std::unique_ptr<Outbox> open() {
    auto opened = Outbox::open(folder_, server_.sender());
    EXPECT_TRUE(opened.has_value());
    return opened ? std::move(*opened) : nullptr;
  }
  FakeSender server_;
};

TEST_F(OutboxTest, RunsGoInOrderAndThenFromTheDisk) {
  const auto outbox = open();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(outbox->add(message_of("study", i)));
  ASSERT_TRUE(outbox->wait_sent("study", kGenerous));
  EXPECT_EQ(server_.sent, (std::vector<std::int64_t>{0, 1, 2, 3, 4}));
  EXPECT_TRUE(files("outbox").empty());
  EXPECT_EQ(outbox->state().waiting, 0);
}

TEST_F(OutboxTest, ALostServerLosesNothingAndAnotherAgentSendsTheRest) {
  server_.is_away = true;
  {
    const auto outbox = open();
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(outbox->add(message_of("study", i)));
    EXPECT_FALSE(outbox->wait_sent("study", Duration::milliseconds(10)));
    EXPECT_TRUE(outbox->holds("study", 2));
    EXPECT_FALSE(outbox->holds("study", 3));
    EXPECT_FALSE(outbox->holds("other", 2));
    EXPECT_EQ(outbox->state().waiting, 3);
  }
  EXPECT_EQ(files("outbox").size(), 3U);
  server_.come_back();
  const auto outbox = open();
  ASSERT_TRUE(outbox->wait_sent("study", kGenerous));
  EXPECT_EQ(server_.sent, (std::vector<std::int64_t>{0, 1, 2}));
  EXPECT_EQ(server_.leftovers, (std::vector<bool>{true, true, true}));
  EXPECT_TRUE(files("outbox").empty());
}

TEST_F(OutboxTest, AServerThatComesBackGetsThem) {
  server_.is_away = true;
  const auto outbox = open();
  ASSERT_TRUE(outbox->add(message_of("study", 7)));
  EXPECT_FALSE(outbox->wait_sent("study", Duration::milliseconds(10)));
  server_.come_back();
  EXPECT_TRUE(outbox->wait_sent("study", kGenerous));
  EXPECT_EQ(server_.sent, std::vector<std::int64_t>{7});
}

TEST_F(OutboxTest, WhatTheServerNeverTakesDoesNotHoldUpTheOthers) {
  server_.refused = {1};
  const auto outbox = open();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(outbox->add(message_of("study", i)));
  ASSERT_TRUE(outbox->wait_sent("study", kGenerous));
  EXPECT_EQ(server_.sent, (std::vector<std::int64_t>{0, 2}));
  EXPECT_EQ(outbox->state().refused, 1);
  EXPECT_NE(outbox->state().trouble.find("not yours"), std::string::npos);
  EXPECT_TRUE(outbox->has_refused("study", 0));
  EXPECT_FALSE(outbox->has_refused("study", 1));
  EXPECT_TRUE(files("outbox").empty());
  EXPECT_EQ(files("outbox/refused").size(), 1U);
}

TEST_F(OutboxTest, WhatWasRefusedIsTriedOnceMoreByTheNextAgent) {
  server_.refused = {1};
  {
    const auto outbox = open();
    ASSERT_TRUE(outbox->add(message_of("study", 1)));
    ASSERT_TRUE(outbox->wait_sent("study", kGenerous));
  }
  ASSERT_EQ(files("outbox/refused").size(), 1U);
  server_.come_back();
  const auto outbox = open();
  ASSERT_TRUE(outbox->wait_sent("study", kGenerous));
  EXPECT_EQ(server_.sent, std::vector<std::int64_t>{1});
  EXPECT_TRUE(files("outbox/refused").empty());
}

TEST_F(OutboxTest, WhatHasAnotherInItsPlaceIsKeptAndNotTriedAgain) {
  server_.refused = {1};
  server_.refusal = ErrorKind::invalid;
  {
    const auto outbox = open();
    ASSERT_TRUE(outbox->add(message_of("study", 1)));
    ASSERT_TRUE(outbox->wait_sent("study", kGenerous));
  }
  server_.come_back();
  const auto outbox = open();
  EXPECT_EQ(outbox->state().waiting, 0);
  ASSERT_EQ(files("outbox/refused").size(), 1U);
  EXPECT_TRUE(files("outbox/refused").front().ends_with(".run.kept"));
}

TEST_F(OutboxTest, RightsThatAreMissingMayComeBack) {
  server_.refused = {1};
  server_.refusal = ErrorKind::permission_denied;
  const auto outbox = open();
  ASSERT_TRUE(outbox->add(message_of("study", 1)));
  const auto end = std::chrono::steady_clock::now() + std::chrono::nanoseconds(kGenerous.ns);
  while (outbox->state().trouble.empty() && std::chrono::steady_clock::now() < end)
    EXPECT_FALSE(outbox->wait_sent("study", Duration::milliseconds(10)));
  EXPECT_NE(outbox->state().trouble.find("not yours"), std::string::npos);
  EXPECT_EQ(outbox->state().refused, 0);
  server_.come_back();
  EXPECT_TRUE(outbox->wait_sent("study", kGenerous));
  EXPECT_EQ(outbox->state().trouble, "");
}

TEST_F(OutboxTest, AnEnginesNonsenseBecomesAFailedRun) {
  server_.is_away = true;
  const auto outbox = open();
  fleet::RunMessage message = message_of("study", 3);
  message.run.inferences = -1;
  ASSERT_FALSE(fleet::parse_run(to_bytes(message)));
  ASSERT_TRUE(outbox->add(message));
  ASSERT_EQ(files("outbox").size(), 1U);
  const auto stored =
      fleet::parse_run(read_text_file(folder_ + "/outbox/" + files("outbox").front()).value());
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->run.sequence, 3);
  EXPECT_EQ(stored->run.state, RunState::failed);
  EXPECT_NE(stored->run.failure.find("inferences"), std::string::npos) << stored->run.failure;
}

TEST_F(OutboxTest, DamagedFilesAreKeptAsideAndHalvesAreRemoved) {
  server_.is_away = true;
  {
    const auto outbox = open();
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(outbox->add(message_of("study", i)));
  }
  const std::string damaged = folder_ + "/outbox/" + files("outbox").front();
  std::ofstream(damaged, std::ios::app) << "x";
  std::ofstream(folder_ + "/outbox/.study.0.9.abc.run.12-0.part") << "half";
  std::ofstream(folder_ + "/outbox/notes.txt") << "of somebody";
  server_.come_back();
  const auto outbox = open();
  ASSERT_TRUE(outbox->wait_sent("study", kGenerous));
  EXPECT_EQ(server_.sent, std::vector<std::int64_t>{1});
  EXPECT_EQ(files("outbox"), std::vector<std::string>{"notes.txt"});
  EXPECT_EQ(files("outbox/refused").size(), 1U);
  EXPECT_NE(outbox->state().trouble.find("damaged"), std::string::npos);
}

// A file that may not grow stands for a disk that is full: the write fails half-way.
TEST_F(OutboxTest, ADiskThatTakesNothingIsSaidAndLeavesNoHalf) {
  const auto outbox = open();
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{16, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const Status added = outbox->add(message_of("study", 0));
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_FALSE(added);
  EXPECT_FALSE(outbox->holds("study", 0));
  EXPECT_TRUE(files("outbox").empty());
  EXPECT_TRUE(outbox->add(message_of("study", 1)));
  EXPECT_TRUE(outbox->wait_sent("study", kGenerous));
}

TEST_F(AgentFolder, AMarkerStaysUntilItIsCleared) {
  RunMarker marker(folder_);
  EXPECT_FALSE(marker.left());
  ASSERT_TRUE(marker.set({"study", 3, 41}));
  EXPECT_EQ(RunMarker(folder_).left(), (MarkedRun{"study", 3, 41}));
  ASSERT_TRUE(marker.clear());
  ASSERT_TRUE(marker.clear());
  EXPECT_FALSE(marker.left());
}

TEST_F(AgentFolder, AMarkerOfNonsenseIsNone) {
  for (const char* text : {"", "{", "[]", "{\"study\": 1, \"block\": 2, \"sequence\": 3}",
                           "{\"study\": \"s\", \"block\": \"2\", \"sequence\": 3}",
                           "{\"study\": \"s\", \"block\": 2}"}) {
    ASSERT_TRUE(write_text_file(folder_ + "/run.marker", text));
    EXPECT_FALSE(RunMarker(folder_).left()) << text;
  }
}

TEST_F(AgentFolder, OneAgentAFolderAndTheNextKnowsTheOneBefore) {
  const Paths paths{"", "", "", folder_, folder_};
  std::string first;
  {
    const auto place = AgentPlace::take(paths, folder_ + "/a", "b");
    ASSERT_TRUE(place);
    EXPECT_EQ(place->earlier_instance(), "");
    first = place->instance();
    const auto second = AgentPlace::take(paths, folder_ + "/a", "b");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, ErrorKind::busy);
    EXPECT_NE(second.error().remedy.find("--folder"), std::string::npos);
  }
  const auto next = AgentPlace::take(paths, folder_ + "/a", "b");
  ASSERT_TRUE(next);
  EXPECT_EQ(next->earlier_instance(), first);
  EXPECT_NE(next->instance(), first);
}

TEST(AgentName, IsTheGivenOneOrTheTwins) {
  EXPECT_EQ(agent_name("rack1-7", "").value(), "rack1-7");
  EXPECT_EQ(agent_name("", "twin:jetson-nano#7").value(),
            fleet::possible_board_name("jetson-nano#7"));
  EXPECT_FALSE(agent_name("a.b", ""));
  EXPECT_TRUE(agent_name("", ""));
}

// ---- options ----

TEST(AgentOptions, FilesOfAStudyCannotLeaveTheirFolder) {
  EXPECT_EQ(place_of_file("/data/a.jpg"), "data/a.jpg");
  EXPECT_EQ(place_of_file("../../etc/passwd"), "up/up/etc/passwd");
  EXPECT_EQ(place_of_file("./a//b/./c"), "a/b/c");
  EXPECT_EQ(place_of_file("/"), "file");
  EXPECT_EQ(place_of_file(".."), "up");
}

TEST(AgentOptions, WhatIsReadMustHaveComeWithTheStudy) {
  OptionPlaces places{{{"photos/a.jpg", ""}, {"list.txt", ""}}, "/f/files", "/f/written", false};
  const auto here = options_here({{"input.path", "photos/"}, {"post.top", "5"}}, places);
  ASSERT_TRUE(here);
  EXPECT_EQ(here->at("input.path"), "/f/files/photos");
  EXPECT_EQ(here->at("post.top"), "5");
  EXPECT_EQ(options_here({{"input.path", "list.txt"}}, places)->at("input.path"),
            "/f/files/list.txt");
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"input.path", "/etc"},
                                                        {"input.vocabulary", "vocab.txt"},
                                                        {"input.path", "photos/b.jpg"},
                                                        {"some.new.option", "/etc/passwd"},
                                                        {"another", "~/.ssh/id"}}) {
    const auto refused = options_here({{name, value}}, places);
    ASSERT_FALSE(refused) << name << "=" << value;
    EXPECT_EQ(refused.error().kind, ErrorKind::permission_denied);
    EXPECT_NE(refused.error().what.find(name), std::string::npos);
  }
}

TEST(AgentOptions, WhatIsWrittenLiesInTheFolderAndWhatRunsNeedsLeave) {
  OptionPlaces places{{}, "/f/files", "/f/written", false};
  EXPECT_EQ(options_here({{"keep_engine", "/etc/../boot/x.plan"}}, places)->at("keep_engine"),
            "/f/written/keep_engine-x.plan");
  EXPECT_EQ(options_here({{"save_outputs", ".."}}, places)->at("save_outputs"),
            "/f/written/save_outputs-up");
  for (const char* name : {"trtexec", "arguments"}) {
    places.allow_command = false;
    EXPECT_FALSE(options_here({{name, "--plugins=/tmp/x.so"}}, places)) << name;
    places.allow_command = true;
    EXPECT_TRUE(options_here({{name, "--plugins=/tmp/x.so"}}, places)) << name;
  }
}

TEST(AgentOptions, AnAxisNamesNoFile) {
  Setting setting;
  setting.set("option.post.top", Value(5.0));
  EXPECT_TRUE(check_option_axes(setting, false));
  setting.set("option.input.path", Value(std::string("photos")));
  EXPECT_FALSE(check_option_axes(setting, true));
  Setting command;
  command.set("option.arguments", Value(std::string("--foo")));
  EXPECT_FALSE(check_option_axes(command, false));
  EXPECT_TRUE(check_option_axes(command, true));
}

// ---- fitness ----

class AgentFit : public ::testing::Test {
 protected:
  AgentFit() {
    study_.board = facts_.board = "jetson-nano";
    study_.simulated = facts_.simulated = true;
    study_.total = facts_.total = "VDD_IN";
    facts_.rails = {"VDD_IN", "VDD_GPU"};
    facts_.name = "board-1";
  }
  Fit fit() const { return fit_of(study_, facts_); }
  fleet::StudyRecord study_;
  BoardFacts facts_;
};

TEST_F(AgentFit, AStudyOfItsTypeFits) { EXPECT_EQ(fit().fitness, Fitness::fits) << fit().why; }

TEST_F(AgentFit, AnotherTypeIsPassedOverAndRefusedWhereItIsNamed) {
  study_.simulated = false;
  EXPECT_EQ(fit().fitness, Fitness::not_for_it);
  study_.boards = {"board-1"};
  EXPECT_EQ(fit().fitness, Fitness::refused);
  EXPECT_NE(fit().why.find("a real jetson-nano"), std::string::npos) << fit().why;
  study_.boards = {"board-2"};
  EXPECT_EQ(fit().fitness, Fitness::not_for_it);
}

TEST_F(AgentFit, ReasonsAreNamed) {
  study_.total = "VDD_CPU";
  EXPECT_NE(fit().why.find("VDD_CPU"), std::string::npos);
  study_.total = facts_.total;
  study_.rails = {"VDD_IN", "VDD_SOC"};
  EXPECT_EQ(fit().fitness, Fitness::refused);
  EXPECT_NE(fit().why.find("VDD_SOC"), std::string::npos);
  study_.rails = {};
  study_.needs_command = true;
  EXPECT_NE(fit().why.find("--allow-command"), std::string::npos);
  facts_.allow_command = true;
  EXPECT_EQ(fit().fitness, Fitness::fits);
  study_.protocol = fleet::kProtocol + 1;
  EXPECT_NE(fit().why.find("protocol"), std::string::npos);
}

class AgentPlanFit : public AgentFit {
 protected:
  Fit fit_plan(const std::string& plan, bool simulated = true) {
    facts_.simulated = study_.simulated = simulated;
    const auto paths = find_paths();
    TargetOptions options;
    options.board = "twin:jetson-nano";
    const auto target = open_target(*paths, options);
    EXPECT_TRUE(target);
    const auto parsed = parse_plan(plan, "plan");
    EXPECT_TRUE(parsed) << to_string(parsed.error());
    return fit_of(study_, *parsed, (*target)->board, facts_);
  }
  static std::string plan(const std::string& head, const std::string& axes) {
    return "name = \"p\"\n" + head +
           "\n[[grid]]\nname = \"g\"\nnetworks = [\"alexnet\"]\naxes = {" + axes + "}\n";
  }
};

TEST_F(AgentPlanFit, KnobsMustHaveTheValues) {
  EXPECT_EQ(fit_plan(plan("", "gpu_frequency_mhz = [921.6]")).fitness, Fitness::fits);
  const Fit value = fit_plan(plan("", "gpu_frequency_mhz = [922]"));
  EXPECT_EQ(value.fitness, Fitness::refused);
  EXPECT_NE(value.why.find("gpu_frequency"), std::string::npos);
  EXPECT_EQ(fit_plan(plan("", "warp_factor = [9]")).fitness, Fitness::refused);
  EXPECT_EQ(fit_plan(plan("board = \"jetson-tx2\"", "batch = [1]")).fitness, Fitness::refused);
}

TEST_F(AgentPlanFit, EnginesMustBeThere) {
  facts_.engines = {"onnxruntime"};
  EXPECT_EQ(fit_plan(plan("", "batch = [1]"), false).fitness, Fitness::fits);
  const Fit other = fit_plan(plan("engine = \"trtexec\"", "batch = [1]"), false);
  EXPECT_EQ(other.fitness, Fitness::refused);
  EXPECT_NE(other.why.find("found: onnxruntime"), std::string::npos) << other.why;
  EXPECT_EQ(fit_plan(plan("", "engine = [\"opencv\"]"), false).fitness, Fitness::refused);
}

TEST_F(AgentPlanFit, AProgramNeedsLeave) {
  const std::string text = plan("engine = \"command\"", "batch = [1]");
  EXPECT_NE(fit_plan(text, false).why.find("--allow-command"), std::string::npos);
  facts_.allow_command = true;
  EXPECT_EQ(fit_plan(text, false).fitness, Fitness::fits);
}

TEST_F(AgentPlanFit, OptionsThatNameFilesMustHaveThem) {
  const std::string text =
      plan("", "batch = [1]") + "[options]\n\"input.path\" = \"/home/me/photos\"\n";
  EXPECT_EQ(fit_plan(text).fitness, Fitness::refused);
  study_.files["/home/me/photos/a.jpg"] = {};
  EXPECT_EQ(fit_plan(text).fitness, Fitness::fits);
}

TEST(AgentLanes, TheEmptiestIsTheFirstOfThose) {
  EXPECT_EQ(emptiest_lane({0}), 0);
  EXPECT_EQ(emptiest_lane({2, 1, 1}), 1);
}

// ---- health ----

Run run_in(RunState state) {
  Run run;
  run.state = state;
  return run;
}

Run run_without_energy() {
  Run run = run_in(RunState::complete);
  run.counters.add(Counter::rail_missing);
  PhaseEnergy energy{};
  energy.phase = PhaseKind::inference;
  energy.rail = "total";
  energy.gross.why_absent = "rail VDD_IN gave nothing";
  run.energies.push_back(energy);
  return run;
}

TEST(AgentHealth, ThreeThrottledRunsInARowAreTooMany) {
  RunHealth health(true);
  Verdict verdict = health.judge(run_in(RunState::throttled), true);
  EXPECT_TRUE(verdict.is_first_throttled && verdict.is_held_back && !verdict.outage);
  verdict = health.judge(run_in(RunState::complete), true);
  EXPECT_FALSE(verdict.is_held_back || verdict.outage);
  for (int i = 0; i < 2; ++i)
    EXPECT_FALSE(health.judge(run_in(RunState::throttled), true).outage) << i;
  verdict = health.judge(run_in(RunState::throttled), true);
  ASSERT_TRUE(verdict.outage);
  EXPECT_EQ(verdict.outage->kind, OutageKind::throttling);
  health.forget();
  EXPECT_FALSE(health.judge(run_in(RunState::throttled), true).outage);
}

TEST(AgentHealth, ALostSensorIsOneThatWasThere) {
  const Verdict lost = RunHealth(true).judge(run_without_energy(), true);
  ASSERT_TRUE(lost.outage);
  EXPECT_EQ(lost.outage->kind, OutageKind::sensor);
  EXPECT_NE(lost.outage->why.find("VDD_IN"), std::string::npos);
  EXPECT_FALSE(RunHealth(false).judge(run_without_energy(), true).outage);
  ::isojoule::Run partly = run_without_energy();
  partly.energies.push_back(partly.energies.front());
  partly.energies.back().gross.value = Joule(1);
  EXPECT_FALSE(RunHealth(true).judge(partly, true).outage);
}

TEST(AgentHealth, WorkersThatDieEveryTimeAreTheBoardsFaultUntilOneHasWorked) {
  ::isojoule::Run died = run_in(RunState::failed);
  died.failure = "signal 11";
  died.counters.add(Counter::engine_failed);
  RunHealth health(true);
  EXPECT_TRUE(health.judge(died, false).is_held_back);
  EXPECT_FALSE(health.judge(died, false).outage);
  const Verdict third = health.judge(died, false);
  ASSERT_TRUE(third.outage);
  EXPECT_EQ(third.outage->kind, OutageKind::engine);
  EXPECT_NE(third.outage->why.find("signal 11"), std::string::npos);
  RunHealth other(true);
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(other.judge(died, true).is_held_back);
  died.counters.add(Counter::out_of_memory);
  EXPECT_FALSE(RunHealth(true).judge(died, false).is_held_back);
}

// ---- what is stored ----

class BlockSinkTest : public OutboxTest {
 protected:
  BlockSinkTest() : marker_(folder_), health_(true) {
    server_.is_away = true;
    outbox_ = open();
  }
  BlockSink sink(const std::string& at_rest = "") {
    at_rest_ = at_rest;
    return {{*outbox_, marker_, board_, instance_, study_},
            health_,
            true,
            [this] { return at_rest_; },
            [this](const ::isojoule::Run& run) { told_.push_back(run.sequence); }};
  }
  ::isojoule::Run run(std::int64_t sequence, RunState state = RunState::complete) const {
    ::isojoule::Run made = run_in(state);
    made.sequence = sequence;
    made.wall_time = "2026-01-31T12:00:00Z";
    return made;
  }
  const std::string board_ = "b", instance_ = "i", study_ = "study";
  std::string at_rest_;  // why the board throttles with nothing to do
  RunMarker marker_;
  RunHealth health_;
  std::unique_ptr<Outbox> outbox_;
  std::vector<std::int64_t> told_;
};

TEST_F(BlockSinkTest, ThrottledRunsAreStoredWhenAGoodOneFollows) {
  BlockSink sink = this->sink();
  EXPECT_TRUE(sink.add(run(0, RunState::throttled), nullptr));
  EXPECT_TRUE(sink.add(run(1, RunState::throttled), nullptr));
  EXPECT_EQ(outbox_->state().waiting, 0);
  ASSERT_TRUE(marker_.set({study_, 0, 2}));
  EXPECT_TRUE(sink.add(run(2), nullptr));
  EXPECT_EQ(outbox_->state().waiting, 3);
  EXPECT_EQ(told_, (std::vector<std::int64_t>{0, 1, 2}));
  EXPECT_FALSE(marker_.left());
  EXPECT_TRUE(sink.add(run(3, RunState::throttled), nullptr));
  EXPECT_TRUE(sink.flush());  // the block's end
  EXPECT_EQ(outbox_->state().waiting, 4);
}

TEST_F(BlockSinkTest, ABoardThatThrottlesStoresNothingOfIt) {
  BlockSink sink = this->sink();
  EXPECT_TRUE(sink.add(run(0, RunState::throttled), nullptr));
  EXPECT_TRUE(sink.add(run(1, RunState::throttled), nullptr));
  at_rest_ = "it throttles at rest: oc2";
  EXPECT_FALSE(sink.add(run(2, RunState::throttled), nullptr));
  ASSERT_TRUE(sink.outage());
  EXPECT_EQ(sink.outage()->kind, OutageKind::throttling);
  EXPECT_FALSE(sink.add(run(3), nullptr));
  EXPECT_TRUE(sink.flush());
  EXPECT_EQ(outbox_->state().waiting, 0);
}

TEST_F(BlockSinkTest, SettingsThatThrottleAreStoredWhereTheBoardIsWellAtRest) {
  BlockSink sink = this->sink();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(sink.add(run(i, RunState::throttled), nullptr)) << i;
  EXPECT_FALSE(sink.outage());
  EXPECT_EQ(outbox_->state().waiting, 3);
  EXPECT_TRUE(sink.add(run(3, RunState::throttled), nullptr));  // a new row
  EXPECT_EQ(outbox_->state().waiting, 3);
}

TEST_F(BlockSinkTest, OneThrottledRunIsEnoughWhereItThrottlesAtRest) {
  BlockSink sink = this->sink("it throttles at rest: oc2");
  EXPECT_FALSE(sink.add(run(0, RunState::throttled), nullptr));
  EXPECT_EQ(sink.outage()->why, "it throttles at rest: oc2");
}

TEST_F(BlockSinkTest, ARunWithoutReadingsIsNotStored) {
  BlockSink sink = this->sink();
  EXPECT_TRUE(sink.add(run(0), nullptr));
  EXPECT_FALSE(sink.add(run_without_energy(), nullptr));
  EXPECT_EQ(sink.outage()->kind, OutageKind::sensor);
  EXPECT_EQ(outbox_->state().waiting, 1);
}

// ---- questions ----

TEST(AgentQuestions, KnowTheirVerbs) {
  EXPECT_EQ(verb_of("{\"verb\": \"probe\"}").value(), "probe");
  EXPECT_EQ(verb_of("{\"verb\": \"health\", \"more\": 1}").value(), "health");
  const auto unknown = verb_of("{\"verb\": \"rm -rf\"}");
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().remedy.find("probe, health"), std::string::npos);
  for (const std::string text : {"", "probe", "[]", "{}", "{\"verb\": 3}", "{\"verb\": \"probe\""})
    EXPECT_FALSE(verb_of(text)) << text;
  EXPECT_FALSE(verb_of("{\"verb\": \"probe\", \"x\": \"" + std::string(9000, 'x') + "\"}"));
}

TEST(AgentQuestions, AnErrorIsJson) {
  const auto root =
      nlohmann::json::parse(error_answer({ErrorKind::busy, "it \"measures\"", "", "later"}));
  EXPECT_EQ(root["error"]["kind"], "busy");
  EXPECT_EQ(root["error"]["what"], "it \"measures\"");
}

// ---- the card ----

TEST(AgentCard, ATwinSaysThatItIsOne) {
  const auto paths = find_paths();
  TargetOptions options;
  options.board = "twin:jetson-nano";
  const auto found = probe(*paths, options);
  ASSERT_TRUE(found);
  fleet::BoardCard card = card_of(*found);
  card.name = card.instance = "b";
  EXPECT_TRUE(card.simulated);
  EXPECT_EQ(card.board, "jetson-nano");
  EXPECT_EQ(card.protocol, fleet::kProtocol);
  EXPECT_FALSE(card.total.empty());
  EXPECT_FALSE(card.sensors.empty());
  const auto knob = std::find_if(card.knobs.begin(), card.knobs.end(),
                                 [](const auto& one) { return one.axis == "gpu_frequency"; });
  ASSERT_NE(knob, card.knobs.end());
  EXPECT_GT(knob->values.size(), 3U);
  EXPECT_TRUE(fleet::parse_card(to_bytes(card)).has_value());
}

}  // namespace
}  // namespace isojoule::agent
