#include "app/monitor/program_watch.h"

#include <chrono>
#include <utility>

namespace isojoule {
namespace {

constexpr Duration kEndLookPeriod =
    Duration::milliseconds(100);  // between two looks whether to end

}  // namespace

ProgramWatch::ProgramWatch(std::unique_ptr<Session> session, Clock& clock)
    : session_(std::move(session)), clock_(clock), thread_([this] { listen(); }) {}

ProgramWatch::~ProgramWatch() {
  {
    const std::lock_guard held(lock_);
    ends_ = true;
  }
  thread_.join();
}

void ProgramWatch::listen() {
  for (;;) {
    auto event = session_->next_event(clock_.now() + kEndLookPeriod);
    const std::lock_guard held(lock_);
    if (!event) error_ = event.error();
    const bool is_last =
        !event ||
        (*event && ((*event)->kind == EventKind::finished || (*event)->kind == EventKind::failed));
    if (event && *event) events_.push_back(std::move(**event));
    if (is_last || !events_.empty()) changed_.notify_one();
    if (is_last || ends_) return;
  }
}

Result<std::vector<Event>> ProgramWatch::take(Duration patience) {
  std::unique_lock held(lock_);
  changed_.wait_for(held, std::chrono::nanoseconds(patience.ns),
                    [this] { return !events_.empty() || error_; });
  if (events_.empty() && error_) return tl::unexpected<Error>(*error_);
  return std::exchange(events_, {});
}

}  // namespace isojoule
