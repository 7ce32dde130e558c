#include "fleet/nats/link.h"

#include <algorithm>
#include <chrono>
#include <climits>
#include <map>

#include "fleet/nats/connect.h"

namespace isojoule::fleet {

namespace {

// Of one request. The first is shorter, because what is not permitted is not answered.
constexpr Duration kFirstAttempt = Duration::milliseconds(400);
constexpr Duration kLongestAttempt = Duration::milliseconds(1500);
constexpr Duration kFirstPause = Duration::milliseconds(20);
constexpr Duration kLongestPause = Duration::milliseconds(400);
constexpr std::size_t kRefusalsKept = 32;
constexpr int kLoginsAgain = 3;

// Connections by number, so that a late call of libnats finds nothing instead of something freed.
struct LinkRegistry {
  std::mutex mutex;
  std::map<std::uint64_t, std::weak_ptr<LinkState>> states;
  std::uint64_t last = 0;
};

LinkRegistry& link_registry() {
  static auto* registry = new LinkRegistry;  // outlives libnats's threads
  return *registry;
}

std::uint64_t enter_state(const std::shared_ptr<LinkState>& state) {
  LinkRegistry& all = link_registry();
  const std::lock_guard lock(all.mutex);
  all.states[++all.last] = state;
  return all.last;
}

void leave_state(std::uint64_t number) {
  LinkRegistry& all = link_registry();
  const std::lock_guard lock(all.mutex);
  all.states.erase(number);
}

std::shared_ptr<LinkState> state_of(void* closure) {
  LinkRegistry& all = link_registry();
  const std::lock_guard lock(all.mutex);
  const auto found = all.states.find(reinterpret_cast<std::uintptr_t>(closure));
  return found == all.states.end() ? nullptr : found->second.lock();
}

void on_disconnected(natsConnection* /*connection*/, void* closure) {
  if (const auto state = state_of(closure)) {
    state->connected = false;
    state->changed();
  }
}

void on_reconnected(natsConnection* /*connection*/, void* closure) {
  if (const auto state = state_of(closure)) {
    ++state->generation;
    state->connected = true;
    state->changed();
  }
}

void on_closed(natsConnection* /*connection*/, void* closure) {
  if (const auto state = state_of(closure)) {
    state->connected = false;
    state->closed = true;
    state->changed();
  }
}

void on_error(natsConnection* connection, natsSubscription* /*subscription*/, natsStatus error,
              void* closure) {
  const auto state = state_of(closure);
  if (state == nullptr || error != NATS_NOT_PERMITTED) return;
  const char* text = nullptr;
  natsConnection_GetLastError(connection, &text);
  state->refused(text == nullptr ? "" : text);
}

// After all servers were tried in vain: 0.1 s, doubled up to 3 s.
std::int64_t reconnect_delay(natsConnection* /*connection*/, int attempts, void* closure) {
  const std::int64_t delay = 100LL << std::min(attempts, 5);
  return std::min<std::int64_t>(delay, 3000) +
         static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(closure) % 50);
}

natsStatus set_callbacks(natsOptions* options, std::uint64_t number) {
  // A number that only looks like a pointer: see LinkRegistry.
  auto* const closure = reinterpret_cast<void*>(static_cast<std::uintptr_t>(number));
  natsStatus status = natsOptions_SetDisconnectedCB(options, on_disconnected, closure);
  if (status == NATS_OK) status = natsOptions_SetReconnectedCB(options, on_reconnected, closure);
  if (status == NATS_OK) status = natsOptions_SetClosedCB(options, on_closed, closure);
  if (status == NATS_OK) status = natsOptions_SetErrorHandler(options, on_error, closure);
  if (status == NATS_OK)
    status = natsOptions_SetCustomReconnectDelay(options, reconnect_delay, closure);
  return status;
}

// libnats 3.4.1 sends about one login of 200 with the key but without its signature (seen in
// nats-server's trace), which the server cannot tell from a wrong key.
natsStatus log_in(natsConnection** connection, natsOptions* options) {
  natsStatus status = natsConnection_Connect(connection, options);
  for (int again = 0; again < kLoginsAgain && status == NATS_CONNECTION_AUTH_FAILED; ++again)
    status = natsConnection_Connect(connection, options);
  return status;
}

// What the callbacks have said meanwhile may be older than this.
void set_connected(natsConnection* connection, LinkState& state) {
  natsConnStatus status{};
  do {
    status = natsConnection_Status(connection);
    state.connected = status == NATS_CONN_STATUS_CONNECTED;
    if (status == NATS_CONN_STATUS_CLOSED) state.closed = true;
  } while (status != natsConnection_Status(connection));
}

tl::unexpected<Error> cannot_connect(natsStatus status,
                                     const std::vector<ServerAddress>& addresses) {
  const NatsFailure failure = failure_of(status, {});
  const std::string where = shown(addresses);
  switch (status) {
    case NATS_CONNECTION_AUTH_FAILED:
    case NATS_NOT_PERMITTED:
      return fail(ErrorKind::permission_denied, "the server at " + where + " refuses to let us in",
                  "Give the credentials that its configuration knows (--creds FILE, or "
                  "user:password@ before the host)",
                  failure.text);
    case NATS_SECURE_CONNECTION_WANTED:
      return fail(ErrorKind::unsupported, "the server at " + where + " speaks no TLS",
                  "Write nats:// and leave the certificates out, or give the server some",
                  failure.text);
    case NATS_SECURE_CONNECTION_REQUIRED:
    case NATS_SSL_ERROR:
      return fail(ErrorKind::permission_denied,
                  "no safe connection (TLS) to the server at " + where,
                  "Write tls://, and give the CA that signed its certificate (--tls-ca FILE); the "
                  "certificate must name the host as the address does",
                  failure.text);
    default:
      return fail(ErrorKind::not_found, "no NATS server answers at " + where,
                  "Start one there (nats-server -js), or correct the address", failure.text);
  }
}

}  // namespace

