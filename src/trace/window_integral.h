// The energy of one window of one channel in one pass over its readings, in constant memory.
//
// Three parts: the begin edge (edge.h), the cells inside (interior.h), the end edge. The cells come
// through a short buffer, so that a trace may be as long as it likes.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "trace/cells.h"
#include "trace/integrate.h"
#include "trace/interior.h"

namespace isojoule {

// Gaps of so many usual spacings are bridged.
inline constexpr std::int64_t kLongGap = 10;
// The usual time between two of the rows [from, to); 0 where there are not two.
Duration usual_spacing(const Channel& block, std::size_t from, std::size_t to);

class WindowIntegral {
 public:
  // `info` must outlive it. `period`: between two readings, 0: the usual one of the first block.
  WindowIntegral(const ChannelInfo& info, Instant begin, Instant end, Duration period);
  // Rows [from, to) of the channel, later than all before.
  void add(const Channel& block, std::size_t from, std::size_t to);
  // So far behind the end that further readings say nothing of the window.
  bool has_all() const { return has_all_; }
  // Once, after the last reading.
  Energy finish(Counters& counters);

  // How far before and after a window a reading can still matter.
  static Duration reach(const ChannelInfo& info, Duration period);

 private:
  std::size_t take_clean_rows(const Channel& block, std::size_t from, std::size_t to);
  void judge(const Channel& block, std::size_t from, std::size_t to);
  void restart_at(const Channel& block, std::size_t row);
  void look_at_times(const Channel& block, std::size_t from, std::size_t to);
  void look_at_steps(const Channel& block, std::size_t from, std::size_t to);
  void use_cells(bool is_last);
  void use_begin();
  void forget_used();
  void note_gap(std::int64_t from_ns, std::int64_t to_ns);
  std::string why_absent(Counters& counters);
  Energy evaluate(Counters& counters);
  void add_systematic(double joules, std::map<std::string, double>& budget) const;
  std::int64_t pace_ns() const;
  bool was_reset() const;
  double gap_s() const;
  double age_s() const;
  double quantisation_j() const;
  double unseen_j(double joules) const;

  const ChannelInfo& info_;
  Instant begin_, end_;
  Duration period_;
  double length_s_;
  CellMaker maker_;
  Cells cells_;
  Interior interior_;
  bool has_begin_ = false, has_all_ = false;
  std::size_t inside_ = 0;  // first cell of the buffer that is inside and not yet summed
  bool is_first_ = true;    // inside_ is the window's first cell
  std::int64_t cell_count_ = 0, negative_ = 0;
  double begin_energy_j_ = 0, begin_u_j_ = 0;
  // of the readings as they were taken
  std::int64_t previous_ns_ = 0, first_ns_ = 0;
  bool has_previous_ = false;
  std::int64_t readings_ = 0, gaps_ = 0, longest_gap_ns_ = 0, gap_ns_ = 0;
  std::uint64_t stale_ = 0;
  bool was_reset_ = false;
  double square_a_ = 0, square_b_ = 0, sum_a_ = 0;  // of raw steps, every so often
  std::int64_t looked_at_ = 0;
};

}  // namespace isojoule
