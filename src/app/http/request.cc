#include "app/http/request.h"

#include <algorithm>
#include <array>

namespace isojoule {
namespace {

// RFC 9110, 5.6.2.
bool is_token_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

// Nothing that ends a line, and nothing that a terminal or a log would obey.
bool is_plain(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
}

std::string_view trimmed_field(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string small_letters(std::string_view text) {
  std::string small(text);
  for (char& c : small)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return small;
}

// Takes a line off; a lone line feed ends one too (RFC 9112, 2.2).
std::string_view next_head_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

constexpr std::array<std::string_view, 6> kOnce = {"host",   "content-length", "transfer-encoding",
                                                   "origin", "authorization",  "sec-fetch-site"};

// 0 when it is well.
int read_target(std::string_view target, HttpRequest& request) {
  if (target.size() > kLongestHttpHead / 2) return 414;
  if (!is_plain(target) || target.find_first_of(" \t") != std::string_view::npos) return 400;
  if (!target.starts_with('/')) {  // as a proxy asks: what it names goes before the field Host
    const std::size_t host = target.find("://");
    if (host == std::string_view::npos) return 400;
    const std::size_t end = std::min(target.find_first_of("/?", host + 3), target.size());
    request.fields["host"] = std::string(target.substr(host + 3, end - host - 3));
    target = target.substr(end);
  }
  const std::size_t query = target.find('?');
  request.path = target.substr(0, query);
  if (query != std::string_view::npos) request.query = target.substr(query + 1);
  return 0;
}

int read_request_line(std::string_view line, HttpRequest& request) {
  const std::size_t first = line.find(' '), last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return 400;
  const std::string_view method = line.substr(0, first), version = line.substr(last + 1);
  if (!is_token(method) || version.size() != 8 || !version.starts_with("HTTP/1.") ||
      version[7] < '0' || version[7] > '9')
    return 400;
  request.is_1_0 = version[7] == '0';
  request.is_head = method == "HEAD";
  if (const int fault = read_target(line.substr(first + 1, last - first - 1), request); fault != 0)
    return fault;
  return method == "GET" || request.is_head ? 0 : 405;
}

int read_field(std::string_view line, bool host_is_known, HttpRequest& request) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return 400;
  const std::string name = small_letters(line.substr(0, colon));
  const std::string_view value = trimmed_field(line.substr(colon + 1));
  if (!is_plain(value)) return 400;
  if (name == "host" && host_is_known) return 0;
  const auto [place, is_new] = request.fields.emplace(name, value);
  if (is_new) return 0;
  if (std::find(kOnce.begin(), kOnce.end(), name) != kOnce.end()) return 400;
  place->second.append(name == "cookie" ? "; " : ", ").append(value);
  return 0;
}

// A body that came behind a GET would be read as the next request by somebody.
int body_fault(const HttpRequest& request) {
  if (request.has("transfer-encoding")) return 413;
  if (!request.has("content-length")) return 0;
  const std::string_view size = request.field("content-length");
  if (size.empty() || size.find_first_not_of("0123456789") != std::string_view::npos) return 400;
  return size.find_first_not_of('0') == std::string_view::npos ? 0 : 413;
}

}  // namespace

std::string_view HttpRequest::field(std::string_view name) const {
  const auto place = fields.find(name);
  return place == fields.end() ? std::string_view() : std::string_view(place->second);
}

tl::expected<HttpRequest, int> parse_http_request(std::string_view head) {
  HttpRequest request;
  if (head.size() > kLongestHttpHead) return tl::unexpected(431);
  if (const int fault = read_request_line(next_head_line(head), request); fault != 0)
    return tl::unexpected(fault);
  const bool host_is_known = request.has("host");
  bool host_came = false;
  std::size_t count = 0;
  for (std::string_view line; !(line = next_head_line(head)).empty();) {
    if (++count > kMostHttpFields) return tl::unexpected(431);
    if (const int fault = read_field(line, host_is_known, request); fault != 0)
      return tl::unexpected(fault);
    const bool is_host = small_letters(line.substr(0, line.find(':'))) == "host";
    if (is_host && host_came) return tl::unexpected(400);
    host_came = host_came || is_host;
  }
  if (const int fault = body_fault(request); fault != 0) return tl::unexpected(fault);
  return request;
}

std::string_view http_parameter(std::string_view text, std::string_view name, char between) {
  while (!text.empty()) {
    const std::size_t end = text.find(between);
    const std::string_view pair = trimmed_field(text.substr(0, end));
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
      return pair.substr(name.size() + 1);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return {};
}

std::size_t http_head_size(std::string_view text) {
  for (std::size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1))
    if (const std::string_view rest = text.substr(at + 1); rest.starts_with('\n'))
      return at + 2;
    else if (rest.starts_with("\r\n"))
      return at + 3;
  return 0;
}

}  // namespace isojoule
