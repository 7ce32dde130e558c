#include "fleet/nats/nats_bus.h"

#include <array>

#include "fleet/nats/follow.h"
#include "fleet/nats/nats_queue.h"
#include "fleet/nats/pull.h"

namespace isojoule::fleet {

namespace {

constexpr std::int64_t kMostClaims = 100'000;   // handed out at once
constexpr std::int64_t kMostWaiting = 100'000;  // that ask at once

class NatsReader final : public Reader {
 public:
  NatsReader(const Link& link, FollowSpec spec) : follower_(link, std::move(spec)) {}
  Status begin() { return follower_.begin(); }

 private:
  Result<std::optional<BusMessage>> do_next(Duration limit) override {
    ISOJOULE_TRY(auto followed, follower_.next(limit));
    if (!followed) return std::optional<BusMessage>();
    return std::optional<BusMessage>(std::move(followed->message));
  }

  Follower follower_;
};

jsOptions waiting(std::int64_t wait_ms) {
  jsOptions options;
  jsOptions_Init(&options);
  options.Wait = wait_ms;
  return options;
}

}  // namespace

Result<std::unique_ptr<Bus>> connect_nats(const BusOptions& options) {
  ISOJOULE_TRY(auto link, Link::open(options));
  return std::make_unique<NatsBus>(std::move(link));
}

NatsBus::NatsBus(std::unique_ptr<Link> link) : link_(std::move(link)) {}
NatsBus::~NatsBus() = default;

Status NatsBus::do_make_queue(const std::string& stream, const std::string& queue,
                              const std::string& filter, Duration claim) {
  const auto there = consumer_info(*link_, stream, queue);
  if (there) return {};
  jsConsumerConfig config;
  jsConsumerConfig_Init(&config);
  config.Durable = queue.c_str();
  config.AckPolicy = js_AckExplicit;
  config.AckWait = claim.ns;
  config.MaxDeliver = -1;  // for ever
  config.FilterSubject = filter.empty() ? nullptr : filter.c_str();
  config.MaxAckPending = kMostClaims;
  config.MaxWaiting = kMostWaiting;
  const auto failure = link_->request(stream, [&](std::int64_t wait_ms, jsErrCode* code) {
    jsOptions options = waiting(wait_ms);
    jsConsumerInfo* made = nullptr;
    const natsStatus status =
        js_AddConsumer(&made, link_->context(), stream.c_str(), &config, &options, code);
    const NatsConsumerInfo owned(made);
    return status;
  });
  if (failure) return failed("cannot make the queue '" + queue + "' of '" + stream + "'", *failure);
  return {};
}

Status NatsBus::do_remove_queue(const std::string& stream, const std::string& queue) {
  const auto failure = link_->request(stream, [&](std::int64_t wait_ms, jsErrCode* code) {
    jsOptions options = waiting(wait_ms);
    return js_DeleteConsumer(link_->context(), stream.c_str(), queue.c_str(), &options, code);
  });
  if (!failure || failure->code == JSConsumerNotFoundErr) return {};  // gone is gone
  return failed("cannot remove the queue '" + queue + "' of '" + stream + "'", *failure);
}

Result<std::unique_ptr<Queue>> NatsBus::do_queue(const std::string& stream,
                                                 const std::string& queue) {
  return make_nats_queue(*link_, stream, queue);
}

Result<QueueState> NatsBus::do_queue_state(const std::string& stream, const std::string& queue) {
  ISOJOULE_TRY(const NatsConsumerInfo info, consumer_info(*link_, stream, queue));
  return QueueState{.waiting = info->NumPending,
                    .claimed = static_cast<std::uint64_t>(info->NumAckPending),
                    .again = static_cast<std::uint64_t>(info->NumRedelivered)};
}

Result<std::unique_ptr<Reader>> NatsBus::do_read(const std::string& stream,
                                                 const std::string& filter, std::uint64_t from) {
  auto reader = std::make_unique<NatsReader>(
      *link_, FollowSpec{.stream = stream, .filter = filter, .from = from});
  ISOJOULE_CHECK(reader->begin());
  return reader;
}

Status NatsBus::do_answer(const std::string& subject, Handler handler) {
  ISOJOULE_TRY(auto answerer, Answerer::start(*link_, subject, std::move(handler)));
  const std::lock_guard lock(mutex_);
  answerers_.push_back(std::move(answerer));
  return {};
}

Result<std::string> NatsBus::do_ask(const std::string& subject, std::string_view question,
                                    Duration limit) {
  const std::uint64_t refusals = link_->state().refusals();
  natsMsg* answered = nullptr;
  const natsStatus status =
      natsConnection_Request(&answered, link_->connection(), subject.c_str(), question.data(),
                             length_of(question), std::max<std::int64_t>(whole_ms(limit), 1));
  const NatsMessage answer(answered);
  if (auto refusal = link_->state().refusal(refusals, subject))
    return failed("may not ask '" + subject + "'", {NATS_NOT_PERMITTED, {}, *refusal});
  if (status == NATS_NO_RESPONDERS)
    return fail(ErrorKind::not_found, "nobody answers on '" + subject + "'");
  if (status != NATS_OK) return failed("no answer on '" + subject + "'", failure_of(status, {}));
  const char* error = nullptr;
  if (natsMsgHeader_Get(answered, kAnswerError, &error) == NATS_OK && error != nullptr)
    return fail(ErrorKind::internal, "'" + subject + "' failed to answer: " + error);
  const char* bytes = natsMsg_GetData(answered);
  return std::string(bytes == nullptr ? "" : bytes,
                     static_cast<std::size_t>(natsMsg_GetDataLength(answered)));
}

bool NatsBus::do_connected() const { return link_->state().connected; }
bool NatsBus::do_closed() const { return link_->state().closed; }

std::size_t NatsBus::do_largest_message() const {
  return static_cast<std::size_t>(
      std::max<std::int64_t>(natsConnection_GetMaxPayload(link_->connection()), 0));
}

std::string NatsBus::do_server() const {
  std::array<char, 512> url{};
  if (natsConnection_GetConnectedUrl(link_->connection(), url.data(), url.size()) != NATS_OK)
    return "not connected";
  std::string text = url.data();
  // No password for people.
  const auto scheme = text.find("://");
  const auto at = text.rfind('@');
  if (scheme != std::string::npos && at != std::string::npos)
    text.erase(scheme + 3, at - scheme - 2);
  std::array<char, 128> id{};
  if (natsConnection_GetConnectedServerId(link_->connection(), id.data(), id.size()) != NATS_OK)
    return text;
  return std::string("nats-server ") + id.data() + " " + text;
}

}  // namespace isojoule::fleet
