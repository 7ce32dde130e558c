#include "twin/twin_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "engine/memory_note.h"
#include "engine/warm_up.h"
#include "twin/dla.h"
#include "twin/execution.h"

namespace isojoule::twin {

class TwinSession final : public Session {
 public:
  TwinSession(TwinEngine& engine, std::deque<Event> notes)
      : engine_(engine), events_(std::move(notes)) {
    engine_.busy_ = true;
  }
  ~TwinSession() override {
    if (engine_.simulation_.running()) engine_.simulation_.kill();
    while (engine_.simulation_.take_event()) {
    }
    engine_.busy_ = false;
  }
  TwinSession(const TwinSession&) = delete;
  TwinSession& operator=(const TwinSession&) = delete;

 private:
  Result<std::optional<Event>> do_next_event(Instant deadline) override;
  std::optional<Event> next_now();
  void take(const SimulatedEvent& event);
  Event converted(const SimulatedEvent& event);

  TwinEngine& engine_;
  std::deque<Event> events_;  // notes that come before anything else
  bool ended_ = false;
};

namespace {

Event note(std::string key, std::string value, Instant now) {
  Event event;
  event.key = std::move(key);
  event.value = std::move(value);
  event.begin = event.end = now;
  return event;
}

}  // namespace

Event TwinSession::converted(const SimulatedEvent& simulated) {
  Event event;
  event.phase = simulated.phase;
  event.begin = simulated.begin;
  event.end = simulated.end;
  switch (simulated.kind) {
    case SimulatedEvent::Kind::phase_begin: event.kind = EventKind::phase_begin; break;
    case SimulatedEvent::Kind::phase_end: event.kind = EventKind::phase_end; break;
    case SimulatedEvent::Kind::batch: event.kind = EventKind::batch; break;
    case SimulatedEvent::Kind::layers:
      event.kind = EventKind::layers;
      event.layers = simulated.layers;
      break;
    case SimulatedEvent::Kind::finished: event.kind = EventKind::finished; break;
    case SimulatedEvent::Kind::out_of_memory:
      event.kind = EventKind::failed;
      event.error =
          Error{ErrorKind::engine, "out of memory: the simulated board has no room for it",
                "start the network on the twin", "Use a smaller batch"};
      break;
  }
  return event;
}

std::optional<Event> TwinSession::next_now() {
  if (events_.empty())
    if (const auto simulated = engine_.simulation_.take_event()) take(*simulated);
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  ended_ = event.kind == EventKind::finished || event.kind == EventKind::failed;
  return event;
}

// After the last event nothing is heard, so what is known at the end comes just before it. What was
// out of memory never had what it needed.
void TwinSession::take(const SimulatedEvent& simulated) {
  if (simulated.kind == SimulatedEvent::Kind::finished && simulated.memory_bytes > 0)
    events_.push_back(
        note(kPeakMemoryNote, fmt::format("{:.0f}", simulated.memory_bytes), simulated.end));
  events_.push_back(converted(simulated));
}

Result<std::optional<Event>> TwinSession::do_next_event(Instant deadline) {
  // An estimate of the simulation may be the present instant; time must go on all the same.
  constexpr Duration smallest_step{1000};
  Clock& clock = engine_.clock_;
  while (!ended_) {
    if (auto event = next_now()) return event;
    if (clock.now() >= deadline) return std::nullopt;
    const auto expected = engine_.simulation_.next_process_time();
    Instant until = deadline;
    if (expected) until = std::min(until, std::max(*expected, clock.now() + smallest_step));
    clock.sleep_until(until);
  }
  return std::nullopt;
}

TwinEngine::TwinEngine(Simulation& simulation, Clock& clock, const Constants& constants,
                       CostFunction cost)
    : simulation_(simulation), clock_(clock), constants_(constants), cost_(std::move(cost)) {}

Result<const NetworkCost*> TwinEngine::cost_of(const Job& job) {
  const auto key = std::make_pair(job.model_path, job.batch);
  auto found = costs_.find(key);
  if (found == costs_.end()) {
    ISOJOULE_TRY(NetworkCost cost, cost_(job.model_path, job.batch));
    found = costs_.emplace(key, std::move(cost)).first;
  }
  return &found->second;
}

const NetworkConstants& TwinEngine::constants_of(const std::string& network) const {
  const auto found = constants_.networks.find(network);
  return found == constants_.networks.end() ? constants_.other_networks : found->second;
}

// How much of the network a DLA takes: its layers, and those that fall back.
Status TwinEngine::note_placement(const SimulatedJob& job, std::deque<Event>& notes) const {
  if (!job.execution.on_dla) return {};
  ISOJOULE_TRY(const auto parts, placed(job.cost, job.execution));
  std::size_t on_dla = 0, on_gpu = 0;
  for (const PlacedPart& part : parts) (part.on_dla ? on_dla : on_gpu) += part.cost.layers.size();
  if (on_dla == 0)
    return fail(ErrorKind::unsupported,
                fmt::format("no layer of {} can run on the DLA", job.network),
                "Use accelerator gpu");
  const Instant now = clock_.now();
  notes.push_back(note("layers_on_dla", std::to_string(on_dla), now));
  notes.push_back(note("layers_on_gpu", std::to_string(on_gpu), now));
  notes.push_back(note("parts", std::to_string(parts.size()), now));
  return {};
}

Result<std::unique_ptr<Session>> TwinEngine::do_start(const Job& job) {
  if (job.batch < 1 || job.inferences < 1 || job.warmup_batches < 0)
    return fail(ErrorKind::invalid,
                fmt::format("batch {}, inferences {}, warm-up {}: not a job", job.batch,
                            job.inferences, job.warmup_batches),
                "Batch and inferences are 1 or more, warm-up 0 or more");
  if (busy_)
    return fail(ErrorKind::busy, "the simulated board runs a network already",
                "Wait for its session's end");
  ISOJOULE_TRY(Execution execution, execution_of(job, constants_));
  ISOJOULE_TRY(const NetworkCost* cost, cost_of(job));
  SimulatedJob simulated;
  simulated.cost = *cost;
  simulated.network = job.network;
  simulated.batch = job.batch;
  simulated.batches = (job.inferences + job.batch - 1) / job.batch;
  // Its batches are alike from the first: what looks for stable ones is content after that many.
  constexpr std::int64_t kUntilStable = 3 * kWarmUpWindow;
  simulated.warmup_batches =
      job.warmup_until_stable ? std::max(job.warmup_batches, kUntilStable) : job.warmup_batches;
  simulated.network_constants = constants_of(job.network);
  simulated.warmup_time = job.warmup_time;
  simulated.profile_batches = job.profile_batches;
  simulated.execution = std::move(execution);

  std::deque<Event> notes;
  const Instant now = clock_.now();
  notes.push_back(note("simulated", "yes", now));
  ISOJOULE_CHECK(note_placement(simulated, notes));
  notes.push_back(note("board", constants_.board, now));
  const bool known = constants_.networks.count(job.network) != 0;
  notes.push_back(note("network_constants", known ? job.network : "other", now));
  if (job.threads > 0) notes.push_back(note("threads", "without effect on a twin", now));
  if (job.warmup_until_stable)
    notes.push_back(note("warm_up", "until stable: without effect on a twin", now));
  if (const std::int64_t rounded = simulated.batches * job.batch; rounded != job.inferences)
    notes.push_back(note("inferences", std::to_string(rounded), now));
  simulation_.start(simulated);
  return std::make_unique<TwinSession>(*this, std::move(notes));
}

}  // namespace isojoule::twin
