// One connection to the servers, with what every request over it has in common: it is tried again
// while the servers change, within the patience, and what the server or libnats says becomes an
// Error.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "fleet/bus.h"
#include "fleet/nats/handle.h"

namespace isojoule::fleet {

// Why a request failed: libnats's status, JetStream's number of the error (0: none), its words.
struct NatsFailure {
  natsStatus status = NATS_OK;
  jsErrCode code{};
  std::string text;
};

// What the threads of libnats tell the connection's users. Found by a number, because libnats may
// still call when the connection is gone.
class LinkState {
 public:
  std::atomic<bool> connected{false};
  std::atomic<bool> closed{false};           // for good: the servers refuse the credentials
  std::atomic<std::uint64_t> generation{0};  // connections so far: what waited is lost with each

  void changed();  // connected or closed was set
  bool wait_connected(Duration limit);
  void refused(std::string text);  // "Permissions Violation for Publish to ..."
  // The latest refusal since `since` (of the number refusals() then) whose text has `word` in it.
  std::uint64_t refusals();
  std::optional<std::string> refusal(std::uint64_t since, const std::string& word);

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  std::deque<std::pair<std::uint64_t, std::string>> refusals_;  // the last few
  std::uint64_t refusal_count_ = 0;
};

// Thread-safe.
class Link {
 public:
  static Result<std::unique_ptr<Link>> open(const BusOptions& options);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  natsConnection* connection() const { return connection_.get(); }
  jsCtx* context() const { return context_.get(); }
  LinkState& state() const { return *state_; }
  Duration patience() const { return patience_; }
  Instant now() const { return clock_->now(); }
  void sleep(Duration time) const { clock_->sleep_for(time); }

  // Calls `attempt` with the milliseconds that it may take until it succeeds, fails for good or the
  // patience is over. It must be harmless to have done twice. `about`: the stream, bucket or
  // subject in it, which the server names when it does not permit it.
  using Attempt = std::function<natsStatus(std::int64_t wait_ms, jsErrCode* code)>;
  std::optional<NatsFailure> request(const std::string& about, const Attempt& attempt) const;
  // The same; `first`: the longest that the first attempt may take.
  std::optional<NatsFailure> request(const std::string& about, Duration first,
                                     const Attempt& attempt) const;

 private:
  Link(NatsConnection connection, NatsContext context, std::shared_ptr<LinkState> state,
       std::uint64_t number, Duration patience);
  Status check_jetstream() const;

  std::unique_ptr<Clock> clock_ = make_real_clock();
  std::shared_ptr<LinkState> state_;
  std::uint64_t number_;  // of the state
  Duration patience_;
  NatsConnection connection_;
  NatsContext context_;
};

// True for what passes when the servers have found together again.
bool passes(const NatsFailure& failure);
// `what`: "cannot make the stream 'isojoule_runs'".
tl::unexpected<Error> failed(const std::string& what, const NatsFailure& failure);
// The last error of this thread's calls.
NatsFailure failure_of(natsStatus status, jsErrCode code);
std::int64_t whole_ms(Duration time);  // rounded up
int length_of(std::string_view bytes);

}  // namespace isojoule::fleet
