// A figure of a recorded table: one of its columns, or an expression of some.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "app/recorded_table.h"
#include "import/csv/layout.h"

namespace isojoule {

// Of one table, which outlives it; one thread.
class RecordedFormula {
 public:
  // `text`: the name of a column, or an expression of columns ("average_power*time_per_epoch") with
  // + - * / ^ ( ) sqrt exp log min max. Columns whose names end in a unit ("time_ms") are read in
  // SI; of a column alone the unit must be of `quantity`. Errors: invalid (no such column, with the
  // nearest), parse (no expression).
  static Result<RecordedFormula> parse(const RecordedTable& table, const std::string& text,
                                       csv::Quantity quantity);
  ~RecordedFormula();
  RecordedFormula(RecordedFormula&&) noexcept;
  RecordedFormula& operator=(RecordedFormula&&) noexcept;

  struct Outcome {
    std::optional<double> value;
    std::string why_absent;  // "time_ms: no number is there"
  };
  // Errors: parse, invalid: a cell that is no number, with its line.
  Result<Outcome> of(const RecordedTable::Row& row) const;
  bool is_expression() const { return expression_ != nullptr; }
  const std::string& text() const { return text_; }

 private:
  struct Input {
    std::size_t column;
    double scale;
  };
  class Expression;
  RecordedFormula();
  Status take_column(const std::string& name, std::optional<csv::Quantity> quantity);

  const RecordedTable* table_ = nullptr;
  std::string text_;
  std::vector<Input> inputs_;
  std::unique_ptr<Expression> expression_;  // null: the one input
};

}  // namespace isojoule
