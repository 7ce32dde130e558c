// A real nats-server for tests: with a store of its own, on ports that it chooses, gone at the end.
//
// Every test program has it (target test_nats_server, cmake/IsojouleRooms.cmake):
//
//   #include "fleet/nats_server.h"
//   ISOJOULE_NEEDS_NATS_SERVER();  // skips the test where there is none
//   NatsServer server;             // JetStream, no passwords
//   Bus::connect({.url = server.url()})
//
// Start, stop and destroy it on one thread, which must live as long as it (base/subprocess.h).
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "base/subprocess.h"

namespace isojoule::test {

struct NatsServerOptions {
  bool jetstream = true;
  std::string configuration;  // text added to its file: users, tls { ... }, max_payload: ...
  std::string name = "test";
  std::string scheme = "nats";  // of url(): "tls"
  int cluster_port = 0;         // 0: no cluster
  std::vector<int> routes;      // cluster ports of all
};

class NatsServer {
 public:
  static bool available();
  // Starts it and waits until it listens. A failure fails the test, with the server's log.
  explicit NatsServer(NatsServerOptions options = {});
  ~NatsServer();
  NatsServer(const NatsServer&) = delete;
  NatsServer& operator=(const NatsServer&) = delete;

  std::string url(const std::string& user_and_password = "") const;  // "user:password"
  int port() const { return port_; }
  const std::string& name() const { return options_.name; }
  pid_t pid() const { return process_ ? process_->pid() : -1; }
  bool running() const { return process_ != nullptr; }
  std::string folder() const { return folder_; }  // for files of the test, too
  std::string log() const;

  void kill9();    // as a power cut: no word to anybody
  void stop();     // SIGTERM
  void restart();  // on the same port, with the same store

 private:
  void start();
  void write_configuration() const;
  bool find_port();

  NatsServerOptions options_;
  std::string folder_;
  int port_ = -1;  // -1: not yet known
  std::unique_ptr<Subprocess> process_;
};

// Servers that keep copies of one another's streams.
class NatsCluster {
 public:
  explicit NatsCluster(int servers = 3, const std::string& configuration = "");
  std::string url() const;  // of all
  NatsServer& server(std::size_t index) { return *servers_.at(index); }
  NatsServer* named(const std::string& name);
  std::size_t size() const { return servers_.size(); }
  // Until streams can be asked for (a leader is elected); false after 30 s.
  bool wait_ready() const;

 private:
  std::vector<std::unique_ptr<NatsServer>> servers_;
};

}  // namespace isojoule::test

#define ISOJOULE_NEEDS_NATS_SERVER()              \
  if (!::isojoule::test::NatsServer::available()) \
  GTEST_SKIP() << "skipped: no nats-server, or no libnats in this build"
