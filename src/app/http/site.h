// What an HttpServer has, and what it answers to a request's head. No sockets: a test or a fuzzer
// asks it directly.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "app/http/guard.h"
#include "app/http_server.h"

namespace isojoule {

struct HttpReply {
  std::string text;    // what is sent
  std::string stream;  // the path of the stream that begins behind it; "" = the answer is all
};

struct HttpSite {
  HttpGuard guard;
  std::map<std::string, HttpServer::Page, std::less<>> pages;
  std::set<std::string, std::less<>> streams;

  // `local` as in HttpGuard::refuse(). Pages are asked only where one is wanted.
  HttpReply reply(std::string_view head, std::string_view local) const;
};

// The whole answer. Of the fields that keep an answer from being framed, sniffed, stored or read by
// others it gets those that it has not itself.
std::string http_text(const HttpAnswer& answer, bool with_body = true);
HttpAnswer http_refusal(int status);

}  // namespace isojoule
