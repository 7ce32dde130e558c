// A channel's readings as cells on one line of time: what each says, and of when.
//
// A reading that is taken at t tells of the window [t - lag - age - width, t - lag - age]. A source
// that has news only every update period P is asked between two updates: its age is anything from 0
// to P, and to the time since it was last asked, if that is shorter; the middle of it is taken
// (its spread is part of the edges' uncertainty). A reading belongs to the
// middle of its window. An energy counter's readings become the mean power between two of them.
#pragma once

#include <cstdint>
#include <vector>

#include "data/counter.h"
#include "data/trace.h"

namespace isojoule {

struct Cells {
  std::vector<double> centre_s;        // on the line, ascending
  std::vector<double> power_w;         // mean over the cell's width
  double width_s = 0;                  // of all cells; 0: a moment
  std::vector<double> widths_s;        // of an energy counter's cells, otherwise empty
  std::vector<std::int64_t> stale_ns;  // when readings that were left out were taken
  std::vector<double> resets_s;        // ends of a counter's cells over which it ran backwards
  std::size_t size() const { return centre_s.size(); }
  double width(std::size_t i) const { return widths_s.empty() ? width_s : widths_s[i]; }
  double begin(std::size_t i) const { return centre_s[i] - width(i) / 2; }
  double end(std::size_t i) const { return centre_s[i] + width(i) / 2; }
  void erase_front(std::size_t count);
};

// Makes cells from readings, block by block. Leaves out, and counts: a reading that repeats the
// last one before the source can have had news, and one dated at or before the last.
class CellMaker {
 public:
  // `info` must outlive it. Times on the line are seconds since `origin`.
  CellMaker(const ChannelInfo& info, Instant origin);
  void add(const Channel& block, std::size_t from, std::size_t to, Cells& cells);
  double on_line(Instant instant) const {
    return static_cast<double>(instant.ns - origin_.ns) * 1e-9;
  }
  void forget() { has_last_ = false; }  // what comes next is the first reading
  std::uint64_t backwards() const { return backwards_; }

 private:
  void add_power(const Channel& block, std::size_t from, std::size_t to, Cells& cells);
  void add_counter(const Channel& block, std::size_t from, std::size_t to, Cells& cells);
  bool is_news(std::int64_t time_ns, std::int32_t a, std::int32_t b, Cells& cells);
  void keep(double asked_s, std::int32_t a, std::int32_t b);
  double age_at(double asked_s) const;  // at most so old

  const ChannelInfo& info_;
  Instant origin_;
  double update_s_;
  bool has_last_ = false;
  double last_s_ = 0, asked_s_ = 0;  // when the last news, and the last reading at all, was taken
  double boundary_s_ = 0;            // up to when a counter has counted
  std::int32_t last_a_ = 0, last_b_ = 0;
  std::uint64_t backwards_ = 0;
};

}  // namespace isojoule
