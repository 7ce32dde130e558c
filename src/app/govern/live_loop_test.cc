// The loop on a twin's tree and clock, with a scripted controller and service, and with faults.
#include "app/govern/live_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "app/govern/govern_page.h"
#include "app/govern/status_file.h"
#include "app/target.h"
#include "base/faulty_tree.h"
#include "report/exposition_check.h"

namespace isojoule {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Answers everything in time; what else it does a test sets.
class ScriptedService final : public ServiceSource {
 public:
  ServiceEpoch next;
  std::vector<std::int64_t> limits;
  std::function<void(Instant)> on_poll;

 private:
  void do_poll(Instant now) override {
    if (on_poll) on_poll(now);
  }
  ServiceEpoch do_close(Instant) override { return next; }
  void do_set_batch_limit(std::int64_t most) override { limits.push_back(most); }
};

class LiveLoopTest : public testing::Test {
 protected:
  void SetUp() override {
    auto paths = find_paths();
    ASSERT_TRUE(paths) << to_string(paths.error());
    TargetOptions options;
    options.board = "twin:jetson-nano";
    auto target = open_target(*paths, options);
    ASSERT_TRUE(target) << to_string(target.error());
    target_ = std::move(*target);
    tree_ = std::make_unique<FaultyTree>(*target_->board.tree, *target_->board.clock);
    auto board =
        open_board(target_->board.file, target_->board.release.name, *tree_, *target_->board.clock);
    ASSERT_TRUE(board) << to_string(board.error());
    board_ = std::make_unique<Board>(std::move(*board));
    board_->simulated = true;
    auto guard = BoardGuard::take(*board_, GuardOptions(""));
    ASSERT_TRUE(guard) << to_string(guard.error());
    guard_ = std::move(*guard);
    service_.next.services = 1;
    service_.next.arrived = service_.next.served = 10;
    service_.next.latency_s = {0.01, 0.02};
    begin_ = board_->clock->now();
    before_ = nodes();
  }

  OperatingTable table() {
    Knob* const gpu = board_->knob("gpu_frequency");
    std::vector<Setting> settings;
    for (const std::size_t place : {std::size_t{0}, std::size_t{2}, gpu->values().size() - 1}) {
      Setting setting;
      setting.set("gpu_frequency", gpu->values()[place]);
      setting.set("batch", 4.0);
      settings.push_back(setting);
    }
    auto space = SearchSpace::of(settings);
    EXPECT_TRUE(space) << to_string(space.error());
    OperatingTable made{*space, {}};
    made.points.resize(3);
    for (auto& point : made.points) {
      point.batch = 4;
      point.batch_s = 0.01;
      point.batch_j = 0.05;
      point.idle_w = 2;
      point.measured = true;
    }
    return made;
  }

  // Decides as the list says, then as its last one; a blind report leads to the governors.
  GovernMind script(std::vector<std::optional<GridPoint>> points) {
    return {[points] {
              return Decision{points.front(), false, "first"};
            },
            [this, points, at = std::size_t{0}](const EpochReport& report) mutable {
              reports_.push_back(report);
              if (!report.blind.empty()) return Decision{std::nullopt, false, report.blind};
              at = std::min(at + 1, points.size() - 1);
              return Decision{points[at], false, "as scripted"};
            },
            [] { return ControllerState{}; }};
  }

  // So many epochs of one second.
  LiveState run(int epochs, GovernMind mind, const std::function<void(int)>& each = {}) {
    const OperatingTable known = table();
    LiveLoop loop(*board_, *guard_, known, std::move(mind), service_, {});
    int made = 0;
    const Status status = loop.run([&] { return made >= epochs; },
                                   [&](const LiveState& state) {
                                     settings_.push_back(state.setting);
                                     blind_.push_back(state.blind);
                                     if (each)
                                       each(++made);
                                     else
                                       ++made;
                                   });
    EXPECT_TRUE(status) << to_string(status.error());
    return loop.state();
  }

  // What the guard saved, as it stands now.
  std::vector<std::string> nodes() {
    std::vector<std::string> texts;
    for (const SavedNode& node : guard_->nodes())
      if (node.settles) texts.push_back(node.path + " " + trimmed(*tree_->read(node.path)));
    return texts;
  }

