#include "app/govern/live_loop.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "board/restore.h"
#include "data/value_text.h"
#include "experiment/apply.h"
#include "trace/window_energies.h"

namespace isojoule {
namespace {

constexpr Duration kUsualSession = Duration::milliseconds(60'000);
// Of an epoch: a loop that is later than that has lost sight, whatever it then sees.
constexpr double kLateShare = 0.5;
// A setting that the board refused is left alone so long, twice as long each time.
constexpr Duration kFirstRefusal = Duration::milliseconds(10'000);
constexpr Duration kLongestRefusal = Duration::milliseconds(600'000);
// So many sampling periods without a reading are no accident.
constexpr std::int64_t kSilentPeriods = 5;

constexpr const char* kLateLoop = "own deadline missed";
constexpr const char* kNotSet = "not set";
constexpr const char* kNoReading = "no reading";
constexpr const char* kMoved = "the board moved";

double seconds_between(Instant begin, Instant end) { return (end - begin).seconds().value(); }

// The board's part of a setting; the engine's belongs to the service.
Setting board_part(const Setting& setting) {
  Setting part;
  for (const auto& [axis, value] : setting.values())
    if (!is_engine_axis(axis)) part.set(axis, value);
  return part;
}

std::string text_with_unit(const std::string& axis, const Value& value) {
  const auto* hertz = std::get_if<double>(&value);
  if (hertz == nullptr || unit_of_axis(axis) != Unit::hertz) return to_string(value);
  return fmt::format("{:g} MHz", *hertz * 1e-6);
}

// When the newest reading came of that rail of the total whose readings are oldest.
std::optional<Instant> last_reading(const Trace& trace) {
  const auto rails = rails_of_total(trace.total);
  if (!rails) return std::nullopt;
  std::int64_t oldest = INT64_MAX;
  for (const Channel& channel : trace.channels) {
    if (std::find(rails->begin(), rails->end(), channel.info.rail) == rails->end()) continue;
    oldest = std::min(oldest, channel.time_ns.empty() ? INT64_MIN : channel.time_ns.back());
  }
  if (oldest == INT64_MAX || oldest == INT64_MIN) return std::nullopt;
  return Instant{oldest};
}

}  // namespace

GovernMind mind_of(Controller& controller) {
  return {[&controller] { return controller.first(); },
          [&controller](const EpochReport& report) { return controller.decide(report); },
          [&controller] { return controller.state(); }};
}

std::string cause_of(const std::string& blind) {
  for (const auto& [words, cause] : {std::pair{kLateLoop, "deadline"},
                                     {kNotSet, "refused"},
                                     {kNoReading, "samples"},
                                     {kMoved, "moved"},
                                     {"no service", "no_service"},
                                     {"marks of the service", "lost_marks"},
                                     {"cannot be", "absurd_marks"},
                                     {"silent for", "silent_service"}})
    if (blind.find(words) != std::string::npos) return cause;
  return "controller";
}

LiveLoop::LiveLoop(Board& board, BoardGuard& guard, const OperatingTable& table, GovernMind mind,
                   ServiceSource& services, const LiveLoopOptions& options)
    : board_(board),
      guard_(guard),
      table_(table),
      mind_(std::move(mind)),
      services_(services),
      options_(options),
      sampler_(board, options.sampling_period, kUsualSession) {
  sampler_.share();
}

Status LiveLoop::run(const std::function<bool()>& stop,
                     const std::function<void(const LiveState&)>& each_epoch) {
  sampler_.start();
  began_ = epoch_begin_ = now();
  bool has_served = false;
  for (Instant due = now() + options_.epoch; wait_until(due, stop);) {
    const Instant woken = now();
    if ((woken - due).seconds().value() > kLateShare * options_.epoch.seconds().value())
      trouble_ = fmt::format("{}: {:.0f} ms late", kLateLoop, seconds_between(due, woken) * 1e3);
    EpochReport report = gather(woken);
    ISOJOULE_CHECK(guard_.check_keeper());
    // Before the first service came there is nothing to decide.
    const bool begins = !has_served && state_.services > 0 && report.blind.empty();
    if (has_served || begins) {
      ISOJOULE_CHECK(obey(has_served ? mind_.decide(report) : mind_.first()));
      has_served = true;
    }
    state_.controller = mind_.state();
    if (each_epoch) each_epoch(state_);
    const Instant done = now();
    if (done - woken > options_.epoch)
      trouble_ =
          fmt::format("{}: a round took {:.0f} ms", kLateLoop, seconds_between(woken, done) * 1e3);
    due = done + options_.epoch;
  }
  // What came since the last epoch counts as well; nothing is decided on it.
  gather(now(), true);
  sampler_.stop();
  return give_back();
}

bool LiveLoop::wait_until(Instant due, const std::function<bool()>& stop) {
  for (Instant present = now(); present < due; present = now()) {
    if (stop()) return false;
    services_.poll(present);
    board_.clock->sleep_until(std::min(due, present + options_.look));
  }
  return !stop();
}

EpochReport LiveLoop::gather(Instant end, bool is_last) {
  ServiceEpoch seen = services_.close(end);
  EpochReport report;
  report.begin_s = static_cast<double>(epoch_begin_.ns) * 1e-9;
  report.end_s = static_cast<double>(end.ns) * 1e-9;
  report.arrived = seen.arrived;
  report.served = seen.served;
  report.late = seen.late;
  report.queued = seen.queued;
  report.batch_s = std::move(seen.batch_s);
  report.batch_requests = std::move(seen.batch_requests);
  report.latency_s = std::move(seen.latency_s);
  if (seen.busy_s) report.busy_s = std::min(*seen.busy_s, report.end_s - report.begin_s);
  report.blind = std::exchange(trouble_, {});
  if (report.blind.empty()) report.blind = seen.blind;
  add_energy(end, report);
  add_setting(report);
  for (const auto& [point, refusal] : refused_)
    if (refusal.until > end) report.refused.push_back(point);
  add_temperature(report);
  count(seen, report);
  if (!is_last) note(seen, report);
  epoch_begin_ = end;
  return report;
}

void LiveLoop::add_energy(Instant end, EpochReport& report) {
  const Trace trace = sampler_.copy_from(epoch_begin_);
  sampler_.forget_before(epoch_begin_);
  const auto last = last_reading(trace);
  const Duration silence = options_.sampling_period * kSilentPeriods + sampler_.margin();
  std::string missing;
  if (!last || end - *last > silence) {
    missing = last ? fmt::format("the power source has given nothing for {:.0f} ms",
                                 seconds_between(*last, end) * 1e3)
                   : std::string("the power source gives nothing");
  } else {
    Counters counters;
    for (const WindowEnergy& energy :
         window_energies(trace, {{"", epoch_begin_, end}}, {}, counters)) {
      if (energy.rail != "total") continue;
      if (energy.gross.value) report.energy_j = energy.gross.value->value();
      missing = energy.gross.why_absent;
    }
    if (!report.energy_j && missing.empty()) missing = "the total is not known";
  }
  if (!report.energy_j && report.blind.empty())
    report.blind = fmt::format("{}: {}", kNoReading, missing);
}

// Somebody else, or the board itself, may have moved what we set.
void LiveLoop::add_setting(EpochReport& report) {
  if (!point_) return;
  const Setting expected = board_part(table_.space.setting(*point_));
  for (const auto& [axis, wanted] : expected.values()) {
    Knob* const knob = board_.knob(axis);
    if (knob == nullptr) continue;
    const Result<Value> found = knob->get();
    if (found && same_value(*knob, wanted, *found)) continue;
    if (report.blind.empty())
      report.blind =
          found ? fmt::format("{}: {} is {} and was set to {}", kMoved, axis,
                              text_with_unit(axis, *found), text_with_unit(axis, wanted))
                : fmt::format("{}: {} cannot be read: {}", kMoved, axis, found.error().what);
    return;
  }
  report.point = point_;
}

void LiveLoop::add_temperature(EpochReport& report) {
  for (const auto& [zone, path] : board_.thermal_paths) {
    const auto millidegrees = read_integer(*board_.tree, path);
    if (!millidegrees) continue;
    const double celsius = static_cast<double>(*millidegrees) * 1e-3;
    report.temperature_c = std::max(report.temperature_c.value_or(celsius), celsius);
  }
}

// Totals.
void LiveLoop::count(const ServiceEpoch& seen, const EpochReport& report) {
  state_.arrived += report.arrived;
  state_.served += report.served;
  state_.dropped += seen.dropped;
  state_.late += report.late;
  state_.lost_marks += seen.lost;
  state_.absurd_marks += seen.absurd;
  state_.uptime_s = report.end_s - static_cast<double>(began_.ns) * 1e-9;
  if (!report.energy_j) return;
  state_.energy_j += *report.energy_j;
  state_.energy_known_s += report.end_s - report.begin_s;
}

void LiveLoop::note(const ServiceEpoch& seen, const EpochReport& report) {
  ++state_.epochs;
  state_.blind_epochs += report.blind.empty() ? 0 : 1;
  state_.blind = report.blind;
  state_.services = seen.services;
  state_.queued = report.queued;
  state_.temperature_c = report.temperature_c;
  state_.epoch_s = report.end_s - report.begin_s;
  const bool has_length = state_.epoch_s > 0;
  state_.arrival_hz = has_length ? static_cast<double>(report.arrived) / state_.epoch_s : 0;
  state_.latency_s.reset();
  if (!report.latency_s.empty())
    state_.latency_s = std::max(
        seen.longest_s, *std::max_element(report.latency_s.begin(), report.latency_s.end()));
  state_.power_w.reset();
  if (report.energy_j && has_length) state_.power_w = *report.energy_j / state_.epoch_s;
}

Status LiveLoop::obey(const Decision& decision) {
  state_.why = decision.why;
  if (decision.point && point_ == decision.point) return {};
  if (decision.point) {
    const auto refusal = refused_.find(*decision.point);
    if (refusal == refused_.end() || refusal->second.until <= now()) return set(*decision.point);
    trouble_ = fmt::format("{}: {}", kNotSet, refusal->second.why);
  }
  if (point_) ++state_.fallbacks[cause_of(trouble_.empty() ? state_.blind : trouble_)];
  return give_back();
}

Status LiveLoop::set(GridPoint point) {
  const Setting wanted = table_.space.setting(point);
  PlannedRun planned;
  planned.setting = board_part(wanted);
  Counters counters;
  touched_ = true;
  const auto results = apply_setting(board_, planned, counters);
  std::string why;
  if (!results) {
    why = results.error().what;
  } else if (counters[Counter::clock_not_reached] + counters[Counter::setting_not_reached] > 0) {
    for (const KnobResult& result : *results)
      if (!same_value(*board_.knob(result.axis), result.requested, result.achieved))
        why = fmt::format("{} was set to {} and is {}", result.axis,
                          text_with_unit(result.axis, result.requested),
                          text_with_unit(result.axis, result.achieved));
  }
  if (!why.empty()) {
    refuse(point, why);
    if (point_) ++state_.fallbacks[cause_of(trouble_)];
    return give_back();
  }
  refused_.erase(point);
  ++state_.switches;
  point_ = point;
  state_.setting = to_string(wanted);
  services_.set_batch_limit(table_.points[static_cast<std::size_t>(point)].batch);
  return {};
}

void LiveLoop::refuse(GridPoint point, const std::string& why) {
  Refusal& refusal = refused_[point];
  refusal.wait = refusal.wait.ns == 0 ? kFirstRefusal : std::min(kLongestRefusal, refusal.wait * 2);
  refusal.why = why;
  refusal.until = now() + refusal.wait;
  trouble_ = fmt::format("{}: {}", kNotSet, why);
}

// Journal, lock and keeper stay: the next setting may come in an epoch.
Status LiveLoop::give_back() {
  point_.reset();
  state_.setting.clear();
  services_.set_batch_limit(0);
  if (!touched_) return {};
  ISOJOULE_CHECK(restore_nodes(*board_.tree, guard_.nodes()));
  touched_ = false;
  return {};
}

}  // namespace isojoule
