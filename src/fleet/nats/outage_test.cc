// Servers that die under a Queue, a Reader and a Watch: nothing is lost, nothing comes twice.
#include <gtest/gtest.h>
#include <nats/nats.h>
#include <sys/wait.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <map>
#include <memory>
#include <thread>

#include "fleet/catalogue.h"
#include "fleet/name.h"
#include "fleet/nats/connect.h"
#include "fleet/nats/handle.h"
#include "fleet/nats_server.h"

namespace isojoule::fleet {
namespace {

using test::NatsCluster;
using test::NatsServer;

constexpr Duration kClaim = Duration::milliseconds(30'000);
// What was handed to nobody when a server died comes again after its claim: wait longer than that.
constexpr Duration kPatience = Duration::milliseconds(60'000);

std::unique_ptr<Bus> lasting_bus(const std::string& url) {
  auto bus = Bus::connect({.url = url, .patience = kPatience});
  EXPECT_TRUE(bus) << (bus ? "" : to_string(bus.error()));
  return bus ? std::move(*bus) : nullptr;
}

template <typename Condition>
bool comes_true(const Condition& condition) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!condition() && std::chrono::steady_clock::now() < limit)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  return condition();
}

// The sequences of a study's runs as the reader gives them, until `last` came.
std::vector<std::int64_t> read_until(Reader& reader, std::int64_t last) {
  std::vector<std::int64_t> sequences;
  while (sequences.empty() || sequences.back() != last) {
    const auto message = reader.next(kPatience);
    EXPECT_TRUE(message) << (message ? "" : to_string(message.error()));
    if (!message || !*message) break;
    const std::int64_t sequence = parse_run_subject((*message)->subject)->sequence;
    EXPECT_TRUE(sequences.empty() || sequence == sequences.back() + 1);
    sequences.push_back(sequence);
  }
  return sequences;
}

void publish_runs(Bus& bus, std::int64_t from, std::int64_t to) {
  for (std::int64_t i = from; i < to; ++i) {
    const auto stored =
        bus.publish(run_subject("b", "s", 0, i), "run", {.message_id = "s." + std::to_string(i)});
    ASSERT_TRUE(stored) << to_string(stored.error());
  }
}

// Takes and ends `blocks` blocks; how often each came.
std::map<std::string, int> work_off(Queue& queue, int blocks) {
  std::map<std::string, int> times;
  while (static_cast<int>(times.size()) < blocks) {
    auto claim = queue.take(kPatience);
    EXPECT_TRUE(claim && *claim) << (claim ? "nothing came" : to_string(claim.error()));
    if (!claim || !*claim) break;
    const Status done = (*claim)->done();
    EXPECT_TRUE(done) << to_string(done.error());
    ++times[(*claim)->message().bytes];
  }
  return times;
}

TEST(BusOutage, AServerThatIsKilledAndComesBackLosesNothing) {
  ISOJOULE_NEEDS_NATS_SERVER();
  NatsServer server;
  const auto bus = lasting_bus(server.url());
  ASSERT_TRUE(bus && set_up(*bus, 1));
  ASSERT_TRUE(bus->make_queue(kBlocks, "s_0", lane_filter("s", 0), kClaim));
  for (int i = 0; i < 4; ++i)
    ASSERT_TRUE(bus->publish(block_subject("s", 0, i), std::to_string(i)));
  auto queue = bus->queue(kBlocks, "s_0");
  auto reader = bus->read(kRuns, study_runs_filter("s"), 0);
  auto watch = bus->watch(kOrders, ">");
  ASSERT_TRUE(queue && reader && watch);
  publish_runs(*bus, 0, 50);
  EXPECT_EQ(read_until(**reader, 29).size(), 30U);  // the rest is on its way
  auto claim = (*queue)->take(kPatience);
  ASSERT_TRUE(claim && *claim);

  server.kill9();
  ASSERT_TRUE(comes_true([&] { return !bus->connected(); }));
  EXPECT_FALSE((*claim)->extend());
  std::thread meanwhile([&] { publish_runs(*bus, 50, 60); });  // waits for the server
  server.restart();
  meanwhile.join();

  const auto rest = read_until(**reader, 59);
  EXPECT_EQ(rest.size(), 30U);
  EXPECT_EQ(rest.front(), 30);
  EXPECT_TRUE((*claim)->extend());
  EXPECT_TRUE((*claim)->done());
  EXPECT_EQ(work_off(**queue, 3), (std::map<std::string, int>{{"1", 1}, {"2", 1}, {"3", 1}}));
  ASSERT_TRUE(bus->put(kOrders, "b", "drain"));
  const auto entry = (*watch)->next(kPatience);
  ASSERT_TRUE(entry && *entry);
  EXPECT_EQ((*entry)->value, "drain");
}

TEST(BusOutage, CallsFailInWordsWhileNoServerIsThere) {
  ISOJOULE_NEEDS_NATS_SERVER();
  NatsServer server;
  auto bus = Bus::connect({.url = server.url(), .patience = Duration::milliseconds(2000)});
  ASSERT_TRUE(bus && set_up(**bus, 1));
  ASSERT_TRUE((*bus)->make_queue(kBlocks, "s_0", lane_filter("s", 0), kClaim));
  auto queue = (*bus)->queue(kBlocks, "s_0");
  auto reader = (*bus)->read(kRuns, "", 0);
  ASSERT_TRUE(queue && reader);
  server.kill9();
  const auto stored = (*bus)->publish(run_subject("b", "s", 0, 0), "run");
  ASSERT_FALSE(stored);
  EXPECT_TRUE(stored.error().kind == ErrorKind::io || stored.error().kind == ErrorKind::timeout);
  EXPECT_FALSE((*bus)->list(kCards));
  EXPECT_FALSE((*bus)->connected());
  const auto claim = (*queue)->take(Duration::milliseconds(100));
  ASSERT_TRUE(claim) << to_string(claim.error());
  EXPECT_EQ(*claim, nullptr);
  const auto message = (*reader)->next(Duration::milliseconds(100));
  ASSERT_TRUE(message) << to_string(message.error());
  EXPECT_FALSE(*message);
}

// A server that is so busy that it answers when nobody waits any more.
class LateServer : public testing::Test {
 public:
  void SetUp() override {
    ISOJOULE_NEEDS_NATS_SERVER();
    server = std::make_unique<NatsServer>();
    bus = lasting_bus(server->url());
    ASSERT_TRUE(bus && set_up(*bus, 1));
    ASSERT_TRUE(bus->make_queue(kBlocks, "s_0", lane_filter("s", 0), kLongClaim));
    auto made = bus->queue(kBlocks, "s_0");
    ASSERT_TRUE(made);
    queue = std::move(*made);
    ASSERT_TRUE(bus->publish(block_subject("s", 0, 0), "0"));
  }

