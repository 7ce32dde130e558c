#include "fleet/nats/connect.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "fleet/nats_server.h"

namespace isojoule::fleet {
namespace {

using test::NatsServer;

// The example pair of the documentation of nats-server: a user of nkeys, "Nkeys" of
// https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/nkey_auth
constexpr const char* kSeed = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";
constexpr const char* kUser = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";

TEST(Nkey, IsDerivedFromItsSeed) {
  const auto user = nkey_of_seed(kSeed);
  ASSERT_TRUE(user) << to_string(user.error());
  EXPECT_EQ(*user, kUser);
}

TEST(Nkey, AnyOtherLetterIsRefused) {
  for (std::size_t i = 0; i < std::string(kSeed).size(); ++i) {
    std::string seed = kSeed;
    seed[i] = seed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(nkey_of_seed(seed)) << seed;
  }
  EXPECT_FALSE(nkey_of_seed(""));
  EXPECT_FALSE(nkey_of_seed("SU"));
  EXPECT_FALSE(nkey_of_seed(std::string(kSeed) + "AAAAAAAA"));
}

TEST(Nkey, ASeedInAFileLetsItsUserIn) {
  ISOJOULE_NEEDS_NATS_SERVER();
  const NatsServer server(
      {.configuration = std::string("authorization { users: [ { nkey: ") + kUser + " } ] }"});
  const auto connect = [&server](const std::string& name, const std::string& text) {
    const std::string path = server.folder() + "/" + name;
    std::ofstream(path) << text;
    return Bus::connect({.url = server.url(), .credentials = path});
  };
  const auto bus = connect("seed", std::string("# board-1\n") + kSeed + "\n");
  EXPECT_TRUE(bus) << to_string(bus.error());
  const auto other =
      connect("other", "SUAOUIE5CU47NCO22GHGEZXVBRDVSXXXQ7O2LPAJV5GMQ2A4CUCOXMVQRE\n");
  ASSERT_FALSE(other);
  const auto words = connect("words", "hello\n");
  ASSERT_FALSE(words);
  EXPECT_EQ(words.error().kind, ErrorKind::invalid);
  const auto missing =
      Bus::connect({.url = server.url(), .credentials = server.folder() + "/missing"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::invalid);
}

TEST(ServerAddresses, AreSplitAndShownWithoutPasswords) {
  const auto addresses = server_addresses("tls://u:p@a:1, nats://b ,c:2");
  ASSERT_TRUE(addresses);
  ASSERT_EQ(addresses->size(), 3U);
  EXPECT_EQ(addresses->at(0).url, "tls://u:p@a:1");
  EXPECT_TRUE(addresses->at(0).tls);
  EXPECT_FALSE(addresses->at(1).tls);
  EXPECT_EQ(shown(*addresses), "tls://a:1, nats://b, nats://c:2");
}

}  // namespace
}  // namespace isojoule::fleet
