#include "app/live_view.h"

namespace isojoule {
namespace {

// The content of the page's <meta http-equiv="Content-Security-Policy">; "" where it has none.
std::string policy_of(std::string_view page) {
  constexpr std::string_view kName = "http-equiv=\"Content-Security-Policy\"",
                             kValue = "content=\"";
  const std::size_t name = page.find(kName);
  if (name == std::string_view::npos) return "";
  const std::size_t value = page.find(kValue, name);
  if (value == std::string_view::npos) return "";
  const std::size_t begin = value + kValue.size(), end = page.find('"', begin);
  const std::string policy(page.substr(begin, end - begin));
  return policy.find_first_of("\r\n") == std::string::npos ? policy : "";
}

}  // namespace

HttpAnswer live_view_answer(std::string_view page) {
  if (page.empty())
    return {
        503,
        kHttpPlain,
        "This program was built without its page. To have it: cd web && npm ci && npm run build, "
        "then build the program again. The stream is at /events.\n",
        {}};
  HttpAnswer answer{200, "text/html; charset=utf-8", std::string(page), {}};
  if (const std::string policy = policy_of(page); !policy.empty())
    answer.headers.emplace_back("Content-Security-Policy", policy + "; frame-ancestors 'none'");
  answer.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  return answer;
}

}  // namespace isojoule
