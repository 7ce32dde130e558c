// For libFuzzer (preset fuzz); the kept corpus in tests/corpus/app_http_request runs in
// request_test.cc.
//
// Whatever comes: the answer is one whole head of a known status; nothing of the request stands in
// it; without the token no page is asked, and without a known name or from elsewhere neither.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "app/http/site.h"

namespace {

void hold(bool is_well) {
  if (!is_well) std::abort();
}

isojoule::HttpSite fuzzed_site(int& asked) {
  isojoule::HttpSite site;
  site.guard.token = "5ecret5ecret";
  site.guard.cookie = "isojoule_8080";
  site.pages["/"] = [&asked] {
    ++asked;
    return isojoule::HttpAnswer{};
  };
  site.streams.insert("/events");
  return site;
}

void check_request(std::string_view head, int& asked) {
  const auto request = isojoule::parse_http_request(head);
  if (!request) {
    const int status = request.error();
    hold(status == 400 || status == 405 || status == 413 || status == 414 || status == 431);
    hold(asked == 0);
    return;
  }
  hold(request->fields.size() <= isojoule::kMostHttpFields + 1);
  hold(request->path.find_first_of("\r\n ?") == std::string::npos);
  for (const auto& [name, value] : request->fields)
    hold(!name.empty() && value.find_first_of("\r\n") == std::string::npos);
  if (head.find("5ecret5ecret") == std::string_view::npos) hold(asked == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the fuzzer's bytes are the text
  const std::string_view head(reinterpret_cast<const char*>(data), size);
  int asked = 0;
  const isojoule::HttpReply reply = fuzzed_site(asked).reply(head, "127.0.0.1");
  hold(reply.text.starts_with("HTTP/1.1 ") && !reply.text.starts_with("HTTP/1.1 500"));
  const std::size_t end = reply.text.find("\r\n\r\n");
  hold(end != std::string::npos && asked <= 1);
  // Lines of the head: a status and at most a dozen fields, however many came in.
  std::size_t lines = 0;
  for (std::size_t at = 0; at < end; at = reply.text.find('\n', at) + 1) ++lines;
  hold(lines >= 8 && lines <= 14);
  hold(reply.text.find("X-Frame-Options: DENY\r\n") < end);
  hold(isojoule::http_head_size(head) <= size);
  check_request(head, asked);
  return 0;
}