  std::unique_ptr<Target> target_;
  std::unique_ptr<FaultyTree> tree_;
  std::unique_ptr<Board> board_;
  std::unique_ptr<BoardGuard> guard_;
  ScriptedService service_;
  Instant begin_;
  std::vector<std::string> before_, settings_, blind_;
  std::vector<EpochReport> reports_;
};

TEST_F(LiveLoopTest, ItSetsWhatIsDecidedAndLeavesTheBoardAsItWas) {
  const LiveState state = run(4, script({1, 0, 0, std::nullopt}));
  ASSERT_EQ(settings_.size(), 4u);
  EXPECT_THAT(settings_[0], HasSubstr("gpu_frequency="));
  EXPECT_NE(settings_[0], settings_[1]);
  EXPECT_EQ(settings_[1], settings_[2]);
  EXPECT_EQ(settings_[3], "");
  EXPECT_THAT(blind_, ElementsAre("", "", "", ""));
  EXPECT_EQ(state.switches, 2);
  EXPECT_THAT(state.fallbacks, ElementsAre(testing::Pair("controller", 1)));
  EXPECT_EQ(nodes(), before_);
  EXPECT_THAT(service_.limits, ElementsAre(4, 4, 0, 0));
  ASSERT_EQ(reports_.size(), 3u);
  EXPECT_EQ(reports_[0].point, std::optional<GridPoint>(1));
  EXPECT_EQ(reports_[1].point, std::optional<GridPoint>(0));
  // The twin's idle board: a few watts.
  for (const EpochReport& report : reports_) {
    ASSERT_TRUE(report.energy_j);
    const double watts = *report.energy_j / (report.end_s - report.begin_s);
    EXPECT_GT(watts, 0.3);
    EXPECT_LT(watts, 15);
    EXPECT_TRUE(report.temperature_c);
  }
  EXPECT_NEAR(state.energy_known_s, state.uptime_s, 0.2);
}

TEST_F(LiveLoopTest, WithoutAServiceNothingIsWritten) {
  service_.next = {};
  service_.next.blind = "no service is connected";
  const LiveState state = run(3, script({1}));
  EXPECT_THAT(settings_, testing::Each(""));
  EXPECT_EQ(state.switches, 0);
  EXPECT_TRUE(reports_.empty());
}

TEST_F(LiveLoopTest, AServiceThatGoesLeavesTheGovernors) {
  const LiveState state = run(4, script({1}), [this](int made) {
    if (made == 2) service_.next.blind = "no service is connected";
  });
  EXPECT_NE(settings_[1], "");
  EXPECT_EQ(settings_[2], "");
  EXPECT_THAT(state.fallbacks, ElementsAre(testing::Pair("no_service", 1)));
  EXPECT_EQ(nodes(), before_);
}

TEST_F(LiveLoopTest, AKnobThatRefusesIsGivenBackAtOnceAndLeftAloneForAWhile) {
  tree_->fail("*/devfreq/*/max_freq", Fault::write_error(EIO).times(1));
  const LiveState state = run(4, script({0}));
  EXPECT_THAT(settings_, testing::Each(""));
  EXPECT_THAT(blind_[1], HasSubstr("not set"));
  EXPECT_EQ(blind_[2], "") << "the governors rule, and that is seen";
  EXPECT_THAT(blind_[3], HasSubstr("not set")) << "asked for again too soon";
  EXPECT_EQ(state.switches, 0);
  EXPECT_EQ(nodes(), before_);
}

TEST_F(LiveLoopTest, TheControllerHearsWhatWasRefusedAndTakesAnother) {
  tree_->fail("*/devfreq/*/max_freq", Fault::write_error(EIO).times(1));
  ServiceGoal goal;
  goal.latency_limit_s = 0.5;
  Controller controller(table(), goal);
  const LiveState state = run(8, mind_of(controller));
  EXPECT_EQ(settings_[0], "");
  EXPECT_THAT(blind_[1], HasSubstr("not set"));
  EXPECT_NE(settings_.back(), "") << blind_.back();
  EXPECT_EQ(state.controller.fallbacks, 1);
  EXPECT_GE(state.switches, 1);
  EXPECT_EQ(nodes(), before_);
}

TEST_F(LiveLoopTest, AClockThatDoesNotFollowIsRefused) {
  tree_->fail("*/devfreq/*/m??_freq", Fault::ignored_write());
  run(3, script({0}));
  EXPECT_THAT(settings_, testing::Each(""));
  EXPECT_THAT(blind_[1], testing::AllOf(HasSubstr("not set"), HasSubstr("gpu_frequency")));
  tree_->heal();
  EXPECT_EQ(nodes(), before_);
}

TEST_F(LiveLoopTest, AClockThatSomebodyElseMovesIsSeen) {
  const LiveState state = run(3, script({0}), [this](int made) {
    if (made != 1) return;
    Knob* const gpu = board_->knob("gpu_frequency");
    EXPECT_TRUE(gpu->set(gpu->values().back(), *board_->clock, Duration::milliseconds(500)));
  });
  EXPECT_NE(settings_[0], "");
  EXPECT_THAT(blind_[1], testing::AllOf(HasSubstr("the board moved"), HasSubstr("gpu_frequency")));
  EXPECT_FALSE(reports_[0].point);
  EXPECT_EQ(settings_[1], "");
  EXPECT_THAT(state.fallbacks, ElementsAre(testing::Pair("moved", 1)));
  EXPECT_EQ(nodes(), before_);
}

TEST_F(LiveLoopTest, ASensorThatVanishesBlindsAndComesBack) {
  const LiveState state = run(7, script({0}), [this](int made) {
    if (made == 1) tree_->fail("*/iio:device*/*", Fault::error(EIO));
    if (made == 4) tree_->heal();
  });
  EXPECT_EQ(blind_[0], "");
  EXPECT_THAT(blind_[2], HasSubstr("no reading"));
  EXPECT_EQ(settings_[2], "");
  EXPECT_EQ(blind_[6], "") << "the readings are there again";
  EXPECT_NE(settings_[6], "");
  EXPECT_EQ(state.fallbacks.at("samples"), 1);
  EXPECT_EQ(nodes(), before_);
}

TEST_F(LiveLoopTest, ALateLoopKnowsThatItWasLate) {
  run(3, script({0}), [this](int made) {
    // A page, a disk, a machine that was asleep.
    if (made == 1)
      service_.on_poll = [this](Instant) {
        board_->clock->sleep_for(Duration::milliseconds(2500));
        service_.on_poll = nullptr;
      };
  });
  EXPECT_NE(settings_[0], "");
  EXPECT_THAT(blind_[1], HasSubstr("own deadline missed"));
  EXPECT_EQ(settings_[1], "");
  EXPECT_EQ(blind_[2], "");
}

TEST_F(LiveLoopTest, ABoardThatCannotBePutBackIsAnError) {
  const OperatingTable known = table();
  LiveLoop loop(*board_, *guard_, known, script({0, std::nullopt}), service_, {});
  int made = 0;
  const Status status =
      loop.run([&] { return made >= 4; },
               [&](const LiveState&) {
                 if (++made == 1) tree_->fail("*/devfreq/*/m??_freq", Fault::write_error(EACCES));
               });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::permission_denied);
  tree_->heal();
  EXPECT_TRUE(guard_->restore());
  EXPECT_EQ(nodes(), before_);
}

