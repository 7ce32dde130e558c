// The worker's side: reads the job and tells the core what happens. Made so that it does not
// disturb what is measured: batch marks are kept and sent between two batches at most every two
// seconds, otherwise after the phase; nothing is written while a batch runs.
//
// One thread. A core that is gone ends the worker (exit status 3): nobody reads its results.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/worker_protocol.h"

namespace isojoule {

Instant worker_now();  // CLOCK_MONOTONIC

class WorkerChannel {
 public:
  explicit WorkerChannel(int descriptor = kWorkerDescriptor) : descriptor_(descriptor) {}

  // Waits for the job. Errors: those of decode_job; io (no channel: not started by isojoule).
  Result<Job> receive_job();
  void note(const std::string& key, const std::string& value);
  void phase_begin(PhaseKind phase);
  void phase_begin_at(PhaseKind phase, Instant begin);  // not before the event ahead of it
  void phase_end(PhaseKind phase);  // takes the time first, then sends the marks that are kept
  // `capacity`: how many will come; reserved here so that mark() does not allocate.
  void expect_marks(std::size_t capacity);
  void mark(Instant begin, Instant end);
  // Between two batches that are not marked: says so every two seconds.
  void stay_in_touch();
  // What was not timed here, of whatever kind: phases that are over, layers.
  void tell(const Event& event);
  // Batches that are over; none at all says nothing but that the worker is alive.
  void tell_batches(std::span<const BatchMark> marks);
  void layers(const std::vector<LayerTime>& layers);  // in the profiling phase
  // The last words.
  void finished();
  void failed(const Error& error);

 private:
  void send(const std::string& line);
  void send_event(EventKind kind, PhaseKind phase, Instant at);
  void send_marks();

  int descriptor_;
  std::vector<BatchMark> marks_;
  Instant sent_;  // when something last went out
};

}  // namespace isojoule
