#include "fleet/nats_server.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "base/clock.h"
#include "base/descriptor.h"
#include "fleet/bus.h"

namespace isojoule::test {

namespace fs = std::filesystem;

namespace {

std::string found_server() {
  const char* path = std::getenv("PATH");
  std::stringstream folders(std::string(path == nullptr ? "" : path) + ":/usr/sbin:/usr/bin");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (fs::exists(folder + "/nats-server")) return folder + "/nats-server";
  return {};
}

// Nobody has it now; that nobody takes it in the next moments is likely only.
int free_port() {
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const general = reinterpret_cast<sockaddr*>(&address);
  if (::bind(socket.get(), general, length) != 0 ||
      ::getsockname(socket.get(), general, &length) != 0)
    return 0;
  return ntohs(address.sin_port);
}

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

template <typename Condition>
bool within(std::chrono::seconds limit, const Condition& holds) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

}  // namespace

bool NatsServer::available() {
  static const bool there = [] {
    if (found_server().empty()) return false;
    const auto bus = fleet::Bus::connect({.url = "nats://127.0.0.1:1"});
    return bus || bus.error().kind != ErrorKind::unsupported;  // built without libnats
  }();
  return there;
}

NatsServer::NatsServer(NatsServerOptions options) : options_(std::move(options)) {
  std::string folder = (fs::temp_directory_path() / "isojoule-nats-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) {
    ADD_FAILURE() << "no temporary folder";
    return;
  }
  folder_ = folder;
  start();
}

NatsServer::~NatsServer() {
  if (testing::Test::HasFailure())
    std::fprintf(stderr, "--- log of nats-server %s\n%s", options_.name.c_str(), log().c_str());
  kill9();
  std::error_code ignored;  // what stays is in the temporary folder
  if (!folder_.empty()) fs::remove_all(folder_, ignored);
}

std::string NatsServer::log() const { return text_of(folder_ + "/log"); }

std::string NatsServer::url(const std::string& user_and_password) const {
  return options_.scheme + "://" + (user_and_password.empty() ? "" : user_and_password + "@") +
         "127.0.0.1:" + std::to_string(port_);
}

void NatsServer::write_configuration() const {
  std::ofstream file(folder_ + "/nats.conf");
  file << "host: 127.0.0.1\nport: " << port_ << "\nserver_name: " << options_.name
       << "\nlog_file: \"" << folder_ << "/log\"\nports_file_dir: \"" << folder_ << "\"\n";
  if (options_.jetstream)
    file << "jetstream { store_dir: \"" << folder_
         << "/store\", max_memory_store: 256MB, max_file_store: 4GB }\n";
  if (options_.cluster_port != 0) {
    file << "cluster { name: test, host: 127.0.0.1, port: " << options_.cluster_port
         << ", routes: [";
    for (const int route : options_.routes) file << "\n\"nats://127.0.0.1:" << route << "\"";
    file << " ] }\n";
  }
  file << options_.configuration << "\n";
}

bool NatsServer::find_port() {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder_, ignored)) {
    if (entry.path().extension() != ".ports") continue;
    const auto ports = nlohmann::json::parse(text_of(entry.path().string()), nullptr, false);
    if (!ports.is_object() || !ports.contains("nats") || ports["nats"].empty()) continue;
    const std::string url = ports["nats"][0].get<std::string>();
    port_ = std::atoi(url.substr(url.rfind(':') + 1).c_str());
    return true;
  }
  return false;
}

void NatsServer::start() {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder_, ignored))
    if (entry.path().extension() == ".ports") fs::remove(entry.path(), ignored);
  write_configuration();
  auto started = Subprocess::start({.command = {found_server(), "-c", folder_ + "/nats.conf"},
                                    .environment = {},
                                    .channel = {}});
  if (!started) {
    ADD_FAILURE() << to_string(started.error());
    return;
  }
  process_ = std::move(*started);
  const bool listens = within(std::chrono::seconds(20), [this] { return find_port(); });
  if (!listens) ADD_FAILURE() << "nats-server does not start: " << log() << process_->output_tail();
}

void NatsServer::kill9() {
  if (!process_) return;
  process_->signal(SIGKILL);
  process_->wait(make_real_clock()->now() + Duration::milliseconds(10'000));
  process_.reset();
}

void NatsServer::stop() {
  if (!process_) return;
  process_->stop(Duration::milliseconds(10'000));
  process_.reset();
}

void NatsServer::restart() {
  kill9();
  start();
}

NatsCluster::NatsCluster(int servers, const std::string& configuration) {
  std::vector<int> routes;
  for (int i = 0; i < servers; ++i) routes.push_back(free_port());
  for (int i = 0; i < servers; ++i)
    servers_.push_back(std::make_unique<NatsServer>(
        NatsServerOptions{.configuration = configuration,
                          .name = "n" + std::to_string(i + 1),
                          .cluster_port = routes[static_cast<std::size_t>(i)],
                          .routes = routes}));
}

std::string NatsCluster::url() const {
  std::string urls;
  for (const auto& server : servers_) urls += (urls.empty() ? "" : ",") + server->url();
  return urls;
}

NatsServer* NatsCluster::named(const std::string& name) {
  for (const auto& server : servers_)
    if (server->name() == name) return server.get();
  return nullptr;
}

bool NatsCluster::wait_ready() const {
  return within(std::chrono::seconds(30), [this] {
    const auto bus = fleet::Bus::connect({.url = url(), .patience = Duration::milliseconds(1000)});
    if (!bus) return false;
    const auto asked = (*bus)->subjects("none", ">");
    return !asked && asked.error().kind == ErrorKind::not_found;
  });
}

}  // namespace isojoule::test
