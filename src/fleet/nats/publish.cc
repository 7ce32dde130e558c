#include "fleet/nats/publish.h"

#include <atomic>
#include <random>

namespace isojoule::fleet {

namespace {

// Of this process and message, so that a second attempt is known as the same message.
std::string own_message_id() {
  static const std::uint64_t process = [] {
    std::random_device device;
    return (static_cast<std::uint64_t>(device()) << 32U) ^ device();
  }();
  static std::atomic<std::uint64_t> count{0};
  return std::to_string(process) + "-" + std::to_string(++count);
}

natsStatus make_message(NatsMessage& message, const RawPublish& publish) {
  natsMsg* made = nullptr;
  natsStatus status = natsMsg_Create(&made, publish.subject.c_str(), nullptr, publish.bytes.data(),
                                     length_of(publish.bytes));
  message.reset(made);
  if (status == NATS_OK && !publish.operation.empty())
    status = natsMsgHeader_Set(made, "KV-Operation", publish.operation.c_str());
  return status;
}

std::string header(natsMsg* message, const char* name) {
  const char* value = nullptr;
  if (natsMsgHeader_Get(message, name, &value) != NATS_OK || value == nullptr) return {};
  return value;
}

}  // namespace

Result<Stored> publish_message(const Link& link, const RawPublish& publish) {
  const bool named = !publish.options.message_id.empty();
  const std::string id = named ? publish.options.message_id : own_message_id();
  const auto expected = publish.options.expected_last;
  Stored stored;
  std::string stream;
  const auto failure = link.request(publish.subject, [&](std::int64_t wait_ms, jsErrCode* code) {
    NatsMessage message;
    natsStatus status = make_message(message, publish);
    if (status != NATS_OK) return status;
    jsPubOptions options;
    jsPubOptions_Init(&options);
    options.MaxWait = wait_ms;
    options.MsgId = id.c_str();
    if (expected) options.ExpectLastSubjectSeq = *expected;
    options.ExpectNoMessage = expected == 0U;  // a 0 above means: not asked for
    jsPubAck* acknowledged = nullptr;
    status = js_PublishMsg(&acknowledged, link.context(), message.get(), &options, code);
    const NatsPubAck owned(acknowledged);
    if (status == NATS_OK) stored = {acknowledged->Sequence, acknowledged->Duplicate && named};
    return status;
  });
  if (!failure) return stored;
  const std::string what = "cannot store a message of " + std::to_string(publish.bytes.size()) +
                           " bytes as '" + publish.subject + "'";
  return failed(what, *failure);
}

Result<LastMessage> last_message(const Link& link, const std::string& stream,
                                 const std::string& subject) {
  NatsMessage found;
  const auto take = [&found](natsMsg* message) { found.reset(message); };
  // Any server answers. Where none does, the stream's leader says why; and one that lags behind
  // does not know what was stored just now: that there is nothing is the leader's word alone.
  bool leader = false;
  const auto failure = link.request(stream, [&](std::int64_t wait_ms, jsErrCode* code) {
    jsOptions options;
    jsOptions_Init(&options);
    options.Wait = wait_ms;
    natsMsg* message = nullptr;
    natsStatus status = NATS_NOT_FOUND;
    if (!leader) {
      jsDirectGetMsgOptions which;
      jsDirectGetMsgOptions_Init(&which);
      which.LastBySubject = subject.c_str();
      status = js_DirectGetMsg(&message, link.context(), stream.c_str(), &options, &which);
      leader = status == NATS_TIMEOUT || status == NATS_NO_RESPONDERS || status == NATS_NOT_FOUND;
    }
    if (status == NATS_NOT_FOUND)
      status =
          js_GetLastMsg(&message, link.context(), stream.c_str(), subject.c_str(), &options, code);
    take(message);
    return status;
  });
  if (failure && failure->status == NATS_NOT_FOUND && failure->code != JSStreamNotFoundErr)
    return fail(ErrorKind::not_found, "'" + stream + "' has nothing as '" + subject + "'");
  if (failure) return failed("cannot read '" + subject + "' of '" + stream + "'", *failure);
  LastMessage last;
  last.message.subject = natsMsg_GetSubject(found.get());
  const char* bytes = natsMsg_GetData(found.get());
  last.message.bytes.assign(bytes == nullptr ? "" : bytes,
                            static_cast<std::size_t>(natsMsg_GetDataLength(found.get())));
  last.message.sequence = natsMsg_GetSequence(found.get());
  last.message.stored_ns = natsMsg_GetTime(found.get());
  last.operation = header(found.get(), "KV-Operation");
  last.message_id = header(found.get(), "Nats-Msg-Id");
  return last;
}

}  // namespace isojoule::fleet
