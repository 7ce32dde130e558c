#include "engine/event_order.h"

#include <cstdint>

namespace isojoule {

std::string EventOrder::check_time(Instant at, Instant now) {
  if (at < last_) return "time " + std::to_string(at.ns) + " ns is before the event ahead of it";
  if (at > now) return "time " + std::to_string(at.ns) + " ns is ahead of the clock";
  last_ = at;
  return {};
}

std::string EventOrder::check(const Event& event, Instant now) {
  switch (event.kind) {
    case EventKind::phase_begin:
      if (event.phase == PhaseKind::idle) return "phase idle is not the engine's";
      if (open_) return "phase " + std::string(name_of(*open_)) + " has not ended";
      if (!seen_.insert(event.phase).second)
        return "phase " + std::string(name_of(event.phase)) + " begins a second time";
      open_ = event.phase;
      return check_time(event.begin, now);
    case EventKind::phase_end:
      if (open_ != event.phase)
        return "phase " + std::string(name_of(event.phase)) + " ends and did not begin";
      open_.reset();
      return check_time(event.end, now);
    case EventKind::batch: {
      if (open_ != PhaseKind::inference) return "a batch outside the inference phase";
      // Looked at here and not only at the end: a worker that went mad must not fill the memory.
      if (++batches_seen_ > batches_expected_.value_or(INT64_MAX))
        return "more batches than the " + std::to_string(*batches_expected_) + " of the job";
      const std::string fault = check_time(event.begin, now);
      return fault.empty() ? check_time(event.end, now) : fault;
    }
    case EventKind::finished:
      if (open_) return "finished, but phase " + std::string(name_of(*open_)) + " has not ended";
      if (batches_expected_ && batches_seen_ != *batches_expected_)
        return "finished after " + std::to_string(batches_seen_) + " batches of " +
               std::to_string(*batches_expected_);
      return {};
    case EventKind::layers:
      return open_ == PhaseKind::profiling ? "" : "layers outside the profiling phase";
    case EventKind::note:
    case EventKind::windows:  // of any thread, in any phase
    case EventKind::alive:
    case EventKind::failed: return {};
  }
  return {};
}

}  // namespace isojoule
