#include "app/fleet/fleet_server.h"

#include "app/fleet/fleet_metrics.h"
#include "app/http_page.h"
#include "app/live_view.h"

namespace isojoule {

Result<std::unique_ptr<FleetServer>> FleetServer::open(const MonitorServing& serving) {
  ISOJOULE_TRY(const HttpServerOptions options, server_options(serving));
  std::unique_ptr<FleetServer> made(new FleetServer);
  made->token_ = options.token;
  ISOJOULE_TRY(made->server_, HttpServer::listen(options));
  FleetServer& server = *made;
  server.server_->page("/", [] { return live_view_answer(embedded_fleet_page()); });
  server.server_->page("/metrics", [&server] {
    HttpAnswer answer;
    answer.type = kExpositionType;
    answer.body = server.metrics();
    return answer;
  });
  server.server_->stream(kEvents, [&server] { return server.greeting(); });
  return made;
}

FleetServer::~FleetServer() {
  if (server_) server_->stop();
}

std::string FleetServer::url() const {
  return server_->url() + (token_.empty() ? "" : "?token=" + token_);
}

std::string FleetServer::metrics() const {
  const std::lock_guard held(lock_);
  return fleet_metrics(picture_);
}

std::string FleetServer::greeting() const {
  const std::lock_guard held(lock_);
  return news_.head();
}

void FleetServer::show(const FleetPicture& picture) {
  std::string change;
  {
    const std::lock_guard held(lock_);
    picture_ = picture;
    change = news_.take(picture);
  }
  server_->publish(kEvents, std::move(change));
}

}  // namespace isojoule
