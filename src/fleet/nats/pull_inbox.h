// Where the answers of a queue's requests come, one request at a time, for the queue's whole life.
//
// A message is claimed by whoever asked from the moment the server sends it. On a busy machine it
// may come when nobody waits for it any more: then it is given back at once, and not left to nobody
// until its claim runs out.
#pragma once

#include <memory>

#include "base/quantity.h"
#include "fleet/nats/link.h"

namespace isojoule::fleet {

// What libnats's thread and the queue's share.
class PullAnswers;

// Belongs to one thread at a time, and must not outlive its Link.
class PullInbox {
 public:
  static Result<PullInbox> open(const Link& link, std::string subject);
  ~PullInbox();
  PullInbox(PullInbox&&) noexcept;
  PullInbox& operator=(PullInbox&&) = delete;

  // The last request was neither answered nor lost with its connection, nor is it so old that its
  // answer must have been lost.
  bool is_waited_for() const;
  // When the server should have answered it.
  Instant due() const { return asked_ + expires_; }
  // The server may wait `expires` for a message; 0: not at all. A request before it is given up.
  Status ask(Duration expires);
  // The answer; null: none came within `limit`, or none can come any more.
  NatsMessage wait(Duration limit);
  // Whether the server has refused the last request, or the inbox, and in what words.
  std::optional<std::string> refusal() const;

 private:
  PullInbox(const Link& link, std::string subject, std::shared_ptr<PullAnswers> answers);

  const Link& link_;
  std::string subject_;  // of the consumer's requests
  std::string inbox_;    // with a dot at its end; behind it the request
  std::shared_ptr<PullAnswers> answers_;
  NatsSubscription subscription_;
  Instant asked_{};  // the last request
  Duration expires_{};
  std::uint64_t generation_ = 0;  // the connection that it went over
  std::uint64_t refusals_ = 0;    // before it
};

}  // namespace isojoule::fleet
