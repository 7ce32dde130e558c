// Who may ask an HttpServer. Three doors: the name by which it was asked for (a page elsewhere may
// give its own name this machine's address: "DNS rebinding"), where the request comes from (a page
// elsewhere may send one with the user's cookie), and the token.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/http/request.h"
#include "app/http_server.h"

namespace isojoule {

struct HttpGuard {
  std::string token;   // "" = none is asked for
  std::string cookie;  // the name of the cookie that carries it
  std::vector<std::string> hosts;
  bool any_host = false;  // not to look at the name: where anybody may read the pages anyway

  // The answer where the request is not to be served: a refusal, or the way on without the token in
  // the address. `local`: the address in digits that the request came in by.
  std::optional<HttpAnswer> refuse(const HttpRequest& request, std::string_view local) const;

 private:
  bool knows_host(std::string_view host, std::string_view local) const;
  bool has_token(const HttpRequest& request) const;
};

// Equal in content, in a time that tells no more than the lengths.
bool is_same_secret(std::string_view a, std::string_view b);

// 128 random bits of the kernel as 32 digits (base 16). Errors: io.
Result<std::string> new_http_token();

}  // namespace isojoule