// ---- What others see of it ----

LiveState some_state() {
  LiveState state;
  state.setting = "batch=4 gpu_frequency=921600000";
  state.why = "the least energy that is in time";
  state.services = 2;
  state.uptime_s = 60;
  state.epoch_s = 1;
  state.power_w = 4.5;
  state.arrival_hz = 100;
  state.energy_j = 270;
  state.energy_known_s = 60;
  state.epochs = 60;
  state.arrived = 6001;
  state.served = 6000;
  state.late = 12;
  state.switches = 3;
  state.fallbacks["samples"] = 1;
  state.controller.slow_down = 1.25;
  state.controller.load = std::numeric_limits<double>::quiet_NaN();
  return state;
}

GovernLabels some_labels() {
  GovernLabels labels;
  labels.board = "jetson-nano";
  labels.network = "resnet\"18\"";
  labels.since = "2026-11-22T12:00:00Z";
  labels.latency_limit_s = 0.05;
  return labels;
}

TEST(GovernPage, IsWhatPrometheusReads) {
  const test::ExpositionReader page(govern_page(some_state(), some_labels(), true));
  EXPECT_THAT(page.faults(), testing::IsEmpty());
  const auto value = [&page](const std::string& name) {
    const auto* sample = page.find(name, {});
    return sample == nullptr ? -1 : sample->value;
  };
  EXPECT_EQ(value("isojoule_govern_late_requests_total"), 12);
  EXPECT_EQ(value("isojoule_govern_slow_down_ratio"), 1.25);
  EXPECT_EQ(value("isojoule_govern_energy_joules_total"), 270);
  EXPECT_EQ(value("isojoule_govern_load_ratio"), -1) << "what is not known is absent";
  EXPECT_NE(
      page.find("isojoule_govern_setting_info",
                {{"setting", "batch=4 gpu_frequency=921600000"}, {"network", "resnet\"18\""}}),
      nullptr);
  EXPECT_NE(page.find("isojoule_govern_fallbacks_total", {{"cause", "samples"}}), nullptr);
  const test::ExpositionReader last(govern_page(some_state(), some_labels(), false));
  EXPECT_THAT(last.faults(), testing::IsEmpty());
  EXPECT_EQ(last.find("isojoule_govern_setting_info", {}), nullptr);
  EXPECT_EQ(last.find("isojoule_govern_running", {})->value, 0);
}