  // Returns when none of its threads runs any more.
  void halt() const {
    ASSERT_EQ(::kill(server->pid(), SIGSTOP), 0);
    siginfo_t stopped{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(server->pid()), &stopped, WSTOPPED | WNOWAIT), 0);
  }

  // Asks while the server stands still, in vain, and lets it go on.
  void ask_in_vain() const {
    halt();
    const auto claim = queue->take(Duration::milliseconds(100));
    EXPECT_TRUE(claim && *claim == nullptr);
    ASSERT_EQ(::kill(server->pid(), SIGCONT), 0);
  }

  static constexpr Duration kLongClaim = Duration::milliseconds(600'000);  // nobody waits so long
  std::unique_ptr<NatsServer> server;
  std::unique_ptr<Bus> bus;
  std::unique_ptr<Queue> queue;
};

TEST_F(LateServer, WhatItHandsToNobodyIsGivenToTheNext) {
  const auto other_bus = lasting_bus(server->url());
  ASSERT_TRUE(other_bus);
  auto other = other_bus->queue(kBlocks, "s_0");
  ASSERT_TRUE(other);
  ask_in_vain();
  EXPECT_EQ(work_off(**other, 1), (std::map<std::string, int>{{"0", 1}}));
}

TEST_F(LateServer, WhoAskedGetsItWhenItAsksAgain) {
  ask_in_vain();
  EXPECT_EQ(work_off(*queue, 1), (std::map<std::string, int>{{"0", 1}}));
  EXPECT_EQ(bus->queue_state(kBlocks, "s_0")->claimed, 0U);
}

TEST_F(LateServer, ManyThatAskGetEachBlockOnce) {
  constexpr int kAgents = 20, kAll = 20 * kAgents;
  for (int i = 1; i < kAll; ++i)
    ASSERT_TRUE(bus->publish(block_subject("s", 0, i), std::to_string(i)));
  std::atomic<int> done = 0;
  std::vector<std::unique_ptr<Bus>> buses(kAgents);
  for (auto& one : buses) one = lasting_bus(server->url());
  std::vector<std::thread> agents;
  for (const auto& one : buses)
    agents.emplace_back([&] {
      auto own = one->queue(kBlocks, "s_0");
      ASSERT_TRUE(own);
      while (done < kAll) {
        auto claim = (*own)->take(Duration::milliseconds(300));
        ASSERT_TRUE(claim) << to_string(claim.error());
        if (*claim && (*claim)->done()) ++done;
      }
    });
  for (int i = 0; i < 4; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    halt();
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    ::kill(server->pid(), SIGCONT);
  }
  for (auto& agent : agents) agent.join();
  EXPECT_EQ(done, kAll);
  EXPECT_EQ(bus->queue_state(kBlocks, "s_0")->claimed, 0U);
}

// The server that leads a stream, by name; "" while none does.
std::string stream_leader(const std::string& url, const char* stream) {
  natsOptions* given = nullptr;
  natsOptions_Create(&given);
  const NatsOptions options(given);
  const auto addresses = server_addresses(url);
  std::vector<const char*> urls;
  for (const auto& address : *addresses) urls.push_back(address.url.c_str());
  natsOptions_SetServers(given, urls.data(), static_cast<int>(urls.size()));
  natsConnection* connection = nullptr;
  jsCtx* context = nullptr;
  jsStreamInfo* info = nullptr;
  natsConnection_Connect(&connection, given);
  const NatsConnection owned_connection(connection);
  natsConnection_JetStream(&context, connection, nullptr);
  const NatsContext owned_context(context);
  js_GetStreamInfo(&info, context, stream, nullptr, nullptr);
  const NatsStreamInfo owned_info(info);
  return info != nullptr && info->Cluster != nullptr && info->Cluster->Leader != nullptr
             ? info->Cluster->Leader
             : "";
}

TEST(BusOutage, AClusterWhoseLeaderIsKilledGoesOn) {
  ISOJOULE_NEEDS_NATS_SERVER();
  NatsCluster cluster;
  ASSERT_TRUE(cluster.wait_ready());
  const auto bus = lasting_bus(cluster.url());
  ASSERT_TRUE(bus);
  for (const StreamSpec& stream :
       {StreamSpec{.name = kBlocks, .subjects = {"isojoule.block.>"}, .work_queue = true},
        StreamSpec{.name = kRuns, .subjects = {"isojoule.run.>"}}}) {
    const Status made = bus->make_stream(stream, 3);
    ASSERT_TRUE(made) << to_string(made.error());
  }
  ASSERT_TRUE(bus->make_queue(kBlocks, "s_0", lane_filter("s", 0), kClaim));
  for (int i = 0; i < 6; ++i)
    ASSERT_TRUE(bus->publish(block_subject("s", 0, i), std::to_string(i)));
  auto queue = bus->queue(kBlocks, "s_0");
  auto reader = bus->read(kRuns, study_runs_filter("s"), 0);
  ASSERT_TRUE(queue && reader);
  EXPECT_EQ(work_off(**queue, 2).size(), 2U);

  // On a busy machine servers take one another for dead and vote again: nobody leads meanwhile.
  NatsServer* leader = nullptr;
  ASSERT_TRUE(comes_true(
      [&] { return (leader = cluster.named(stream_leader(cluster.url(), kRuns))) != nullptr; }));
  std::thread publisher([&] { publish_runs(*bus, 0, 100); });
  EXPECT_EQ(read_until(**reader, 19).size(), 20U);
  leader->kill9();  // its servers elect another after 4 to 9 s
  publisher.join();
  const auto rest = read_until(**reader, 99);
  EXPECT_EQ(rest.size(), 80U);
  EXPECT_EQ(rest.front(), 20);
  EXPECT_EQ(work_off(**queue, 4).size(), 4U);
  EXPECT_EQ(bus->subjects(kRuns, study_runs_filter("s"))->size(), 100U);
}

}  // namespace
}  // namespace isojoule::fleet
