#include "app/http_server.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <thread>

#include "app/http/client.h"
#include "app/http/listener.h"
#include "app/http/site.h"
#include "base/clock.h"
#include "base/file_tree.h"

namespace isojoule {
namespace {

constexpr std::size_t kMostAsking = 32;  // connections that are no stream's
constexpr std::size_t kMostStreams = 16;
// Events that the server's own thread has not taken yet: a page that takes long keeps no more.
constexpr std::size_t kMostPublished = 64;
constexpr Duration kWithoutDescriptor = Duration::milliseconds(200);
constexpr int kRetry_ms = 2000;  // told to browsers: how long they wait before they come again

// One line each for the text's lines (WHATWG HTML, 9.2.6); a carriage return ends one there, too.
std::string event_text(std::uint64_t number, const std::string& data) {
  std::string text = "id: " + std::to_string(number) + "\ndata: ";
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (data[i] == '\r' && i + 1 < data.size() && data[i + 1] == '\n') continue;
    text += data[i] == '\r' ? '\n' : data[i];
    if (text.back() == '\n') text += "data: ";
  }
  return text + "\n\n";
}

struct EventStream {
  std::function<std::string()> greeting;
  std::atomic<int> listeners{0};
  std::mutex mutex;  // never held while anything is sent or asked
  std::uint64_t number = 0;
  std::deque<HttpEvent> published;
};

class PollServer final : public HttpServer {
 public:
  PollServer(const HttpServerOptions& options, HttpListener listener)
      : options_(options), listener_(std::move(listener)), clock_(make_real_clock()) {
    // A cookie is its host's, whatever the port: two servers of one machine need two names.
    site_.guard = {options.token, "isojoule_" + std::to_string(listener_.port), options.hosts,
                   options.any_host};
  }
  ~PollServer() override { do_stop(); }
  PollServer(const PollServer&) = delete;
  PollServer& operator=(const PollServer&) = delete;

 private:
  void do_page(const std::string& path, Page page) override { site_.pages[path] = std::move(page); }
  void do_stream(const std::string& path, std::function<std::string()> greeting) override {
    site_.streams.insert(path);
    streams_[path].greeting = std::move(greeting);
  }
  Status do_start() override;
  void do_stop() override;
  void do_publish(const std::string& path, std::string event) override;
  int do_listeners(const std::string& path) const override {
    const auto stream = streams_.find(path);
    return stream == streams_.end() ? 0 : stream->second.listeners.load(std::memory_order_relaxed);
  }
  std::string do_url() const override {
    return "http://" + listener_.host + ":" + std::to_string(listener_.port) + "/";
  }

  void wake();
  void serve();
  bool wait(std::vector<pollfd>& waits);
  void hand_out();
  void let_in();
  HttpReply reply_to(HttpClient& client, std::string_view head);
  void forget(std::list<HttpClient>::iterator& client);

  const HttpServerOptions options_;
  HttpListener listener_;
  HttpSite site_;
  std::map<std::string, EventStream> streams_;
  Descriptor wake_;  // an eventfd: readable when something was published, or it is to end
  std::atomic<bool> over_{false};
  std::thread thread_;
  // Of the server's thread alone:
  std::unique_ptr<Clock> clock_;
  std::list<HttpClient> clients_;  // in the order in which they came
  std::size_t streaming_ = 0;
  Instant let_in_after_;  // no descriptor is left until then
};

Status PollServer::do_start() {
  wake_ = Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_) return tl::unexpected(error_from_errno(errno, do_url(), "make an eventfd"));
  thread_ = std::thread([this] { serve(); });
  return {};
}

void PollServer::do_stop() {
  if (!thread_.joinable()) return;
  over_ = true;
  wake();
  thread_.join();
  clients_.clear();
  for (auto& [path, stream] : streams_) stream.listeners = 0;
}

void PollServer::wake() {
  const std::uint64_t one = 1;
  while (::write(wake_.get(), &one, sizeof one) < 0 && errno == EINTR) {
  }
}

void PollServer::do_publish(const std::string& path, std::string event) {
  const auto place = streams_.find(path);
  if (place == streams_.end()) return;
  EventStream& stream = place->second;
  {
    const std::lock_guard lock(stream.mutex);
    ++stream.number;
    if (stream.listeners.load(std::memory_order_relaxed) == 0) return;
    if (stream.published.size() >= kMostPublished) stream.published.pop_front();
    stream.published.push_back(
        std::make_shared<const std::string>(event_text(stream.number, event)));
  }
  wake();
}

