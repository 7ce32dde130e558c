#include "app/monitor/monitor_server.h"

#include "app/http/guard.h"
#include "app/http/listener.h"
#include "app/http_page.h"
#include "app/live_view.h"

namespace isojoule {

Result<HttpServerOptions> server_options(const MonitorServing& serving) {
  if (serving.without_token && !is_loopback_address(serving.address))
    return fail(ErrorKind::invalid, "--no-token on " + serving.address + ", which others can reach",
                "Leave it away, or serve on 127.0.0.1 and come by ssh -L");
  HttpServerOptions options;
  options.address = serving.address;
  options.port = serving.port;
  options.hosts = serving.hosts;
  if (serving.without_token) return options;
  options.token = serving.token;
  if (options.token.empty()) {
    ISOJOULE_TRY(options.token, new_http_token());
  }
  return options;
}

Result<std::unique_ptr<MonitorServer>> MonitorServer::open(const MonitorServing& serving,
                                                           const MonitorPage& page) {
  ISOJOULE_TRY(const HttpServerOptions options, server_options(serving));
  std::unique_ptr<MonitorServer> made(new MonitorServer(page));
  made->token_ = options.token;
  ISOJOULE_TRY(made->server_, HttpServer::listen(options));
  MonitorServer& server = *made;
  server.server_->page("/", [] { return live_view_answer(); });
  server.server_->page("/metrics", [&server] {
    HttpAnswer answer;
    answer.type = kExpositionType;
    answer.body = server.page_.page(true);
    return answer;
  });
  server.server_->stream(kEvents, [&server] { return server.greeting(); });
  return made;
}

MonitorServer::~MonitorServer() {
  if (server_) server_->stop();
}

std::string MonitorServer::url() const {
  return server_->url() + (token_.empty() ? "" : "?token=" + token_);
}

std::string MonitorServer::greeting() const {
  const std::lock_guard held(lock_);
  if (head_.empty()) return "{}";
  std::string text = head_.substr(0, head_.size() - 1) + ",\"frames\":[";
  for (const auto* lines : {&older_, &recent_})
    for (const std::string& line : *lines) (text += line) += ',';
  if (text.back() == ',') text.pop_back();
  return text + "]}";
}

Status MonitorServer::do_begin(const LiveHead& head) {
  {
    const std::lock_guard held(lock_);
    head_ = line_of(to_json(head));
  }
  return server_->start();
}

Status MonitorServer::do_show(const LiveFrame& frame) {
  std::string line = line_of(to_json(frame));
  {
    const std::lock_guard held(lock_);
    recent_.push_back(line);
    recent_s_.push_back(frame.time_s);
    if (recent_.size() > kRecent) {
      // Of what grows old, one frame a second stays.
      if (recent_s_.front() >= next_older_s_) {
        next_older_s_ = recent_s_.front() + 1;
        older_.push_back(std::move(recent_.front()));
        if (older_.size() > kOlder) older_.pop_front();
      }
      recent_.pop_front();
      recent_s_.pop_front();
    }
  }
  server_->publish(kEvents, std::move(line));
  return {};
}

}  // namespace isojoule
