// Every way in which a worker can go wrong, with shell scripts as workers. They use small time
// stamps: any time before now is good as long as it does not run backwards.
#include "engine/worker_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "engine/event_order.h"
#include "engine/worker_protocol.h"

namespace isojoule {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr const char* kSay = R"(
read job <&3
begin() { echo "{\"type\":\"phase_begin\",\"phase\":\"$1\",\"at_ns\":$2}" >&3; }
end() { echo "{\"type\":\"phase_end\",\"phase\":\"$1\",\"at_ns\":$2}" >&3; }
batches() { echo "{\"type\":\"batches\",\"marks_ns\":[$1]}" >&3; }
finished() { echo '{"type":"finished"}' >&3; }
)";

class WorkerEngineTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "isojoule_workers_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    std::ofstream(folder_ / "model.onnx") << "any bytes: the fake workers do not look";
  }
  void TearDown() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  Job job() const {
    Job job;
    job.model_path = (folder_ / "model.onnx").string();
    job.batch = 2;
    job.inferences = 4;
    job.options["timeout_s"] = "60";
    return job;
  }

  // Starts an engine whose worker is the script.
  std::unique_ptr<Session> start(const std::string& script, const Job& job) {
    const fs::path program = folder_ / "isojoule-engine-fake";
    std::ofstream(program) << "#!/bin/sh\n" << kSay << script << "\n";
    chmod(program.c_str(), 0755);
    auto engine = make_worker_engine("fake", folder_.string(), *clock_);
    EXPECT_TRUE(engine) << to_string(engine.error());
    engine_ = std::move(*engine);
    auto session = engine_->start(job);
    EXPECT_TRUE(session) << to_string(session.error());
    return session ? std::move(*session) : nullptr;
  }

  // All events up to the last one.
  std::vector<Event> events_of(Session& session) {
    std::vector<Event> events;
    const Instant limit = clock_->now() + Duration::milliseconds(100'000);
    while (clock_->now() < limit) {
      const auto event = session.next_event(limit);
      if (!event || !*event) break;
      events.push_back(**event);
      if (event->value().kind == EventKind::finished || event->value().kind == EventKind::failed)
        break;
    }
    return events;
  }

  Error failure_of(const std::string& script, const Job& job) {
    const auto session = start(script, job);
    const std::vector<Event> events = events_of(*session);
    if (events.empty() || events.back().kind != EventKind::failed || !events.back().error) {
      ADD_FAILURE() << "the last event is not `failed`";
      return {};
    }
    // Nothing more comes, at once and for ever.
    const auto more = session->next_event(clock_->now() + Duration::milliseconds(60'000));
    EXPECT_TRUE(more && !*more);
    return *events.back().error;
  }
  Error failure_of(const std::string& script) { return failure_of(script, job()); }

  fs::path folder_;
  std::unique_ptr<Clock> clock_ = make_real_clock();
  std::unique_ptr<Engine> engine_;
};

TEST_F(WorkerEngineTest, a_good_run_gives_its_events_in_order) {
  const auto session = start(
      "begin load 1; end load 5; begin inference 6; batches 10,20,21,30; end inference 31; "
      "finished",
      job());
  const std::vector<Event> events = events_of(*session);
  ASSERT_EQ(events.size(), 7u);
  EXPECT_EQ(events[0].kind, EventKind::phase_begin);
  EXPECT_EQ(events[0].begin, Instant{1});
  EXPECT_EQ(events[1].end, Instant{5});
  EXPECT_EQ(events[3].kind, EventKind::batch);
  EXPECT_EQ(events[3].begin, Instant{10});
  EXPECT_EQ(events[4].end, Instant{30});
  EXPECT_EQ(events[5].phase, PhaseKind::inference);
  EXPECT_EQ(events[6].kind, EventKind::finished);
}

TEST_F(WorkerEngineTest, says_that_inferences_are_rounded_up_to_whole_batches) {
  Job odd = job();
  odd.inferences = 3;
  const auto session =
      start("begin inference 6; batches 10,20,21,30; end inference 31; finished", odd);
  const std::vector<Event> events = events_of(*session);
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events[0].kind, EventKind::note);
  EXPECT_EQ(events[0].key, "inferences");
  EXPECT_EQ(events[0].value, "4 (3 asked for, rounded up to whole batches of 2)");
  EXPECT_EQ(events.back().kind, EventKind::finished);
}

TEST_F(WorkerEngineTest, the_worker_gets_the_job_without_our_own_option) {
  const auto session = start(
      R"(case "$job" in *timeout_s*) why=timeout;; *'"batch":2'*) why=good;; esac
      echo "{\"type\":\"note\",\"key\":\"why\",\"value\":\"$why\"}" >&3)",
      job());
  const std::vector<Event> events = events_of(*session);
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events[0].value, "good");
}

