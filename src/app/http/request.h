// The head of a request of HTTP/1 (RFC 9112), read strictly: what two readers could take in two
// ways is refused, not guessed.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace isojoule {

inline constexpr std::size_t kLongestHttpHead = 8192;  // bytes
inline constexpr std::size_t kMostHttpFields = 100;

struct HttpRequest {
  bool is_head = false;  // else GET: no other is answered
  bool is_1_0 = false;   // which needs no Host
  std::string path;      // as it came, nothing is decoded; "" behind a bare http://host
  std::string query;     // behind the first "?"
  // Names in lower case. Of a field that came more than once the values are joined with ", ";
  // those that must not come twice are a fault.
  std::map<std::string, std::string, std::less<>> fields;

  bool has(std::string_view name) const { return fields.find(name) != fields.end(); }
  std::string_view field(std::string_view name) const;  // "" where it did not come
};

// `head`: up to the empty line, or all that came. The error is the status to answer with: 400, 405,
// 413 (a body: no page takes one), 414 or 431.
tl::expected<HttpRequest, int> parse_http_request(std::string_view head);

// The value of a name in "a=1&b=2" (or, with ';', in a cookie's "a=1; b=2"); "" where it is absent.
std::string_view http_parameter(std::string_view text, std::string_view name, char between = '&');

// How far a head reaches in what has come, its empty line included; 0: its end has not come.
std::size_t http_head_size(std::string_view text);

}  // namespace isojoule
