#include "app/session/self_session.h"

#include <algorithm>

#include "base/text.h"

namespace isojoule {
namespace {

// The sampler's columns grow; this much is there from the start.
constexpr Duration kUsualSession = Duration::milliseconds(60'000);
constexpr std::size_t kMostNotes = 1000;

std::int64_t key_of(std::int64_t client, std::int64_t id) { return id ^ (client << 24); }

void put_before(const Trace& earlier, Trace& trace) {
  for (std::size_t i = 0; i < earlier.channels.size() && i < trace.channels.size(); ++i) {
    const Channel& first = earlier.channels[i];
    Channel& rest = trace.channels[i];
    const std::int64_t known = first.time_ns.empty() ? INT64_MIN : first.time_ns.back();
    const auto from =
        std::upper_bound(rest.time_ns.begin(), rest.time_ns.end(), known) - rest.time_ns.begin();
    Channel joined = first;
    joined.time_ns.insert(joined.time_ns.end(), rest.time_ns.begin() + from, rest.time_ns.end());
    joined.a.insert(joined.a.end(), rest.a.begin() + from, rest.a.end());
    if (!rest.b.empty()) joined.b.insert(joined.b.end(), rest.b.begin() + from, rest.b.end());
    rest = std::move(joined);
  }
}

constexpr const char* kTooLong =
    "a window lasted longer than the readings are kept, or was told later than that";

void make_absent(NamedWindows& named, const std::string& why) {
  for (RailEnergy& energy : named.energies) {
    energy.gross = energy.net = {std::nullopt, std::nullopt, why};
    energy.budget_j.clear();
  }
}

}  // namespace

SelfSession::SelfSession(Board& board, Duration period, const SessionLimits& limits)
    : board_(board),
      limits_(limits),
      sampler_(board, period, kUsualSession),
      began_(board.clock->now()),
      next_fold_(limits.windows),
      folded_(began_),
      forgotten_(Instant{INT64_MIN}) {
  sampler_.share();
  sampler_.start();
}

void SelfSession::take_idle(Instant begin) {
  idle_trace_ = sampler_.copy_from(begin);
  idle_ = {{PhaseKind::idle, begin, board_.clock->now()}};
  began_ = folded_ = idle_.front().end;
}

std::string SelfSession::take_line(std::string_view line, Instant now) {
  if (!fault_.empty()) return fault_;
  const Result<std::vector<Mark>> marks = parse_marks(line, now);
  if (!marks) {
    fault_ = marks.error().what;
  } else {
    for (const Mark& mark : *marks)
      if (fault_ = take_mark(mark, now); !fault_.empty()) break;
  }
  collect();
  fold(now);
  return fault_;
}

std::string SelfSession::take_mark(const Mark& mark, Instant now) {
  if (mark.kind == Mark::Kind::event) return take_event(mark.event, now);
  WindowWords words = mark.windows;
  if (mark.kind != Mark::Kind::windows) {
    words.name = "batch";
    words.marks = {
        {mark.kind == Mark::Kind::batch_begin ? WindowMark::Kind::begin : WindowMark::Kind::end, 0,
         0, mark.at}};
  }
  for (const WindowMark& one : words.marks)
    if (one.at > now || one.at.ns < 0)
      return "time " + std::to_string(one.at.ns) + " ns is ahead of the clock";
  return book_.take(words);
}

// Phases and batches are windows here: nobody runs a network for us.
std::string SelfSession::take_event(const Event& event, Instant now) {
  switch (event.kind) {
    case EventKind::phase_begin:
    case EventKind::phase_end: {
      const bool begins = event.kind == EventKind::phase_begin;
      const Instant at = begins ? event.begin : event.end;
      if (at > now || at.ns < 0)
        return "time " + std::to_string(at.ns) + " ns is ahead of the clock";
      WindowWords words;
      words.name = std::string(name_of(event.phase));
      words.marks = {{begins ? WindowMark::Kind::begin : WindowMark::Kind::end, 0, 0, at}};
      return book_.take(words);
    }
    case EventKind::batch:
      if (event.begin.ns < 0 || event.end < event.begin || event.end > now)
        return "a batch whose times cannot be";
      book_.add("batch", event.begin, event.end);
      return {};
    case EventKind::note:
      if (notes_.size() < kMostNotes || notes_.contains(event.key)) notes_[event.key] = event.value;
      return {};
    default: return {};
  }
}

void SelfSession::collect() {
  for (ClosedWindow& closed : book_.take_closed()) {
    if (closed.id > 0) place_[key_of(closed.client, closed.id)] = kept_.size();
    kept_.push_back(std::move(closed));
  }
  const WindowFaults faults = book_.take_faults();
  counters_.add(Counter::window_not_ended, faults.not_ended);
  counters_.add(Counter::window_not_begun, faults.not_begun);
  counters_.add(Counter::window_lost, faults.lost);
}

void SelfSession::want(std::int64_t client, std::int64_t id) { wanted_.insert(key_of(client, id)); }

void SelfSession::close_all(Instant end) {
  book_.close_all(end);
  collect();
}

Trace SelfSession::trace_from(Instant begin) const {
  Trace trace = sampler_.copy_from(begin);
  put_before(idle_trace_, trace);
  return trace;
}

// Adds up what has ended by `cut`, and lets go of it and of the readings that only it needed.
void SelfSession::fold(Instant now) {
  if (kept_.size() < next_fold_ && sampler_.readings() < limits_.readings) return;
  const Instant cut = now - delay();
  if (cut <= folded_) return;
  const bool is_full = sampler_.readings() >= limits_.readings;
  add_windows(whole_, named_windows(trace_from(folded_), {{"", folded_, cut}}, idle_).front());
  folded_ = cut;
  fold_windows(cut, is_full);
  // Threads tell of their windows seconds later than others: as long as there is room, readings
  // stay for them, and half of them always does.
  if (!is_full) return;
  // What stays for its own sake needs its readings, unless they are too many.
  Instant needed = book_.earliest_open(cut);
  for (const ClosedWindow& closed : kept_) needed = std::min(needed, closed.window.begin);
  // A window that lasts for longer than half of what is kept loses its beginning.
  const Instant start = std::max(began_, forgotten_);
  const Instant middle = start + Duration{(cut - start).ns / 2};
  needed = sampler_.readings() >= 2 * limits_.readings ? middle : std::min(needed, middle);
  sampler_.forget_before(needed);
  forgotten_ = std::max(forgotten_, needed);
}

void SelfSession::fold_windows(Instant cut, bool is_full) {
  std::vector<Window> old, blind;
  std::vector<ClosedWindow> rest;
  Instant first = cut;
  // The latest half stays, by their coming: we may be behind, and the program ask of the last. Not
  // where their readings are to go.
  std::size_t left = kept_.size() - std::min(kept_.size(), limits_.windows / 2);
  for (ClosedWindow& closed : kept_) {
    const bool is_late = left == 0 && !is_full;
    left -= left == 0 ? 0 : 1;
    const bool is_wanted = closed.id > 0 && wanted_.contains(key_of(closed.client, closed.id));
    if (closed.window.end > cut || is_wanted || is_late) {
      rest.push_back(std::move(closed));
      continue;
    }
    first = std::min(first, closed.window.begin);
    (closed.window.begin < forgotten_ ? blind : old).push_back(std::move(closed.window));
  }
  book_.release(old.size() + blind.size());
  const Trace trace = trace_from(first);
  for (const bool seen : {true, false})
    for (NamedWindows& more : named_windows(trace, seen ? old : blind, idle_)) {
      if (!seen) make_absent(more, kTooLong);
      NamedWindows& sum = sums_[more.name];
      sum.name = more.name;
      add_windows(sum, more);
    }
  kept_ = std::move(rest);
  // Those that are too young for it are not looked at again for each line that comes.
  next_fold_ = std::max(limits_.windows, 2 * kept_.size());
  place_.clear();
  for (std::size_t i = 0; i < kept_.size(); ++i)
    if (kept_[i].id > 0) place_[key_of(kept_[i].client, kept_[i].id)] = i;
}

std::string SelfSession::why_unmeasured() const {
  if (!board_.sensors.empty()) return {};
  std::vector<std::string> reasons;
  for (const Error& problem : board_.problems) reasons.push_back(problem.what);
  return reasons.empty() ? "the board has no power source" : join(reasons, "; ");
}

SessionAnswer SelfSession::answer_of(const NamedWindows& named) const {
  SessionAnswer answer;
  answer.count = named.count;
  answer.overlapping = named.overlapping;
  answer.duration = named.duration;
  answer.counters = counters_;
  if (const RailEnergy* energy = named.energy()) {
    answer.gross = energy->gross;
    answer.net = energy->net;
  }
  if (const std::string why = why_unmeasured(); !why.empty() && !answer.gross.value)
    answer.gross.why_absent = why;
  else if (named.count == 0)
    answer.gross.why_absent = "there is no time between its begin and its end";
  return answer;
}

SessionAnswer SelfSession::window(std::int64_t client, std::int64_t id) {
  SessionAnswer answer;
  if (const auto asked = wanted_.find(key_of(client, id)); asked != wanted_.end())
    wanted_.erase(asked);
  if (!fault_.empty()) {
    answer.gross.why_absent = "the program said what cannot be: " + fault_;
  } else if (const auto place = place_.find(key_of(client, id)); place != place_.end()) {
    const Window& window = kept_[place->second].window;
    answer.count = 1;
    answer.duration = window.duration();
    std::vector<WindowEnergy> energies;
    if (window.begin >= forgotten_)
      energies = window_energies(trace_from(window.begin), {window}, idle_, answer.counters);
    for (const WindowEnergy& energy : energies)
      if (energy.rail == "total") answer.gross = energy.gross, answer.net = energy.net;
    if (window.begin < forgotten_)
      answer.gross.why_absent = kTooLong;
    else if (const std::string why = why_unmeasured(); !why.empty())
      answer.gross.why_absent = why;
    else if (energies.empty())
      answer.gross.why_absent = "the window has no length";
  } else if (book_.open(client, id) != nullptr) {
    answer.gross.why_absent = "the window has not ended";
  } else {
    answer.gross.why_absent =
        "no such window: it was never begun, or it ended so long ago that only its name's sum is "
        "kept";
  }
  return answer;
}

SessionAnswer SelfSession::named(const std::string& name) {
  SessionAnswer none;
  none.gross.why_absent = "no window of this name has ended";
  if (!fault_.empty()) none.gross.why_absent = "the program said what cannot be: " + fault_;
  if (!fault_.empty()) return none;
  NamedWindows sum;
  if (const auto earlier = sums_.find(name); earlier != sums_.end()) sum = earlier->second;
  std::vector<Window> windows;
  Instant first = board_.clock->now();
  for (const ClosedWindow& closed : kept_)
    if (closed.window.name == name) {
      windows.push_back(closed.window);
      first = std::min(first, closed.window.begin);
    }
  for (const NamedWindows& more : named_windows(trace_from(first), windows, idle_))
    add_windows(sum, more);
  for (const ClosedWindow& closed : kept_)
    if (closed.window.name == name && closed.window.begin < forgotten_) make_absent(sum, kTooLong);
  if (sum.count == 0) return none;
  return answer_of(sum);
}

SessionAnswer SelfSession::whole(Instant end) {
  NamedWindows sum = whole_;
  if (end > folded_) {
    NamedWindows last = named_windows(trace_from(folded_), {{"", folded_, end}}, idle_).front();
    add_windows(sum, last);
  }
  SessionAnswer answer = answer_of(sum);
  answer.count = 1;
  // The readings are good all the same.
  if (!fault_.empty()) answer.remark = "the program said what cannot be: " + fault_;
  return answer;
}

std::vector<NamedWindows> SelfSession::all_named() {
  std::map<std::string, NamedWindows> all = sums_;
  Instant first = board_.clock->now();
  for (const ClosedWindow& closed : kept_) first = std::min(first, closed.window.begin);
  for (const NamedWindows& more : named_windows(trace_from(first), kept_windows(), idle_)) {
    NamedWindows& sum = all[more.name];
    sum.name = more.name;
    add_windows(sum, more);
  }
  for (const ClosedWindow& closed : kept_)
    if (closed.window.begin < forgotten_) make_absent(all[closed.window.name], kTooLong);
  std::vector<NamedWindows> list;
  for (auto& [name, named] : all) list.push_back(std::move(named));
  return list;
}

std::vector<Window> SelfSession::kept_windows() const {
  std::vector<Window> windows;
  for (const ClosedWindow& closed : kept_) windows.push_back(closed.window);
  std::stable_sort(windows.begin(), windows.end(),
                   [](const Window& a, const Window& b) { return a.begin < b.begin; });
  return windows;
}

std::vector<WindowEnergy> SelfSession::kept_energies(Counters& counters) {
  const std::vector<Window> windows = kept_windows();
  counters += counters_;
  if (windows.empty() || board_.sensors.empty()) return {};
  return window_energies(trace_from(windows.front().begin), windows, idle_, counters);
}

}  // namespace isojoule
