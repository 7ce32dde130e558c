#include "engine/command/mark_sequence.h"

#include <charconv>

namespace isojoule {
namespace {

Event phase_event(EventKind kind, PhaseKind phase, Instant at) {
  Event event;
  event.kind = kind;
  event.phase = phase;
  event.begin = event.end = at;
  return event;
}

bool is_window(const Mark& mark, WindowMark::Kind kind) {
  return mark.kind == Mark::Kind::windows && !mark.windows.marks.empty() &&
         mark.windows.marks.front().kind == kind;
}

bool is_begin(const Mark& mark) {
  return is_window(mark, WindowMark::Kind::begin) || mark.kind == Mark::Kind::batch_begin ||
         (mark.kind == Mark::Kind::event && mark.event.kind == EventKind::phase_begin);
}

bool is_end(const Mark& mark) {
  return is_window(mark, WindowMark::Kind::end) || mark.kind == Mark::Kind::batch_end ||
         (mark.kind == Mark::Kind::event && mark.event.kind == EventKind::phase_end);
}

}  // namespace

void MarkSequence::note(const std::string& key, const std::string& value) {
  Event event;
  event.key = key;
  event.value = value;
  events_.push_back(std::move(event));
}

std::string MarkSequence::accept(const Event& event, Instant now) {
  std::string fault = order_.check(event, now);
  if (fault.empty()) events_.push_back(event);
  return fault;
}

std::string MarkSequence::open(PhaseKind phase, Instant at, Instant now) {
  return accept(phase_event(EventKind::phase_begin, phase, at), now);
}

std::string MarkSequence::close(PhaseKind phase, Instant at, Instant now) {
  last_ = at;
  return accept(phase_event(EventKind::phase_end, phase, at), now);
}

// A begin and its end in one read: the program keeps its output back, and their times are those of
// its flush.
std::string MarkSequence::came_together(const Mark& mark, std::int64_t read) {
  if (mark.timed) return {};
  timed_by_us_ = true;
  if (is_begin(mark)) begin_read_ = read;
  if (!is_end(mark) || begin_read_ != read) return {};
  ++together_;
  if (keeps_together_) return {};
  return "a begin and its end came together: the program buffers its output. Flush after every "
         "mark, or let the program time its marks itself (isojoule.h)";
}

std::string MarkSequence::take(const Mark& mark, Instant now, std::int64_t read) {
  if (std::string fault = came_together(mark, read); !fault.empty()) return fault;
  if (mark.kind == Mark::Kind::event) return take_event(mark.event, now);
  if (mark.kind == Mark::Kind::windows) return take_windows(mark, now);
  if (mark.kind == Mark::Kind::batch_begin) {
    if (batch_begin_) return "a batch begins before the one ahead of it has ended";
    batch_begin_ = mark.at;
    return {};
  }
  if (!batch_begin_) return "a batch ends and did not begin";
  Event event;
  event.kind = EventKind::batch;
  event.phase = PhaseKind::inference;
  event.begin = *batch_begin_;
  event.end = mark.at;
  batch_begin_.reset();
  return take_event(event, now);
}

std::string MarkSequence::take_windows(const Mark& mark, Instant now) {
  for (const WindowMark& one : mark.windows.marks) {
    if (one.at < started_) return "a window's time is before the program's start";
    if (one.at > now)
      return "time " + std::to_string(one.at.ns) + " ns of a window is ahead of the clock";
  }
  std::string fault = windows_.take(mark.windows);
  tell_windows();
  return fault;
}

void MarkSequence::tell_windows() {
  Event event;
  event.kind = EventKind::windows;
  for (ClosedWindow& closed : windows_.take_closed())
    event.windows.push_back(std::move(closed.window));
  event.faults = windows_.take_faults();
  if (!event.windows.empty() || event.faults != WindowFaults{}) events_.push_back(std::move(event));
}

std::string MarkSequence::take_event(const Event& event, Instant now) {
  switch (event.kind) {
    case EventKind::phase_begin: return take_phase_begin(event, now);
    case EventKind::phase_end:
      if (batch_begin_) return "a phase ends before its batch has ended";
      last_ = event.end;
      return accept(event, now);
    case EventKind::batch: return take_batch(event, now);
    case EventKind::note: return take_note(event);
    default: return accept(event, now);
  }
}

std::string MarkSequence::take_phase_begin(const Event& event, Instant now) {
  if (event.phase == PhaseKind::idle || event.phase == PhaseKind::process_start)
    return "phase " + std::string(name_of(event.phase)) + " is isojoule's own";
  std::string fault;
  if (!marked_) {
    fault = open(PhaseKind::process_start, started_, now);
    if (fault.empty()) fault = close(PhaseKind::process_start, event.begin, now);
  } else if (implied_ && open_phase()) {
    fault = close(PhaseKind::inference, last_, now);
  }
  marked_ = true;
  inferred_ = inferred_ || event.phase == PhaseKind::inference;
  torn_down_ = torn_down_ || event.phase == PhaseKind::tear_down;
  return fault.empty() ? accept(event, now) : fault;
}

std::string MarkSequence::take_batch(const Event& event, Instant now) {
  if (!marked_) {
    implied_ = true;
    std::string fault = take_phase_begin(
        phase_event(EventKind::phase_begin, PhaseKind::inference, event.begin), now);
    if (!fault.empty()) return fault;
  }
  if (event.end < event.begin) return "a batch ends before it begins";
  last_ = event.end;
  return accept(event, now);
}

std::string MarkSequence::take_note(const Event& event) {
  if (event.key == "inferences") {
    std::int64_t count = 0;
    const std::string& text = event.value;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || end != text.data() + text.size() || count < 1)
      return "note inferences '" + text + "' is no whole number from 1";
  }
  events_.push_back(event);
  return {};
}

std::string MarkSequence::finish(Instant end) {
  std::string fault;
  windows_.close_all(end);
  tell_windows();
  if (marked_) {
    fault = finish_marked(end);
    note("phases", "as the program marked them");
    if (timed_by_us_) note("marks", "timed when they arrived, not by the program");
  } else {
    fault = batch_begin_ ? "a batch has not ended" : open(PhaseKind::inference, started_, end);
    if (fault.empty()) fault = close(PhaseKind::inference, end, end);
    note("phases", "none marked: the whole process is the inference phase");
  }
  Event event;
  event.kind = EventKind::finished;
  return fault.empty() ? accept(event, end) : fault;
}

std::string MarkSequence::finish_marked(Instant end) {
  if (batch_begin_) return "a batch has not ended";
  if (!inferred_) return "phases were marked, but no phase inference";
  std::string fault;
  if (const auto phase = open_phase()) fault = close(*phase, implied_ ? last_ : end, end);
  if (!fault.empty() || torn_down_ || last_ >= end) return fault;
  fault = open(PhaseKind::tear_down, last_, end);
  return fault.empty() ? close(PhaseKind::tear_down, end, end) : fault;
}

}  // namespace isojoule
