// What services say: the client's C and our reader on one queue, a book of what they said, and who
// lies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "app/govern/service_port.h"
#include "isojoule/isojoule.h"
#include "isojoule/isojoule.hpp"

namespace isojoule {
namespace {

using testing::HasSubstr;

Instant real_now() { return {isojoule_now_ns()}; }

// One process has one client, so that these tests use it one after the other.
class PortTest : public testing::Test {
 protected:
  PortTest() : path_("/tmp/isojoule-port-" + std::to_string(::getpid())) {
    ::setenv("ISOJOULE_GOVERN", path_.c_str(), 1);
  }
  ~PortTest() override { ::unsetenv("ISOJOULE_GOVERN"); }
  std::unique_ptr<ServicePort> open() {
    auto port = ServicePort::open(path_, "", {.latency_limit_s = 0.05});
    EXPECT_TRUE(port) << to_string(port.error());
    return port ? std::move(*port) : nullptr;
  }
  // The client looks for it, and it admits the client.
  static bool connects(ServicePort& port) {
    for (int i = 0; i < 500; ++i) {
      if (isojoule_governed(0) != 0) return true;
      port.poll(real_now());
    }
    return false;
  }
  std::string path_;
};

TEST_F(PortTest, WhatTheClientSaysArrives) {
  EXPECT_GT(isojoule_request_arrived(), 0) << "without a governor it is a time all the same";
  EXPECT_EQ(isojoule_batch_limit(7), 7);
  const auto port = open();
  ASSERT_TRUE(connects(*port));
  port->close(real_now());
  const std::int64_t first = isojoule_request_arrived(), second = isojoule_requests_arrived(2);
  const std::int64_t began = isojoule_now_ns();
  EXPECT_EQ(isojoule_batch_served(began, 2), 1);
  EXPECT_EQ(isojoule_request_answered(first), 1);
  EXPECT_EQ(isojoule_request_answered(second - 80'000'000), 1) << "a late one";
  const ServiceEpoch epoch = port->close(real_now());
  EXPECT_EQ(epoch.blind, "");
  EXPECT_EQ(epoch.arrived, 3);
  EXPECT_EQ(epoch.served, 2);
  EXPECT_EQ(epoch.late, 1);
  EXPECT_EQ(epoch.queued, 1);
  EXPECT_EQ(epoch.services, 1);
  EXPECT_THAT(epoch.batch_requests, testing::ElementsAre(2));
  port->set_batch_limit(16);
  EXPECT_EQ(isojoule_batch_limit(7), 16);
  { ServedRequest dropped; }
  EXPECT_EQ(port->close(real_now()).dropped, 1);
}

TEST_F(PortTest, AQueueThatNobodyReadsLosesAndCountsAndNeverWaits) {
  const auto port = open();
  ASSERT_TRUE(connects(*port));
  port->close(real_now());
  const std::uint64_t before = isojoule_service_lost();
  for (std::uint32_t i = 0; i < kServiceSlots + 100; ++i) isojoule_request_arrived();
  EXPECT_EQ(isojoule_service_lost() - before, 100u);
  ServiceEpoch epoch = port->close(real_now());
  EXPECT_EQ(epoch.arrived, kServiceSlots);
  EXPECT_EQ(epoch.lost, 100u);
  EXPECT_THAT(epoch.blind, HasSubstr("100 marks of the service were lost"));
  isojoule_request_arrived();
  epoch = port->close(real_now());
  EXPECT_EQ(epoch.blind, "");
  EXPECT_EQ(epoch.arrived, 1);
}

TEST_F(PortTest, ThreadsWriteAtOnceAndNothingIsLost) {
  const auto port = open();
  ASSERT_TRUE(connects(*port));
  port->close(real_now());
  constexpr int kThreads = 4, kEach = 3000;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([] {
      for (int i = 0; i < kEach; ++i) isojoule_request_answered(isojoule_request_arrived());
    });
  std::int64_t arrived = 0, served = 0, absurd = 0;
  std::uint64_t lost = 0;
  const auto take = [&] {
    const ServiceEpoch epoch = port->close(real_now());
    arrived += epoch.arrived;
    served += epoch.served;
    absurd += epoch.absurd;
    lost += epoch.lost;
  };
  for (int i = 0; i < 20; ++i) take();
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < 3; ++i) take();
  EXPECT_EQ(absurd, 0);
  EXPECT_EQ(arrived + served + static_cast<std::int64_t>(lost), 2 * kThreads * kEach);
}

TEST_F(PortTest, TheNextGovernorIsFound) {
  for (int i = 0; i < 3; ++i) {
    const auto port = open();
    ASSERT_TRUE(connects(*port)) << i;
    port->close(real_now());
    isojoule_request_arrived();
    EXPECT_EQ(port->close(real_now()).arrived, 1) << i;
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(PortTest, TwoGovernorsAtOneSocketAreRefusedAndTheGroupMustBe) {
  const auto port = open();
  const auto second = ServicePort::open(path_, "", {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::busy);
  const auto foreign = ServicePort::open(path_ + "-b", "no such group", {});
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().kind, ErrorKind::not_found);
}

TEST(ServiceRing, ASlotThatIsNeverWrittenIsPassedOver) {
  auto ring = ServiceRing::make();
  ASSERT_TRUE(ring);
  std::vector<ServiceMark> marks;
  const Instant now{1'000'000'000};
  ring->take(marks, now, Duration::milliseconds(100));
  EXPECT_TRUE(marks.empty());
  EXPECT_EQ(ring->take_lost(), 0u);
}

// ---- The book ----

constexpr std::int64_t kMs = 1'000'000;

class BookTest : public testing::Test {
 protected:
  BookTest() : book_({.latency_limit_s = 0.05}) { book_.join(1, "a (process 7)", now_); }
  void say(ServiceMark::Kind kind, std::int64_t at_ms, std::int64_t other_ms = 0,
           std::int64_t count = 1, std::int64_t service = 1) {
    book_.take(service, {{kind, now_.ns + at_ms * kMs, now_.ns + other_ms * kMs, count}}, 0,
               now_ + Duration::milliseconds(1000));
  }
  ServiceEpoch close(std::int64_t at_ms = 1000) {
    return book_.close(now_ + Duration::milliseconds(at_ms));
  }
  Instant now_{1000 * 1000 * kMs};
  ServiceBook book_;
};

using Kind = ServiceMark::Kind;

TEST_F(BookTest, WithoutArrivalsABatchIsAllThatItsRequestsWaitFor) {
  say(Kind::served, 100, 40, 8);
  const ServiceEpoch epoch = close();
  EXPECT_EQ(epoch.arrived, 8);
  EXPECT_EQ(epoch.served, 8);
  EXPECT_EQ(epoch.late, 8);
  EXPECT_EQ(epoch.queued, 0);
}

TEST_F(BookTest, AnAnswerOfBeforeIsNoDebt) {
  say(Kind::answered, 10, 0);
  say(Kind::arrived, 20);
  EXPECT_EQ(close().queued, 0);
  say(Kind::arrived, 30);
  EXPECT_EQ(close().queued, 1);
}

TEST_F(BookTest, WhatCannotBeIsLeftOutAndTold) {
  say(Kind::arrived, 5000);      // ahead of the clock
  say(Kind::answered, 10, 20);   // before it came
  say(Kind::served, 10, 0, -3);  // requests
  say(Kind::served, 10, 0, 2000000000);
  say(static_cast<Kind>(77), 10, 0);
  say(Kind::answered, 10, -4'000'000);
  const ServiceEpoch epoch = close();
  EXPECT_EQ(epoch.absurd, 6);
  EXPECT_EQ(epoch.arrived + epoch.served, 0);
  EXPECT_THAT(epoch.blind,
              testing::AllOf(HasSubstr("says what cannot be"), HasSubstr("a (process 7): time")));
  EXPECT_EQ(close().blind, "") << "it may be in its right mind again";
}

TEST_F(BookTest, ASilentServiceIsToldOnlyWhileSomebodyWaits) {
  EXPECT_EQ(close(60'000).blind, "") << "no load is no silence";
  say(Kind::arrived, 100);
  EXPECT_EQ(close(4000).blind, "");
  EXPECT_THAT(close(9000).blind, HasSubstr("silent for 8 s while 1 of its requests wait"));
}

TEST_F(BookTest, TwoServicesAreAddedUpAndOneThatLeavesTakesItsLineWithIt) {
  book_.join(2, "b", now_);
  say(Kind::arrived, 10, 0, 3, 1);
  say(Kind::arrived, 10, 0, 5, 2);
  EXPECT_EQ(close().queued, 8);
  book_.leave(2);
  EXPECT_EQ(close().queued, 3);
  book_.leave(1);
  EXPECT_THAT(close().blind, HasSubstr("no service"));
}

// Whatever stands in the shared memory, the numbers stay such as can be.
TEST_F(BookTest, AnyBytesGiveNumbersThatCanBe) {
  rc::check(
      [this](const std::vector<std::tuple<std::uint32_t, std::int64_t, std::int64_t, std::int32_t>>&
                 said) {
        std::vector<ServiceMark> marks;
        for (const auto& [kind, at, other, count] : said)
          marks.push_back({static_cast<Kind>(kind % 6), at, other, count});
        book_.take(1, marks, 0, now_);
        const ServiceEpoch epoch = close();
        RC_ASSERT(epoch.arrived >= 0 && epoch.served >= 0 && epoch.queued >= 0 && epoch.late >= 0);
        RC_ASSERT(epoch.late <= epoch.served);
        for (const double latency : epoch.latency_s) RC_ASSERT(latency >= 0 && latency <= 3600);
        for (const double batch : epoch.batch_s) RC_ASSERT(batch >= 0 && batch <= 3600);
      });
}

}  // namespace
}  // namespace isojoule