class StatusTest : public testing::Test {
 protected:
  StatusTest() {
    folder_ =
        std::filesystem::temp_directory_path() / ("isojoule-status-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    std::filesystem::permissions(folder_, std::filesystem::perms::owner_all);
    ::setenv("ISOJOULE_STATE", folder_.c_str(), 1);
  }
  ~StatusTest() override {
    ::unsetenv("ISOJOULE_STATE");
    std::filesystem::remove_all(folder_);
  }
  MachineStatus look() { return machine_status({}, {folder_.string()}); }
  void write(const std::string& name, const nlohmann::json& state) {
    std::FILE* const file = std::fopen((folder_ / name).c_str(), "w");
    std::fputs(state.dump().c_str(), file);
    std::fclose(file);
  }
  std::filesystem::path folder_;
};

TEST_F(StatusTest, AGovernorIsSeenWhileItIsThere) {
  {
    StatusFile file(folder_.string(), some_labels());
    ASSERT_TRUE(file.publish(some_state()));
    const MachineStatus status = look();
    ASSERT_EQ(status.governors.size(), 1u);
    EXPECT_TRUE(status.governors[0].alive);
    EXPECT_FALSE(status.governors[0].stale);
    EXPECT_TRUE(status.runs());
    EXPECT_THAT(status_text(status),
                testing::AllOf(HasSubstr("jetson-nano"), HasSubstr("gpu_frequency=921600000"),
                               HasSubstr("12 late (0.20 %)"), HasSubstr("slow-down    1.250"),
                               HasSubstr("load         not known")));
    const auto json = status_json(status);
    EXPECT_EQ(json["governors"][0]["controller"]["slow_down"], 1.25);
    EXPECT_TRUE(json["governors"][0]["controller"]["load"].is_null());
    EXPECT_TRUE(json["governors"][0]["energy_saved_j"].is_null());
  }
  EXPECT_TRUE(look().governors.empty()) << "it leaves nothing behind";
  EXPECT_FALSE(look().runs());
}

TEST_F(StatusTest, TheDeadTheSilentAndTheForeignAreToldApart) {
  nlohmann::json state = status_json(some_state(), some_labels());
  state["updated_unix_s"] = state["updated_unix_s"].get<double>() - 60;
  write("govern-1.json", state);
  state["process_start"] =
      state["process_start"].get<std::int64_t>() + 1;  // another of that number
  write("govern-2.json", state);
  state["isojoule_status"] = 99;
  write("govern-3.json", state);
  write("govern-4.json", nlohmann::json::array());
  const MachineStatus status = look();
  ASSERT_EQ(status.governors.size(), 2u);
  EXPECT_TRUE(status.governors[0].alive);
  EXPECT_TRUE(status.governors[0].stale);
  EXPECT_FALSE(status.governors[1].alive);
  EXPECT_EQ(status.problems.size(), 2u);
  EXPECT_THAT(status_text(status), testing::AllOf(HasSubstr("SILENT"), HasSubstr("DEAD")));
  const StatusFile next(folder_.string(), some_labels());
  EXPECT_EQ(look().governors.size(), 1u) << "the dead one's file is removed by the next governor";
}

TEST_F(StatusTest, AFolderThatOthersWriteToIsNotTrusted) {
  write("govern-2.json", {{"isojoule_status", 1}});
  std::filesystem::permissions(folder_, std::filesystem::perms::all);
  StatusFile open(folder_.string(), some_labels());
  const Status told = open.publish(some_state());
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().kind, ErrorKind::permission_denied);
  const std::string link = folder_.string() + "-link";
  std::filesystem::create_directory_symlink(folder_, link);
  std::filesystem::permissions(folder_, std::filesystem::perms::owner_all);
  EXPECT_FALSE(make_runtime_folder(link));
  EXPECT_TRUE(make_runtime_folder(folder_.string()));
  std::filesystem::remove(link);
}

TEST_F(StatusTest, ThePartOfAnotherIsNotWrittenThrough) {
  StatusFile file(folder_.string(), some_labels());
  std::filesystem::create_symlink(folder_ / "victim", file.path() + ".part");
  EXPECT_TRUE(file.publish(some_state()));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "victim"));
}

TEST_F(StatusTest, WhoHoldsABoardIsNamed) {
  const auto lock = BoardLock::take((folder_ / "sysroot-1.lock").string(), "isojoule sweep a.toml");
  ASSERT_TRUE(lock);
  const MachineStatus status = look();
  EXPECT_TRUE(status.runs());
  EXPECT_THAT(status_text(status), HasSubstr("isojoule sweep a.toml"));
}

}  // namespace
}  // namespace isojoule
