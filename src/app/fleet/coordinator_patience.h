// A server whose leaders are being elected, or that is being restarted, answers a little later:
// what somebody asks of it at the beginning is asked again.
#pragma once

#include <atomic>
#include <memory>

#include "app/fleet/passing.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/quantity.h"

namespace isojoule {

// One thread. One deadline for all that is asked with it: 60 s after it was made, longer than a
// cluster takes to elect its leaders and a server to be started anew.
class Patience {
 public:
  explicit Patience(const std::atomic<bool>& interrupted)
      : interrupted_(interrupted), clock_(make_real_clock()), end_(clock_->now() + kLimit) {}

  // `ask` gives a Result or a Status; it is called again while its error passes.
  template <typename Ask>
  auto operator()(Ask ask) const {
    return repeat(ask, [](ErrorKind kind) { return passes(kind); });
  }
  // The same for a connection, where "nobody answers" passes as well: a server that is started
  // anew is there soon, and a mistyped address should not be waited for.
  template <typename Ask>
  auto connect(Ask ask) const {
    const Instant end = clock_->now() + kConnect;
    return repeat(ask, [this, end](ErrorKind kind) {
      return passes(kind) || (kind == ErrorKind::not_found && clock_->now() < end);
    });
  }

 private:
  static constexpr Duration kLimit = Duration::milliseconds(60'000);
  static constexpr Duration kConnect = Duration::milliseconds(10'000);
  static constexpr Duration kPause = Duration::milliseconds(1000);

  template <typename Ask, typename Passes>
  auto repeat(Ask& ask, Passes may_pass) const {
    for (;;) {
      auto answer = ask();
      if (answer || !may_pass(answer.error().kind) || interrupted_ ||
          clock_->now() + kPause >= end_)
        return answer;
      clock_->sleep_for(kPause);
    }
  }

  const std::atomic<bool>& interrupted_;
  std::unique_ptr<Clock> clock_;
  Instant end_;
};

}  // namespace isojoule
