#include "fleet/nats/answerer.h"

#include <condition_variable>
#include <exception>

namespace isojoule::fleet {

// The subscription's thread has its own share, so that nothing of it is freed under its feet.
struct Answerer::Shared {
  Bus::Handler handler;
  std::mutex mutex;  // held while the handler runs
  bool stopped = false;
};

namespace {

void send_answer(natsConnection* connection, const char* subject, const std::string& bytes,
                 const std::string& error) {
  natsMsg* made = nullptr;
  natsStatus status = natsMsg_Create(&made, subject, nullptr, bytes.data(), length_of(bytes));
  const NatsMessage message(made);
  if (status == NATS_OK && !error.empty())
    status = natsMsgHeader_Set(made, kAnswerError, error.c_str());
  if (status == NATS_OK) status = natsConnection_PublishMsg(connection, made);
  // Where even that is refused (too large), whoever asked must not wait in vain.
  if (status == NATS_MAX_PAYLOAD)
    send_answer(connection, subject, {}, "the answer is larger than the server takes");
}

}  // namespace

void Answerer::on_question(natsConnection* connection, natsSubscription* /*subscription*/,
                           natsMsg* question, void* closure) {
  const NatsMessage owned(question);
  const auto& shared = *static_cast<std::shared_ptr<Shared>*>(closure);
  const char* reply = natsMsg_GetReply(question);
  const char* data = natsMsg_GetData(question);
  std::string answer, error;
  try {
    const std::lock_guard lock(shared->mutex);
    if (shared->stopped) return;
    const auto length = static_cast<std::size_t>(natsMsg_GetDataLength(question));
    answer = shared->handler(std::string_view(data == nullptr ? "" : data, length));
  } catch (const std::exception& thrown) {  // must not cross libnats
    error = thrown.what();
    if (error.empty()) error = "an error without words";
  }
  if (reply != nullptr) send_answer(connection, reply, answer, error);
}

void Answerer::on_end(void* closure) { delete static_cast<std::shared_ptr<Shared>*>(closure); }

Result<std::unique_ptr<Answerer>> Answerer::start(const Link& link, const std::string& subject,
                                                  Bus::Handler handler) {
  const std::uint64_t refusals = link.state().refusals();
  std::unique_ptr<Answerer> answerer(new Answerer);
  answerer->shared_ = std::make_shared<Shared>();
  answerer->shared_->handler = std::move(handler);
  auto share = std::make_unique<std::shared_ptr<Shared>>(answerer->shared_);
  natsSubscription* made = nullptr;
  natsStatus status =
      natsConnection_Subscribe(&made, link.connection(), subject.c_str(), on_question, share.get());
  answerer->subscription_.reset(made);
  if (status == NATS_OK) status = natsSubscription_SetOnCompleteCB(made, on_end, share.get());
  if (status == NATS_OK) {
    share.release();  // on_end() deletes it
    status = natsConnection_FlushTimeout(link.connection(), whole_ms(link.patience()));
  }
  if (auto refusal = link.state().refusal(refusals, subject))
    return failed("may not answer on '" + subject + "'", {NATS_NOT_PERMITTED, {}, *refusal});
  if (status != NATS_OK)
    return failed("cannot answer on '" + subject + "'", failure_of(status, {}));
  return answerer;
}

Answerer::~Answerer() {
  if (!shared_) return;
  const std::lock_guard lock(shared_->mutex);
  shared_->stopped = true;
}

}  // namespace isojoule::fleet
