// A program's marks as the events of a run: in an order that can be, with the phases at both ends
// that a program cannot mark itself.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "engine/command/mark_line.h"
#include "engine/command/window_book.h"
#include "engine/event_order.h"

namespace isojoule {

class MarkSequence {
 public:
  // `keeps_together`: marks that came together are kept and counted (note marks_together) instead
  // of refused, for who only looks on.
  explicit MarkSequence(Instant started, bool keeps_together = false)
      : started_(started), order_(std::nullopt), keeps_together_(keeps_together) {}
  // "" when the mark can come now, otherwise what is wrong with it. `read`: marks without a time of
  // their own that came with one read came together.
  std::string take(const Mark& mark, Instant now, std::int64_t read);
  // The program has ended well. "" or what is missing.
  std::string finish(Instant end);
  std::deque<Event>& events() { return events_; }
  std::int64_t together() const { return together_; }  // ends that came with their begins
  std::optional<PhaseKind> open_phase() const { return order_.open_phase(); }

 private:
  std::string take_event(const Event& event, Instant now);
  std::string take_windows(const Mark& mark, Instant now);
  void tell_windows();
  std::string take_phase_begin(const Event& event, Instant now);
  std::string take_batch(const Event& event, Instant now);
  std::string take_note(const Event& event);
  std::string accept(const Event& event, Instant now);
  std::string open(PhaseKind phase, Instant at, Instant now);
  std::string close(PhaseKind phase, Instant at, Instant now);
  std::string came_together(const Mark& mark, std::int64_t read);
  std::string finish_marked(Instant end);
  void note(const std::string& key, const std::string& value);

  Instant started_;
  EventOrder order_;
  bool keeps_together_;
  std::int64_t together_ = 0;
  WindowBook windows_;
  std::deque<Event> events_;
  Instant last_;  // the end of what was marked
  bool marked_ = false, inferred_ = false, torn_down_ = false;
  bool implied_ = false;  // batches without a phase: theirs is the inference phase
  bool timed_by_us_ = false;
  std::optional<Instant> batch_begin_;
  std::int64_t begin_read_ = -1;  // in which read the last begin without a time came
};

}  // namespace isojoule
