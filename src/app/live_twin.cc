#include "app/live_twin.h"

namespace isojoule {

LiveTwin::LiveTwin(std::unique_ptr<Twin> twin)
    : twin_(std::move(twin)),
      real_(make_real_clock()),
      ahead_(twin_->clock().now() - real_->now()) {}

Status LiveTwin::keep_busy(Job job) {
  job_ = std::move(job);
  ISOJOULE_TRY(session_, twin_->engine().start(*job_));
  return {};
}

// The session's waiting is what lets time go on while the job runs.
Status LiveTwin::run_job(Instant until) {
  for (;;) {
    ISOJOULE_TRY(const auto event, session_->next_event(until));
    if (!event) return {};
    if (keeps_events_) events_.push_back(*event);
    if (event->kind == EventKind::failed)
      return fail(ErrorKind::engine, event->error ? event->error->what : "the job failed");
    if (event->kind == EventKind::finished) {
      session_.reset();
      ISOJOULE_TRY(session_, twin_->engine().start(*job_));
    }
  }
}

Status LiveTwin::catch_up() {
  const Instant now = real_->now() + ahead_;
  Status status;
  if (session_) status = run_job(now);
  if (!status) session_.reset();  // the board goes on without it
  if (now > twin_->clock().now()) twin_->clock().sleep_until(now);
  return status;
}

}  // namespace isojoule
