#include "app/metrics_endpoint.h"

#include <charconv>

#include "base/text_file.h"

namespace isojoule {
namespace {

// A scrape every 15 s or more is usual; a write costs the board a few blocks of its storage.
constexpr Duration kFilePeriod = Duration::milliseconds(5000);
constexpr std::string_view kFileEnding = ".prom";

tl::unexpected<Error> no_target(const std::string& text) {
  return fail(ErrorKind::invalid, "--metrics '" + text + "' is neither a file nor a port",
              "Give FILE.prom, PORT (of 127.0.0.1) or ADDRESS:PORT");
}

std::optional<std::uint16_t> port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

}  // namespace

Result<MetricsTarget> parse_metrics_target(const std::string& text) {
  MetricsTarget target;
  if (text.size() > kFileEnding.size() && text.ends_with(kFileEnding)) {
    target.file = text;
    return target;
  }
  const auto place = parse_listen_place(text);
  if (!place) return no_target(text);
  target.address = place->address;
  target.port = place->port;
  return target;
}

std::optional<ListenPlace> parse_listen_place(const std::string& text) {
  ListenPlace place;
  const std::size_t colon = text.rfind(':');
  const auto port = port_of(colon == std::string::npos ? text : text.substr(colon + 1));
  if (!port || colon == 0) return std::nullopt;
  place.port = *port;
  if (colon != std::string::npos) place.address = text.substr(0, colon);
  if (place.address == "localhost") place.address = "127.0.0.1";
  if (place.address.starts_with('[') && place.address.ends_with(']'))
    place.address = place.address.substr(1, place.address.size() - 2);
  return place;
}

Result<std::unique_ptr<MetricsEndpoint>> MetricsEndpoint::open(const std::string& target) {
  std::unique_ptr<MetricsEndpoint> endpoint(new MetricsEndpoint);
  ISOJOULE_TRY(endpoint->target_, parse_metrics_target(target));
  if (!endpoint->target_.file.empty()) {
    endpoint->where_ = endpoint->target_.file;
    ISOJOULE_CHECK(write_text_file(endpoint->where_, ""));
    return endpoint;
  }
  ISOJOULE_TRY(endpoint->http_,
               HttpPage::listen(endpoint->target_.address, endpoint->target_.port));
  endpoint->where_ = endpoint->http_->url();
  return endpoint;
}

Status MetricsEndpoint::begin(std::function<std::string(bool)> page) {
  page_ = std::move(page);
  if (http_) return http_->start([this] { return page_(true); });
  clock_ = make_real_clock();
  ticker_ = clock_->every(kFilePeriod, [this](Instant) { write(true); });
  return {};
}

void MetricsEndpoint::end() {
  if (!page_) return;
  if (http_) http_->stop();
  ticker_.reset();
  if (!http_) write(false);
  page_ = nullptr;
}

std::optional<Error> MetricsEndpoint::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

void MetricsEndpoint::write(bool running) {
  const Status written = write_text_file(target_.file, page_(running));
  const std::lock_guard lock(mutex_);
  problem_ = written ? std::nullopt : std::optional(written.error());
}

}  // namespace isojoule
