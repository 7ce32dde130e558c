#include "app/http/guard.h"

#include <algorithm>
#include <array>
#include <fstream>

namespace isojoule {
namespace {

HttpAnswer guard_refusal(int status, std::string why) {
  return {status, kHttpPlain, std::move(why), {}};
}

// "board:8080" -> "board", "[::1]:8080" -> "[::1]"; in lower case, without a last dot.
std::string host_name(std::string_view host) {
  const std::size_t end = host.starts_with('[') ? host.find(']') + 1 : host.find(':');
  std::string name(host.substr(0, end));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (name.ends_with('.')) name.pop_back();
  return name;
}

// A browser says where a request comes from (Fetch Metadata, and Origin in older ones). "same-site"
// is another port of this machine: another program's page. Somebody who goes to a page by a link
// may: the page that has the link sees nothing of it.
bool is_from_elsewhere(const HttpRequest& request) {
  const std::string_view site = request.field("sec-fetch-site");
  const bool goes_there = request.field("sec-fetch-mode") == "navigate" &&
                          request.field("sec-fetch-dest") == "document";
  if (!site.empty() && site != "same-origin" && site != "none" && !goes_there) return true;
  if (!request.has("origin")) return false;
  const std::string_view origin = request.field("origin"), host = request.field("host");
  const std::size_t name = origin.find("://");  // http, or https where a proxy stands before
  return name == std::string_view::npos || origin.substr(name + 3) != host;
}

}  // namespace

bool HttpGuard::knows_host(std::string_view host, std::string_view local) const {
  const std::string name = host_name(host);
  if (name.empty()) return false;
  const bool is_v6 = local.find(':') != std::string_view::npos;
  const std::string own = is_v6 ? "[" + std::string(local) + "]" : std::string(local);
  return name == own || name == "localhost" || name == "127.0.0.1" || name == "[::1]" ||
         std::any_of(hosts.begin(), hosts.end(),
                     [&](const std::string& one) { return host_name(one) == name; });
}

bool HttpGuard::has_token(const HttpRequest& request) const {
  const std::string_view given = request.field("authorization");
  constexpr std::string_view kBearer = "Bearer ";
  return is_same_secret(http_parameter(request.query, "token"), token) ||
         is_same_secret(http_parameter(request.field("cookie"), cookie, ';'), token) ||
         (given.starts_with(kBearer) && is_same_secret(given.substr(kBearer.size()), token));
}

std::optional<HttpAnswer> HttpGuard::refuse(const HttpRequest& request,
                                            std::string_view local) const {
  if (!any_host) {
    if (!request.has("host") && !request.is_1_0) return guard_refusal(400, "no field Host\n");
    if (request.has("host") && !knows_host(request.field("host"), local))
      return guard_refusal(421, "this server does not go by that name\n");
  }
  if (is_from_elsewhere(request)) return guard_refusal(403, "asked for by another page\n");
  if (token.empty() || has_token(request)) return std::nullopt;
  HttpAnswer answer = guard_refusal(
      401, "The address that the program printed has the token that is missing here.\n");
  answer.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"isojoule\"");
  return answer;
}

std::optional<HttpAnswer> HttpGuard::send_on(const HttpRequest& request) const {
  if (token.empty() || !is_same_secret(http_parameter(request.query, "token"), token) ||
      request.field("accept").find("text/html") == std::string_view::npos)
    return std::nullopt;
  HttpAnswer answer = guard_refusal(303, "");
  answer.headers.emplace_back("Location", request.path);
  // Lax: with Strict, who follows a link to the address (from a chat, a wiki) would be sent on
  // without the cookie. What other pages ask for by themselves is_from_elsewhere() refuses.
  answer.headers.emplace_back("Set-Cookie",
                              cookie + "=" + token + "; HttpOnly; SameSite=Lax; Path=/");
  return answer;
}

bool is_same_secret(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference |=
        static_cast<unsigned char>(a[i]) ^ static_cast<unsigned>(static_cast<unsigned char>(b[i]));
    __asm__ volatile("" : "+r"(difference));  // or the compiler might leave at the first one
  }
  return difference == 0;
}

Result<std::string> new_http_token() {
  std::array<char, 16> bytes{};
  std::ifstream random("/dev/urandom", std::ios::binary);
  if (!random.read(bytes.data(), bytes.size()))
    return fail(ErrorKind::io, "cannot read /dev/urandom", "Give a token of your own");
  std::string token;
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    token += "0123456789abcdef"[value >> 4];
    token += "0123456789abcdef"[value & 15];
  }
  return token;
}

}  // namespace isojoule
