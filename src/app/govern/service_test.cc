// What services say: the client's C and our reader on one queue, a book of what they said, and who
// lies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <numeric>
#include <thread>

#include "app/govern/service_port.h"
#include "app/helper/socket.h"
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

TEST_F(PortTest, WithoutDescriptorsItGoesOnAndAdmitsLater) {
  const auto port = open();
  ASSERT_EQ(isojoule_governed(0), 0) << "it calls, and nobody has answered yet";
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit few = before;
  few.rlim_cur = 3;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  port->poll(real_now());  // would not return
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(port->close(real_now()).services, 1);
  EXPECT_TRUE(connects(*port));
}

TEST_F(PortTest, ACopyMadeWhileNobodyHasAnsweredCallsByItself) {
  const auto port = open();
  ASSERT_EQ(isojoule_governed(0), 0);
  const pid_t copy = ::fork();
  if (copy == 0) ::_exit(isojoule_governed(5'000'000'000) != 0 ? 0 : 1);
  ASSERT_GT(copy, 0);
  int status = -1;
  for (int i = 0; i < 600 && ::waitpid(copy, &status, WNOHANG) == 0; ++i) {
    port->poll(real_now());
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(connects(*port));
}

TEST_F(PortTest, AGovernorThatSaysNothingIsNotWaitedForLong) {
  const auto mute = helper::listen_at(path_);
  ASSERT_TRUE(mute);
  ASSERT_EQ(isojoule_governed(0), 0);
  ::unlink(path_.c_str());
  const auto port = open();
  bool found = false;
  for (int i = 0; i < 300 && !found; ++i) {
    port->poll(real_now());
    found = isojoule_governed(10'000'000) != 0;
  }
  EXPECT_TRUE(found);
}

// The queue as the client sees it.
class RingTest : public testing::Test {
 protected:
  static constexpr std::size_t kSize = 4096 + std::size_t{kServiceSlots} * 32;
  RingTest() : ring_(std::move(*ServiceRing::make())) {
    memory_ = static_cast<char*>(
        ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, ring_.descriptor(), 0));
  }
  ~RingTest() override { ::munmap(memory_, kSize); }
  std::atomic<std::uint64_t>& number(std::size_t at) {
    return *reinterpret_cast<std::atomic<std::uint64_t>*>(memory_ + at);
  }
  std::atomic<std::uint64_t>& head() { return number(64); }
  std::atomic<std::uint64_t>& turn(std::uint64_t place) {
    return number(4096 + (place % kServiceSlots) * 32);
  }
  void write(std::uint64_t place) {
    const std::int64_t at = static_cast<std::int64_t>(place) + 1, other = 0;
    const std::int32_t count = 1;
    const std::uint32_t kind = 1;
    char* const slot = memory_ + 4096 + (place % kServiceSlots) * 32;
    std::memcpy(slot + 8, &at, 8);
    std::memcpy(slot + 16, &other, 8);
    std::memcpy(slot + 24, &count, 4);
    std::memcpy(slot + 28, &kind, 4);
    turn(place).store(place + 1);
  }
  bool say() {  // as the client's C does
    const std::uint64_t place = head().load();
    if (turn(place).load() != place) return false;
    head().store(place + 1);
    write(place);
    return true;
  }
  std::size_t take(std::int64_t at_ms) {
    std::vector<ServiceMark> marks;
    ring_.take(marks, Instant{1'000'000'000 + at_ms * 1'000'000}, Duration::milliseconds(100));
    return marks.size();
  }
  ServiceRing ring_;
  char* memory_ = nullptr;
};

TEST_F(RingTest, ASlotThatIsNeverWrittenIsPassedOver) {
  EXPECT_EQ(take(0), 0u);
  const std::uint64_t late = head().fetch_add(1);  // its thread sleeps here
  ASSERT_TRUE(say());
  EXPECT_EQ(take(10), 0u) << "it may be at it";
  EXPECT_EQ(take(50), 0u);
  EXPECT_EQ(ring_.take_lost(), 0u);
  EXPECT_EQ(take(200), 1u) << "the one behind it";
  EXPECT_EQ(ring_.take_lost(), 1u);
  write(late);  // after all
  std::size_t arrived = 0, refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    refused += say() ? 0 : 1;
    arrived += take(300 + i);
  }
  EXPECT_EQ(refused, 0u);
  EXPECT_EQ(arrived, 20'000u);
  EXPECT_EQ(ring_.take_lost(), 0u);
}

TEST_F(RingTest, NonsenseInTheNumbersIsNotRunAfter) {
  turn(0).store(12345);
  EXPECT_EQ(take(0), 0u);
  EXPECT_EQ(take(500), 0u) << "nobody has taken it: nothing is passed over";
  EXPECT_EQ(ring_.take_lost(), 0u);
  EXPECT_TRUE(say());
  EXPECT_EQ(take(600), 1u);
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

TEST_F(BookTest, OneConnectionTellsOfArrivalsAndAnotherOfAnswers) {
  book_.join(2, "b", now_);
  say(Kind::arrived, 10, 0, 3, 1);
  EXPECT_EQ(close().queued, 3);
  for (int i = 0; i < 3; ++i) say(Kind::answered, 20, 10, 1, 2);
  EXPECT_EQ(close().queued, 0);
  const ServiceEpoch later = close(9000);
  EXPECT_EQ(later.queued, 0);
  EXPECT_EQ(later.blind, "");
  book_.leave(2);
  EXPECT_EQ(close(9000).queued, 0) << "answered stays answered";
}

TEST_F(BookTest, AfterLostMarksNobodyWaitsAndAfterAnHourNeither) {
  say(Kind::arrived, 10, 0, 5);
  book_.take(1, {}, 2, now_ + Duration::milliseconds(1000));
  EXPECT_EQ(close().queued, 0);
  EXPECT_EQ(close(60'000).blind, "");
  say(Kind::arrived, 10, 0, 5);
  EXPECT_EQ(close().queued, 5);
  EXPECT_EQ(close(3'599'000).queued, 5);
  EXPECT_EQ(close(3'720'000).queued, 0);
}

TEST_F(BookTest, ManyAreASampleAndAllAreCounted) {
  for (int i = 0; i < 20'000; ++i) {
    say(Kind::arrived, 100);
    say(Kind::answered, 200 + i % 2, 190);
    say(Kind::served, 200, 190 + i % 2, 1);
  }
  say(Kind::answered, 900, 100);
  const ServiceEpoch epoch = close();
  EXPECT_EQ(epoch.served, 20'001);
  EXPECT_EQ(epoch.latency_s.size(), 4096u);
  EXPECT_EQ(epoch.batch_s.size(), 4096u);
  EXPECT_EQ(epoch.batch_requests.size(), 4096u);
  EXPECT_DOUBLE_EQ(epoch.longest_s, 0.8);
  ASSERT_TRUE(epoch.busy_s);
  EXPECT_NEAR(*epoch.busy_s, 20'000 * 0.0095, 0.1);
  EXPECT_NEAR(std::accumulate(epoch.latency_s.begin(), epoch.latency_s.end(), 0.0) / 4096, 0.0105,
              0.0005);
  say(Kind::served, 200, 190, 1);
  EXPECT_FALSE(close().busy_s);
}

TEST(ServiceBook, ALongLimitIsALongSilence) {
  ServiceBook book({.latency_limit_s = 10});
  const Instant now{1000 * 1000 * kMs};
  book.join(1, "a", now);
  book.take(1, {{Kind::arrived, now.ns, 0, 1}}, 0, now);
  EXPECT_EQ(book.close(now + Duration::milliseconds(29'000)).blind, "");
  EXPECT_THAT(book.close(now + Duration::milliseconds(31'000)).blind, HasSubstr("silent"));
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
