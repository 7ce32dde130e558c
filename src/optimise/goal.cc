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
  virtual std::unique_ptr<Expression> clone() const = 0;
  virtual void refer(const std::vector<double>&) {}
  virtual bool needs_reference() const { return false; }
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
  std::unique_ptr<CostFunction::Expression> clone() const override {
    return std::make_unique<Powers>(*this);
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
  std::unique_ptr<CostFunction::Expression> clone() const override {
    return std::make_unique<Weighted>(*this);
  }
  void refer(const std::vector<double>& values) override {
    reference_ = values;
    referred_ = true;
  }
  bool needs_reference() const override { return !referred_; }

 private:
  double energy_;
  bool referred_ = false;
  std::vector<double> reference_ = {1, 1};
};

// muParser keeps addresses of variables: one buffer, so one thread.
class Parsed final : public CostFunction::Expression {
 public:
  // Throws mu::ParserError.
  Parsed(const std::string& text, const std::vector<Metric>& metrics)
      : metrics_(metrics), values_(metrics.size()) {
    for (std::size_t i = 0; i < metrics.size(); ++i)
      parser_.DefineVar(std::string(name_of(metrics[i])), &values_[i]);
    parser_.SetExpr(text);
    parser_.Eval();
  }
  double of(const double* values) const override {
    std::copy_n(values, values_.size(), values_.begin());
    return parser_.Eval();
  }
  // A copied parser would read the buffer of the first. What was parsed once is parsed again.
  std::unique_ptr<CostFunction::Expression> clone() const override {
    return std::make_unique<Parsed>(parser_.GetExpr(), metrics_);
  }

 private:
  std::vector<Metric> metrics_;
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

tl::unexpected<Error> no_expression(const std::string& text, const std::string& why) {
  return fail(ErrorKind::parse, fmt::format("'{}' is no cost: {}", text, why),
              "Say energy, latency, power, edp, ed2p, weighted:0.7, or an expression of what is "
              "measured: 'energy + 0.2*latency_p99'");
}

Result<double> energy_weight(const std::string& word) {
  double weight = 0;
  const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), weight);
  if (code != std::errc() || end != word.data() + word.size() || !(weight >= 0 && weight <= 1))
    return fail(ErrorKind::out_of_range, "'" + word + "' is no weight of energy",
                "Write a number from 0 (latency alone) to 1 (energy alone): weighted:0.7");
  return weight;
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

std::optional<std::string> stray_operator(const std::string& text) {
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char here = text[i], before = i > 0 ? text[i - 1] : ' ';
    const char after = i + 1 < text.size() ? text[i + 1] : ' ';
    depth += here == '(' ? 1 : here == ')' ? -1 : 0;
    if (here == '=' && after != '=' && std::string_view("<>!=").find(before) == std::string::npos)
      return fmt::format("'=' at place {} sets a value", i + 1);
    if (here == ',' && depth <= 0) return fmt::format("',' at place {} makes several of it", i + 1);
    if (here == '"') return "words cannot be reckoned with";
  }
  return {};
}

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

CostFunction::CostFunction()
    : text_(kNamed[0].name),
      metrics_({Metric::energy}),
      expression_(std::make_unique<Powers>(kNamed[0])) {}
CostFunction::CostFunction(const CostFunction& other)
    : text_(other.text_),
      metrics_(other.metrics_),
      expression_(other.expression_ ? other.expression_->clone() : nullptr) {}
CostFunction& CostFunction::operator=(const CostFunction& other) {
  if (this != &other) *this = CostFunction(other);
  return *this;
}
CostFunction::CostFunction(CostFunction&&) noexcept = default;
CostFunction& CostFunction::operator=(CostFunction&&) noexcept = default;
CostFunction::~CostFunction() = default;

Result<CostFunction> CostFunction::parse(const std::string& text) {
  CostFunction cost;
  cost.text_ = trimmed(text);
  if (cost.text_.size() > kLongest)
    return fail(ErrorKind::out_of_range, fmt::format("a cost of {} characters", cost.text_.size()),
                fmt::format("Write at most {}", kLongest));
  for (const NamedCost& named : kNamed) {
    if (cost.text_ != named.name) continue;
    cost.metrics_.clear();
    if (named.energy != 0) cost.metrics_.push_back(Metric::energy);
    if (named.latency != 0) cost.metrics_.push_back(Metric::latency);
    if (named.power != 0) cost.metrics_.push_back(Metric::power);
    cost.expression_ = std::make_unique<Powers>(named);
    return cost;
  }
  if (cost.text_.starts_with(kWeighted)) {
    ISOJOULE_TRY(const double weight, energy_weight(cost.text_.substr(kWeighted.size())));
    cost.metrics_ = {Metric::energy, Metric::latency};
    cost.expression_ = std::make_unique<Weighted>(weight);
    return cost;
  }
  try {
    if (const auto stray = stray_operator(cost.text_)) return no_expression(cost.text_, *stray);
    ISOJOULE_TRY(cost.metrics_, metrics_in(cost.text_));
    if (cost.metrics_.empty())
      return fail(ErrorKind::invalid, "'" + cost.text_ + "' names nothing that is measured",
                  "Say what is to be least, such as energy or edp");
    cost.expression_ = std::make_unique<Parsed>(cost.text_, cost.metrics_);
  } catch (const mu::ParserError& error) {
    return no_expression(cost.text_, error.GetMsg());
  }
  return cost;
}

bool CostFunction::set_reference(const Metrics& reference) {
  std::vector<double> values;
  for (const Metric metric : metrics_) {
    const auto& value = at(reference, metric);
    if (!value || !(*value > 0) || !std::isfinite(*value)) return false;
    values.push_back(*value);
  }
  expression_->refer(values);
  return true;
}

bool CostFunction::needs_reference() const { return expression_->needs_reference(); }

double CostFunction::of(const double* values) const { return expression_->of(values); }

std::optional<double> CostFunction::of(const Metrics& metrics) const {
  std::array<double, kMetrics> values{};
  for (std::size_t i = 0; i < metrics_.size(); ++i) {
    const auto& value = at(metrics, metrics_[i]);
    if (!value) return {};
    values[i] = *value;
  }
  const double cost = of(values.data());
  if (!std::isfinite(cost) || !(cost > 0)) return {};
  return cost;
}

std::string CostFunction::unit() const { return expression_->unit(); }

std::optional<double> Goal::beyond(const Metrics& metrics) const {
  double most = 0;
  for (const Limit& limit : limits) {
    const auto& value = at(metrics, limit.metric);
    if (!value || !std::isfinite(*value)) return {};
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
