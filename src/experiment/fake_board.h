// A small board for tests: one power channel, three knobs over an in-memory tree, a virtual clock
// and an engine that follows a script. Nothing of it is physics; it is there for closed forms.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "base/memory_tree.h"
#include "board/board.h"
#include "data/study_file.h"
#include "engine/engine.h"

namespace isojoule::fake {

class FakeClock final : public Clock {
 public:
  void advance_to(Instant target) {
    for (;;) {
      Timer* next = nullptr;
      for (Timer* timer : timers_)
        if (timer->due <= target && (next == nullptr || timer->due < next->due)) next = timer;
      if (next == nullptr) break;
      now_ = std::max(now_, next->due);
      const Instant due = next->due;
      next->due = due + next->period;
      next->tick(due);
    }
    now_ = std::max(now_, target);
  }

 private:
  struct Timer final : Ticker {
    ~Timer() override { owner->timers_.remove(this); }
    FakeClock* owner = nullptr;
    Duration period;
    Instant due;
    std::function<void(Instant)> tick;
  };
  Instant do_now() override { return now_; }
  void do_sleep_until(Instant deadline) override { advance_to(deadline); }
  std::unique_ptr<Ticker> do_every(Duration period, std::function<void(Instant)> tick) override {
    auto timer = std::make_unique<Timer>();
    timer->owner = this;
    timer->period = period;
    timer->due = now_;
    timer->tick = std::move(tick);
    timers_.push_back(timer.get());
    return timer;
  }
  bool do_is_virtual() const override { return true; }

  Instant now_{1'000'000'000};
  std::list<Timer*> timers_;
};

// Power in watts as a function of time, read as milliwatts.
class FakeSensor final : public Sensor {
 public:
  explicit FakeSensor(std::function<double(Instant)> power) : power_(std::move(power)) {
    ChannelInfo info;
    info.rail = "VDD_IN";
    info.sensor = "fake";
    info.kind = ChannelKind::power;
    info.step_a = 1e-3;
    channels_.push_back(info);
  }
  bool fails = false;
  void set_window(Second window) { channels_[0].window = channels_[0].update_period = window; }

 private:
  const std::vector<ChannelInfo>& do_channels() const override { return channels_; }
  const std::vector<Error>& do_problems() const override { return problems_; }
  void do_read(Clock& clock, std::span<RawReading> out) override {
    out[0].time_ns = clock.now().ns;
    out[0].a = static_cast<std::int32_t>(std::lround(power_(clock.now()) * 1e3));
    out[0].state = fails ? ReadingState::failed : ReadingState::ok;
  }
  std::function<double(Instant)> power_;
  std::vector<ChannelInfo> channels_;
  std::vector<Error> problems_;
};

// One node that holds the value; released clocks read "open".
class FakeKnob final : public Knob {
 public:
  FakeKnob(Axis axis, std::vector<Value> values, FileTree& tree, std::string path)
      : axis_(std::move(axis)), values_(std::move(values)), tree_(tree), path_(std::move(path)) {}
  bool stuck = false;  // takes a write and stays at its first value

