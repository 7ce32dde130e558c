#include "app/load_pattern.h"

#include <fmt/format.h>
#include <sched.h>

#include <span>
#include <thread>

namespace isojoule {
namespace {

constexpr int kMostLevels = 4;
constexpr Duration kSlice = Duration::milliseconds(50);
// From a change of level until the board has settled to it: governors, regulators.
constexpr Duration kSettle = Duration::milliseconds(1000);
constexpr std::int64_t kIdleChips = 2;

constexpr bool kBarker13[] = {true, true, true,  true, true,  false, false,
                              true, true, false, true, false, true};
constexpr bool kBarker11[] = {true, true,  true,  false, false, false,
                              true, false, false, true,  false};

Status interruption() { return fail(ErrorKind::interrupted, "the recording was interrupted"); }

int own_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

class ThreadLoad final : public Load {
 public:
  explicit ThreadLoad(Clock& clock) : clock_(clock), cpus_(own_cpus()) {}

 private:
  int do_levels() const override { return std::min(kMostLevels, cpus_); }
  std::string do_what() const override { return fmt::format("busy threads on {} CPUs", cpus_); }
  Status do_set(int level) override {
    const int wanted = (level * cpus_ + do_levels() - 1) / do_levels();
    threads_.resize(std::min(threads_.size(), static_cast<std::size_t>(wanted)));
    while (static_cast<int>(threads_.size()) < wanted)
      threads_.emplace_back([](const std::stop_token& stop) { compute(stop); });
    return {};
  }
  Status do_run_until(Instant end, const std::atomic<bool>& interrupted) override {
    while (!interrupted.load(std::memory_order_relaxed)) {
      const Instant now = clock_.now();
      if (now >= end) return {};
      clock_.sleep_until(std::min(end, now + kSlice));
    }
    return interruption();
  }
  // Chains of multiplications and additions that stay in the registers.
  static void compute(const std::stop_token& stop) {
    constexpr int kChains = 8, kRounds = 20'000;
    double x[kChains] = {1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7};
    volatile double sink = 0;
    while (!stop.stop_requested()) {
      for (int i = 0; i < kRounds; ++i)
        for (double& value : x) value = value * 0.999999 + 0.000001;
      sink = x[0] + x[kChains - 1];
    }
    (void)sink;
  }
  Clock& clock_;
  int cpus_;
  std::vector<std::jthread> threads_;  // each is stopped and joined when it goes
};

class TwinLoad final : public Load {
 public:
  TwinLoad(Twin& twin, std::string model) : twin_(twin) {
    job_.model_path = std::move(model);
    job_.network = kNetwork;
  }
  static constexpr const char* kNetwork = "mobilenet-v2";

 private:
  int do_levels() const override { return kMostLevels; }
  std::string do_what() const override {
    return fmt::format("{} on the twin, batches of 1 to 8", kNetwork);
  }
  Status do_set(int level) override {
    session_.reset();
    if (level == 0) return {};
    job_.batch = std::int64_t{1} << (level - 1);
    job_.inferences = job_.batch * 10'000'000;
    ISOJOULE_TRY(session_, twin_.engine().start(job_));
    const Instant limit = twin_.clock().now() + Duration::milliseconds(600'000);
    for (;;) {
      ISOJOULE_TRY(const auto event, session_->next_event(limit));
      if (!event) return fail(ErrorKind::timeout, "the twin's load does not begin");
      if (event->kind == EventKind::failed) return failure(*event);
      if (event->kind == EventKind::phase_begin && event->phase == PhaseKind::inference) return {};
    }
  }
  Status do_run_until(Instant end, const std::atomic<bool>& interrupted) override {
    while (twin_.clock().now() < end) {
      if (interrupted.load(std::memory_order_relaxed)) return interruption();
      if (!session_) {
        twin_.clock().sleep_until(end);
        continue;
      }
      ISOJOULE_TRY(const auto event, session_->next_event(end));
      if (event && event->kind == EventKind::failed) return failure(*event);
      if (event && event->kind == EventKind::finished) session_.reset();
    }
    return {};
  }
  static Status failure(const Event& event) {
    return tl::unexpected<Error>(
        event.error.value_or(Error{ErrorKind::engine, "the twin's load failed", "", ""}));
  }
  Twin& twin_;
  Job job_;
  std::unique_ptr<Session> session_;  // ends before the twin
};

Status marker(Load& load, Clock& clock, std::span<const bool> code, Duration chip,
              const std::atomic<bool>& interrupted, std::vector<Window>& windows) {
  const Instant begin = clock.now();
  bool is_on = false;
  for (const bool wanted : code) {
    const Instant end = clock.now() + chip;
    if (wanted != is_on) ISOJOULE_CHECK(load.set(wanted ? load.levels() : 0));
    is_on = wanted;
    ISOJOULE_CHECK(load.run_until(std::max(end, clock.now()), interrupted));
  }
  ISOJOULE_CHECK(load.set(0));
  windows.push_back({"marker", begin, clock.now()});
  return load.run_until(clock.now() + chip * kIdleChips, interrupted);
}

}  // namespace

Result<std::unique_ptr<Load>> make_load(Target& target, const Paths& paths) {
  if (!target.twin) return std::make_unique<ThreadLoad>(*target.board.clock);
  ISOJOULE_TRY(std::string model, network_file(target, paths, TwinLoad::kNetwork));
  return std::make_unique<TwinLoad>(*target.twin, std::move(model));
}

Duration length_of(const PatternTimes& times, int levels) {
  const auto chips = static_cast<std::int64_t>(std::size(kBarker13) + std::size(kBarker11));
  return times.chip * (chips + 3 * kIdleChips) +
         (times.step + kSettle) * (std::int64_t{2} * levels + 1);
}

Status play_pattern(Load& load, Clock& clock, const PatternTimes& times,
                    const std::atomic<bool>& interrupted, std::vector<Window>& windows) {
  ISOJOULE_CHECK(load.set(0));
  ISOJOULE_CHECK(load.run_until(clock.now() + times.chip * kIdleChips, interrupted));
  ISOJOULE_CHECK(marker(load, clock, kBarker13, times.chip, interrupted, windows));
  for (int i = -load.levels(); i <= load.levels(); ++i) {
    const int level = load.levels() - std::abs(i);  // up, and down again: drift cancels
    ISOJOULE_CHECK(load.set(level));
    ISOJOULE_CHECK(load.run_until(clock.now() + kSettle, interrupted));
    const Instant begin = clock.now();
    ISOJOULE_CHECK(load.run_until(begin + times.step, interrupted));
    windows.push_back({fmt::format("step {}", level), begin, clock.now()});
  }
  ISOJOULE_CHECK(load.set(0));
  ISOJOULE_CHECK(load.run_until(clock.now() + times.chip * kIdleChips, interrupted));
  return marker(load, clock, kBarker11, times.chip, interrupted, windows);
}

}  // namespace isojoule
