// What Bus promises, on a real server.
#include "fleet/bus.h"

#include <gmock/gmock.h>

#include <set>
#include <stdexcept>
#include <thread>

#include "fleet/catalogue.h"
#include "fleet/name.h"
#include "fleet/nats_server.h"

namespace isojoule::fleet {
namespace {

using test::NatsServer;
using testing::HasSubstr;

constexpr Duration kLong = Duration::milliseconds(20'000);  // for what must come
constexpr Duration kShort = Duration::milliseconds(150);    // for what must not

std::unique_ptr<Bus> connected(const std::string& url,
                               Duration patience = Duration::milliseconds(10'000)) {
  auto bus = Bus::connect({.url = url, .patience = patience});
  EXPECT_TRUE(bus) << (bus ? "" : to_string(bus.error()));
  return bus ? std::move(*bus) : nullptr;
}

// One server for the tests that do not harm it; each uses names of its own.
class BusTest : public testing::Test {
 public:
  static void SetUpTestSuite() {
    if (!NatsServer::available()) return;
    server = std::make_unique<NatsServer>();
    bus = connected(server->url());
    ASSERT_TRUE(bus);
    const Status made = set_up(*bus, 1);
    ASSERT_TRUE(made) << to_string(made.error());
  }
  static void TearDownTestSuite() {
    bus.reset();
    server.reset();
  }
  void SetUp() override {
    ISOJOULE_NEEDS_NATS_SERVER();
    ASSERT_TRUE(bus);
  }
  static std::unique_ptr<NatsServer> server;
  static std::unique_ptr<Bus> bus;
};
std::unique_ptr<NatsServer> BusTest::server;
std::unique_ptr<Bus> BusTest::bus;

template <typename T>
void expect_error(const Result<T>& result, ErrorKind kind, const std::string& words) {
  ASSERT_FALSE(result);
  EXPECT_EQ(name_of(result.error().kind), name_of(kind)) << to_string(result.error());
  EXPECT_THAT(to_string(result.error()), HasSubstr(words));
}

std::unique_ptr<Queue> block_queue(Bus& bus, const std::string& study, Duration claim) {
  EXPECT_TRUE(bus.make_queue(kBlocks, lane_queue(study, 0), lane_filter(study, 0), claim));
  auto queue = bus.queue(kBlocks, lane_queue(study, 0));
  EXPECT_TRUE(queue) << (queue ? "" : to_string(queue.error()));
  return queue ? std::move(*queue) : nullptr;
}

std::unique_ptr<Claim> taken(Queue& queue, Duration limit) {
  auto claim = queue.take(limit);
  EXPECT_TRUE(claim) << (claim ? "" : to_string(claim.error()));
  return claim ? std::move(*claim) : nullptr;
}

TEST_F(BusTest, SettingUpTwiceChangesNothing) {
  EXPECT_TRUE(set_up(*bus, 1));
  EXPECT_TRUE(bus->connected());
  EXPECT_EQ(bus->largest_message(), 1048576U);
  EXPECT_THAT(bus->server(), HasSubstr(server->url()));
}

TEST_F(BusTest, TwoThatSetUpAtOnceBothSucceed) {
  NatsServer fresh;
  const auto first = connected(fresh.url()), second = connected(fresh.url());
  Status other;
  std::thread beside([&] { other = set_up(*second, 1); });
  const Status own = set_up(*first, 1);
  beside.join();
  EXPECT_TRUE(own) << to_string(own.error());
  EXPECT_TRUE(other) << to_string(other.error());
}

TEST_F(BusTest, ACopyOnThreeServersNeedsThree) {
  expect_error(bus->make_stream({.name = "three", .subjects = {"three.>"}}, 3),
               ErrorKind::unsupported, "more servers");
  expect_error(bus->make_bucket({.name = "three"}, 3), ErrorKind::unsupported, "more servers");
}

TEST_F(BusTest, AMessageOfOneIdIsStoredOnce) {
  const std::string subject = run_subject("b", "ids", 0, 0);
  const auto first = bus->publish(subject, "run", {.message_id = "ids.0"});
  const auto again = bus->publish(subject, "run", {.message_id = "ids.0"});
  ASSERT_TRUE(first && again);
  EXPECT_FALSE(first->duplicate);
  EXPECT_TRUE(again->duplicate);
  EXPECT_EQ(again->sequence, first->sequence);
  const auto subjects = bus->subjects(kRuns, study_runs_filter("ids"));
  ASSERT_TRUE(subjects);
  EXPECT_EQ(*subjects, (std::map<std::string, std::uint64_t>{{subject, 1}}));
}

TEST_F(BusTest, AMessageIsStoredWhereTheLastIsTheExpectedOne) {
  const std::string subject = run_subject("b", "expected", 0, 0);
  const auto first = bus->publish(subject, "1", {.expected_last = 0});
  ASSERT_TRUE(first);
  expect_error(bus->publish(subject, "2", {.expected_last = 0}), ErrorKind::exists, subject);
  EXPECT_TRUE(bus->publish(subject, "2", {.expected_last = first->sequence}));
  expect_error(bus->publish(subject, "3", {.expected_last = first->sequence}), ErrorKind::exists,
               subject);
  const auto last = bus->last(kRuns, subject);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->bytes, "2");
  EXPECT_EQ(last->subject, subject);
  EXPECT_GT(last->sequence, first->sequence);
  EXPECT_GT(last->stored_ns, 1'600'000'000'000'000'000);  // a wall clock's
}

TEST_F(BusTest, WhatIsNotThereIsNotFound) {
  expect_error(bus->last(kRuns, "isojoule.run.none"), ErrorKind::not_found, "isojoule.run.none");
  expect_error(bus->last("no_stream", "x"), ErrorKind::not_found, "no_stream");
  expect_error(bus->subjects("no_stream", ">"), ErrorKind::not_found, "no_stream");
  expect_error(bus->read("no_stream", "", 0), ErrorKind::not_found, "no_stream");
  expect_error(bus->queue(kBlocks, "no_queue"), ErrorKind::not_found, "no_queue");
  expect_error(bus->get(kCards, "nobody"), ErrorKind::not_found, "nobody");
  expect_error(bus->list("no_bucket"), ErrorKind::not_found, "no_bucket");
  expect_error(bus->ask("isojoule.ask.nobody", "?", kLong), ErrorKind::not_found, "nobody");
}

TEST_F(BusTest, AMessageTooLargeIsRefusedInWords) {
  const std::string large(bus->largest_message() + 1, 'x');
  expect_error(bus->publish(run_subject("b", "large", 0, 0), large), ErrorKind::out_of_range,
               "max_payload");
  expect_error(bus->put(kCards, "large", large), ErrorKind::out_of_range, "max_payload");
}

TEST_F(BusTest, BytesOfAnyKindComeBack) {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += static_cast<char>(i % 256);
  const std::string subject = run_subject("b", "bytes", 0, 0);
  ASSERT_TRUE(bus->publish(subject, bytes));
  ASSERT_TRUE(bus->publish(run_subject("b", "bytes", 0, 1), ""));
  const auto last = bus->last(kRuns, subject);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->bytes, bytes);
  const auto empty = bus->last(kRuns, run_subject("b", "bytes", 0, 1));
  ASSERT_TRUE(empty);
  EXPECT_EQ(empty->bytes, "");
}

TEST_F(BusTest, PurgedMessagesAreGone) {
  ASSERT_TRUE(bus->publish(run_subject("b", "purged", 0, 0), "x"));
  ASSERT_TRUE(bus->publish(run_subject("b", "kept", 0, 0), "x"));
  ASSERT_TRUE(bus->purge(kRuns, study_runs_filter("purged")));
  EXPECT_TRUE(bus->subjects(kRuns, study_runs_filter("purged"))->empty());
  EXPECT_EQ(bus->subjects(kRuns, study_runs_filter("kept"))->size(), 1U);
}

TEST_F(BusTest, AQueueHandsOutEachMessageOnceUntilItIsDone) {
  const auto queue = block_queue(*bus, "queue", kLong);
  ASSERT_TRUE(queue);
  EXPECT_EQ(taken(*queue, Duration{}), nullptr);
  for (int i = 0; i < 2; ++i)
    ASSERT_TRUE(bus->publish(block_subject("queue", 0, i), std::to_string(i)));
  const auto first = taken(*queue, kLong), second = taken(*queue, kLong);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->message().bytes, "0");
  EXPECT_EQ(second->message().bytes, "1");
  EXPECT_EQ(first->deliveries(), 1);
  EXPECT_EQ(taken(*queue, kShort), nullptr);
  EXPECT_EQ(bus->queue_state(kBlocks, "queue_0")->claimed, 2U);
  EXPECT_TRUE(first->done());
  EXPECT_TRUE(first->done());  // what is gone is gone
  EXPECT_EQ(bus->queue_state(kBlocks, "queue_0")->claimed, 1U);
  EXPECT_EQ(bus->subjects(kBlocks, study_blocks_filter("queue"))->size(), 1U);
  EXPECT_TRUE(second->give_back(Duration{}));
  const auto again = taken(*queue, kLong);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->message().bytes, "1");
  EXPECT_EQ(again->deliveries(), 2);
  EXPECT_TRUE(again->done());
}

