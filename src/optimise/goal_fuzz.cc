// For libFuzzer (preset fuzz); the kept corpus in tests/corpus/optimise_goal runs in
// goal_corpus_test.
//
// A text is a cost, a limit, or is refused with a remedy. What is taken can be reckoned with, by a
// copy as by itself, without a fault.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "optimise/goal.h"

namespace {

void check_error(const isojoule::Error& error) {
  if (error.what.empty() || error.remedy.empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace isojoule;
  const std::string text(data, data + size);
  if (const auto limit = parse_limit(text); !limit)
    check_error(limit.error());
  else if (!(limit->most > 0) || !std::isfinite(limit->most))
    std::abort();
  auto cost = CostFunction::parse(text);
  if (!cost) {
    check_error(cost.error());
    return 0;
  }
  if (cost->metrics().empty()) std::abort();
  Metrics metrics;
  for (std::size_t m = 0; m < kMetrics; ++m) metrics[m] = 0.5 + static_cast<double>(m);
  cost->set_reference(metrics);
  const auto own = cost->of(metrics);
  if (own && !(std::isfinite(*own) && *own > 0)) std::abort();
  const CostFunction copy = *cost;
  *cost = CostFunction();
  if (copy.of(metrics) != own) std::abort();
  return 0;
}
