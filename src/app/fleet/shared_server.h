// For tests of what coordinates a fleet: one server for a suite, and made-up agents. Each test has
// a folder and a type of board of its own.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "app/fleet/fake_agent.h"
#include "app/paths.h"
#include "base/clock.h"
#include "fleet/catalogue.h"
#include "fleet/nats_server.h"

namespace isojoule::test {

class SharedServerTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (NatsServer::available()) server_ = std::make_unique<NatsServer>();
  }
  static void TearDownTestSuite() { server_.reset(); }

  // Of a derived SetUp: `if (IsSkipped()) return;` comes next.
  void SetUp() override {
    ISOJOULE_NEEDS_NATS_SERVER();
    const auto* const info = ::testing::UnitTest::GetInstance()->current_test_info();
    const std::string name = std::string(info->test_suite_name()) + "-" + info->name();
    type_ = std::string("board-") + info->name();
    folder_ = std::filesystem::temp_directory_path() /
              ("isojoule-" + std::to_string(::getpid()) + "-" + name);
    std::filesystem::create_directories(folder_);
    paths_.cache = folder_ / "cache";
    auto connected = fleet::Bus::connect(options());
    ASSERT_TRUE(connected) << to_string(connected.error());
    bus_ = std::move(*connected);
    ASSERT_TRUE(fleet::set_up(*bus_, 1));
  }
  void TearDown() override {
    agents_.clear();
    bus_.reset();
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  static fleet::BusOptions options() {
    fleet::BusOptions options;
    options.url = server_->url();
    options.client = "coordinator's test";
    return options;
  }

  void write_network(const std::string& name) const {
    std::ofstream(folder_ / name) << "the bytes of " << name;
  }

  virtual fleet::BoardCard card(const std::string& name) const {
    fleet::BoardCard card = FakeAgent::simple_card(name);
    card.board = type_;
    return card;
  }

  // Lives until the test ends. Answers every open study of its type with `join`, and works at those
  // that it did not refuse.
  void start_agent(const fleet::BoardCard& card, const fleet::Join& join = {0, ""},
                   FakeAgent::Spoil spoil = {}) {
    auto connected = fleet::Bus::connect(options());
    ASSERT_TRUE(connected);
    std::shared_ptr<fleet::Bus> bus = std::move(*connected);
    ASSERT_TRUE(FakeAgent(*bus, card).come());
    agents_.emplace_back([bus, card, join, spoil](const std::stop_token& stop) {
      FakeAgent agent(*bus, card);
      const auto clock = make_real_clock();
      Instant pulse_due{};
      while (!stop.stop_requested()) {
        if (clock->now() >= pulse_due && agent.come())
          pulse_due = clock->now() + Duration::milliseconds(1000);
        work_at_all(*bus, agent, card.board, join, spoil, stop);
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      }
    });
  }

  static inline std::unique_ptr<NatsServer> server_;  // of one suite at a time
  std::string type_;
  std::filesystem::path folder_;
  Paths paths_;
  std::unique_ptr<fleet::Bus> bus_;
  std::vector<std::jthread> agents_;

 private:
  static void work_at_all(fleet::Bus& bus, FakeAgent& agent, const std::string& type,
                          const fleet::Join& join, const FakeAgent::Spoil& spoil,
                          const std::stop_token& stop) {
    const auto studies = fleet::studies(bus);
    if (!studies) return;
    for (const fleet::StudyRecord& record : *studies) {
      if (record.board != type || record.closed) continue;
      if (!agent.join(record.study, join)) continue;
      while (join.refused.empty() && !stop.stop_requested()) {
        const auto worked = agent.work(record.study, join.lane, Duration::milliseconds(50), spoil);
        if (!worked || !*worked) break;
      }
    }
  }
};

}  // namespace isojoule::test
