// Members and studies as a real server has them.
#include "fleet/catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fleet/message_same.h"
#include "fleet/name.h"
#include "fleet/nats_server.h"

namespace isojoule::fleet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

void put_card(Bus& bus, const std::string& key, const std::string& name) {
  BoardCard card = example_card();
  card.name = name;
  card.problems.clear();
  ASSERT_TRUE(bus.put(kCards, key, to_bytes(card)));
}

TEST(Catalogue, OneBrokenBoardOrStudyHidesNoOther) {
  ISOJOULE_NEEDS_NATS_SERVER();
  test::NatsServer server;
  const auto bus = Bus::connect({.url = server.url()}).value();
  ASSERT_TRUE(set_up(*bus, 1));
  EXPECT_EQ(members(*bus).value().size(), 0u);
  EXPECT_EQ(studies(*bus).value().size(), 0u);

  put_card(*bus, "alive", "alive");
  put_card(*bus, "lost", "lost");
  put_card(*bus, "other", "somebody");
  put_card(*bus, "odd", "odd");
  ASSERT_TRUE(bus->put(kCards, "broken", "{\"name\": 3}"));
  ASSERT_TRUE(bus->put(kPulses, "alive", to_bytes(example_pulse())));
  ASSERT_TRUE(bus->put(kPulses, "odd", "no pulse"));
  ASSERT_TRUE(bus->put(kOrders, "alive", to_bytes(Order{true, "fan", 2})));

  const auto found = members(*bus).value();
  ASSERT_EQ(found.size(), 5u);
  EXPECT_EQ(found[0].card.name, "alive");
  EXPECT_EQ(found[0].pulse.value(), example_pulse());
  EXPECT_TRUE(found[0].order.drain);
  EXPECT_THAT(found[1].card.problems, ElementsAre(HasSubstr("its card cannot be read")));
  EXPECT_EQ(found[1].card.name, "broken");
  EXPECT_EQ(found[2].pulse, std::nullopt);
  EXPECT_FALSE(found[2].order.drain);
  EXPECT_THAT(found[3].card.problems, ElementsAre(HasSubstr("its pulse cannot be read")));
  EXPECT_THAT(found[4].card.problems, ElementsAre("its card is of another board, somebody"));

  StudyRecord study = example_study();
  const auto put_study = [&](const std::string& id, const std::string& created, int protocol) {
    study.study = id;
    study.created = created;
    study.protocol = protocol;
    ASSERT_TRUE(bus->put(kStudies, id, to_bytes(study)));
  };
  put_study("young", "2026-11-22T20:00:01Z", kProtocol);
  put_study("old", "2026-11-22T20:00:00Z", kProtocol);
  put_study("later", "2026-11-22T20:00:00Z", kProtocol + 1);
  ASSERT_TRUE(bus->put(kStudies, "broken", "{"));
  const auto known = studies(*bus).value();
  ASSERT_EQ(known.size(), 2u);
  EXPECT_EQ(known[0].study, "old");
  EXPECT_EQ(known[1].study, "young");
}

}  // namespace
}  // namespace isojoule::fleet
