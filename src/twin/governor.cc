#include "twin/governor.h"

#include <algorithm>

namespace isojoule::twin {
namespace {

// Static ones: performance (cpufreq_performance.c), powersave (cpufreq_powersave.c).
class Fixed : public Governor {
 public:
  enum class Wish { lowest, keep, highest };
  Fixed(const std::vector<Hertz>& table, Wish wish) : Governor(table, {0}), wish_(wish) {}

 private:
  std::size_t do_decide(const GovernorInput& input) override {
    if (wish_ == Wish::keep) return input.current;
    return wish_ == Wish::lowest ? input.lowest : input.highest;
  }
  Wish wish_;
};

}  // namespace

std::size_t Governor::decide(const GovernorInput& input) {
  return std::clamp(do_decide(input), input.lowest, input.highest);
}

std::size_t Governor::at_least(double f) const {
  const auto found = std::lower_bound(table_.begin(), table_.end(), Hertz(f));
  return found == table_.end() ? table_.size() - 1
                               : static_cast<std::size_t>(found - table_.begin());
}

std::size_t Governor::at_most(double f) const {
  const auto found = std::upper_bound(table_.begin(), table_.end(), Hertz(f));
  return found == table_.begin() ? 0 : static_cast<std::size_t>(found - table_.begin()) - 1;
}

std::unique_ptr<Governor> make_dynamic_cpu_governor(const std::string& name, const Constants& c);
std::unique_ptr<Governor> make_dynamic_gpu_governor(const std::string& name, const Constants& c);

std::unique_ptr<Governor> make_fixed(const std::string& name, const std::vector<Hertz>& table) {
  if (name == "performance") return std::make_unique<Fixed>(table, Fixed::Wish::highest);
  if (name == "powersave") return std::make_unique<Fixed>(table, Fixed::Wish::lowest);
  if (name == "userspace") return std::make_unique<Fixed>(table, Fixed::Wish::keep);
  return nullptr;
}

std::unique_ptr<Governor> make_cpu_governor(const std::string& name, const Constants& constants) {
  auto fixed = make_fixed(name, constants.cpu_frequencies);
  return fixed ? std::move(fixed) : make_dynamic_cpu_governor(name, constants);
}

std::unique_ptr<Governor> make_gpu_governor(const std::string& name, const Constants& constants) {
  auto fixed = make_fixed(name, constants.gpu_frequencies);
  return fixed ? std::move(fixed) : make_dynamic_gpu_governor(name, constants);
}

}  // namespace isojoule::twin
