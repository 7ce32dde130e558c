#include "app/recorded_formula.h"

#include <fmt/format.h>
#include <muParser.h>

#include <algorithm>
#include <cmath>
#include <deque>

#include "app/table_text.h"
#include "base/text.h"
#include "import/number.h"
#include "optimise/goal.h"

namespace isojoule {

// muParser keeps addresses of variables, so its buffer does not move.
class RecordedFormula::Expression {
 public:
  // Throws mu::ParserError.
  explicit Expression(const std::string& text) {
    parser_.SetVarFactory(&Expression::make, this);
    parser_.SetExpr(text);
    parser_.Eval();
  }
  const std::vector<std::string>& names() const { return names_; }
  double of(const std::vector<double>& values) {
    std::copy(values.begin(), values.end(), values_.begin());
    return parser_.Eval();
  }

 private:
  static double* make(const char* name, void* self) {
    auto& own = *static_cast<Expression*>(self);
    own.names_.emplace_back(name);
    return &own.values_.emplace_back(1);
  }
  std::vector<std::string> names_;
  std::deque<double> values_;
  mu::Parser parser_;
};

RecordedFormula::RecordedFormula() = default;
RecordedFormula::~RecordedFormula() = default;
RecordedFormula::RecordedFormula(RecordedFormula&&) noexcept = default;
RecordedFormula& RecordedFormula::operator=(RecordedFormula&&) noexcept = default;

Status RecordedFormula::take_column(const std::string& name,
                                    std::optional<csv::Quantity> quantity) {
  ISOJOULE_TRY(const std::size_t place, table_->column(name));
  const csv::Unit* const unit = unit_in_column(name, quantity);
  // Kernel Tuner's documentation: benchmark times in milliseconds.
  const bool is_cache_time = table_->is_cache && name == "time";
  inputs_.push_back({place, unit != nullptr ? unit->scale : is_cache_time ? 1e-3 : 1});
  return {};
}

Result<RecordedFormula> RecordedFormula::parse(const RecordedTable& table, const std::string& text,
                                               csv::Quantity quantity) {
  RecordedFormula formula;
  formula.table_ = &table;
  formula.text_ = text;
  const auto& columns = table.columns;
  const bool is_name = text.find_first_of("+-*/^()") == std::string::npos ||
                       std::find(columns.begin(), columns.end(), text) != columns.end();
  if (is_name) {
    ISOJOULE_CHECK(formula.take_column(text, quantity));
    return formula;
  }
  const auto no_expression = [&](const std::string& why) {
    return fail(ErrorKind::parse, fmt::format("'{}' is no column and no expression: {}", text, why),
                "Name a column, or write an expression of columns: power_w*time_s");
  };
  if (const auto stray = stray_operator(text)) return no_expression(*stray);
  try {
    formula.expression_ = std::make_unique<Expression>(text);
  } catch (const mu::ParserError& error) {
    return no_expression(error.GetMsg());
  }
  if (formula.expression_->names().empty())
    return fail(ErrorKind::invalid, "'" + text + "' names no column",
                unknown_name_remedy(text, columns));
  for (const std::string& name : formula.expression_->names())
    ISOJOULE_CHECK(formula.take_column(name, std::nullopt));
  return formula;
}

Result<RecordedFormula::Outcome> RecordedFormula::of(const RecordedTable::Row& row) const {
  std::vector<double> values;
  for (const Input& input : inputs_) {
    const std::string& cell = row.cells[input.column];
    const std::string& name = table_->columns[input.column];
    const auto number = import::parse_decimal(cell);
    if (number) {
      values.push_back(*number * input.scale);
      continue;
    }
    if (import::is_no_number(cell)) return Outcome{{}, name + ": no number is there"};
    return fail(has_decimal_comma(cell) ? ErrorKind::invalid : ErrorKind::parse,
                fmt::format("{}: column '{}' holds '{}', which is no number",
                            table_->where(row.number), name, cell),
                has_decimal_comma(cell)
                    ? "Write numbers with a decimal point"
                    : "Name a column of numbers, or leave the row out with --where");
  }
  const double value = expression_ ? expression_->of(values) : values.front();
  if (!std::isfinite(value)) return Outcome{{}, text_ + ": no finite number comes out"};
  if (!(value > 0)) return Outcome{{}, text_ + ": not above zero"};
  return Outcome{value, ""};
}

}  // namespace isojoule