 private:
  const Axis& do_axis() const override { return axis_; }
  const std::vector<Value>& do_values() const override { return values_; }
  Result<Value> do_get() override {
    ISOJOULE_TRY(const std::string text, read_line(tree_, path_));
    if (axis_.unit == Unit::none) return Value(text);
    return text == "open" ? values_.back() : Value(std::stod(text));
  }
  Result<Value> do_set(const Value& value, Clock&, Duration) override {
    ISOJOULE_CHECK(tree_.write(path_, to_string(stuck ? values_.front() : value)));
    return do_get();
  }
  Status do_release() override {
    if (axis_.unit != Unit::hertz) return {};
    return tree_.write(path_, "open");
  }
  Result<std::vector<SavedNode>> do_save() override {
    ISOJOULE_TRY(std::string text, read_line(tree_, path_));
    return std::vector<SavedNode>{{path_, std::move(text)}};
  }
  Axis axis_;
  std::vector<Value> values_;
  FileTree& tree_;
  std::string path_;
};

inline constexpr const char* kCpuNode = "/sys/fake/cpu";
inline constexpr const char* kGpuNode = "/sys/fake/gpu";
inline constexpr const char* kGovernorNode = "/sys/fake/governor";
inline constexpr const char* kThrottleNode = "/sys/fake/throttled";
inline constexpr const char* kZoneNode = "/sys/fake/temp";

// What the engine does in the next runs.
struct Script {
  Second load{0.25};
  Second initialise{0.5};
  Second batch{0.125};
  std::function<bool(const Job&, int run)> out_of_memory;  // null: never
  std::function<bool(const Job&, int run)> crashes;
  std::function<std::optional<Error>(const Job&)> refuses;  // at the end of loading
  std::function<void(int run)> at_inference;                // something that happens then
  bool says_nothing = false;
  Second dated_back{0};  // the first phase begins so long before the session
  int runs = 0;          // sessions started
};

class FakeSession final : public Session {
 public:
  FakeSession(FakeClock& clock, Script& script, const Job& job)
      : clock_(clock), script_(script), at_(clock.now() - Duration::from(script.dated_back)) {
    const int run = script.runs++;
    if (script.says_nothing) return;
    phase(PhaseKind::load, script.load);
    if (script.refuses)
      if (const auto error = script.refuses(job)) {
        push({EventKind::failed, PhaseKind::idle, at_, at_, "", "", {}, *error});
        return;
      }
    phase(PhaseKind::graph_initialisation, script.initialise);
    if (script.out_of_memory && script.out_of_memory(job, run)) {
      fail("out of memory: 3 GiB");
      return;
    }
    phase(PhaseKind::warm_up, script.batch * static_cast<double>(job.warmup_batches));
    push({EventKind::phase_begin, PhaseKind::inference, at_, at_, "", "", {}}, [this, run] {
      if (script_.at_inference) script_.at_inference(run);
    });
    const std::int64_t batches = (job.inferences + job.batch - 1) / job.batch;
    for (std::int64_t i = 0; i < batches; ++i) {
      const Instant begin = at_;
      at_ = at_ + Duration::from(script.batch);
      push({EventKind::batch, PhaseKind::inference, begin, at_, "", "", {}});
      if (i == 1 && script.crashes && script.crashes(job, run)) {
        fail("the worker crashed");
        return;
      }
    }
    push({EventKind::phase_end, PhaseKind::inference, at_, at_, "", "", {}});
    phase(PhaseKind::tear_down, Second(0.0625));
    push({EventKind::note, PhaseKind::idle, at_, at_, "version", "1.0", {}});
    push({EventKind::finished, PhaseKind::idle, at_, at_, "", "", {}});
  }

 private:
  struct Step {
    Instant when;
    Event event;
    std::function<void()> effect;
  };
  void push(Event event, std::function<void()> effect = {}) {
    steps_.push_back({at_, std::move(event), std::move(effect)});
  }
  void phase(PhaseKind kind, Second duration) {
    push({EventKind::phase_begin, kind, at_, at_, "", "", {}});
    at_ = at_ + Duration::from(duration);
    push({EventKind::phase_end, kind, at_, at_, "", "", {}});
  }
  void fail(const std::string& what) {
    push({EventKind::failed,
          PhaseKind::idle,
          at_,
          at_,
          "",
          "",
          {},
          Error{ErrorKind::engine, what, "", ""}});
  }
  Result<std::optional<Event>> do_next_event(Instant deadline) override {
    if (next_ == steps_.size() || steps_[next_].when > deadline) {
      clock_.advance_to(deadline);
      return std::optional<Event>();
    }
    Step& step = steps_[next_++];
    clock_.advance_to(step.when);
    if (step.effect) step.effect();
    return std::optional<Event>(step.event);
  }
  FakeClock& clock_;
  Script& script_;
  Instant at_;
  std::vector<Step> steps_;
  std::size_t next_ = 0;
};

class FakeEngine final : public Engine {
 public:
  FakeEngine(FakeClock& clock, Script& script) : clock_(clock), script_(script) {}

