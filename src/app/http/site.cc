#include "app/http/site.h"

#include <algorithm>
#include <array>
#include <utility>

namespace isojoule {
namespace {

std::string_view reason_of(int status) {
  switch (status) {
    case 200: return "OK";
    case 303: return "See Other";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 421: return "Misdirected Request";
    case 431: return "Request Header Fields Too Large";
    case 503: return "Service Unavailable";
    default: return "Error";
  }
}

// OWASP's list for a server without HTTPS.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kCautious = {{
    {"Cache-Control", "no-store"},
    {"Content-Security-Policy",
     "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Referrer-Policy", "no-referrer"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
}};

void add_field(std::string& text, std::string_view name, std::string_view value) {
  text.append(name).append(": ").append(value).append("\r\n");
}

std::string fields_text(const HttpAnswer& answer) {
  std::string text = "HTTP/1.1 " + std::to_string(answer.status) + " ";
  text.append(reason_of(answer.status)).append("\r\n");
  add_field(text, "Content-Type", answer.type);
  for (const auto& [name, value] : answer.headers) add_field(text, name, value);
  for (const auto& [name, value] : kCautious)
    if (std::none_of(answer.headers.begin(), answer.headers.end(),
                     [&, wanted = name](const auto& own) { return own.first == wanted; }))
      add_field(text, name, value);
  return text;
}

}  // namespace

std::string http_text(const HttpAnswer& answer, bool with_body) {
  std::string text = fields_text(answer);
  add_field(text, "Content-Length", std::to_string(answer.body.size()));
  text += "Connection: close\r\n\r\n";
  if (with_body) text += answer.body;
  return text;
}

HttpAnswer http_refusal(int status) {
  HttpAnswer answer{status, kHttpPlain, std::string(reason_of(status)) + "\n", {}};
  if (status == 405) answer.headers.emplace_back("Allow", "GET, HEAD");
  if (status == 503) answer.headers.emplace_back("Retry-After", "5");
  return answer;
}

HttpReply HttpSite::reply(std::string_view head, std::string_view local) const {
  const auto request = parse_http_request(head);
  if (!request) return {http_text(http_refusal(request.error())), ""};
  const bool with_body = !request->is_head;
  if (const auto refused = guard.refuse(*request, local))
    return {http_text(*refused, with_body), ""};
  if (const auto page = pages.find(request->path); page != pages.end())
    return {http_text(page->second(), with_body), ""};
  if (streams.find(request->path) == streams.end())
    return {http_text(http_refusal(404), with_body), ""};
  // No length: it goes on until one of the two closes. X-Accel-Buffering: nginx passes it on at
  // once.
  std::string text =
      fields_text({200, "text/event-stream; charset=utf-8", "", {{"X-Accel-Buffering", "no"}}});
  text += "Connection: close\r\n\r\n";
  return {std::move(text), with_body ? request->path : ""};
}

}  // namespace isojoule