TEST_F(WorkerEngineTest, next_event_keeps_its_deadline) {
  const auto session = start("sleep 30", job());
  const Instant deadline = clock_->now() + Duration::milliseconds(30);
  const auto event = session->next_event(deadline);
  ASSERT_TRUE(event);
  EXPECT_FALSE(event->has_value());
  EXPECT_GE(clock_->now(), deadline);
}

TEST_F(WorkerEngineTest, a_crash_tells_signal_phase_and_last_words) {
  const Error error = failure_of("begin load 1; echo 'assertion x failed' >&2; kill -ABRT $$");
  EXPECT_EQ(error.kind, ErrorKind::engine);
  EXPECT_EQ(error.what,
            "engine fake: the worker was ended by signal 6 (Aborted) in phase load; its last line: "
            "assertion x failed");
}

TEST_F(WorkerEngineTest, an_early_exit_tells_its_status) {
  const Error error = failure_of("exit 3");
  EXPECT_EQ(error.kind, ErrorKind::engine);
  EXPECT_EQ(error.what, "engine fake: the worker left early with exit status 3 outside any phase");
}

TEST_F(WorkerEngineTest, exit_status_0_without_a_last_word_is_no_success) {
  EXPECT_THAT(failure_of("begin load 1; end load 2; exit 0").what,
              HasSubstr("left early with exit status 0"));
}

TEST_F(WorkerEngineTest, a_hang_is_ended_and_named) {
  Job impatient = job();
  impatient.options["timeout_s"] = "1";
  const Error error = failure_of("begin inference 1; sleep 300", impatient);
  EXPECT_EQ(error.kind, ErrorKind::engine);
  EXPECT_THAT(error.what, HasSubstr("nothing heard for 1 s in phase inference"));
  EXPECT_THAT(error.remedy, HasSubstr("timeout_s"));
}

TEST_F(WorkerEngineTest, a_worker_that_speaks_now_and_then_does_not_hang) {
  Job impatient = job();
  impatient.options["timeout_s"] = "2";
  const auto session = start(
      "begin inference 1; sleep 1.2; batches 2,3; sleep 1.2; batches 4,5; end inference 6; "
      "finished; ",
      impatient);
  EXPECT_EQ(events_of(*session).back().kind, EventKind::finished);
}

TEST_F(WorkerEngineTest, a_closed_channel_is_a_failure_although_it_runs_on) {
  EXPECT_THAT(failure_of("exec 3>&-; exec sleep 300").what,
              HasSubstr("closed its channel and went on"));
}

TEST_F(WorkerEngineTest, nonsense_is_a_failure) {
  EXPECT_THAT(failure_of("echo 'Loading model... 100%' >&3; sleep 300").what,
              HasSubstr("'Loading model... 100%': not a JSON object"));
  EXPECT_THAT(failure_of("head -c 3000000 /dev/zero >&3; sleep 300").what,
              HasSubstr("does not end"));
}

TEST_F(WorkerEngineTest, events_in_an_impossible_order_are_nonsense) {
  const std::map<std::string, std::string> cases = {
      {"end load 5", "phase load ends and did not begin"},
      {"begin load 5; begin inference 6", "phase load has not ended"},
      {"begin load 5; end load 4", "4 ns is before the event ahead of it"},
      {"begin load 9000000000000000000", "ahead of the clock"},
      {"batches 1,2", "a batch outside the inference phase"},
      {"begin inference 1; batches 5,4", "4 ns is before"},
      {"begin inference 1; batches 5,6; end inference 7; finished", "after 1 batches of 2"},
      {"begin load 1; finished", "phase load has not ended"},
      {"begin idle 1", "phase idle is not the engine's"},
      {"begin inference 1; batches 2,3,4,5,6,7", "more batches than the 2 of the job"},
  };
  for (const auto& [script, why] : cases) {
    const Error error = failure_of(script + "; sleep 300");
    EXPECT_EQ(error.kind, ErrorKind::engine) << script;
    EXPECT_THAT(error.what, HasSubstr(why)) << script;
  }
}