 private:
  const std::string& do_name() const override { return name_; }
  Result<std::unique_ptr<Session>> do_start(const Job& job) override {
    return std::make_unique<FakeSession>(clock_, script_, job);
  }
  std::string name_ = "fake";
  FakeClock& clock_;
  Script& script_;
};

// The whole: everything that measure() and sweep() need.
struct Bench {
  MemoryTree tree;
  FakeClock clock;
  Script script;
  FakeEngine engine{clock, script};
  Board board;
  FakeSensor* sensor = nullptr;
  std::function<double(Instant)> power = [](Instant) { return 5.0; };
  std::int64_t throttled = 0;
  std::int64_t millidegrees = 40000;

  Bench() {
    tree.add_text(kCpuNode, "open");
    tree.add_text(kGpuNode, "open");
    tree.add_text(kGovernorNode, "schedutil");
    tree.add_integer(kThrottleNode, [this] { return throttled; });
    tree.add_integer(kZoneNode, [this] { return millidegrees; });
    board.file.name = "fake-board";
    board.file.rails = {{"VDD_IN", "", "module input"}};
    board.file.total = "VDD_IN";
    board.file.default_governors["cpu_governor"] = "schedutil";
    board.release.watches = {{"cpu_frequency", kCpuNode, 1}, {"gpu_frequency", kGpuNode, 1}};
    board.release.throttles = {{"throttle", kThrottleNode}};
    board.thermal_paths["cpu"] = kZoneNode;
    board.tree = &tree;
    board.clock = &clock;
    board.simulated = true;
    add_knob("cpu_governor", Unit::none,
             {std::string("powersave"), std::string("performance"), std::string("schedutil")},
             kGovernorNode);
    add_knob("cpu_frequency", Unit::hertz, {100e6, 200e6, 300e6}, kCpuNode);
    add_knob("gpu_frequency", Unit::hertz, {76.8e6, 614.4e6, 921.6e6}, kGpuNode);
    auto owned = std::make_unique<FakeSensor>([this](Instant at) { return power(at); });
    sensor = owned.get();
    board.sensors.push_back(std::move(owned));
  }

  FakeKnob& knob(const std::string& axis) { return static_cast<FakeKnob&>(*board.knob(axis)); }

 private:
  void add_knob(const std::string& axis, Unit unit, std::vector<Value> values, const char* path) {
    board.knobs.push_back(
        std::make_unique<FakeKnob>(Axis{axis, unit, false, ""}, std::move(values), tree, path));
  }
};

class FakeStudy final : public StudyFile {
 public:
  std::vector<Run> stored;
  std::vector<bool> with_trace;

 private:
  const StudyInfo& do_info() const override { return info_; }
  Result<std::int64_t> do_add(const Run& run, const Trace* trace) override {
    stored.push_back(run);
    with_trace.push_back(trace != nullptr);
    return static_cast<std::int64_t>(stored.size());
  }
  Result<std::vector<std::int64_t>> do_sequences() override {
    std::vector<std::int64_t> all;
    for (const Run& run : stored) all.push_back(run.sequence);
    std::sort(all.begin(), all.end());
    return all;
  }
  Result<std::vector<Run>> do_runs(bool) override { return stored; }
  Result<Run> do_run(std::int64_t id) override {
    return stored.at(static_cast<std::size_t>(id - 1));
  }
  Result<Trace> do_trace(std::int64_t) override { return tl::unexpected<Error>(Error{}); }
  StudyInfo info_;
};

}  // namespace isojoule::fake
