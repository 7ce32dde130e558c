// Heads, doors and answers of the HTTP server, without sockets.
#include "app/http/request.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "app/http/guard.h"
#include "app/http/request_fuzz.cc"  // NOLINT(bugprone-suspicious-include): the fuzz entry
#include "app/http/site.h"
#include "app/live_view.h"
#include "base/random.h"

namespace isojoule::test {
namespace {

int fault_of(const std::string& head) {
  const auto request = parse_http_request(head);
  return request ? 0 : request.error();
}

TEST(HttpRequest, LineAndFields) {
  const auto request = parse_http_request(
      "GET /a?b=1&c=2 HTTP/1.1\r\nHOST: x\r\ncookie: a=1\r\nCookie:b=2 \r\nX: \r\n\r\nrest");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->path, "/a");
  EXPECT_EQ(request->query, "b=1&c=2");
  EXPECT_EQ(request->field("host"), "x");
  EXPECT_EQ(request->field("cookie"), "a=1; b=2");
  EXPECT_TRUE(request->has("x"));
  EXPECT_EQ(request->field("x"), "");
  EXPECT_FALSE(request->has("y"));
  EXPECT_EQ(http_parameter(request->query, "c"), "2");
  EXPECT_EQ(http_parameter(request->field("cookie"), "b", ';'), "2");
  EXPECT_EQ(http_parameter("bb=1", "b"), "");
  EXPECT_EQ(http_head_size("GET / HTTP/1.1\r\n\r\nx"), 18u);
  EXPECT_EQ(http_head_size("GET / HTTP/1.1\r\n\r"), 0u);
}

TEST(HttpRequest, WhatTwoReadersCouldTakeInTwoWaysIsRefused) {
  const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(fault_of(get + "\r\n"), 0);
  for (const char* field : {"Host: b\r\n", "X : 1\r\n", " folded\r\n", "nonsense\r\n", ": 1\r\n",
                            "Content-Length: 1\r\nContent-Length: 1\r\n", "Content-Length: -1\r\n",
                            "Content-Length: 0x1\r\n", "Content-Length:\r\n", "X: a\rb\r\n",
                            "X: \x01\r\n", "Origin: a\r\nOrigin: b\r\n"})
    EXPECT_EQ(fault_of(get + field + "\r\n"), 400) << field;
  EXPECT_EQ(fault_of(get + std::string("X: \0\r\n\r\n", 8)), 400);
  EXPECT_EQ(fault_of(get + "Content-Length: 00\r\n\r\n"), 0);
  EXPECT_EQ(fault_of(get + "Content-Length: 3\r\n\r\n"), 413);
  EXPECT_EQ(fault_of(get + "Transfer-Encoding: chunked\r\n\r\n"), 413);
  EXPECT_EQ(fault_of("DELETE / HTTP/1.1\r\n\r\n"), 405);
  EXPECT_EQ(fault_of("GET / HTTP/2.0\r\n\r\n"), 400);
  EXPECT_EQ(fault_of("GET / HTTP/1.11\r\n\r\n"), 400);
  EXPECT_EQ(fault_of("GET * HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(fault_of("GET /a b HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(fault_of("GET /" + std::string(5000, 'a') + " HTTP/1.1\r\n\r\n"), 414);
  EXPECT_EQ(fault_of("GET / HTTP/1.1\r\nX: " + std::string(9000, 'a') + "\r\n\r\n"), 431);
  std::string many = get;
  for (int i = 0; i < 100; ++i) many += "X" + std::to_string(i) + ": 1\r\n";
  EXPECT_EQ(fault_of(many + "\r\n"), 431);
}

// Status of a request to a server at 127.0.0.1 with a page at / and a stream at /events.
struct Door {
  HttpSite site;
  int asked = 0;
  Door() {
    site.guard.cookie = "isojoule_1";
    site.guard.hosts = {"board.example"};
    site.pages["/"] = [this] {
      ++asked;
      return HttpAnswer{};
    };
    site.streams.insert("/events");
  }
  std::string text(const std::string& path, const std::string& fields,
                   const char* local = "127.0.0.1") {
    return site.reply("GET " + path + " HTTP/1.1\r\n" + fields + "\r\n", local).text;
  }
  int status(const std::string& path, const std::string& fields, const char* local = "127.0.0.1") {
    return std::stoi(text(path, fields, local).substr(9, 3));
  }
};

TEST(HttpGuard, OnlyItsOwnNames) {
  Door door;
  for (const char* host : {"127.0.0.1:8080", "127.0.0.1", "localhost:9", "LocalHost", "localhost.",
                           "[::1]:8080", "board.example", "Board.Example:80"})
    EXPECT_EQ(door.status("/", std::string("Host: ") + host + "\r\n"), 200) << host;
  for (const char* host : {"evil.example", "", "localhost.evil.example", "127.0.0.2", "10.0.0.1",
                           "[::2]", "[", ":80", "evil.example:localhost", "127.0.0.1@evil"})
    EXPECT_EQ(door.status("/", std::string("Host: ") + host + "\r\n"), 421) << host;
  EXPECT_EQ(door.status("/", ""), 400);  // HTTP/1.1 has a Host
  EXPECT_EQ(door.status("/", "Host: 192.0.2.7:80\r\n", "192.0.2.7"), 200);
  EXPECT_EQ(door.status("/", "Host: [fe80::7]:80\r\n", "fe80::7"), 200);
  // The name in the target goes before the field.
  EXPECT_EQ(door.status("http://evil.example/", "Host: localhost\r\n"), 421);
  EXPECT_EQ(door.asked, 10);
  door.site.guard.any_host = true;
  EXPECT_EQ(door.status("/", "Host: evil.example\r\n"), 200);
  EXPECT_EQ(door.status("/", ""), 200);
}

TEST(HttpGuard, PagesFromElsewhereMayNotAsk) {
  Door door;
  const std::string host = "Host: localhost:1\r\n";
  EXPECT_EQ(door.status("/events", host), 200);
  EXPECT_EQ(door.status("/events",
                        host + "Sec-Fetch-Site: same-origin\r\nOrigin: http://localhost:1\r\n"),
            200);
  EXPECT_EQ(door.status("/events", host + "Origin: https://localhost:1\r\n"), 200);  // a proxy's
  for (const char* from :
       {"Sec-Fetch-Site: cross-site\r\n", "Sec-Fetch-Site: same-site\r\n",
        "Sec-Fetch-Site: odd\r\n", "Origin: http://evil.example\r\n", "Origin: null\r\n",
        "Origin: http://localhost:2\r\n",
        "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n",
        "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe\r\n"})
    for (const char* path : {"/events", "/"})
      EXPECT_EQ(door.status(path, host + from), 403) << path << ' ' << from;
  // A link to the page is one: whoever has it sees nothing.
  EXPECT_EQ(door.status("/", host + "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n"
                                    "Sec-Fetch-Dest: document\r\n"),
            200);
}

TEST(HttpGuard, TheTokenByAddressCookieOrField) {
  Door door;
  door.site.guard.token = "abc123";
  const std::string host = "Host: localhost\r\n";
  EXPECT_EQ(door.status("/", host), 401);
  EXPECT_EQ(door.status("/none", host), 401);  // what there is it does not tell either
  EXPECT_EQ(door.status("/?token=abc124", host), 401);
  EXPECT_EQ(door.status("/?token=abc1234", host), 401);
  EXPECT_EQ(door.status("/?token=", host), 401);
  EXPECT_EQ(door.status("/", host + "Cookie: isojoule_2=abc123\r\n"), 401);
  EXPECT_EQ(door.status("/", host + "Authorization: Basic abc123\r\n"), 401);
  EXPECT_EQ(door.asked, 0);
  EXPECT_EQ(door.status("/?token=abc123", host), 200);
  EXPECT_EQ(door.status("/events?token=abc123", host + "Accept: text/html\r\n"), 200);
  EXPECT_EQ(door.status("/", host + "Cookie: a=1; isojoule_1=abc123\r\n"), 200);
  EXPECT_EQ(door.status("/", host + "Authorization: Bearer abc123\r\n"), 200);
  EXPECT_EQ(door.status("/none?token=abc123", host), 404);
  const std::string on = door.text("/?x=1&token=abc123", host + "Accept: text/html,*/*\r\n");
  EXPECT_TRUE(on.starts_with("HTTP/1.1 303 ")) << on;
  EXPECT_NE(on.find("\r\nLocation: /\r\n"), std::string::npos);
  EXPECT_NE(on.find("\r\nSet-Cookie: isojoule_1=abc123; HttpOnly; SameSite=Lax; Path=/\r\n"),
            std::string::npos);
  // Nobody is sent to another server.
  EXPECT_EQ(door.status("//evil.example/?token=abc123", host + "Accept: text/html\r\n"), 404);
  const auto one = new_http_token(), other = new_http_token();
  ASSERT_TRUE(one && other);
  EXPECT_EQ(one->size(), 32u);
  EXPECT_NE(*one, *other);
  EXPECT_EQ(one->find_first_not_of("0123456789abcdef"), std::string::npos);
}

TEST(HttpSite, EveryAnswerIsGuarded) {
  Door door;
  const std::string fine = "Host: localhost\r\n";
  for (const std::string& answer : {door.text("/", fine), door.text("/no", fine),
                                    door.text("/", ""), door.text("/events", fine)})
    for (const char* field : {"X-Content-Type-Options: nosniff", "Referrer-Policy: no-referrer",
                              "Cache-Control: no-store", "X-Frame-Options: DENY",
                              "Cross-Origin-Resource-Policy: same-origin",
                              "Content-Security-Policy: default-src 'none';"})
      EXPECT_NE(answer.find(std::string("\r\n") + field), std::string::npos) << field << answer;
  // HEAD of a stream is its head alone.
  const HttpReply head = door.site.reply("HEAD /events HTTP/1.1\r\nHost: localhost\r\n\r\n", "");
  EXPECT_EQ(head.stream, "");
  EXPECT_NE(head.text.find("text/event-stream"), std::string::npos);
}

TEST(LiveView, ThePageStatesItsPolicyAndKnowsTheCounters) {
  const HttpAnswer answer = live_view_answer(
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src "
      "'sha256-x='\" /><script type=\"application/json\">@ISOJOULE_COUNTERS@</script>");
  EXPECT_EQ(answer.status, 200);
  const std::string text = http_text(answer);
  EXPECT_NE(text.find("\r\nContent-Security-Policy: default-src 'none'; script-src 'sha256-x='; "
                      "frame-ancestors 'none'\r\n"),
            std::string::npos)
      << text.substr(0, 600);
  EXPECT_EQ(text.find("Content-Security-Policy: default-src 'none'; base-uri"), std::string::npos);
  EXPECT_NE(answer.body.find("\"name\":\"sample_gap\""), std::string::npos);
  EXPECT_EQ(answer.body.find("@ISOJOULE"), std::string::npos);
  EXPECT_EQ(live_view_answer("").status, 503);
  // The page that is in this program, where one is.
  if (embedded_live_page().empty()) return;
  const std::string own = http_text(live_view_answer());
  EXPECT_NE(own.find("script-src 'sha256-"), std::string::npos);
  EXPECT_EQ(own.find("unsafe"), std::string::npos);
  EXPECT_EQ(own.find("@ISOJOULE_POLICY@"), std::string::npos);
}

TEST(HttpRequestFuzz, CorpusCutsAndChangedBytes) {
  const auto run = [](const std::string& text) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  };
  std::size_t files = 0;
  Random random(1);
  for (const auto& entry : std::filesystem::directory_iterator(std::string(ISOJOULE_SOURCE_DIR) +
                                                               "/tests/corpus/app_http_request")) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    ++files;
    for (std::size_t size = 0; size <= text.size(); ++size) run(text.substr(0, size));
    for (int i = 0; i < 100 && !text.empty(); ++i) {
      constexpr std::string_view kOdd("\0\r\n :;=?&/.,@[]\x7f\xff", 17);
      std::string changed = text;
      for (std::uint64_t j = 0; j <= random.below(3); ++j)
        changed[random.below(changed.size())] = kOdd[random.below(kOdd.size())];
      run(changed);
    }
  }
  EXPECT_GE(files, 17u);
}

}  // namespace
}  // namespace isojoule::test
