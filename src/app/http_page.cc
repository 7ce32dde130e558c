#include "app/http_page.h"

#include <utility>
#include <vector>

#include "app/http/listener.h"
#include "app/http/site.h"

namespace isojoule {
namespace {

std::vector<std::pair<std::string, HttpServer::Page>> metrics_pages(
    std::function<std::string()> page) {
  return {{"/metrics",
           [page = std::move(page)] {
             return HttpAnswer{200, kExpositionType, page(), {}};
           }},
          {"/", [] {
             return HttpAnswer{200, kHttpPlain, "isojoule: see /metrics\n", {}};
           }}};
}

}  // namespace

std::string http_answer(std::string_view head, const std::function<std::string()>& page) {
  HttpSite site;
  site.guard.any_host = true;
  for (auto& [path, one] : metrics_pages(page)) site.pages[path] = one;
  return site.reply(head, "").text;
}

Result<std::unique_ptr<HttpPage>> HttpPage::listen(const std::string& address, std::uint16_t port) {
  HttpServerOptions options;
  options.address = address;
  options.port = port;
  options.any_host = !is_loopback_address(address);
  std::unique_ptr<HttpPage> page(new HttpPage);
  ISOJOULE_TRY(page->server_, HttpServer::listen(options));
  return page;
}

std::string HttpPage::url() const { return server_->url() + "metrics"; }

Status HttpPage::start(std::function<std::string()> page) {
  for (auto& [path, one] : metrics_pages(std::move(page))) server_->page(path, one);
  return server_->start();
}

void HttpPage::stop() { server_->stop(); }

}  // namespace isojoule
