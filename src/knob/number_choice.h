// The numbers that a knob takes: a table, or everything between two ends.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "knob/knob.h"

namespace isojoule {

class NumberChoice {
 public:
  NumberChoice() = default;                                   // nothing may be asked for
  static NumberChoice of_table(std::vector<double> numbers);  // in any order
  // All numbers from `low` to `high`; listed() shows the ends and the multiples of `grid` between.
  static NumberChoice of_range(double low, double high, double grid);
  // What the board file says, its values before its range; nothing where it says neither.
  static NumberChoice of_spec(const KnobSpec& spec, double grid);

  bool is_range() const { return grid_ > 0; }
  bool empty() const { return listed_.empty(); }
  const std::vector<double>& listed() const { return listed_; }  // ascending
  double lowest() const { return listed_.front(); }              // not of an empty one
  double highest() const { return listed_.back(); }
  // What both take.
  NumberChoice common(const NumberChoice& other) const;

  // Whether a counted clock that reads `number` runs at the table's `entry`: within 1 %, and closer
  // to it than to any other entry (TX2, Xavier and the GPUs show a measured clock).
  bool near(double number, double entry) const;
  double snapped(double number) const;  // the entry that is near(), or the number itself
  double nearest(double number) const;  // the entry with the smallest distance
  // out_of_range with the two nearest where `wanted` cannot be asked for. `step` is the node's unit
  // in SI, `where` the node for the message.
  Status check(const Axis& axis, double wanted, double step, const std::string& where) const;

 private:
  std::vector<double> listed_;
  double grid_ = 0;  // 0: a table
};

// Steps in which a range of clocks is shown: the bus clock of x86 cores, by whole multiples of
// which they change (Intel SDM volume 4, MSR_PLATFORM_INFO: 100 MHz).
inline constexpr double kClockGrid_hz = 100e6;

}  // namespace isojoule
