// A stream's messages in order through an ephemeral consumer that asks for them in batches. What
// may have been lost (a connection taken up again, a heartbeat missed, a gap in the consumer's
// numbers, a consumer that is gone) makes it begin anew behind the last message that it gave out.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "fleet/nats/link.h"
#include "fleet/nats/pull.h"

namespace isojoule::fleet {

struct FollowedMessage {
  BusMessage message;
  std::string operation;      // the header KV-Operation: "", "DEL", "PURGE"
  std::uint64_t pending = 0;  // behind it, when it was handed out
};

struct FollowSpec {
  std::string stream;
  std::string filter;         // "": all
  std::uint64_t from = 0;     // 0: the first
  bool last_of_each = false;  // begins with the last of every subject instead
};

// One thread at a time. `link` must outlive it.
class Follower {
 public:
  Follower(const Link& link, FollowSpec spec);
  ~Follower();
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  // Makes the consumer. Errors: not_found (no such stream), permission_denied, those that pass.
  Status begin();
  // What was to come when it began, so that an empty stream can be told.
  std::uint64_t waiting() const { return waiting_; }
  Result<std::optional<FollowedMessage>> next(Duration limit);
  // By the server's word: all that is there has come. What was still to come may have gone
  // meanwhile, written anew or too old.
  bool is_at_end() const;

 private:
  Status make_consumer();
  Status ask();  // for the next batch
  void drop();   // the consumer: the next call begins anew
  // Nothing: a status, or a message that shows that some are missing (it drops then).
  std::optional<FollowedMessage> judge(natsMsg* message);
  void judge_status(const PullStatus& status);
  bool all_came();  // of what the server has handed out

  const Link& link_;
  FollowSpec spec_;
  std::string consumer_;  // "": none
  NatsSubscription inbox_;
  std::string inbox_subject_;
  std::uint64_t generation_ = 0;  // of the connection that it was made on
  std::uint64_t consumer_sequence_ = 0, last_ = 0, waiting_ = 0;
  int asked_ = 0;    // messages of the batch that may still come; 0: ask
  Instant heard_{};  // when anything came last
};

}  // namespace isojoule::fleet