TEST_F(BusTest, AClaimThatRunsOutIsHandedToTheNext) {
  const auto queue = block_queue(*bus, "outrun", Duration::milliseconds(400));
  ASSERT_TRUE(queue && bus->publish(block_subject("outrun", 0, 0), "block"));
  const auto first = taken(*queue, kLong);
  ASSERT_TRUE(first);
  const auto second = taken(*queue, kLong);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->message().bytes, "block");
  EXPECT_EQ(second->deliveries(), 2);
  EXPECT_TRUE(second->done());
  EXPECT_TRUE(first->done());
}

TEST_F(BusTest, AnExtendedClaimStays) {
  const auto queue = block_queue(*bus, "extended", Duration::milliseconds(2000));
  ASSERT_TRUE(queue && bus->publish(block_subject("extended", 0, 0), "block"));
  const auto claim = taken(*queue, kLong);
  ASSERT_TRUE(claim);
  // 10 times the 400 ms of a vain take are twice the claim's time.
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(claim->extend());
    ASSERT_EQ(taken(*queue, Duration::milliseconds(400)), nullptr);
  }
  EXPECT_TRUE(claim->done());
}

TEST_F(BusTest, AQueueThatIsRemovedSaysSo) {
  const auto queue = block_queue(*bus, "removed", kLong);
  ASSERT_TRUE(queue && bus->publish(block_subject("removed", 0, 0), "block"));
  const auto claim = taken(*queue, kLong);
  ASSERT_TRUE(claim);
  ASSERT_TRUE(bus->remove_queue(kBlocks, "removed_0"));
  ASSERT_TRUE(bus->remove_queue(kBlocks, "removed_0"));
  expect_error(queue->take(Duration{}), ErrorKind::not_found, "removed_0");
}

