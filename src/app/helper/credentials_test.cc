#include "app/helper/credentials.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "app/helper/socket.h"

namespace isojoule::helper {
namespace {

TEST(GroupNumber, IsThatOfTheWholeName) {
  const std::string text = "root:x:0:\nisojoules:x:7:\nisojoule:x:998:ann,bob\n";
  EXPECT_EQ(group_number(text, "isojoule"), 998);
  EXPECT_EQ(group_number(text, "root"), 0);
  EXPECT_EQ(group_number(text, "iso"), -1);
}

TEST(GroupNumber, OfABrokenLineIsNone) {
  for (const char* text : {"isojoule", "isojoule:", "isojoule:x:", "isojoule:x::", "isojoule:x:-1:",
                           "isojoule:x:12", "isojoule:x:99999999999:", "isojoule:x:0x1:"})
    EXPECT_EQ(group_number(text, "isojoule"), -1) << text;
}

TEST(Peer, IsWhoMadeTheSocket) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const Descriptor one(ends[0]), other(ends[1]);
  const auto peer = peer_of(one.get());
  ASSERT_TRUE(peer);
  EXPECT_EQ(peer->process, ::getpid());
  EXPECT_EQ(peer->user, ::geteuid());
  EXPECT_TRUE(may_use_helper(*peer));
}

TEST(Peer, AStrangerMayNot) {
  Peer peer;
  peer.user = ::geteuid() + 12345;
  peer.group = 54321;
  EXPECT_FALSE(may_use_helper(peer));
}

}  // namespace
}  // namespace isojoule::helper
