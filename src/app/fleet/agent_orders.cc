#include "app/fleet/agent_orders.h"

#include <chrono>

#include "fleet/name.h"

namespace isojoule::agent {
namespace {

constexpr Duration kWatchSlice = Duration::milliseconds(200);
constexpr std::chrono::milliseconds kAgain{500};
constexpr std::chrono::minutes kRenew{5};  // see study_book.cc

}  // namespace

OrderWatch::OrderWatch(fleet::Bus& bus, std::string name, std::function<void()> changed)
    : bus_(bus), name_(std::move(name)), changed_(std::move(changed)) {
  if (const auto entry = bus_.get(fleet::kOrders, name_)) take(*entry);
  thread_ = std::thread([this] { watch(); });
}

OrderWatch::~OrderWatch() {
  stopping_ = true;
  thread_.join();
}

fleet::Order OrderWatch::now() const {
  const std::lock_guard lock(mutex_);
  return order_;
}

// An order that cannot be read changes nothing. One that is removed drains no more; how often the
// board was told to resume stays known.
void OrderWatch::take(const fleet::KeyValue& entry) {
  if (entry.removed) {
    const std::lock_guard lock(mutex_);
    order_.drain = false;
    order_.why.clear();
    return;
  }
  const auto order = fleet::parse_order(entry.value);
  if (!order) return;
  const std::lock_guard lock(mutex_);
  order_ = *order;
}

void OrderWatch::watch() {
  using std::chrono::steady_clock;
  while (!stopping_) {
    auto watch = bus_.watch(fleet::kOrders, name_);
    const auto begin = steady_clock::now();
    while (watch && !stopping_ && steady_clock::now() - begin < kRenew) {
      const auto entry = (*watch)->next(kWatchSlice);
      if (!entry) break;
      if (!*entry) continue;
      take(**entry);
      changed_();
    }
    if (!stopping_) std::this_thread::sleep_for(kAgain);
  }
}

}  // namespace isojoule::agent
