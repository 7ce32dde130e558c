#include "experiment/known_failures.h"

#include <algorithm>

namespace isojoule {
namespace {

std::string key_of(const PlannedRun& planned, bool with_batch) {
  std::string key = planned.network;
  for (const auto& [axis, value] : planned.setting.values())
    if (is_engine_axis(axis) && (with_batch || axis != "batch"))
      key += '\n' + axis + '=' + to_string(value);
  return key;
}

std::int64_t batch_of(const PlannedRun& planned) {
  return static_cast<std::int64_t>(planned.setting.number("batch").value_or(1));
}

MeasuredRun failed_run(const PlannedRun& planned, std::string why, Counter counter) {
  MeasuredRun measured;
  Run& run = measured.run = run_of(planned);
  run.state = RunState::failed;
  run.failure = std::move(why);
  run.counters.add(counter);
  return measured;
}

}  // namespace

bool is_definite(const MeasuredRun& measured) {
  if (measured.run.counters[Counter::out_of_memory] > 0) return true;
  if (!measured.engine_error) return false;
  switch (measured.engine_error->kind) {
    case ErrorKind::not_found:
    case ErrorKind::permission_denied:
    case ErrorKind::invalid:
    case ErrorKind::parse:
    case ErrorKind::out_of_range:
    case ErrorKind::unsupported: return true;
    default: return false;
  }
}

std::optional<std::int64_t> KnownFailures::Fit::smallest_that_does_not() const {
  constexpr int kTimes = 2;
  for (const auto& [batch, times] : out_of_memory)
    if (times >= kTimes) return batch;
  return std::nullopt;
}

void KnownFailures::expect(const std::vector<PlannedRun>& runs) {
  for (const PlannedRun& run : runs) expected_.insert(key_of(run, true));
}

std::optional<MeasuredRun> KnownFailures::known(const PlannedRun& planned) const {
  if (const auto failed = failed_.find(key_of(planned, true)); failed != failed_.end())
    return failed_run(planned, failed->second.what + " (as before, not tried again)",
                      Counter::engine_failed);
  const auto fit = fits_.find(key_of(planned, false));
  if (fit == fits_.end()) return std::nullopt;
  const auto too_large = fit->second.smallest_that_does_not();
  if (!too_large || batch_of(planned) < *too_large) return std::nullopt;
  std::string why =
      "does not fit: batch " + std::to_string(*too_large) + " was out of memory already";
  if (fit->second.largest_that_fits)
    why += ", batch " + std::to_string(*fit->second.largest_that_fits) + " did fit";
  return failed_run(planned, std::move(why), Counter::out_of_memory);
}

void KnownFailures::note(const PlannedRun& planned, const MeasuredRun& measured) {
  Fit& fit = fits_[key_of(planned, false)];
  const std::int64_t batch = batch_of(planned);
  if (measured.run.state != RunState::failed) {
    fit.largest_that_fits = std::max(batch, fit.largest_that_fits.value_or(batch));
    fit.out_of_memory.erase(fit.out_of_memory.begin(), fit.out_of_memory.upper_bound(batch));
  } else if (measured.run.counters[Counter::out_of_memory] > 0) {
    ++fit.out_of_memory[batch];
  } else if (is_definite(measured)) {
    failed_.emplace(key_of(planned, true), *measured.engine_error);
    if (!first_) first_ = measured.engine_error;
  }
}

}  // namespace isojoule