TEST_F(BusTest, AReaderGivesEachMessageInOrderAndThenTheNewOnes) {
  std::uint64_t third = 0;
  for (int i = 0; i < 600; ++i) {  // more than a batch
    const auto stored = bus->publish(run_subject("b", "read", 0, i), std::to_string(i));
    ASSERT_TRUE(stored);
    if (i == 3) third = stored->sequence;
  }
  auto reader = bus->read(kRuns, study_runs_filter("read"), 0);
  ASSERT_TRUE(reader);
  for (int i = 0; i < 600; ++i) {
    const auto message = (*reader)->next(kLong);
    ASSERT_TRUE(message && *message);
    ASSERT_EQ((*message)->bytes, std::to_string(i));
  }
  const auto nothing = (*reader)->next(kShort);
  ASSERT_TRUE(nothing);
  EXPECT_FALSE(*nothing);
  ASSERT_TRUE(bus->publish(run_subject("b", "read", 0, 600), "new"));
  const auto fresh = (*reader)->next(kLong);
  ASSERT_TRUE(fresh && *fresh);
  EXPECT_EQ((*fresh)->bytes, "new");

  auto later = bus->read(kRuns, study_runs_filter("read"), third);
  ASSERT_TRUE(later);
  const auto from = (*later)->next(kLong);
  ASSERT_TRUE(from && *from);
  EXPECT_EQ((*from)->bytes, "3");
}

