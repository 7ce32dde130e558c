#include "twin/virtual_clock.h"

#include <algorithm>
#include <utility>

namespace isojoule::twin {

struct VirtualClock::Entry {
  std::function<void(Instant)> tick;
  Duration period;
  Instant due;
  bool busy = false;  // its tick is being called
  bool gone = false;  // its Ticker was destroyed
  VirtualClock* clock = nullptr;
};

class VirtualClock::Handle final : public Ticker {
 public:
  explicit Handle(std::shared_ptr<Entry> entry) : entry_(std::move(entry)) {}
  ~Handle() override {
    entry_->gone = true;
    if (entry_->clock == nullptr) return;
    entry_->clock->any_gone_ = true;
    if (entry_->clock->depth_ == 0) entry_->clock->sweep();
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

 private:
  std::shared_ptr<Entry> entry_;
};

VirtualClock::~VirtualClock() {
  for (auto& entry : entries_) entry->clock = nullptr;
}

std::unique_ptr<Ticker> VirtualClock::do_every(Duration period, std::function<void(Instant)> tick) {
  auto entry = std::make_shared<Entry>();
  entry->tick = std::move(tick);
  entry->period = std::max(period, Duration{1});  // a period of 0 would stop time
  entry->due = simulation_.now();
  entry->clock = this;
  entries_.push_back(entry);
  return std::make_unique<Handle>(std::move(entry));
}

VirtualClock::Entry* VirtualClock::next_due() const {
  Entry* next = nullptr;
  for (const auto& entry : entries_)  // a handful; the first of equals is the oldest
    if (!entry->gone && !entry->busy && (next == nullptr || entry->due < next->due))
      next = entry.get();
  return next;
}

void VirtualClock::call(Entry& entry, Instant due, Simulation& simulation) {
  entry.busy = true;
  entry.due = due + entry.period;
  entry.tick(due);
  entry.busy = false;
  const Instant now = simulation.now();
  if (entry.due < now) entry.due = due + entry.period * ((now - due).ns / entry.period.ns + 1);
}

void VirtualClock::sweep() {
  std::erase_if(entries_, [](const auto& entry) { return entry->gone; });
  any_gone_ = false;
}

// Waits first: what happens at t is seen when it is t.
void VirtualClock::go_to(Instant t) {
  if (t <= simulation_.now()) return;
  pace_.pass(simulation_.now(), t);
  simulation_.advance_to(t);
}

void VirtualClock::do_sleep_until(Instant deadline) {
  ++depth_;
  // Entries stay in the vector while any wait is under way, so that the pointer holds during its
  // tick.
  for (Entry* next = next_due(); next != nullptr && next->due <= deadline; next = next_due()) {
    go_to(next->due);
    call(*next, next->due, simulation_);
  }
  --depth_;
  if (depth_ == 0 && any_gone_) sweep();
  go_to(deadline);
}

}  // namespace isojoule::twin
