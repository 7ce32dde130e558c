#include "staircase.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <ctime>

#include "base/file_tree.h"

namespace isojoule::kernel_test {
namespace {

constexpr double kShuntStep_v = 40e-6;
constexpr Duration kRest = Duration::milliseconds(300);

Instant now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return {std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec};
}

void wait_until(Instant end) {
  const timespec time{end.ns / 1'000'000'000, end.ns % 1'000'000'000};
  while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr) == EINTR) continue;
}

// What the child tells of one change: begun before and ended after the registers were written.
struct Change {
  Instant begun, ended;
};

bool change(StubChip& chip, const Level& level, int pipe) {
  const Instant begun = now();
  if (!chip.set(0, level)) return false;
  const Change told{begun, now()};
  return ::write(pipe, &told, sizeof told) == sizeof told;
}

// The child's whole life: true when every level was written and told.
bool play_all(int bus, const Level& rest, const std::vector<Step>& steps, int pipe) {
  auto chip = StubChip::open(bus);
  if (!chip) return false;
  Instant next = now() + kRest;
  wait_until(next);
  for (const Step& step : steps) {
    if (!change(*chip, step.level, pipe)) return false;
    next = next + Duration::milliseconds(step.milliseconds);
    wait_until(next);
  }
  if (!change(*chip, rest, pipe)) return false;
  wait_until(now() + kRest);
  return true;
}

double power_w(const Level& level, double shunt_ohm) {
  return level.voltage_mv * 1e-3 * level.shunt_steps * kShuntStep_v / shunt_ohm;
}

Result<std::vector<Change>> listen(int pipe, std::size_t count) {
  std::vector<Change> changes(count);
  for (Change& change : changes)
    if (::read(pipe, &change, sizeof change) != sizeof change)
      return fail(ErrorKind::io, "the process that sets the registers ended early", "");
  return changes;
}

}  // namespace

Result<Played> play(int bus, const Level& rest, const std::vector<Step>& steps, double shunt_ohm) {
  int ends[2];
  if (::pipe(ends) != 0) return tl::unexpected<Error>(error_from_errno(errno, "pipe", "pipe"));
  const Instant begin = now();
  const pid_t child = ::fork();
  if (child < 0) return tl::unexpected<Error>(error_from_errno(errno, "fork", "fork"));
  if (child == 0) ::_exit(play_all(bus, rest, steps, ends[1]) ? 0 : 1);
  ::close(ends[1]);
  auto changes = listen(ends[0], steps.size() + 1);
  int status = 0;
  ::waitpid(child, &status, 0);
  ::close(ends[0]);
  ISOJOULE_TRY(const std::vector<Change> at, std::move(changes));

  // A level stands from the middle of its writing to the middle of the next one's.
  const auto middle = [&](std::size_t i) {
    return at[i].begun + Duration{(at[i].ended - at[i].begun).ns / 2};
  };
  Played played;
  played.begin = begin;
  played.end = now();
  double before_w = power_w(rest, shunt_ohm);
  Instant since = begin;
  for (std::size_t i = 0; i < at.size(); ++i) {
    const double power = power_w(i < steps.size() ? steps[i].level : rest, shunt_ohm);
    played.energy_j += before_w * (middle(i) - since).seconds().value();
    played.uncertainty_j +=
        std::abs(power - before_w) * (at[i].ended - at[i].begun).seconds().value() / 2;
    played.highest_power_w = std::max(played.highest_power_w, power);
    before_w = power;
    since = middle(i);
  }
  played.energy_j += before_w * (played.end - since).seconds().value();
  return played;
}

}  // namespace isojoule::kernel_test
