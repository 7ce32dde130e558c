// What somebody wants: the least of a cost, under limits. Both are about metrics that were measured
// apart, so that another goal ranks the same probes anew without a measurement.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "optimise/probe.h"

namespace isojoule {

struct Limit {
  Metric metric;
  double most = 0;   // SI
  std::string text;  // as it was written: "latency_p99<33ms"
};
// "latency<33ms", "power < 15 W", "memory<2GB", "temperature<70C". Errors: parse (no '<', no
// unit or one of another quantity), not_found (the metric, with the nearest), out_of_range.
Result<Limit> parse_limit(const std::string& text);

// What muParser takes in an expression of costs, and nobody means: '=' would set a variable, ','
// outside parentheses give the last of several. Says which and where; nothing: all is well.
std::optional<std::string> stray_operator(const std::string& text);

// A copy has a compiled expression of its own: what one is told of, another does not know. One
// thread.
class CostFunction {
 public:
  class Expression;
  static constexpr std::size_t kLongest = 1000;  // characters

  CostFunction();  // energy
  CostFunction(const CostFunction& other);
  CostFunction& operator=(const CostFunction& other);
  CostFunction(CostFunction&&) noexcept;
  CostFunction& operator=(CostFunction&&) noexcept;
  ~CostFunction();

  // "energy", "latency", "power", "edp" (energy x latency), "ed2p" (energy x latency^2),
  // "weighted:W" (W energy/E0 + (1 - W) latency/L0, with E0 and L0 of the first setting that was
  // measured, so that W has a meaning whatever the units are), or an expression of metrics such as
  // "energy + 0.2*latency_p99" with + - * / ^ ( ) min max sqrt exp log (the natural one).
  // Errors: parse (where in the text), not_found (a metric, with the nearest), invalid (no metric
  // in it), out_of_range (a weight, the length).
  static Result<CostFunction> parse(const std::string& text);

  const std::string& text() const { return text_; }
  const std::vector<Metric>& metrics() const { return metrics_; }  // what it needs
  // By what the metrics are divided in "weighted:"; elsewhere it does nothing. A ProbeLog sets it
  // to the first probe that can be; who ranks without one has to. False: a metric is missing there.
  bool set_reference(const Metrics& reference);
  bool needs_reference() const;  // "weighted:" without one: divided by 1 J and 1 s
  // Nothing where a metric that it needs was not measured, or what comes out is not a finite number
  // above zero: searches compare costs by their ratios.
  std::optional<double> of(const Metrics& metrics) const;
  // Values of metrics() in their order.
  double of(const double* values) const;
  std::string unit() const;  // "J", "s", "J s", ""

 private:
  std::string text_;
  std::vector<Metric> metrics_;
  std::unique_ptr<Expression> expression_;  // of an object that was moved from: none
};

struct Goal {
  CostFunction cost;
  std::vector<Limit> limits;
  // Of each limit that is not met: how far the metric is beyond it, as a share. 0: all are met.
  // Nothing where a limited metric was not measured, or is no finite number.
  std::optional<double> beyond(const Metrics& metrics) const;
  bool met(const Metrics& metrics) const { return beyond(metrics) == 0.0; }
  // The cost's and the limits', without repeats.
  std::vector<Metric> metrics() const;
};

}  // namespace isojoule
