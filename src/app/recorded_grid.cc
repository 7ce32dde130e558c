#include "app/recorded_grid.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>

#include "app/recorded_formula.h"
#include "base/text.h"
#include "import/csv/table.h"
#include "import/number.h"

namespace isojoule {
namespace {

using csv::Quantity;

// What a cell says as a value of an axis: a number where it is one, so that "1024" is "1024.0".
Value axis_value(const std::string& cell) {
  const auto number = import::parse_decimal(cell);
  if (number) return *number;
  return cell;
}

// "none" may be a word of an axis, "nan" is none.
bool has_no_value(const std::string& cell) {
  return import::is_no_number(cell) && csv::lower(cell) != "none";
}

bool same_cell(const std::string& cell, const std::string& wanted) {
  return cell == wanted || axis_value(cell) == axis_value(wanted);
}

class RecordedGridMaker {
 public:
  explicit RecordedGridMaker(const RecordedRequest& request) : request_(request) {}

  Result<RecordedGrid> make() {
    ISOJOULE_CHECK(check_request());
    ISOJOULE_TRY(table_, read_recorded_table(request_.path));
    ISOJOULE_CHECK(find_columns());
    ISOJOULE_CHECK(read_conditions());
    if (table_.ragged > 0)
      leave_out(fmt::format("not {} cells, as the first line has", table_.columns.size()),
                table_.first_ragged, table_.ragged);
    notes_ = table_.notes;
    find_words();
    for (const RecordedTable::Row& row : table_.rows)
      if (is_wanted(row)) ISOJOULE_CHECK(read_row(row));
    if (seen_.empty()) return nothing_left();
    return finish();
  }

 private:
  struct Figure {
    Metric metric;
    RecordedFormula formula;
  };
  struct Seen {
    Metrics sums;  // of logarithms
    std::int64_t count = 0;
  };

  Status check_request() const {
    if (request_.axes.empty())
      return fail(ErrorKind::invalid, "no axis is named", "Say --axes COLUMN,COLUMN");
    if (request_.latency.empty() && request_.energy.empty())
      return fail(ErrorKind::invalid, "neither energy nor latency is named",
                  "Say --energy COLUMN and --latency COLUMN, or expressions of columns");
    if (request_.energy.empty() && request_.power.empty())
      return fail(ErrorKind::invalid, "no energy is named",
                  "Say --energy COLUMN or an expression of columns; or --power COLUMN, which is "
                  "taken times the latency");
    return {};
  }

  Status find_columns() {
    for (const std::string& axis : request_.axes) {
      ISOJOULE_TRY(const std::size_t place, table_.column(axis));
      if (std::find(axes_.begin(), axes_.end(), place) != axes_.end())
        return fail(ErrorKind::invalid, "axis " + axis + " is named twice", "Name it once");
      axes_.push_back(place);
    }
    ISOJOULE_CHECK(add(Metric::energy, request_.energy, Quantity::energy));
    ISOJOULE_CHECK(add(Metric::latency, request_.latency, Quantity::time));
    return add(Metric::power, request_.power, Quantity::power);
  }

  Status add(Metric metric, const std::string& text, Quantity quantity) {
    if (text.empty()) return {};
    auto formula = RecordedFormula::parse(table_, text, quantity);
    if (!formula) {
      formula.error().what = fmt::format("--{}: {}", name_of(metric), formula.error().what);
      return tl::unexpected<Error>(std::move(formula).error());
    }
    figures_.push_back({metric, std::move(*formula)});
    return {};
  }

  Status read_conditions() {
    for (const auto& [name, value] : request_.where) {
      ISOJOULE_TRY(const std::size_t place, table_.column(name));
      std::set<std::string> there;
      bool any = false;
      for (const RecordedTable::Row& row : table_.rows) {
        any = any || same_cell(row.cells[place], value);
        there.insert(row.cells[place]);
      }
      if (!any)
        return fail(ErrorKind::no_data,
                    fmt::format("{}: no row has {}={}", request_.path, name, value),
                    unknown_name_remedy(value, {there.begin(), there.end()}));
      conditions_[place].push_back(value);
    }
    return {};
  }

  bool is_wanted(const RecordedTable::Row& row) const {
    return std::all_of(conditions_.begin(), conditions_.end(), [&](const auto& condition) {
      const auto& [place, values] = condition;
      return std::any_of(values.begin(), values.end(), [&, at = place](const std::string& value) {
        return same_cell(row.cells[at], value);
      });
    });
  }

  // An axis with a word among its numbers is one of words.
  void find_words() {
    for (const std::size_t place : axes_) {
      bool words = false, numbers = false;
      for (const RecordedTable::Row& row : table_.rows) {
        const std::string& cell = row.cells[place];
        if (!is_wanted(row) || has_no_value(cell)) continue;
        const bool is_number = import::parse_decimal(cell).has_value();
        words = words || !is_number;
        numbers = numbers || is_number;
      }
      if (words) words_.insert(place);
      if (words && numbers)
        notes_.push_back("axis " + table_.columns[place] +
                         " has words beside numbers: all are taken as words, without an order");
    }
  }

  void leave_out(const std::string& why, std::int64_t line, std::int64_t count = 1) {
    result_rows_ += count;
    for (LeftOutRows& known : left_out_)
      if (known.why == why) {
        known.count += count;
        return;
      }
    left_out_.push_back({why, count, table_.where(line)});
  }

