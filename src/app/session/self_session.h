// A program measures itself: the board is sampled while the program says what it does, and each of
// its questions is answered as soon as the readings are there.
//
// Memory is bounded: what is older than kMostReadings or kMostWindows is added up by name and
// forgotten. One thread; the sampler's own beside it.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "board/board.h"
#include "engine/command/mark_sequence.h"
#include "experiment/sampler.h"
#include "trace/window_energies.h"

namespace isojoule {

// Of all rails together: 64 MB; 23 hours of five rails at 10 a second.
inline constexpr std::size_t kMostReadings = std::size_t{1} << 22;
inline constexpr std::size_t kMostWindows = std::size_t{1} << 16;

struct SessionLimits {
  std::size_t readings = kMostReadings;
  std::size_t windows = kMostWindows;
};

// What a window, a name or the whole session cost.
struct SessionAnswer {
  std::int64_t count = 0, overlapping = 0;
  std::optional<Second> duration;
  MeasuredEnergy gross, net;
  Counters counters;
  std::string remark;  // what else went wrong, for the reason
};

class SelfSession {
 public:
  // Samples at once. The board outlives it.
  SelfSession(Board& board, Duration period, const SessionLimits& limits = {});

  // What was sampled from `begin` to now was the board without load.
  void take_idle(Instant begin);
  // How long after an instant the readings that tell of it have come.
  Duration delay() const { return sampler_.margin(); }
  // One line of the program. "" or why it cannot be; nothing is taken from then on.
  std::string take_line(std::string_view line, Instant now);
  // Keeps memory bounded while the program says nothing: to be called now and then.
  void tidy(Instant now) { fold(now); }
  std::size_t readings() const { return sampler_.readings(); }  // that are kept
  // A window that will be asked for: it is kept until then.
  void want(std::int64_t client, std::int64_t id);
  // What is open ends there.
  void close_all(Instant end);

  // Of windows that have ended, delay() ago; the reason in `gross` where there is no energy.
  SessionAnswer window(std::int64_t client, std::int64_t id);
  SessionAnswer named(const std::string& name);
  SessionAnswer whole(Instant end);

  // Everything by name, and the windows that are kept one by one: for the report.
  std::vector<NamedWindows> all_named();
  std::vector<Window> kept_windows() const;
  std::vector<WindowEnergy> kept_energies(Counters& counters);
  // "" or what the program said that cannot be: its windows from then on are missing.
  const std::string& fault() const { return fault_; }
  Instant began() const { return began_; }
  const std::map<std::string, std::string>& notes() const { return notes_; }

 private:
  std::string take_mark(const Mark& mark, Instant now);
  std::string take_event(const Event& event, Instant now);
  void collect();
  void fold(Instant now);
  void fold_windows(Instant cut, bool is_full);
  // The readings from `begin` on, behind those of the idle time.
  Trace trace_from(Instant begin) const;
  SessionAnswer answer_of(const NamedWindows& named) const;
  std::string why_unmeasured() const;

  Board& board_;
  SessionLimits limits_;
  Sampler sampler_;
  Instant began_;
  std::vector<Phase> idle_;
  Trace idle_trace_;
  WindowBook book_;
  std::string fault_;
  std::vector<ClosedWindow> kept_;
  std::unordered_map<std::int64_t, std::size_t> place_;  // in kept_, of id ^ client
  std::map<std::string, NamedWindows> sums_;             // of what was forgotten
  std::multiset<std::int64_t> wanted_;                   // as place_
  std::size_t next_fold_;                                // so many windows
  NamedWindows whole_;
  Instant folded_;     // the whole is added up until then
  Instant forgotten_;  // readings before are gone
  Counters counters_;
  std::map<std::string, std::string> notes_;
};

}  // namespace isojoule
