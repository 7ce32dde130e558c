#include "app/fleet/agent_health.h"

#include <unistd.h>
#include <algorithm>
#include <map>

#include "app/guard_place.h"
#include "app/probe.h"
#include "base/text_file.h"
#include "board/board_lock.h"
#include "board/restore.h"
#include "board/throttle.h"

namespace isojoule::agent {
namespace {

constexpr int kThrottledInARow = 3;  // each of them was made three times (experiment/sweep.cc)
constexpr int kDeathsInARow = 3;     // each of them was tried twice
constexpr Duration kLook = Duration::milliseconds(1000);
constexpr Duration kWaitSlice = Duration::milliseconds(50);
// Room for a run with a long trace.
constexpr std::size_t kRoom = std::size_t{4} << 20U;

bool lacks_energy(const Run& run) {
  const bool is_faulty = run.counters[Counter::rail_missing] > 0 ||
                         run.counters[Counter::sample_failed] > 0 ||
                         run.counters[Counter::phase_without_samples] > 0;
  return is_faulty && !run.energies.empty() &&
         std::none_of(run.energies.begin(), run.energies.end(), [](const PhaseEnergy& energy) {
           return energy.rail == "total" && energy.gross.value.has_value();
         });
}

std::string reason_of(const Run& run) {
  for (const PhaseEnergy& energy : run.energies)
    if (energy.rail == "total" && !energy.gross.why_absent.empty()) return energy.gross.why_absent;
  return "no rail of the total could be read";
}

// A worker that died, and not one that said what it cannot do.
bool is_death(const Run& run) {
  return run.state == RunState::failed && run.counters[Counter::engine_failed] > 0 &&
         run.counters[Counter::out_of_memory] == 0;
}

std::map<std::string, std::int64_t> throttle_numbers(Board& board) {
  std::map<std::string, std::int64_t> numbers;
  for (const ThrottleSpec& spec : board.release.throttles)
    if (const auto number = read_throttle(*board.tree, spec)) numbers[spec.name] = *number;
  return numbers;
}

void wait_on(Clock& clock, Duration duration, const std::atomic<bool>& interrupted) {
  const Instant end = clock.now() + duration;
  while (!interrupted && clock.now() < end)
    clock.sleep_until(clock.is_virtual() ? end : std::min(end, clock.now() + kWaitSlice));
}

bool has_room(const std::string& folder) {
  const std::string path = folder + "/room";
  const bool is_written = write_text_file(path, std::string(kRoom, ' ')).has_value();
  ::unlink(path.c_str());
  return is_written;
}

}  // namespace

Verdict RunHealth::judge(const Run& run, bool engine_has_worked) {
  Verdict verdict;
  if (run.state == RunState::throttled) return judge_throttled();
  if (run.state == RunState::complete) {
    forget();
    if (has_sensors_ && lacks_energy(run))
      verdict.outage =
          Outage{OutageKind::sensor, "the sensors of its total give nothing: " + reason_of(run)};
    return verdict;
  }
  if (!is_death(run) || engine_has_worked) return verdict;
  verdict.is_held_back = true;
  if (++deaths_ >= kDeathsInARow)
    verdict.outage = Outage{OutageKind::engine, "the engine fails every time: " + run.failure};
  return verdict;
}

Verdict RunHealth::judge_throttled() {
  Verdict verdict;
  verdict.is_held_back = true;
  verdict.is_first_throttled = ++throttled_ == 1;
  if (throttled_ >= kThrottledInARow)
    verdict.outage =
        Outage{OutageKind::throttling, "it throttles: " + std::to_string(throttled_) +
                                           " runs one after the other, each of them three times"};
  return verdict;
}

std::string throttles_at_rest(Board& board, Duration cool_down,
                              const std::atomic<bool>& interrupted) {
  wait_on(*board.clock, cool_down, interrupted);
  const auto before = throttle_numbers(board);
  wait_on(*board.clock, kLook, interrupted);
  const auto after = throttle_numbers(board);
  for (const ThrottleSpec& spec : board.release.throttles) {
    const auto then = before.find(spec.name), now = after.find(spec.name);
    if (then != before.end() && now != after.end() && throttled(spec, then->second, now->second))
      return "it throttles at rest: " + spec.name;
  }
  return "";
}

bool has_recovered(const Outage& outage, const Paths& paths, const TargetOptions& options,
                   const std::string& folder, const std::atomic<bool>& interrupted) {
  switch (outage.kind) {
    case OutageKind::throttling: {
      const auto target = open_target(paths, options);
      return target && throttles_at_rest((*target)->board, Duration{}, interrupted).empty();
    }
    case OutageKind::sensor: {
      const auto found = probe(paths, options);
      return found && found->total_power.has_value();
    }
    case OutageKind::disk: return has_room(folder);
    case OutageKind::busy: {
      const GuardOptions guard = guard_options(paths, options, "");
      return guard.lock.empty() || !lock_holder(guard.lock);
    }
    case OutageKind::restore: {
      const GuardOptions guard = guard_options(paths, options, "");
      if (guard.journal.empty()) return true;
      const auto left = left_behind(guard.journal);
      return left && !*left;
    }
    default: return false;
  }
}

}  // namespace isojoule::agent
