#include "optimise/goal.h"

#include <fmt/format.h>
#include <muParser.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <deque>

#include "base/file_tree.h"
#include "base/text.h"
#include "data/amount.h"

namespace isojoule {
namespace {

struct NamedCost {
  std::string_view name;
  double energy, latency, power;  // exponents
  std::string_view unit;
};
constexpr NamedCost kNamed[] = {{"energy", 1, 0, 0, "J"},
                                {"latency", 0, 1, 0, "s"},
                                {"power", 0, 0, 1, "W"},
                                {"edp", 1, 1, 0, "J s"},
                                {"ed2p", 1, 2, 0, "J s^2"}};

constexpr std::string_view kWeighted = "weighted:";

}  // namespace

// A product of powers, a weighted sum, or what muParser makes of the text.
class CostFunction::Expression {
 public:
  virtual ~Expression() = default;
  virtual double of(const double* values) const = 0;
  virtual void refer(const std::vector<double>&) {}
  virtual std::string unit() const { return ""; }
};

namespace {

class Powers final : public CostFunction::Expression {
 public:
  explicit Powers(const NamedCost& cost) : unit_(cost.unit) {
    for (const double exponent : {cost.energy, cost.latency, cost.power})
      if (exponent != 0) exponents_.push_back(exponent);
  }
  double of(const double* values) const override {
    double product = 1;
    for (std::size_t i = 0; i < exponents_.size(); ++i)
      product *= exponents_[i] == 1 ? values[i] : std::pow(values[i], exponents_[i]);
    return product;
  }
  std::string unit() const override { return std::string(unit_); }

 private:
  std::string_view unit_;
  std::vector<double> exponents_;
};

class Weighted final : public CostFunction::Expression {
 public:
  explicit Weighted(double energy) : energy_(energy) {}
  double of(const double* values) const override {
    return energy_ * values[0] / reference_[0] + (1 - energy_) * values[1] / reference_[1];
  }
  void refer(const std::vector<double>& values) override { reference_ = values; }

 private:
  double energy_;
  std::vector<double> reference_ = {1, 1};
};

// muParser keeps addresses of variables: one buffer, so one thread.
class Parsed final : public CostFunction::Expression {
 public:
  // Throws mu::ParserError.
  Parsed(const std::string& text, const std::vector<Metric>& metrics) : values_(metrics.size()) {
    for (std::size_t i = 0; i < metrics.size(); ++i)
      parser_.DefineVar(std::string(name_of(metrics[i])), &values_[i]);
    parser_.SetExpr(text);
    parser_.Eval();
  }
  double of(const double* values) const override {
    std::copy_n(values, values_.size(), values_.begin());
    return parser_.Eval();
  }

