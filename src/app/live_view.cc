#include "app/live_view.h"

#include <nlohmann/json.hpp>

#include "data/counter.h"
#include "report/html/page.h"

namespace isojoule {
namespace {

// What each counter means, for the page's table: data in a script element, which no policy of
// scripts concerns.
std::string counters_json() {
  auto rows = nlohmann::json::array();
  for (const CounterInfo& info : all_counters())
    rows.push_back({{"name", info.name},
                    {"severity", name_of(info.severity)},
                    {"meaning", info.meaning},
                    {"remedy", info.remedy}});
  return script_json(rows);
}

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
  constexpr std::string_view kCounters = "@ISOJOULE_COUNTERS@";
  if (const std::size_t gap = answer.body.find(kCounters); gap != std::string::npos)
    answer.body.replace(gap, kCounters.size(), counters_json());
  if (const std::string policy = policy_of(page); !policy.empty())
    answer.headers.emplace_back("Content-Security-Policy", policy + "; frame-ancestors 'none'");
  answer.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  return answer;
}

}  // namespace isojoule