// What was published since the last time, to the clients' queues.
void PollServer::hand_out() {
  std::uint64_t count = 0;
  while (::read(wake_.get(), &count, sizeof count) < 0 && errno == EINTR) {
  }
  for (auto& [path, stream] : streams_) {
    std::deque<HttpEvent> events;
    {
      const std::lock_guard lock(stream.mutex);
      events.swap(stream.published);
    }
    for (HttpClient& client : clients_)
      if (client.stream() == path)
        for (const HttpEvent& event : events) client.put(event, clock_->now());
  }
}

HttpReply PollServer::reply_to(HttpClient& client, std::string_view head) {
  HttpReply reply = site_.reply(head, local_address(client.socket()));
  if (reply.stream.empty()) return reply;
  if (streaming_ >= kMostStreams) return {http_text(http_refusal(503)), ""};
  EventStream& stream = streams_.at(reply.stream);
  std::uint64_t number = 0;
  {
    // What is published from here on it gets; what was before, the greeting knows.
    const std::lock_guard lock(stream.mutex);
    stream.listeners.fetch_add(1, std::memory_order_relaxed);
    number = stream.number;
  }
  ++streaming_;
  client.put(std::make_shared<const std::string>("retry: " + std::to_string(kRetry_ms) + "\n" +
                                                 event_text(number, stream.greeting())),
             clock_->now());
  return reply;
}

void PollServer::forget(std::list<HttpClient>::iterator& client) {
  if (!client->stream().empty()) {
    --streaming_;
    streams_.at(client->stream()).listeners.fetch_sub(1, std::memory_order_relaxed);
  }
  client = clients_.erase(client);
}

void PollServer::let_in() {
  for (std::size_t i = 0; i < kMostAsking; ++i) {
    Descriptor socket(
        ::accept4(listener_.socket.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket) {
      // Without a descriptor poll() would return at once, again and again.
      if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
        let_in_after_ = clock_->now() + kWithoutDescriptor;
      return;
    }
    // Whoever says nothing, or reads nothing, does not keep out who does.
    if (clients_.size() - streaming_ >= kMostAsking) {
      auto oldest = std::find_if(clients_.begin(), clients_.end(),
                                 [](const HttpClient& one) { return one.is_silent(); });
      if (oldest == clients_.end())
        oldest = std::find_if(clients_.begin(), clients_.end(),
                              [](const HttpClient& one) { return one.stream().empty(); });
      forget(oldest);
    }
    clients_.emplace_back(std::move(socket), clock_->now(), options_.patience);
  }
}

// False when the server is to end.
bool PollServer::wait(std::vector<pollfd>& waits) {
  const Instant now = clock_->now();
  const bool is_open = now >= let_in_after_;
  waits.assign({{wake_.get(), POLLIN, 0}, {is_open ? listener_.socket.get() : -1, POLLIN, 0}});
  // Without a connection there is nothing to be impatient with.
  std::int64_t least_ns = clients_.empty() && is_open ? -1 : 1'000'000'000;
  if (!is_open) least_ns = (let_in_after_ - now).ns;
  for (const HttpClient& client : clients_) {
    waits.push_back({client.socket(), client.wanted(), 0});
    least_ns = std::min(least_ns, std::max<std::int64_t>((client.deadline() - now).ns, 0));
  }
  const int timeout_ms = least_ns < 0 ? -1 : static_cast<int>((least_ns + 999'999) / 1'000'000);
  if (::poll(waits.data(), waits.size(), timeout_ms) < 0 && errno != EINTR) return false;
  return !over_;
}

void PollServer::serve() {
  const auto reply = [this](HttpClient& client, std::string_view head) {
    return reply_to(client, head);
  };
  std::vector<pollfd> waits;
  while (wait(waits)) {
    if (waits[0].revents != 0) hand_out();
    std::size_t place = 2;
    for (auto client = clients_.begin(); client != clients_.end(); ++place)
      if (client->go_on(waits[place].revents, clock_->now(), reply))
        ++client;
      else
        forget(client);
    if (waits[1].revents != 0) let_in();
  }
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::listen(const HttpServerOptions& options) {
  ISOJOULE_TRY(HttpListener listener, listen_http(options.address, options.port));
  return std::make_unique<PollServer>(options, std::move(listener));
}

}  // namespace isojoule