TEST_F(WorkerEngineTest, the_workers_own_failure_comes_through) {
  const Error error = failure_of(
      R"(echo '{"type":"failed","kind":"unsupported","what":"no op","tried":"t","remedy":"r"}' >&3)");
  EXPECT_EQ(error.kind, ErrorKind::unsupported);
  EXPECT_EQ(error.what, "no op");
  EXPECT_EQ(error.remedy, "r");
}

TEST_F(WorkerEngineTest, ending_the_session_ends_the_worker_and_what_it_started) {
  auto session = start(
      "sleep 300 & echo "
      "\"{\\\"type\\\":\\\"note\\\",\\\"key\\\":\\\"pid\\\",\\\"value\\\":\\\"$!\\\"}\" >&3; wait",
      job());
  const auto event = session->next_event(clock_->now() + Duration::milliseconds(20'000));
  ASSERT_TRUE(event && *event);
  const pid_t grandchild = std::stoi(event->value().value);
  session.reset();
  const auto running = [grandchild] {
    std::ifstream stat("/proc/" + std::to_string(grandchild) + "/stat");
    std::string number, name, letter;
    return (stat >> number >> name >> letter) && letter != "Z";
  };
  for (int i = 0; i < 1000 && running(); ++i) usleep(2000);
  EXPECT_FALSE(running());
}

TEST_F(WorkerEngineTest, a_missing_worker_names_the_places) {
  const auto engine = make_worker_engine("fake", (folder_ / "bin").string(), *clock_);
  ASSERT_FALSE(engine);
  EXPECT_EQ(engine.error().kind, ErrorKind::not_found);
  EXPECT_THAT(engine.error().tried, HasSubstr("/bin/isojoule-engine-fake, "));
  EXPECT_THAT(engine.error().tried, HasSubstr("/libexec/isojoule/isojoule-engine-fake"));
}

TEST_F(WorkerEngineTest, finds_an_installed_worker) {
  fs::create_directories(folder_ / "bin");
  fs::create_directories(folder_ / "libexec/isojoule");
  const fs::path program = folder_ / "libexec/isojoule/isojoule-engine-fake";
  std::ofstream(program) << "#!/bin/sh\n";
  chmod(program.c_str(), 0755);
  EXPECT_EQ(find_worker("fake", (folder_ / "bin").string()).value_or(""), program.string());
}

TEST_F(WorkerEngineTest, errors_that_are_known_before_it_starts) {
  start("exit 0", job());
  const auto kind_of = [&](auto change) {
    Job bad = job();
    change(bad);
    const auto session = engine_->start(bad);
    EXPECT_FALSE(session);
    return session ? ErrorKind::internal : session.error().kind;
  };
  EXPECT_EQ(kind_of([](Job& job) { job.batch = 0; }), ErrorKind::invalid);
  EXPECT_EQ(kind_of([](Job& job) { job.inferences = -1; }), ErrorKind::invalid);
  EXPECT_EQ(kind_of([](Job& job) { job.threads = -1; }), ErrorKind::invalid);
  EXPECT_EQ(kind_of([](Job& job) { job.inferences = INT64_MAX; }), ErrorKind::out_of_range);
  EXPECT_EQ(kind_of([](Job& job) { job.model_path += ".missing"; }), ErrorKind::not_found);
  for (const char* text : {"", "soon", "0", "-1", "nan", "1e99", "5 s"})
    EXPECT_EQ(kind_of([&](Job& job) { job.options["timeout_s"] = text; }), ErrorKind::invalid)
        << text;
}

TEST(OpenEngine, an_unknown_name_gets_the_nearest) {
  const auto clock = make_real_clock();
  const auto engine = open_engine("onnxrunime", "/nowhere", *clock);
  ASSERT_FALSE(engine);
  EXPECT_EQ(engine.error().kind, ErrorKind::not_found);
  EXPECT_THAT(engine.error().remedy, HasSubstr("'onnxruntime'"));
}

TEST(OpenEngine, a_known_name_without_its_worker_says_where_it_looked) {
  const auto clock = make_real_clock();
  const auto engine = open_engine("onnxruntime", "/nowhere", *clock);
  ASSERT_FALSE(engine);
  EXPECT_THAT(engine.error().tried, HasSubstr("/nowhere/isojoule-engine-onnxruntime"));
}

}  // namespace
}  // namespace isojoule