TEST_F(BusTest, EntriesOfABucketAreCreatedAndUpdatedByRevision) {
  const auto first = bus->create(kOrders, "board-1", "a");
  ASSERT_TRUE(first);
  expect_error(bus->create(kOrders, "board-1", "b"), ErrorKind::exists, "board-1");
  const auto second = bus->update(kOrders, "board-1", "b", *first);
  ASSERT_TRUE(second);
  expect_error(bus->update(kOrders, "board-1", "c", *first), ErrorKind::exists, "board-1");
  const auto entry = bus->get(kOrders, "board-1");
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->key, "board-1");
  EXPECT_EQ(entry->value, "b");
  EXPECT_EQ(entry->revision, *second);
  EXPECT_GT(entry->created_ns, 1'600'000'000'000'000'000);
  ASSERT_TRUE(bus->remove(kOrders, "board-1"));
  expect_error(bus->get(kOrders, "board-1"), ErrorKind::not_found, "removed");
  EXPECT_TRUE(bus->create(kOrders, "board-1", "d"));
  expect_error(bus->put(kOrders, "no key", "x"), ErrorKind::invalid, "no key");
  expect_error(bus->get(kOrders, "a..b"), ErrorKind::invalid, "a..b");
}

TEST_F(BusTest, ABucketIsListedByKeyWithoutWhatWasRemoved) {
  const auto empty = bus->list(kJoins);
  ASSERT_TRUE(empty) << to_string(empty.error());
  EXPECT_TRUE(empty->empty());
  for (const char* key : {"s.c", "s.a", "s.b"}) ASSERT_TRUE(bus->put(kJoins, key, key));
  ASSERT_TRUE(bus->put(kJoins, "s.a", "again"));
  ASSERT_TRUE(bus->remove(kJoins, "s.b"));
  const auto listed = bus->list(kJoins);
  ASSERT_TRUE(listed);
  ASSERT_EQ(listed->size(), 2U);
  EXPECT_EQ(listed->at(0).key, "s.a");
  EXPECT_EQ(listed->at(0).value, "again");
  EXPECT_EQ(listed->at(1).key, "s.c");
}

TEST_F(BusTest, AWatchGivesWhatIsThereAndEveryChange) {
  ASSERT_TRUE(bus->put(kTroubles, "watched.1", "old"));
  ASSERT_TRUE(bus->put(kTroubles, "other.1", "other"));
  auto watch = bus->watch(kTroubles, "watched.*");
  ASSERT_TRUE(watch);
  const auto next = [&watch] {
    auto entry = (*watch)->next(kLong);
    EXPECT_TRUE(entry && *entry);
    return entry && *entry ? **entry : KeyValue{};
  };
  EXPECT_EQ(next().value, "old");
  ASSERT_TRUE(bus->put(kTroubles, "watched.2", "new"));
  ASSERT_TRUE(bus->remove(kTroubles, "watched.1"));
  EXPECT_EQ(next().key, "watched.2");
  const KeyValue removed = next();
  EXPECT_EQ(removed.key, "watched.1");
  EXPECT_TRUE(removed.removed);
}

