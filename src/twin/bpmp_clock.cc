#include "twin/bpmp_clock.h"

#include <algorithm>

#include "twin/node.h"

namespace isojoule::twin {

BpmpClock::BpmpClock(MemoryTree& tree, const std::string& folder, std::vector<std::int64_t> rates,
                     std::function<std::int64_t()> unlocked, std::function<void()> changed)
    : folder_(folder),
      rates_(std::move(rates)),
      unlocked_(std::move(unlocked)),
      changed_(std::move(changed)),
      minimum_(rates_.size() == 1 ? 0 : rates_.front()),
      maximum_(rates_.back()) {
  tree.add_integer(
      folder_ + "/rate", [this] { return rate(); },
      [this](std::string_view text) { return write_rate(text); });
  tree.add_integer(
      folder_ + "/mrq_rate_locked", [this] { return locked_ ? 1 : 0; },
      [this](std::string_view text) { return write_lock(text); });
  for (auto* limit : {&minimum_, &maximum_}) {
    const std::string path = folder_ + (limit == &minimum_ ? "/min_rate" : "/max_rate");
    tree.add_integer(
        path, [limit] { return *limit; },
        [this, limit, path](std::string_view text) -> Status {
          const auto value = strict_number(text);
          if (!value) return refuse(EINVAL, path, "write");
          *limit = rounded(*value);
          changed_();
          return {};
        });
  }
  add_switch(tree, folder_ + "/state", state_);  // the twin's clocks run whatever is written
}

std::int64_t BpmpClock::rate() const {
  const std::int64_t wanted = locked_ ? locked_rate_ : unlocked_();
  return rounded(std::clamp(wanted, std::min(minimum_, maximum_), maximum_));
}

std::int64_t BpmpClock::rounded(std::int64_t wanted) const {
  if (rates_.size() == 1) return std::min(wanted, rates_.front());
  const auto found = std::lower_bound(rates_.begin(), rates_.end(), wanted);
  return found == rates_.end() ? rates_.back() : *found;
}

Status BpmpClock::write_rate(std::string_view text) {
  const auto value = strict_number(text);
  if (!value) return refuse(EINVAL, folder_ + "/rate", "write");
  if (!locked_) return {};  // the kernel's next request has overridden it already
  locked_rate_ = rounded(*value);
  changed_();
  return {};
}

Status BpmpClock::write_lock(std::string_view text) {
  const auto value = strict_number(text);
  if (!value || *value > 1) return refuse(EINVAL, folder_ + "/mrq_rate_locked", "write");
  if (*value == 1 && !locked_) locked_rate_ = rate();
  locked_ = *value == 1;
  changed_();
  return {};
}

}  // namespace isojoule::twin
