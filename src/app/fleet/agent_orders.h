// What a person told this board (bucket orders), as it is now: watched by a thread of its own, so
// that a board that measures for an hour says at once that it drains.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "fleet/bus.h"
#include "fleet/message.h"

namespace isojoule::agent {

class OrderWatch {
 public:
  // `changed` is called by the thread. What stands there when it begins is known when it returns,
  // where the server answers.
  OrderWatch(fleet::Bus& bus, std::string name, std::function<void()> changed);
  ~OrderWatch();
  OrderWatch(const OrderWatch&) = delete;
  OrderWatch& operator=(const OrderWatch&) = delete;

  fleet::Order now() const;  // any thread

 private:
  void watch();
  void take(const fleet::KeyValue& entry);

  fleet::Bus& bus_;
  const std::string name_;
  const std::function<void()> changed_;
  mutable std::mutex mutex_;
  fleet::Order order_;  // guarded by mutex_
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace isojoule::agent
