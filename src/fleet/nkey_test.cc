#include "fleet/nkey.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace isojoule::fleet {
namespace {

TEST(UserKeys, TextGoesThereAndBack) {
  rc::check("any bytes", [](const std::string& bytes) {
    const std::string prefixed = "\xa0" + bytes;
    const auto back = nkey_bytes(nkey_text(prefixed));
    RC_ASSERT(back.has_value());
    RC_ASSERT(*back == prefixed);
  });
}

TEST(UserKeys, AKeyIsThatOfNats) {
  const auto key = user_key_of(std::string(32, '\0'));
  if (!key) GTEST_SKIP() << "skipped: " << key.error().what;
  // Ed25519 of 32 zero bytes has the public key 3b6a27bc...b15b da29 (RFC 8032's algorithm).
  EXPECT_EQ(key->seed, "SUAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEQ");
  EXPECT_EQ(key->seed.size(), 58U);
  EXPECT_EQ(key->name.size(), 56U);
  const auto bytes = nkey_bytes(key->name);
  ASSERT_TRUE(bytes.has_value());
  EXPECT_EQ(bytes->substr(1, 4), "\x3b\x6a\x27\xbc");
}

TEST(UserKeys, AFaultIsSeen) {
  const std::string text = nkey_text("\xa0 thirty-two bytes of a public key");
  for (std::size_t place = 0; place < text.size(); ++place) {
    std::string wrong = text;
    wrong[place] = wrong[place] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(nkey_bytes(wrong).has_value()) << place;
  }
  for (const std::string& wrong : {text.substr(1), text.substr(0, 20), text + "A", std::string("U"),
                                   std::string(), text + "\n", "u" + text.substr(1)})
    EXPECT_FALSE(nkey_bytes(wrong).has_value()) << wrong;
}

// RFC 8032, section 7.1, TEST 1.
TEST(UserKeys, ASeedLeadsToItsName) {
  const auto key = user_key_of(
      "\x9d\x61\xb1\x9d\xef\xfd\x5a\x60\xba\x84\x4a\xf4\x92\xec\x2c\xc4"
      "\x44\x49\xc5\x69\x7b\x32\x69\x19\x70\x3b\xac\x03\x1c\xae\x7f\x60");
  if (!key) GTEST_SKIP() << "skipped: " << key.error().what;
  EXPECT_EQ(nkey_bytes(key->name).value().substr(1, 4), "\xd7\x5a\x98\x01");
  EXPECT_EQ(user_key_of_seed(key->seed).value().name, key->name);
  EXPECT_FALSE(user_key_of_seed(key->name).has_value());
  EXPECT_FALSE(user_key_of_seed("").has_value());
}

TEST(UserKeys, NoTwoAreAlike) {
  const auto one = make_user_key(), other = make_user_key();
  if (!one) GTEST_SKIP() << "skipped: " << one.error().what;
  ASSERT_TRUE(other.has_value());
  EXPECT_NE(one->seed, other->seed);
  EXPECT_TRUE(one->seed.starts_with("SU"));
  EXPECT_TRUE(one->name.starts_with("U"));
}

}  // namespace
}  // namespace isojoule::fleet