 private:
  mutable std::vector<double> values_;
  mu::Parser parser_;
};

// The words of the text that are no function.
Result<std::vector<Metric>> metrics_in(const std::string& text) {
  mu::Parser parser;
  std::vector<Metric> metrics;
  std::deque<double> values;  // addresses stay
  struct Variables {
    std::deque<double>* values;
    static double* make(const char*, void* self) {
      return &static_cast<Variables*>(self)->values->emplace_back(1);
    }
  } variables{&values};
  parser.SetVarFactory(&Variables::make, &variables);
  parser.SetExpr(text);
  for (const auto& [name, address] : parser.GetUsedVar()) {
    ISOJOULE_TRY(const Metric metric, metric_named(name));
    metrics.push_back(metric);
  }
  std::sort(metrics.begin(), metrics.end());
  return metrics;
}

tl::unexpected<Error> no_expression(const std::string& text, const mu::ParserError& error) {
  return fail(ErrorKind::parse, fmt::format("'{}' is no cost: {}", text, error.GetMsg()),
              "Say energy, latency, power, edp, ed2p, weighted:0.7, or an expression of what is "
              "measured: 'energy + 0.2*latency_p99'");
}

Unit amount_unit(Metric metric) {
  switch (metric) {
    case Metric::energy: return Unit::joule;
    case Metric::power: return Unit::watt;
    case Metric::memory: return Unit::byte;
    case Metric::temperature: return Unit::celsius;
    default: return Unit::second;
  }
}

}  // namespace

Result<Limit> parse_limit(const std::string& text) {
  const std::size_t sign = text.find('<');
  if (sign == std::string::npos)
    return fail(ErrorKind::parse, "'" + text + "' is no limit",
                "Write one like 'latency_p99<33ms' or 'power<15W'");
  ISOJOULE_TRY(const Metric metric, metric_named(trimmed(text.substr(0, sign))));
  std::size_t from = sign + 1;
  if (from < text.size() && text[from] == '=') ++from;
  ISOJOULE_TRY(const double most, parse_amount(text.substr(from), amount_unit(metric)));
  return Limit{metric, most, text};
}

Result<CostFunction> CostFunction::parse(const std::string& text) {
  CostFunction cost;
  cost.text_ = trimmed(text);
  for (const NamedCost& named : kNamed) {
    if (cost.text_ != named.name) continue;
    if (named.energy != 0) cost.metrics_.push_back(Metric::energy);
    if (named.latency != 0) cost.metrics_.push_back(Metric::latency);
    if (named.power != 0) cost.metrics_.push_back(Metric::power);
    cost.expression_ = std::make_shared<Powers>(named);
    return cost;
  }
  if (cost.text_.starts_with(kWeighted)) {
    const std::string word = cost.text_.substr(kWeighted.size());
    double weight = 0;
    const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), weight);
    if (code != std::errc() || end != word.data() + word.size() || !(weight >= 0 && weight <= 1))
      return fail(ErrorKind::out_of_range, "'" + word + "' is no weight of energy",
                  "Write a number from 0 (latency alone) to 1 (energy alone): weighted:0.7");
    cost.metrics_ = {Metric::energy, Metric::latency};
    cost.expression_ = std::make_shared<Weighted>(weight);
    return cost;
  }
  try {
    ISOJOULE_TRY(cost.metrics_, metrics_in(cost.text_));
    if (cost.metrics_.empty())
      return fail(ErrorKind::invalid, "'" + cost.text_ + "' names nothing that is measured",
                  "Say what is to be least, such as energy or edp");
    cost.expression_ = std::make_shared<Parsed>(cost.text_, cost.metrics_);
  } catch (const mu::ParserError& error) {
    return no_expression(cost.text_, error);
  }
  return cost;
}

void CostFunction::set_reference(const Metrics& reference) {
  std::vector<double> values;
  for (const Metric metric : metrics_) {
    const auto& value = at(reference, metric);
    if (!value || !(*value > 0)) return;
    values.push_back(*value);
  }
  expression_->refer(values);
}

double CostFunction::of(const double* values) const { return expression_->of(values); }

std::optional<double> CostFunction::of(const Metrics& metrics) const {
  std::array<double, kMetrics> values{};
  for (std::size_t i = 0; i < metrics_.size(); ++i) {
    const auto& value = at(metrics, metrics_[i]);
    if (!value) return {};
    values[i] = *value;
  }
  const double cost = of(values.data());
  if (!std::isfinite(cost)) return {};
  return cost;
}

std::string CostFunction::unit() const { return expression_->unit(); }

std::optional<double> Goal::beyond(const Metrics& metrics) const {
  double most = 0;
  for (const Limit& limit : limits) {
    const auto& value = at(metrics, limit.metric);
    if (!value) return {};
    most = std::max(most, *value / limit.most - 1);
  }
  return most;
}

std::vector<Metric> Goal::metrics() const {
  std::vector<Metric> all = cost.metrics();
  for (const Limit& limit : limits)
    if (std::find(all.begin(), all.end(), limit.metric) == all.end()) all.push_back(limit.metric);
  return all;
}

}  // namespace isojoule
