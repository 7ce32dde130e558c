#include "fleet/nats/nats_queue.h"

#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>

#include "fleet/nats/pull.h"
#include "fleet/nats/pull_inbox.h"

namespace isojoule::fleet {

namespace {

// One request waits so long at the server: what a lost server can cost in time.
constexpr Duration kTakeSlice = Duration::milliseconds(2000);
// And we wait so much longer for the server's word that nothing came: as long as it answers, no
// message is handed to a request that nobody waits for.
constexpr Duration kTakeMargin = Duration::milliseconds(1000);

class NatsClaim final : public Claim {
 public:
  NatsClaim(const Link& link, BusMessage message, std::string reply, std::int64_t deliveries,
            std::string stream, std::string queue)
      : link_(link),
        message_(std::move(message)),
        reply_(std::move(reply)),
        deliveries_(deliveries),
        stream_(std::move(stream)),
        queue_(std::move(queue)) {}

 private:
  const BusMessage& do_message() const override { return message_; }
  std::int64_t do_deliveries() const override { return deliveries_; }

  Status do_extend() override {
    if (!link_.state().connected)
      return fail(ErrorKind::io, "the claim was not extended: the connection is lost",
                  "It is taken up again by itself; the claim may run out before");
    const natsStatus status =
        natsConnection_PublishString(link_.connection(), reply_.c_str(), "+WPI");
    if (status != NATS_OK) return failed("the claim was not extended", failure_of(status, {}));
    return {};
  }

  Status do_done() override {
    return answer("+ACK", "the message could not be taken off the queue");
  }

  Status do_give_back(Duration delay) override {
    const std::string words =
        delay.ns > 0 ? "-NAK " + nlohmann::json{{"delay", delay.ns}}.dump() : std::string("-NAK");
    return answer(words, "the message could not be given back");
  }

  // The server confirms. Where it no longer knows the queue, nothing is claimed any more.
  Status answer(const std::string& words, const std::string& what) {
    const auto failure = link_.request(reply_, [&](std::int64_t wait_ms, jsErrCode*) {
      natsMsg* confirmed = nullptr;
      const natsStatus status = natsConnection_Request(
          &confirmed, link_.connection(), reply_.c_str(), words.data(), length_of(words), wait_ms);
      const NatsMessage owned(confirmed);
      return status;
    });
    if (!failure) return {};
    const bool is_silent = failure->status == NATS_NO_RESPONDERS || failure->status == NATS_TIMEOUT;
    if (is_silent && consumer_is_gone(link_, stream_, queue_, kTakeMargin)) return {};
    return failed(what, *failure);
  }

  const Link& link_;
  BusMessage message_;
  std::string reply_;  // the subject of its answers
  std::int64_t deliveries_;
  std::string stream_, queue_;
};

class NatsQueue final : public Queue {
 public:
  NatsQueue(const Link& link, std::string stream, std::string queue, PullInbox inbox)
      : link_(link),
        stream_(std::move(stream)),
        queue_(std::move(queue)),
        inbox_(std::move(inbox)) {}

 private:
  using Taken = Result<std::unique_ptr<Claim>>;

  Taken do_take(Duration limit) override {
    const Instant deadline = link_.now() + limit;
    while (true) {
      const Instant begun = link_.now();
      const Duration left = deadline - begun;
      ISOJOULE_TRY(auto claim, ask(std::clamp(left, Duration{}, kTakeSlice)));
      if (claim || link_.now() >= deadline) return claim;
      // Whoever answers "nothing" too soon (servers that change) is not asked in a circle.
      if (link_.now() - begun < Duration::milliseconds(50))
        link_.sleep(std::min(deadline - link_.now(), Duration::milliseconds(50)));
    }
  }

  Taken ask(Duration expires) {
    if (!link_.state().wait_connected(expires)) return link_.state().closed ? closed() : nothing();
    // A server that is late already is not asked for more: its answer is waited for again.
    if (!inbox_.is_waited_for()) {
      looked_ = false;
      if (!inbox_.ask(expires)) return link_.state().closed ? closed() : nothing();
    }
    const Duration patience = std::max(inbox_.due() - link_.now(), expires) + kTakeMargin;
    const NatsMessage answer = inbox_.wait(patience);
    if (answer) return claim_of(answer.get());
    if (const auto refusal = inbox_.refusal())
      return failed("may not take from '" + queue_ + "'", {NATS_NOT_PERMITTED, {}, *refusal});
    if (link_.state().closed) return closed();
    return inbox_.is_waited_for() ? look() : nothing();
  }

  Taken claim_of(natsMsg* answer) {
    const auto place = pulled_place(natsMsg_GetReply(answer));
    if (place)
      return std::make_unique<NatsClaim>(link_, bus_message(answer, *place),
                                         natsMsg_GetReply(answer), place->deliveries, stream_,
                                         queue_);
    const auto status = pull_status(answer);
    const bool is_deleted = status && status->number == 409 &&
                            status->words.find("Consumer Deleted") != std::string::npos;
    const bool is_unheard = status && status->number == 503;  // no JetStream, or not yet
    return is_deleted || is_unheard ? look() : nothing();     // it changes, or nothing came
  }

  // Silence: the server is late, on its way to another, or the consumer is deleted (the API of
  // JetStream as a whole has listeners). Asked once a request.
  Taken look() {
    if (looked_) return nothing();
    looked_ = true;
    return consumer_is_gone(link_, stream_, queue_, kTakeMargin) ? gone() : nothing();
  }

  static Taken nothing() { return std::unique_ptr<Claim>(); }
  Taken gone() const {
    return fail(ErrorKind::not_found, "the queue '" + queue_ + "' of '" + stream_ + "' is gone",
                "Its study may be closed");
  }
  Taken closed() const {
    return failed("nothing can be taken from '" + queue_ + "'",
                  {NATS_CONNECTION_CLOSED, {}, "the connection is closed"});
  }

  const Link& link_;
  std::string stream_, queue_;
  PullInbox inbox_;
  bool looked_ = false;  // whether the queue is there, since the last request
};

}  // namespace

Result<std::unique_ptr<Queue>> make_nats_queue(const Link& link, const std::string& stream,
                                               const std::string& queue) {
  ISOJOULE_CHECK(check_consumer(link, stream, queue));
  ISOJOULE_TRY(PullInbox inbox, PullInbox::open(link, pull_subject(stream, queue)));
  return std::make_unique<NatsQueue>(link, stream, queue, std::move(inbox));
}

}  // namespace isojoule::fleet
