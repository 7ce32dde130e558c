// What the exports share: which runs, numbers as text, the phase of an instant, readings in the
// order of time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/run.h"
#include "data/study_file.h"
#include "data/trace.h"
#include "report/report.h"

namespace isojoule {

// Ids in order of sequence. Errors: not_found.
Result<std::vector<std::int64_t>> chosen_runs(StudyFile& study, const Selection& selection);
// None where the run has no trace; all other errors are errors.
Result<std::optional<Trace>> kept_trace(StudyFile& study, std::int64_t run);
tl::unexpected<Error> no_trace_at_all();

// The shortest text that reads back the same, whatever the locale; nothing where the number is not
// finite. Whole numbers below 2^53 without an exponent.
void append_number(std::string& text, double number);
void append_number(std::string& text, std::int64_t number);
// The double next to the decimal number; ns x 1e-9 may be its neighbour and show 17 digits.
double exact_seconds(Duration duration);
// Bytes that are no UTF-8 as U+FFFD.
std::string clean_utf8(const std::string& text);
// As a field of CSV: RFC 4180.
std::string csv_quoted(std::string_view text);

// One channel's readings in SI units. The chips' steps are decimal (1 mV, 40 uW): the value is
// integer / 1000 and not integer x 0.001, which would show digits that nobody measured.
class ReadingValues {
 public:
  explicit ReadingValues(const Channel& channel);
  // With the calibration. Absent of an energy counter.
  std::optional<double> power_w(std::size_t i) const;
  std::optional<double> voltage_v(std::size_t i) const;  // absent unless voltage_current
  std::optional<double> current_a(std::size_t i) const;
  // Of an energy counter, without the wraps of its 32 bits; falls where it was reset.
  std::optional<double> energy_j(std::size_t i) const;
  // Of an energy counter: the mean since the reading before it; absent of the first, and where
  // the counter was reset.
  std::optional<double> mean_power_w(std::size_t i) const;

 private:
  double scaled(std::int64_t number, double step, double inverse) const;
  const Channel& channel_;
  double inverse_a_, inverse_b_;       // of the steps where it is whole; 0: it is not
  std::vector<std::int64_t> counted_;  // of an energy counter: column a without its wraps
};

// "inference"; of phases within one another the one that began last; "" outside of all.
std::string_view phase_at(const Run& run, std::int64_t time_ns);

// Goes through several ascending columns of times at once: index of the column with the earliest
// next time, the first of equals.
class TimeMerge {
 public:
  void add(const std::vector<std::int64_t>& times) { columns_.push_back({&times, 0}); }
  struct Next {
    std::size_t column, row;
    std::int64_t time_ns;
  };
  std::optional<Next> next();

 private:
  struct Column {
    const std::vector<std::int64_t>* times;
    std::size_t at;
  };
  std::vector<Column> columns_;
};

}  // namespace isojoule
