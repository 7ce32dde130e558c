#include "fleet/nats/pull_inbox.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string_view>

#include "fleet/nats/pull.h"

namespace isojoule::fleet {

namespace {

// So long after its end a request's answer is still hoped for. A server that died has lost it.
constexpr Duration kPullLost = Duration::milliseconds(3000);

constexpr Duration kPullLook = Duration::milliseconds(250);  // at the connection, so often

// What comes later than this may be somebody else's by now: 30 s is the claim that the server and
// the coordinator give where nobody says another.
constexpr Duration kPullOurs = Duration::milliseconds(30'000);

// A request is known by the instant when it was asked. Only what says that nothing came is
// addressed to it: JetStream sends messages under their own subjects.
Instant request_of(const char* subject) {
  const std::string_view text(subject == nullptr ? "" : subject);
  const std::string_view digits = text.substr(text.rfind('.') + 1);
  Instant asked{};
  std::from_chars(digits.data(), digits.data() + digits.size(), asked.ns);
  return asked;
}

}  // namespace

class PullAnswers {
 public:
  void expect(Instant request) {
    const std::lock_guard lock(mutex_);
    if (!open_) oldest_ = request;
    request_ = request;
    open_ = waits_ = true;  // the answer may come before wait() is called
  }

  // The last request was not sent.
  void expect_none() {
    const std::lock_guard lock(mutex_);
    open_ = waits_ = false;
  }

  bool is_open() const {
    const std::lock_guard lock(mutex_);
    return open_;
  }

  // `ended`: no answer can come any more; asked now and then.
  NatsMessage wait(Duration limit, const std::function<bool()>& ended) {
    const Instant deadline = clock_->now() + limit;
    std::unique_lock lock(mutex_);
    waits_ = true;
    while (!answer_ && open_ && !ended()) {
      const Duration left = deadline - clock_->now();
      if (left.ns <= 0) break;
      condition_.wait_for(lock, std::chrono::nanoseconds(std::min(left, kPullLook).ns));
    }
    waits_ = false;
    return std::move(answer_);
  }

  // libnats's thread.
  void came(natsConnection* connection, NatsMessage message) {
    const bool is_block = pulled_place(natsMsg_GetReply(message.get())).has_value();
    const std::lock_guard lock(mutex_);
    if (!is_block && request_of(natsMsg_GetSubject(message.get())) != request_) return;
    open_ = false;  // or a request before it is answered, and this one's block is given back
    if (waits_ && !answer_) {
      answer_ = std::move(message);
      condition_.notify_one();
      return;
    }
    // Otherwise the server may have handed it to somebody else, from whom this would take it.
    if (is_block && clock_->now() - oldest_ < kPullOurs)
      natsConnection_PublishString(connection, natsMsg_GetReply(message.get()), "-NAK");
  }

 private:
  const std::unique_ptr<Clock> clock_ = make_real_clock();
  mutable std::mutex mutex_;
  std::condition_variable condition_;
  Instant request_{};   // the last
  Instant oldest_{};    // of those without an answer
  bool open_ = false;   // the last has none
  bool waits_ = false;  // the queue's thread takes it, or is about to
  NatsMessage answer_;
};

namespace {

using SharedAnswers = std::shared_ptr<PullAnswers>;

void on_answer(natsConnection* connection, natsSubscription* /*subscription*/, natsMsg* message,
               void* closure) {
  (*static_cast<SharedAnswers*>(closure))->came(connection, NatsMessage(message));
}

// libnats calls this when no call of on_answer is under way or to come.
void on_end(void* closure) { delete static_cast<SharedAnswers*>(closure); }

}  // namespace

Result<PullInbox> PullInbox::open(const Link& link, std::string subject) {
  PullInbox made(link, std::move(subject), std::make_shared<PullAnswers>());
  natsInbox* name = nullptr;
  natsStatus status = natsInbox_Create(&name);
  const NatsInbox owned(name);
  if (status == NATS_OK) {
    made.inbox_ = std::string(name) + ".";
    auto closure = std::make_unique<SharedAnswers>(made.answers_);
    natsSubscription* subscription = nullptr;
    status = natsConnection_Subscribe(&subscription, link.connection(), (made.inbox_ + "*").c_str(),
                                      on_answer, closure.get());
    made.subscription_.reset(subscription);
    if (status == NATS_OK)
      status = natsSubscription_SetOnCompleteCB(subscription, on_end, closure.get());
    if (status == NATS_OK)
      closure.release();  // NOLINT(bugprone-unused-return-value): on_end has it
  }
  if (status != NATS_OK)
    return failed("cannot ask '" + made.subject_ + "'", failure_of(status, {}));
  return made;
}

PullInbox::PullInbox(const Link& link, std::string subject, SharedAnswers answers)
    : link_(link), subject_(std::move(subject)), answers_(std::move(answers)) {}
PullInbox::~PullInbox() = default;
PullInbox::PullInbox(PullInbox&&) noexcept = default;

bool PullInbox::is_waited_for() const {
  return answers_->is_open() && generation_ == link_.state().generation &&
         link_.now() - asked_ < expires_ + kPullLost;
}

Status PullInbox::ask(Duration expires) {
  generation_ = link_.state().generation;
  refusals_ = link_.state().refusals();
  asked_ = std::max(link_.now(), asked_ + Duration{1});
  expires_ = expires;
  answers_->expect(asked_);
  const std::string inbox = inbox_ + std::to_string(asked_.ns);
  const std::string bytes = pull_bytes({.expires = expires});
  const natsStatus status = natsConnection_PublishRequest(
      link_.connection(), subject_.c_str(), inbox.c_str(), bytes.data(), length_of(bytes));
  if (status == NATS_OK) return {};
  answers_->expect_none();
  return failed("cannot ask '" + subject_ + "'", failure_of(status, {}));
}

NatsMessage PullInbox::wait(Duration limit) {
  return answers_->wait(limit, [this] {
    return generation_ != link_.state().generation || link_.state().closed || refusal();
  });
}

std::optional<std::string> PullInbox::refusal() const {
  if (auto text = link_.state().refusal(refusals_, subject_)) return text;
  return link_.state().refusal(0, inbox_);
}

}  // namespace isojoule::fleet