void LinkState::changed() {
  const std::lock_guard lock(mutex_);
  condition_.notify_all();
}

bool LinkState::wait_connected(Duration limit) {
  std::unique_lock lock(mutex_);
  condition_.wait_for(lock, std::chrono::nanoseconds(limit.ns),
                      [this] { return connected.load() || closed.load(); });
  return connected;
}

void LinkState::refused(std::string text) {
  const std::lock_guard lock(mutex_);
  refusals_.emplace_back(refusal_count_++, std::move(text));
  if (refusals_.size() > kRefusalsKept) refusals_.pop_front();
}

std::uint64_t LinkState::refusals() {
  const std::lock_guard lock(mutex_);
  return refusal_count_;
}

std::optional<std::string> LinkState::refusal(std::uint64_t since, const std::string& word) {
  const std::lock_guard lock(mutex_);
  for (auto one = refusals_.rbegin(); one != refusals_.rend() && one->first >= since; ++one)
    if (one->second.find(word) != std::string::npos) return one->second;
  return std::nullopt;
}

std::int64_t whole_ms(Duration time) {
  return std::max<std::int64_t>((time.ns + 999'999) / 1'000'000, 0);
}

int length_of(std::string_view bytes) {
  return static_cast<int>(std::min<std::size_t>(bytes.size(), INT_MAX));
}

NatsFailure failure_of(natsStatus status, jsErrCode code) {
  const char* text = nats_GetLastError(nullptr);
  std::string words = natsStatus_GetText(status);
  if (text != nullptr && *text != '\0') words += std::string(": ") + text;
  // libnats takes a stream whose leader is gone, too, for a server without JetStream.
  if (status == NATS_NO_RESPONDERS) code = {};
  return {status, code, words};
}

Link::Link(NatsConnection connection, NatsContext context, std::shared_ptr<LinkState> state,
           std::uint64_t number, Duration patience)
    : state_(std::move(state)),
      number_(number),
      patience_(patience),
      connection_(std::move(connection)),
      context_(std::move(context)) {}

Link::~Link() {
  leave_state(number_);
  if (connection_) natsConnection_Close(connection_.get());
}

Result<std::unique_ptr<Link>> Link::open(const BusOptions& options) {
  ISOJOULE_TRY(const auto addresses, server_addresses(options.url));
  ISOJOULE_TRY(const NatsOptions given, nats_options(options, addresses));
  auto state = std::make_shared<LinkState>();
  const std::uint64_t number = enter_state(state);
  natsConnection* connection = nullptr;
  jsCtx* context = nullptr;
  natsStatus status = set_callbacks(given.get(), number);
  if (status == NATS_OK) status = log_in(&connection, given.get());
  NatsConnection owned(connection);
  if (status == NATS_OK) status = natsConnection_JetStream(&context, connection, nullptr);
  if (status != NATS_OK) {
    leave_state(number);
    return cannot_connect(status, addresses);
  }
  ++state->generation;
  set_connected(connection, *state);
  std::unique_ptr<Link> link(
      new Link(std::move(owned), NatsContext(context), std::move(state), number, options.patience));
  ISOJOULE_CHECK(link->check_jetstream());
  return link;
}

Status Link::check_jetstream() const {
  const std::uint64_t refusals = state_->refusals();
  const Instant deadline = now() + patience_;
  while (true) {
    jsOptions wait;
    jsOptions_Init(&wait);
    wait.Wait = std::max<std::int64_t>(whole_ms(std::min(patience_, kFirstAttempt)), 1);
    jsErrCode code{};
    jsAccountInfo* account = nullptr;
    const natsStatus status = js_GetAccountInfo(&account, context_.get(), &wait, &code);
    const NatsAccountInfo owned(account);
    if (status == NATS_OK) return {};
    // Who may not ask finds out with the first thing that it asks for.
    if (state_->refusal(refusals, "JS.API.INFO")) return {};
    if (code == JSNotEnabledErr || code == JSNotEnabledForAccountErr ||
        status == NATS_NO_RESPONDERS)
      return fail(ErrorKind::unsupported, "the server has no JetStream, which a fleet needs",
                  code == JSNotEnabledForAccountErr
                      ? "Give its account JetStream: jetstream: enabled"
                      : "Start nats-server with -js",
                  natsStatus_GetText(status));
    const NatsFailure failure = failure_of(status, code);
    if (!passes(failure) || now() >= deadline)
      return failed("the server does not say whether it has JetStream", failure);
    sleep(kFirstPause);
  }
}

bool passes(const NatsFailure& failure) {
  switch (failure.status) {
    case NATS_TIMEOUT:
    case NATS_NO_RESPONDERS:
    case NATS_CONNECTION_DISCONNECTED:
    case NATS_STALE_CONNECTION:
    case NATS_IO_ERROR:
    case NATS_MISSED_HEARTBEAT:
    case NATS_INSUFFICIENT_BUFFER:  // what was said to a lost server; there is room after it
    case NATS_MISMATCH: return true;
    default: break;
  }
  switch (failure.code) {
    case JSClusterIncompleteErr:
    case JSClusterNotAvailErr:
    case JSClusterNotLeaderErr:
    case JSClusterNotAssignedErr:
    case JSClusterNoPeersErr:  // or they have not found one another yet
    case JSRaftGeneralErr:
    case JSStreamOfflineErr:
    case JSStreamStoreFailedErr:
    case JSInsufficientResourcesErr:  // no server has room, or is there: they elect
    case JSConsumerOfflineErr: return true;
    default: return false;
  }
}

std::optional<NatsFailure> Link::request(const std::string& about, const Attempt& attempt) const {
  return request(about, kFirstAttempt, attempt);
}

std::optional<NatsFailure> Link::request(const std::string& about, Duration first,
                                         const Attempt& attempt) const {
  const Instant deadline = now() + patience_;
  const std::uint64_t refusals = state_->refusals();
  Duration pause = kFirstPause, longest = first;
  while (true) {
    if (!state_->wait_connected(std::max(deadline - now(), Duration{})))
      return NatsFailure{state_->closed ? NATS_CONNECTION_CLOSED : NATS_CONNECTION_DISCONNECTED,
                         {},
                         "the connection is lost"};
    const Duration left = std::max(deadline - now(), Duration::milliseconds(1));
    jsErrCode code{};
    const natsStatus status = attempt(whole_ms(std::min(left, longest)), &code);
    if (status == NATS_OK) return std::nullopt;
    NatsFailure failure = failure_of(status, code);
    if (auto refusal = state_->refusal(refusals, about))
      return NatsFailure{NATS_NOT_PERMITTED, {}, std::move(*refusal)};
    if (!passes(failure) || now() + pause >= deadline) return failure;
    sleep(pause);
    pause = std::min(pause * 2, kLongestPause);
    longest = std::max(first, kLongestAttempt);
  }
}

namespace {

struct KindAndRemedy {
  ErrorKind kind;
  const char* remedy;
};

KindAndRemedy judge_code(jsErrCode code) {
  switch (code) {
    case JSStreamNotFoundErr:
      return {ErrorKind::not_found,
              "Whoever may set the fleet up makes it, as the first sweep does"};
    case JSConsumerNotFoundErr:
    case JSNoMessageFoundErr: return {ErrorKind::not_found, ""};
    case JSStreamNameExistErr:
    case JSConsumerNameExistErr:
    case JSStreamWrongLastSequenceErr: return {ErrorKind::exists, ""};
    case JSStreamMessageExceedsMaximumErr:
      return {ErrorKind::out_of_range, "Raise max_payload in the server's configuration"};
    case JSInsufficientResourcesErr:
      return {ErrorKind::timeout,
              "Servers are missing or without a majority, or none has room (max_file_store of its "
              "jetstream part): try again"};
    case JSStorageResourcesExceededErr:
    case JSMemoryResourcesExceededErr:
    case JSAccountResourcesExceededErr:
      return {ErrorKind::disk_full,
              "Give the server more room: max_file_store of its jetstream part"};
    case JSStreamReplicasNotSupportedErr:
    case JSClusterNoPeersErr:
      return {ErrorKind::unsupported,
              "As many servers as copies are needed: ask for 1 copy, or start more servers"};
    case JSNotEnabledErr:
    case JSNotEnabledForAccountErr: return {ErrorKind::unsupported, "Start nats-server with -js"};
    default: return {ErrorKind::io, ""};
  }
}

KindAndRemedy judge(const NatsFailure& failure) {
  switch (failure.status) {
    case NATS_NOT_PERMITTED:
    case NATS_CONNECTION_AUTH_FAILED:
      return {ErrorKind::permission_denied,
              "The server's configuration gives each user's rights (isojoule fleet credentials)"};
    case NATS_MAX_PAYLOAD:
      return {ErrorKind::out_of_range, "Raise max_payload in the server's configuration"};
    case NATS_CONNECTION_CLOSED:
      // Not permission_denied: nothing is known of what was asked for.
      return {ErrorKind::io,
              "The servers no longer take these credentials: start again, with others if need be"};
    case NATS_CONNECTION_DISCONNECTED:
    case NATS_STALE_CONNECTION:
      return {ErrorKind::io, "The connection is taken up again by itself when a server is there"};
    case NATS_INVALID_SUBJECT:
    case NATS_INVALID_ARG: return {ErrorKind::invalid, ""};
    default: break;
  }
  if (failure.code != 0) return judge_code(failure.code);
  if (failure.status == NATS_NOT_FOUND) return {ErrorKind::not_found, ""};
  if (failure.status == NATS_NO_RESPONDERS)
    return {
        ErrorKind::timeout,
        "Either the servers are without a majority for the moment, or these credentials are for "
        "another board or another role, which is not served this"};
  if (failure.status == NATS_TIMEOUT)
    return {ErrorKind::timeout, "The servers may be without a majority, or very busy: try again"};
  return {ErrorKind::io, ""};
}

}  // namespace

tl::unexpected<Error> failed(const std::string& what, const NatsFailure& failure) {
  const KindAndRemedy kind = judge(failure);
  return fail(kind.kind, what + ": " + failure.text, kind.remedy);
}

}  // namespace isojoule::fleet
