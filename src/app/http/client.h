// One connection of an HttpServer, on the server's thread: reads a head, sends the answer, and
// where that is a stream's, its events as they come.
#pragma once

#include <sys/types.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "app/http/site.h"
#include "base/descriptor.h"
#include "base/quantity.h"

namespace isojoule {

// One copy for all who get it.
using HttpEvent = std::shared_ptr<const std::string>;

class HttpClient {
 public:
  // What is answered to a head; with a stream, its greeting may be put() at once.
  using Replier = std::function<HttpReply(HttpClient& client, std::string_view head)>;
  HttpClient(Descriptor socket, Instant now, const HttpPatience& patience);

  int socket() const { return socket_.get(); }
  short wanted() const;      // events of poll()
  Instant deadline() const;  // when go_on() is due without an event
  // `reply`: what to answer to a head. False when the connection is over.
  bool go_on(short events, Instant now, const Replier& reply);
  // Of a stream; go_on() sends it. Where too many wait, the oldest that was not begun goes.
  void put(const HttpEvent& event, Instant now);
  const std::string& stream() const { return stream_; }  // "": none
  bool is_silent() const { return state_ == State::reads; }

 private:
  enum class State { reads, answers, streams, drains };
  bool take_turn(short events, Instant now, const Replier& reply);
  bool read(Instant now, const Replier& reply);
  bool write(Instant now);
  bool write_events(Instant now);
  bool listen_on();
  bool drain() const;
  ssize_t send_some(const std::string& text, Instant now);

  Descriptor socket_;
  const HttpPatience& patience_;  // the server's
  State state_ = State::reads;
  Instant since_, progress_;  // of the state; of the last byte that was taken
  std::string head_, answer_, stream_;
  std::size_t sent_ = 0;   // of the answer, or of the first event
  std::size_t heard_ = 0;  // bytes that a stream's client sent, for nothing
  std::deque<HttpEvent> waiting_;
};

}  // namespace isojoule
