#include "app/http/client.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace isojoule {
namespace {

// Six seconds of ten frames a second: a short hiccup of the network loses nothing, a stalled
// client keeps little (the events themselves are shared by all).
constexpr std::size_t kMostWaiting = 64;
// What the kernel holds of a stream for one client: small, so that a stall is seen soon.
constexpr int kStreamBuffer = 32 * 1024;
constexpr std::size_t kMostHeard = 8192;  // bytes

bool may_come_later() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

const HttpEvent& keep_alive() {
  static const HttpEvent comment = std::make_shared<const std::string>(":\n\n");
  return comment;
}

}  // namespace

HttpClient::HttpClient(Descriptor socket, Instant now, const HttpPatience& patience)
    : socket_(std::move(socket)), patience_(patience), since_(now), progress_(now) {}

short HttpClient::wanted() const {
  if (state_ == State::answers) return POLLOUT;
  if (state_ == State::streams && !waiting_.empty()) return POLLIN | POLLOUT;
  return POLLIN;
}

Instant HttpClient::deadline() const {
  switch (state_) {
    case State::reads: return since_ + patience_.head;
    case State::answers: return std::min(progress_ + patience_.progress, since_ + patience_.answer);
    case State::streams:
      return progress_ + (waiting_.empty() ? patience_.quiet : patience_.progress);
    case State::drains: return since_ + patience_.drain;
  }
  return since_;
}

bool HttpClient::go_on(short events, Instant now, const Replier& reply) {
  if (state_ == State::streams && waiting_.empty() && now >= deadline()) put(keep_alive(), now);
  // Judged last: who was in time does not go because this thread was late itself.
  if (!take_turn(events, now, reply)) return false;
  return now < deadline() || (state_ == State::streams && waiting_.empty());
}

bool HttpClient::take_turn(short events, Instant now, const Replier& reply) {
  if (state_ == State::streams) {
    if ((events & (POLLIN | POLLHUP | POLLERR)) != 0 && !listen_on()) return false;
    return write_events(now);
  }
  if (events == 0) return true;
  if (state_ == State::drains) return drain();
  if (state_ == State::reads) return read(now, reply);
  return write(now);
}

void HttpClient::put(const HttpEvent& event, Instant now) {
  // While nothing waited there was nothing to take, and so no want of progress.
  if (waiting_.empty()) progress_ = now;
  // Half of an event cannot be taken back.
  const bool is_begun = state_ == State::streams && sent_ > 0;
  if (waiting_.size() >= kMostWaiting) waiting_.erase(waiting_.begin() + (is_begun ? 1 : 0));
  waiting_.push_back(event);
}

bool HttpClient::read(Instant now, const Replier& reply) {
  std::array<char, 2048> buffer;
  const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
  if (size < 0) return may_come_later();
  if (size == 0) return false;
  head_.append(buffer.data(), static_cast<std::size_t>(size));
  const std::size_t end = http_head_size(head_);
  if (end > kLongestHttpHead || (end == 0 && head_.size() > kLongestHttpHead)) {
    answer_ = http_text(http_refusal(431));
  } else {
    if (end == 0) return true;
    HttpReply whole = reply(*this, std::string_view(head_).substr(0, end));
    answer_ = std::move(whole.text);
    stream_ = std::move(whole.stream);
  }
  head_ = {};
  state_ = State::answers;
  since_ = progress_ = now;
  return write(now);
}

ssize_t HttpClient::send_some(const std::string& text, Instant now) {
  const ssize_t size =
      ::send(socket_.get(), text.data() + sent_, text.size() - sent_, MSG_NOSIGNAL);
  if (size > 0) {
    sent_ += static_cast<std::size_t>(size);
    progress_ = now;
  }
  return size;
}

bool HttpClient::write(Instant now) {
  while (sent_ < answer_.size())
    if (send_some(answer_, now) < 0) return may_come_later();
  answer_ = {};
  sent_ = 0;
  since_ = now;
  if (stream_.empty()) {
    ::shutdown(socket_.get(), SHUT_WR);
    state_ = State::drains;
    return drain();
  }
  const int size = kStreamBuffer;
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  state_ = State::streams;
  return write_events(now);
}

bool HttpClient::write_events(Instant now) {
  while (!waiting_.empty()) {
    if (send_some(*waiting_.front(), now) < 0) return may_come_later();
    if (sent_ < waiting_.front()->size()) continue;
    waiting_.pop_front();
    sent_ = 0;
  }
  return true;
}

// A stream's client has nothing to say; what it says is dropped, and one that floods is let go.
bool HttpClient::listen_on() {
  std::array<char, 2048> buffer;
  const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
  if (size < 0) return may_come_later();
  heard_ += static_cast<std::size_t>(size);
  return size > 0 && heard_ <= kMostHeard;
}

// To close while bytes are unread would reset the connection, and the answer with it (RFC 9112,
// 9.6): what else is sent is taken and dropped until the other side closes.
bool HttpClient::drain() const {
  std::array<char, 2048> buffer;
  const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
  return size > 0 || (size < 0 && may_come_later());
}

}  // namespace isojoule