TEST_F(BusTest, EntriesGoWithAge) {
  ASSERT_TRUE(bus->make_bucket({.name = "aging", .age = Duration::milliseconds(2000)}, 1));
  ASSERT_TRUE(bus->put("aging", "pulse", "alive"));
  ASSERT_TRUE(bus->get("aging", "pulse"));
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (bus->get("aging", "pulse") && std::chrono::steady_clock::now() < limit)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  expect_error(bus->get("aging", "pulse"), ErrorKind::not_found, "pulse");
  EXPECT_TRUE(bus->list("aging")->empty());
  EXPECT_TRUE(bus->create("aging", "pulse", "again"));
}

TEST_F(BusTest, AQuestionIsAnswered) {
  const auto board = connected(server->url());
  ASSERT_TRUE(board->answer(ask_subject("b"), [](std::string_view question) {
    if (question == "throw") throw std::runtime_error("the handler threw");
    return question == "large" ? std::string(2 << 20, 'x') : "yes, " + std::string(question);
  }));
  const auto answer = bus->ask(ask_subject("b"), "hello", kLong);
  ASSERT_TRUE(answer);
  EXPECT_EQ(*answer, "yes, hello");
  expect_error(bus->ask(ask_subject("b"), "throw", kLong), ErrorKind::internal,
               "the handler threw");
  expect_error(bus->ask(ask_subject("b"), "large", kLong), ErrorKind::internal, "larger");
}

TEST(BusConnect, ABadAddressSaysWhatOneIs) {
  ISOJOULE_NEEDS_NATS_SERVER();
  for (const char* url : {"http://host", "nats://", "", "nats://a,,b", "nats://:4222"})
    expect_error(Bus::connect({.url = url}), ErrorKind::invalid, "Write nats://HOST:PORT");
}

TEST(BusConnect, WhereNobodyAnswersEachAddressIsNamedWithoutItsPassword) {
  ISOJOULE_NEEDS_NATS_SERVER();
  const auto bus =
      Bus::connect({.url = "nats://me:secret@127.0.0.1:1,nats://no-such-host.invalid:2"});
  expect_error(bus, ErrorKind::not_found, "nats://127.0.0.1:1, nats://no-such-host.invalid:2");
  EXPECT_EQ(to_string(bus.error()).find("secret"), std::string::npos);
}

TEST(BusConnect, AServerWithoutJetStreamIsRefused) {
  ISOJOULE_NEEDS_NATS_SERVER();
  const NatsServer server({.jetstream = false});
  expect_error(Bus::connect({.url = server.url()}), ErrorKind::unsupported, "nats-server with -js");
}

TEST(BusConnect, RightsAreTheServersAndItsRefusalsAreSaid) {
  ISOJOULE_NEEDS_NATS_SERVER();
  const NatsServer server({.configuration =
                               R"(authorization { users: [ { user: all, password: a },
             { user: board, password: b, permissions: {
               publish: { deny: ["isojoule.run.other.>", "$JS.API.STREAM.CREATE.>"] } } } ] })"});
  expect_error(Bus::connect({.url = server.url("all:wrong")}), ErrorKind::permission_denied,
               "credentials");
  expect_error(Bus::connect({.url = server.url()}), ErrorKind::permission_denied, "credentials");
  const auto board = connected(server.url("board:b"));
  ASSERT_TRUE(board);
  expect_error(set_up(*board, 1), ErrorKind::permission_denied, "Permissions Violation");
  ASSERT_TRUE(set_up(*connected(server.url("all:a")), 1));
  EXPECT_TRUE(set_up(*board, 1));  // all are there
  EXPECT_TRUE(board->publish(run_subject("board", "s", 0, 0), "x"));
  expect_error(board->publish(run_subject("other", "s", 0, 0), "x"), ErrorKind::permission_denied,
               "isojoule.run.other.s.0.0");
}

}  // namespace
}  // namespace isojoule::fleet
