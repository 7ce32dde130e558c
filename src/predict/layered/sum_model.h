// One quantity (energy, or time) as a sum over terms, all of them scaled by the clocks alike.
#pragma once

#include <Eigen/Core>
#include <array>
#include <span>
#include <string>
#include <vector>

#include "predict/layered/term.h"
#include "predict/observation.h"
#include "predict/regression.h"

namespace isojoule {
class JsonAt;
}

namespace isojoule::layered {

inline constexpr std::size_t kClocks = 4;
extern const std::array<const char*, kClocks> kClockNames;  // "gpu_frequency", ...
std::array<double, kClocks> clocks_of(const OperatingPoint& point);

struct Row {
  Terms terms{};
  OperatingPoint point;
  double value = 0;  // measured, > 0
  int group = 0;
  bool single_layer = false;
};

// Which terms take part: all of them, but for experiments on what each is worth.
using TermSet = std::array<bool, kTerms>;
inline constexpr TermSet kAllTerms = {true, true, true, true, true, true, true, true};

// value = e^scale sum_j e^u_j terms_j exp(sum_c a_c x_c + b_c x_c^2), x_c = log(clock / its mean).
// theta = scale, u (kTerms), a and b (kClocks each).
class SumModel {
 public:
  // tau: how far (standard deviation of the logarithm) a term may go from its usual cost.
  static SumModel fit(std::span<const Row> rows, double tau, const TermSet& used);
  static Result<SumModel> load(const JsonAt& state);

  double factor(std::size_t term) const;  // at the mean clocks
  double clock_factor(const OperatingPoint& point) const;
  double value(const Terms& terms, double clock_factor) const;  // of any part
  double log_sd(const Terms& terms, const OperatingPoint& point) const;
  const FittedVector& fitted() const { return fitted_; }
  const TermSet& used() const { return used_; }
  double clock_middle(std::size_t clock) const { return middle_[clock]; }  // 0: it did not vary
  nlohmann::json state() const;

 private:
  Eigen::VectorXd gradient(const Terms& terms, const OperatingPoint& point) const;
  TermSet used_ = kAllTerms;
  std::array<double, kClocks> middle_{};  // Hz; 0: that clock did not vary
  FittedVector fitted_;
};

}  // namespace isojoule::layered
