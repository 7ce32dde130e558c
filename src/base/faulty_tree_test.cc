#include "base/faulty_tree.h"

#include <gtest/gtest.h>

#include "base/memory_tree.h"

namespace isojoule {
namespace {

class FaultyTreeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    memory.add_integer(
        "/sys/node", [this] { return ++reads; },
        [this](std::string_view) -> Status {
          ++writes;
          return {};
        });
  }
  MemoryTree memory;
  std::unique_ptr<Clock> clock = make_real_clock();
  FaultyTree tree{memory, *clock};
  int reads = 0, writes = 0;
};

TEST_F(FaultyTreeTest, ErrorsAreTypedByPathAndFromOpenFiles) {
  const auto file = tree.open("/sys/node");
  ASSERT_TRUE(file);
  const std::pair<Fault, ErrorKind> expected[] = {
      {Fault::io_error, ErrorKind::io},
      {Fault::no_data, ErrorKind::no_data},
      {Fault::no_permission, ErrorKind::permission_denied},
      {Fault::gone, ErrorKind::not_found}};
  for (const auto& [fault, kind] : expected) {
    tree.inject("/sys/node", fault);
    const auto text = tree.read("/sys/node");
    ASSERT_FALSE(text) << name_of(fault);
    EXPECT_EQ(text.error().kind, kind) << name_of(fault);
    const auto number = read_integer(**file);
    ASSERT_FALSE(number) << name_of(fault);
    EXPECT_EQ(number.error().kind, kind) << name_of(fault);
    EXPECT_EQ(tree.write("/sys/node", "1").error().kind, kind);
    EXPECT_EQ(tree.exists("/sys/node"), fault != Fault::gone);
  }
  EXPECT_EQ(reads, 0);
  EXPECT_EQ(writes, 0);
}

TEST_F(FaultyTreeTest, TextsThatAreNoValues) {
  for (const Fault fault : {Fault::empty, Fault::garbage}) {
    tree.inject("/sys/node", fault);
    const auto number = read_integer(tree, "/sys/node");
    ASSERT_FALSE(number) << name_of(fault);
    EXPECT_EQ(number.error().kind, ErrorKind::parse);
  }
}

TEST_F(FaultyTreeTest, FrozenReadsAndIgnoredWrites) {
  tree.inject("/sys/node", Fault::frozen);
  EXPECT_EQ(read_integer(tree, "/sys/node").value(), 1);
  EXPECT_EQ(read_integer(tree, "/sys/node").value(), 1);
  EXPECT_TRUE(tree.write("/sys/node", "1"));
  EXPECT_EQ(writes, 1);
  tree.inject("/sys/node", Fault::ignored);
  EXPECT_TRUE(tree.write("/sys/node", "1"));
  EXPECT_EQ(writes, 1);
  EXPECT_EQ(read_integer(tree, "/sys/node").value(), 2);
}

TEST_F(FaultyTreeTest, TheFirstAccessesMayBeGood) {
  tree.inject("/sys/node", Fault::io_error, 2);
  EXPECT_TRUE(tree.read("/sys/node"));
  EXPECT_TRUE(tree.write("/sys/node", "1"));
  EXPECT_FALSE(tree.read("/sys/node"));
  tree.heal();
  EXPECT_TRUE(tree.read("/sys/node"));
  EXPECT_EQ(tree.uses().at("/sys/node").reads, 3);
  EXPECT_EQ(tree.uses().at("/sys/node").writes, 1);
}

}  // namespace
}  // namespace isojoule
