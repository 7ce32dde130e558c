#include "app/fleet/block_sink.h"

namespace isojoule::agent {

Result<std::int64_t> BlockSink::do_add(const Run& run, const Trace* trace) {
  if (outage_) return end(*outage_);
  const Verdict verdict = health_.judge(run, engine_has_worked_ || has_worked_);
  const bool is_often_throttled = verdict.outage && verdict.outage->kind == OutageKind::throttling;
  if (verdict.outage && !is_often_throttled) return end(*verdict.outage);
  if (verdict.is_first_throttled || is_often_throttled)
    if (const std::string why = look_at_rest_(); !why.empty())
      return end({OutageKind::throttling, why});
  has_worked_ =
      has_worked_ || run.state != RunState::failed || run.counters[Counter::out_of_memory] > 0;
  // With nothing to do it is well: these settings throttle, which is their result.
  if (is_often_throttled) health_.forget();
  if (verdict.is_held_back && !is_often_throttled) {
    held_.push_back({run, trace == nullptr ? std::nullopt : std::optional(*trace)});
    return run.sequence;
  }
  ISOJOULE_CHECK(flush());
  ISOJOULE_CHECK(store(run, trace));
  return run.sequence;
}

Status BlockSink::flush() {
  if (outage_) return {};  // what is held shows the board's state and not the setting's
  for (const HeldRun& held : held_)
    ISOJOULE_CHECK(store(held.run, held.trace ? &*held.trace : nullptr));
  held_.clear();
  return {};
}

Status BlockSink::store(const Run& run, const Trace* trace) {
  fleet::RunMessage message;
  message.study = places_.study;
  message.board = places_.board;
  message.instance = places_.instance;
  message.run = run;
  message.run.on_board = places_.board;
  if (trace != nullptr) message.trace = *trace;
  const Status is_put = put(message);
  could_not_store_ = could_not_store_ || !is_put;
  ISOJOULE_CHECK(is_put);
  ++made_;
  stored_(run);
  return {};
}

Status BlockSink::put(const fleet::RunMessage& message) {
  ISOJOULE_CHECK(places_.outbox.add(message));
  return places_.marker.clear();
}

tl::unexpected<Error> BlockSink::end(Outage outage) {
  outage_ = std::move(outage);
  return fail(ErrorKind::unmeasured, outage_->why);
}

Result<Run> BlockSink::do_run(std::int64_t) {
  return fail(ErrorKind::unsupported, "an agent keeps no runs");
}

Result<Trace> BlockSink::do_trace(std::int64_t) {
  return fail(ErrorKind::unsupported, "an agent keeps no traces");
}

}  // namespace isojoule::agent
