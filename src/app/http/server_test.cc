// The HTTP server over real sockets: streams, clients that stall, drip, flood and come in crowds.
// ./test's thread sanitizer builds no program of this room: this file with the server alone was run
// under it by hand, and is clean.
#include "app/http_server.h"

#include <gtest/gtest.h>

#include <poll.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "app/http/client.h"
#include "app/http_get.h"
#include "base/clock.h"
#include "base/descriptor.h"

namespace isojoule::test {
namespace {

using std::chrono::milliseconds;

const std::string kGetEvents = "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n";

constexpr std::size_t kLarge = 40'000'000;  // more than any kernel keeps of a connection

struct Served {
  std::unique_ptr<HttpServer> server;
  std::uint16_t port = 0;
  std::atomic<int> greeted{0};
  explicit Served(HttpServerOptions options = {}) {
    auto listening = HttpServer::listen(options);
    EXPECT_TRUE(listening);
    server = std::move(*listening);
    port = port_of_url(server->url().substr(0, server->url().size() - 1));
    server->page("/", [] { return HttpAnswer{200, kHttpPlain, "page\n", {}}; });
    server->page("/large", [] {
      return HttpAnswer{200, kHttpPlain, std::string(kLarge, 'x'), {}};
    });
    server->stream("/events", [this] { return "hello " + std::to_string(++greeted); });
    EXPECT_TRUE(server->start());
  }
  bool has_listeners(int wanted) const {
    for (int i = 0; i < 1000 && server->listeners("/events") != wanted; ++i)
      std::this_thread::sleep_for(milliseconds(10));
    return server->listeners("/events") == wanted;
  }
};

struct Reader {
  Descriptor socket;
  std::string text;
  bool is_over = false;
  explicit Reader(std::uint16_t port, const std::string& request = kGetEvents)
      : socket(connect_to(port)) {
    ::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL);
  }
  // Until `text` has it; false after ten seconds or at the end.
  bool sees(const std::string& wanted) {
    for (int i = 0; i < 1000 && text.find(wanted) == std::string::npos && !is_over; ++i) take(10);
    return text.find(wanted) != std::string::npos;
  }
  bool ends() {
    for (int i = 0; i < 1000 && !is_over; ++i) take(10);
    return is_over;
  }
  void take(int wait_ms) {
    pollfd wait{socket.get(), POLLIN, 0};
    if (::poll(&wait, 1, wait_ms) <= 0) return;
    char buffer[65536];
    const ssize_t size = ::recv(socket.get(), buffer, sizeof buffer, 0);
    if (size <= 0)
      is_over = true;
    else
      text.append(buffer, static_cast<std::size_t>(size));
  }
};

TEST(HttpServer, GreetsAndSendsEventsToEverybody) {
  Served served;
  served.server->publish("/events", "nobody hears it");
  Reader one(served.port), two(served.port);
  ASSERT_TRUE(one.sees("retry: 2000\nid: 1\ndata: hello "));
  ASSERT_TRUE(two.sees("data: hello "));
  EXPECT_NE(one.text.find("Content-Type: text/event-stream"), std::string::npos);
  EXPECT_EQ(one.text.find("Content-Length"), std::string::npos);
  EXPECT_EQ(served.server->listeners("/events"), 2);
  EXPECT_EQ(served.greeted, 2);
  served.server->publish("/events", "a\nb\r\nc\rd");
  served.server->publish("/other", "x");
  EXPECT_TRUE(one.sees("\n\nid: 2\ndata: a\ndata: b\ndata: c\ndata: d\n\n"));
  EXPECT_TRUE(two.sees("\n\nid: 2\ndata: a\n"));
  two.socket.reset();
  EXPECT_TRUE(served.has_listeners(1));
  served.server->stop();
  EXPECT_TRUE(one.ends());
  EXPECT_EQ(served.server->listeners("/events"), 0);
  served.server->publish("/events", "after the end");
}

TEST(HttpServer, AStreamThatIsQuietSaysSo) {
  HttpServerOptions options;
  options.patience.quiet = Duration::milliseconds(50);
  Served served(options);
  Reader one(served.port);
  EXPECT_TRUE(one.sees("\n\n:\n\n:\n\n"));
  served.server->publish("/events", "still here");
  EXPECT_TRUE(one.sees("data: still here"));
}

// One that reads nothing: publishing takes no longer, others get everything, and it is let go.
TEST(HttpServer, AStalledClientHoldsNobodyUp) {
  HttpServerOptions options;
  options.patience.progress = Duration::milliseconds(3000);
  Served served(options);
  const Descriptor stalled(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int small = 4096;
  ::setsockopt(stalled.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  ASSERT_TRUE(connect_socket(stalled.get(), served.port));
  ::send(stalled.get(), kGetEvents.data(), kGetEvents.size(), MSG_NOSIGNAL);
  Reader reader(served.port);
  ASSERT_TRUE(reader.sees("hello"));
  ASSERT_TRUE(served.has_listeners(2));
  const std::string event(20'000, 'e');
  auto longest = std::chrono::nanoseconds(0);
  for (int i = 0; i < 100; ++i) {
    const auto before = std::chrono::steady_clock::now();
    served.server->publish("/events", std::to_string(i) + event);
    longest =
        std::max<std::chrono::nanoseconds>(longest, std::chrono::steady_clock::now() - before);
    ASSERT_TRUE(reader.sees("data: " + std::to_string(i) + "e")) << i;
    reader.text.clear();
  }
  EXPECT_LT(longest, std::chrono::seconds(2));  // who waits for the stalled one waits for three
  EXPECT_TRUE(served.has_listeners(1));         // after its patience the stalled one is gone
}

// The queue of a client alone: the oldest goes, but never half of an event.
TEST(HttpServer, TheOldestEventsOfASlowClientGo) {
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
  const Descriptor other(pair[1]);
  const HttpPatience patience;
  HttpClient client{Descriptor(pair[0]), Instant{0}, patience};
  ::send(other.get(), "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL);
  const auto reply = [](HttpClient&, std::string_view) { return HttpReply{"HEAD\n", "/events"}; };
  ASSERT_TRUE(client.go_on(POLLIN, Instant{0}, reply));
  EXPECT_EQ(client.stream(), "/events");
  const auto event = [](int i) {
    return std::make_shared<const std::string>("<" + std::to_string(i) + std::string(50'000, '.') +
                                               ">");
  };
  for (int i = 0; i < 300; ++i) {
    client.put(event(i), Instant{1});
    if (i < 20) {
      ASSERT_TRUE(client.go_on(0, Instant{1}, reply));
    }
  }
  std::string text;
  for (int quiet = 0; quiet < 3;) {
    char buffer[65536];
    const ssize_t size = ::recv(other.get(), buffer, sizeof buffer, 0);
    if (size > 0) text.append(buffer, static_cast<std::size_t>(size));
    quiet = size > 0 ? 0 : quiet + 1;
    ASSERT_TRUE(client.go_on(POLLOUT, Instant{2}, reply));
  }
  EXPECT_TRUE(text.starts_with("HEAD\n<0."));
  EXPECT_TRUE(text.ends_with(".>"));
  std::vector<int> came;
  for (std::size_t at = text.find('<'); at != std::string::npos; at = text.find('<', at + 1)) {
    came.push_back(std::stoi(text.substr(at + 1)));
    EXPECT_EQ(text.at(text.find_first_not_of("0123456789.", at + 1)), '>') << came.back();
  }
  EXPECT_LE(came.size(), 90u);
  EXPECT_EQ(came.back(), 299);
  EXPECT_TRUE(std::is_sorted(came.begin(), came.end()));
  // Without progress it is over once its patience is.
  for (int i = 0; i < 60; ++i) client.put(event(i), Instant{3});
  EXPECT_TRUE(client.go_on(0, Instant{3}, reply));
  EXPECT_TRUE(client.go_on(0, Instant{3} + patience.progress - Duration{1}, reply));
  EXPECT_FALSE(client.go_on(0, Instant{3} + patience.progress, reply));
}

// What came in time counts, even where the server itself was held up until its patience was over.
TEST(HttpServer, WhatIsThereIsTakenBeforeItIsLate) {
  const HttpPatience patience;
  const auto reply = [](HttpClient&, std::string_view) { return HttpReply{"HEAD\n", "/events"}; };
  const auto goes_on = [&](const std::string& head) {
    int pair[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    const Descriptor other(pair[1]);
    HttpClient client{Descriptor(pair[0]), Instant{0}, patience};
    ::send(other.get(), head.data(), head.size(), MSG_NOSIGNAL);
    return client.go_on(POLLIN, Instant{0} + patience.head + Duration::milliseconds(1000), reply);
  };
  EXPECT_TRUE(goes_on("GET / HTTP/1.1\r\n\r\n"));
  EXPECT_FALSE(goes_on("GET / HTTP/1.1\r\n"));
}

TEST(HttpServer, WhoDripsOrTakesNothingIsLetGo) {
  HttpServerOptions options;
  options.patience.head = Duration::milliseconds(300);
  options.patience.progress = Duration::milliseconds(300);
  Served served(options);
  Reader drips(served.port, "G");
  const auto start = std::chrono::steady_clock::now();
  while (!drips.is_over && std::chrono::steady_clock::now() - start < std::chrono::seconds(10)) {
    drips.take(50);
    ::send(drips.socket.get(), "E", 1, MSG_NOSIGNAL);
  }
  EXPECT_TRUE(drips.is_over);
  Reader takes_nothing(served.port, "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n");
  std::this_thread::sleep_for(milliseconds(1500));
  EXPECT_TRUE(takes_nothing.ends());
  EXPECT_LT(takes_nothing.text.size(), kLarge);
}

TEST(HttpServer, WhoFloodsIsLetGoAndWhoReadsGetsAll) {
  Served served;
  Reader floods(served.port);
  ASSERT_TRUE(floods.sees("hello"));
  const std::string much(20'000, 'y');
  ::send(floods.socket.get(), much.data(), much.size(), MSG_NOSIGNAL);
  EXPECT_TRUE(floods.ends());
  EXPECT_TRUE(served.has_listeners(0));
  EXPECT_EQ(body_of(http_get(served.port, "/large")).size(), kLarge);
}

TEST(HttpServer, OneAnswerWhateverFollows) {
  Served served;
  const std::string get = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const std::string answer =
      http_request(served.port, get + get + std::string("\0\xff garbage", 10));
  EXPECT_EQ(body_of(answer), "page\n");
  EXPECT_TRUE(http_request(served.port, "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
                  .starts_with("HTTP/1.1 421 "));
  EXPECT_TRUE(http_request(served.port, "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc")
                  .starts_with("HTTP/1.1 405 "));
  EXPECT_TRUE(http_request(served.port, "GET / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc")
                  .starts_with("HTTP/1.1 413 "));
}

// As many streams as there may be, and as many that say nothing: pages are answered all the same.
TEST(HttpServer, StreamsAndSilentOnesStarveNoPage) {
  Served served;
  std::vector<std::unique_ptr<Reader>> streams;
  for (int i = 0; i < 16; ++i) streams.push_back(std::make_unique<Reader>(served.port));
  ASSERT_TRUE(served.has_listeners(16));
  Reader one_more(served.port);
  EXPECT_TRUE(one_more.sees("HTTP/1.1 503 ")) << one_more.text;
  std::vector<std::unique_ptr<Reader>> silent;
  for (int i = 0; i < 40; ++i) silent.push_back(std::make_unique<Reader>(served.port, ""));
  EXPECT_EQ(body_of(http_get(served.port, "/")), "page\n");
  served.server->publish("/events", "to all");
  for (const auto& stream : streams) EXPECT_TRUE(stream->sees("data: to all"));
  streams.clear();
  EXPECT_TRUE(served.has_listeners(0));
  EXPECT_TRUE(Reader(served.port).sees("hello"));  // there is room again
}

// A page that takes long (a slow disk behind it) keeps the publisher and its memory as they were.
TEST(HttpServer, ALongPageDoesNotHoldThePublisherUp) {
  HttpServerOptions options;
  auto server = HttpServer::listen(options).value();
  std::atomic<bool> is_asked{false}, may_go{false};
  server->stream("/events", [] { return std::string("hello"); });
  server->page("/slow", [&] {
    is_asked = true;
    // Not for ever: a publisher that waited for it would fail below instead of hanging.
    for (int i = 0; i < 20'000 && !may_go; ++i) std::this_thread::sleep_for(milliseconds(1));
    return HttpAnswer{};
  });
  ASSERT_TRUE(server->start());
  const std::uint16_t port = port_of_url(server->url().substr(0, server->url().size() - 1));
  Reader stream(port);
  ASSERT_TRUE(stream.sees("hello"));
  Reader slow(port, "GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
  for (int i = 0; i < 10'000 && !is_asked; ++i) std::this_thread::sleep_for(milliseconds(1));
  ASSERT_TRUE(is_asked);
  const auto before = std::chrono::steady_clock::now();
  for (int i = 0; i < 1000; ++i) server->publish("/events", "n" + std::to_string(i));
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(10));
  may_go = true;
  EXPECT_TRUE(stream.sees("data: n999\n"));
  EXPECT_EQ(stream.text.find("data: n900\n"), std::string::npos);  // the oldest went
  EXPECT_TRUE(slow.sees("HTTP/1.1 200 OK"));
}

TEST(HttpServer, AnyThreadMayPublishWhileClientsComeAndGo) {
  Served served;
  std::atomic<bool> is_over{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&] {
      while (!is_over) {
        served.server->publish("/events", "x");
        served.server->listeners("/events");
        std::this_thread::sleep_for(std::chrono::microseconds(200));
      }
    });
  for (int i = 0; i < 20; ++i) {
    Reader reader(served.port);
    EXPECT_TRUE(reader.sees("data: x"));
    EXPECT_EQ(body_of(http_get(served.port, "/")), "page\n");
  }
  served.server->stop();
  is_over = true;
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace isojoule::test
