#include "board/throttle.h"

#include <gtest/gtest.h>

#include "base/memory_tree.h"

namespace isojoule {
namespace {

// A board whose program prints this.
struct Printing {
  Printing() {
    tree.add_program("vcgencmd", [this](const auto&) -> Result<std::string> { return text; });
  }
  std::string text;
  MemoryTree tree;
};

ThrottleSpec bits(std::uint64_t mask, bool is_state) {
  return {"throttled", "", {"vcgencmd", "get_throttled"}, mask, is_state};
}

TEST(Throttle, BitsOfAProgram) {
  Printing board;
  board.text = "throttled=0x50005\n";
  EXPECT_EQ(read_throttle(board.tree, bits(0xe, true)), 0x4);
  EXPECT_EQ(read_throttle(board.tree, bits(0xe0000, false)), 0x40000);
  board.text = "throttled=0x0\n";
  EXPECT_EQ(read_throttle(board.tree, bits(0xe, true)), 0);
}

TEST(Throttle, NonsenseIsNoZero) {
  Printing board;
  for (const char* text :
       {"", "\n", "throttled=", "throttled=0x", "throttled=0xg", "throttled=5", "throttled=0x5 5",
        "throttled=0xfffffffffffffffff", "VCHI initialization failed"}) {
    board.text = text;
    const auto value = read_throttle(board.tree, bits(0xe, true));
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().kind, ErrorKind::parse) << text;
  }
}

TEST(Throttle, AStateCountsWhereverItIsThereACountWhenItRises) {
  EXPECT_TRUE(throttled(bits(1, true), 4, 4));
  EXPECT_TRUE(throttled(bits(1, true), 0, 4));
  EXPECT_TRUE(throttled(bits(1, true), 4, 0));
  EXPECT_FALSE(throttled(bits(1, true), 0, 0));
  EXPECT_FALSE(throttled(bits(1, false), 4, 4));
  EXPECT_TRUE(throttled(bits(1, false), 4, 5));
  EXPECT_FALSE(throttled(bits(1, false), 0, 0));
}

}  // namespace
}  // namespace isojoule