  Status read_row(const RecordedTable::Row& row) {
    Setting setting;
    for (const std::size_t place : axes_) {
      const std::string& cell = row.cells[place];
      if (has_no_value(cell)) {
        leave_out(table_.columns[place] + ": no value is there", row.number);
        return {};
      }
      setting.set(table_.columns[place], words_.contains(place) ? Value(cell) : axis_value(cell));
    }
    if (row.refused) {
      ++result_rows_;
      refused_.insert(setting);
      return {};
    }
    Metrics logs;
    for (const Figure& figure : figures_) {
      ISOJOULE_TRY(const auto outcome, figure.formula.of(row));
      if (!outcome.value) {
        leave_out(outcome.why_absent, row.number);
        return {};
      }
      at(logs, figure.metric) = std::log(*outcome.value);
    }
    if (request_.energy.empty())
      at(logs, Metric::energy) = *at(logs, Metric::latency) + *at(logs, Metric::power);
    add_to(seen_[setting], logs);
    ++result_rows_;
    return {};
  }

  static void add_to(Seen& seen, const Metrics& logs) {
    ++seen.count;
    for (std::size_t m = 0; m < kMetrics; ++m)
      if (logs[m]) seen.sums[m] = seen.sums[m].value_or(0) + *logs[m];
  }

  tl::unexpected<Error> nothing_left() const {
    if (left_out_.empty())
      return fail(ErrorKind::no_data, request_.path + ": no row is left",
                  request_.where.empty() ? "The table has a first line and nothing below it"
                                         : "No row has all that --where asks for");
    const LeftOutRows& first = left_out_.front();
    return fail(ErrorKind::no_data,
                fmt::format("{}: none of {} rows can be used; {} ({})", request_.path, result_rows_,
                            first.why, first.first),
                "Look at the columns that are named, and at the delimiter");
  }

  Result<RecordedGrid> finish() {
    std::vector<Setting> settings;
    std::vector<Metrics> truth;
    std::int64_t used = 0, refused = 0;
    for (const Setting& setting : refused_)
      if (!seen_.contains(setting)) seen_[setting];
    for (const auto& [setting, seen] : seen_) {  // sorted: the order of the rows plays no part
      settings.push_back(setting);
      truth.emplace_back();
      used += seen.count;
      refused += seen.count == 0 ? 1 : 0;
      for (std::size_t m = 0; m < kMetrics; ++m)
        if (seen.sums[m]) truth.back()[m] = std::exp(*seen.sums[m] / double(seen.count));
    }
    if (settings.size() == 1)
      return fail(ErrorKind::invalid,
                  fmt::format("{}: all rows have one setting: {}", request_.path,
                              to_string(settings.front())),
                  "Name a column that changes with --axes");
    if (std::ssize(settings) > SearchSpace::kMostPoints)
      return fail(ErrorKind::out_of_range,
                  fmt::format("{}: {} settings are more than {}", request_.path, settings.size(),
                              SearchSpace::kMostPoints),
                  "Take a part of them with --where");
    ISOJOULE_TRY(SearchSpace space, SearchSpace::of(settings));
    const std::int64_t distinct = std::ssize(settings) - refused;
    RecordedGrid made{{grid_name(), request_.path, std::move(space), std::move(truth), {}},
                      result_rows_,
                      used,
                      used - distinct,
                      0,
                      refused,
                      std::move(left_out_),
                      std::move(notes_)};
    describe(made);
    return made;
  }

  std::string grid_name() const {
    std::string name = std::filesystem::path(request_.path).stem().string();
    for (const auto& [column, value] : request_.where) name += "/" + value;
    return name;
  }

  void describe(RecordedGrid& made) const {
    double combinations = 1;
    const SearchSpace& space = made.grid.space;
    for (const SearchAxis& axis : space.axes())
      combinations *= static_cast<double>(axis.values.size());
    made.holes = static_cast<std::int64_t>(std::min(combinations, 9e18)) - space.size();
    std::vector<std::string>& notes = made.notes;
    if (request_.energy.empty())
      notes.push_back("energy is power x latency: " + request_.power + " x " + request_.latency);
    if (table_.is_cache)
      notes.emplace_back("time is in milliseconds in a cache of Kernel Tuner, and in seconds here");
    for (const std::string& axis : request_.axes)
      if (!space.axis(axis))
        notes.push_back("axis " + axis + " has one value only, and is no axis of the search");
    for (const LeftOutRows& rows : made.left_out)
      notes.push_back(fmt::format("{} {} left out: {} ({}{})", rows.count,
                                  rows.count == 1 ? "row was" : "rows were", rows.why,
                                  rows.count == 1 ? "" : "first ", rows.first));
    if (made.duplicates > 0)
      notes.push_back(
          fmt::format("{} further rows repeat a setting: the geometric mean of each is taken",
                      made.duplicates));
    if (made.holes > 0)
      notes.push_back(
          fmt::format("{} of {:.0f} combinations are not in the table, and cannot be "
                      "chosen",
                      made.holes, combinations));
    if (made.refused > 0)
      notes.push_back(fmt::format("{} settings cannot run, as the table says", made.refused));
  }

  const RecordedRequest& request_;
  RecordedTable table_;
  std::vector<std::size_t> axes_;
  std::set<std::size_t> words_;  // of axes_
  std::vector<Figure> figures_;
  std::map<std::size_t, std::vector<std::string>> conditions_;
  std::map<Setting, Seen> seen_;
  std::set<Setting> refused_;
  std::int64_t result_rows_ = 0;
  std::vector<LeftOutRows> left_out_;
  std::vector<std::string> notes_;
};

}  // namespace

Result<RecordedGrid> recorded_grid(const RecordedRequest& request) {
  return RecordedGridMaker(request).make();
}

}  // namespace isojoule
