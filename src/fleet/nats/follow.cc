#include "fleet/nats/follow.h"

#include <algorithm>

namespace isojoule::fleet {

namespace {

constexpr int kBatch = 256;
constexpr std::int64_t kBatchBytes = 16 << 20;  // what a slow reader holds at most, about
constexpr Duration kExpires = Duration::milliseconds(20'000);
constexpr Duration kHeartbeat = Duration::milliseconds(2000);
constexpr Duration kSilence = Duration::milliseconds(5000);  // two heartbeats are missing
constexpr Duration kSlice = Duration::milliseconds(250);     // looks at the connection so often
constexpr Duration kMaking = Duration::milliseconds(1500);
constexpr Duration kUnused = Duration::milliseconds(300'000);  // then the server drops the consumer

}  // namespace

Follower::Follower(const Link& link, FollowSpec spec) : link_(link), spec_(std::move(spec)) {}

Follower::~Follower() { drop(); }

Status Follower::begin() { return make_consumer(); }

void Follower::drop() {
  inbox_.reset();
  if (!consumer_.empty() && link_.state().connected &&
      generation_ == link_.state().generation.load()) {
    jsOptions options;
    jsOptions_Init(&options);
    options.Wait = 500;  // where it does not work, the server forgets it by itself
    jsErrCode code{};
    js_DeleteConsumer(link_.context(), spec_.stream.c_str(), consumer_.c_str(), &options, &code);
  }
  consumer_.clear();
  asked_ = 0;
}

Status Follower::make_consumer() {
  generation_ = link_.state().generation;
  jsConsumerConfig config;
  jsConsumerConfig_Init(&config);
  config.AckPolicy = js_AckNone;
  config.FilterSubject = spec_.filter.empty() ? nullptr : spec_.filter.c_str();
  config.InactiveThreshold = kUnused.ns;
  config.MemoryStorage = true;
  config.Replicas = 1;
  if (last_ > 0 || (spec_.from > 0 && !spec_.last_of_each)) {
    config.DeliverPolicy = js_DeliverByStartSequence;
    config.OptStartSeq = last_ > 0 ? last_ + 1 : spec_.from;
  } else if (spec_.last_of_each) {
    config.DeliverPolicy = js_DeliverLastPerSubject;
  }
  const auto failure = link_.request(spec_.stream, [&](std::int64_t wait_ms, jsErrCode* code) {
    jsOptions options;
    jsOptions_Init(&options);
    // A second attempt makes a second consumer: not before the first had its time.
    options.Wait = std::max(wait_ms, whole_ms(kMaking));
    jsConsumerInfo* made = nullptr;
    const natsStatus status =
        js_AddConsumer(&made, link_.context(), spec_.stream.c_str(), &config, &options, code);
    const NatsConsumerInfo info(made);
    if (made != nullptr) {
      consumer_ = made->Name;
      waiting_ = made->NumPending;
    }
    return status;
  });
  if (failure) return failed("cannot read '" + spec_.stream + "'", *failure);
  consumer_sequence_ = 0;
  return {};
}

Status Follower::ask() {
  natsInbox* name = nullptr;
  natsSubscription* subscription = nullptr;
  // An inbox for each batch: what is late for the one before is not taken for this one's.
  natsStatus status = natsInbox_Create(&name);
  const NatsInbox owned(name);
  if (status == NATS_OK)
    status = natsConnection_SubscribeSync(&subscription, link_.connection(), name);
  inbox_.reset(subscription);
  if (status == NATS_OK)  // bounded by the batch; never silently by a count
    status = natsSubscription_SetPendingLimits(subscription, -1, -1);
  const std::string subject = pull_subject(spec_.stream, consumer_);
  const std::int64_t largest = natsConnection_GetMaxPayload(link_.connection());
  const std::string bytes = pull_bytes({.batch = kBatch,
                                        .expires = kExpires,
                                        .heartbeat = kHeartbeat,
                                        .most_bytes = std::max(kBatchBytes, 2 * largest)});
  if (status == NATS_OK)
    status = natsConnection_PublishRequest(link_.connection(), subject.c_str(), name, bytes.data(),
                                           length_of(bytes));
  if (status != NATS_OK)
    return failed("cannot read '" + spec_.stream + "'", failure_of(status, {}));
  asked_ = kBatch;
  heard_ = link_.now();
  return {};
}

bool Follower::all_came() {
  const auto info = consumer_info(link_, spec_.stream, consumer_);
  return info && (*info)->Delivered.Consumer == consumer_sequence_;
}

bool Follower::is_at_end() const {
  if (consumer_.empty()) return false;
  const auto info = consumer_info(link_, spec_.stream, consumer_);
  return info && (*info)->NumPending == 0 && (*info)->Delivered.Consumer == consumer_sequence_;
}

void Follower::judge_status(const PullStatus& status) {
  if (status.number == 100) return;  // a heartbeat
  asked_ = 0;
  const bool full = status.number == 409 && status.words.find("MaxBytes") != std::string::npos;
  if (full || status.number == 404) return;  // the batch is at its end
  if (status.number == 408 && all_came()) return;
  drop();
}

std::optional<FollowedMessage> Follower::judge(natsMsg* message) {
  heard_ = link_.now();
  const auto place = pulled_place(natsMsg_GetReply(message));
  if (!place) {
    if (const auto status = pull_status(message)) judge_status(*status);
    return std::nullopt;
  }
  if (place->consumer_sequence != consumer_sequence_ + 1 || place->stream_sequence <= last_) {
    drop();
    return std::nullopt;
  }
  consumer_sequence_ = place->consumer_sequence;
  last_ = place->stream_sequence;
  if (--asked_ < 0) asked_ = 0;
  FollowedMessage followed{
      .message = bus_message(message, *place), .operation = {}, .pending = place->pending};
  const char* operation = nullptr;
  if (natsMsgHeader_Get(message, "KV-Operation", &operation) == NATS_OK && operation != nullptr)
    followed.operation = operation;
  return followed;
}

Result<std::optional<FollowedMessage>> Follower::next(Duration limit) {
  const Instant deadline = link_.now() + limit;
  const std::optional<FollowedMessage> nothing;
  while (true) {
    if (link_.state().closed)
      return failed("'" + spec_.stream + "' can no longer be read",
                    {NATS_CONNECTION_CLOSED, {}, "the connection is closed"});
    const Duration left = std::max(deadline - link_.now(), Duration{});
    if (!link_.state().wait_connected(left)) return nothing;
    if (generation_ != link_.state().generation.load()) drop();
    if (consumer_.empty()) {
      const Status made = make_consumer();
      if (!made && made.error().kind != ErrorKind::timeout && made.error().kind != ErrorKind::io)
        return tl::unexpected(made.error());
      if (!made && link_.now() >= deadline) return nothing;
      if (!made) continue;
    }
    if (asked_ == 0) ISOJOULE_CHECK(ask());
    natsMsg* came = nullptr;
    const Duration slice = std::clamp(deadline - link_.now(), Duration::milliseconds(1), kSlice);
    const natsStatus status = natsSubscription_NextMsg(&came, inbox_.get(), whole_ms(slice));
    const NatsMessage message(came);
    if (status == NATS_OK) {
      if (auto followed = judge(came)) return followed;
    } else if (status != NATS_TIMEOUT || link_.now() - heard_ > kSilence) {
      drop();
    }
    if (link_.now() >= deadline) return nothing;
  }
}

}  // namespace isojoule::fleet
