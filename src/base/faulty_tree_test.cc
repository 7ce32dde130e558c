#include "base/faulty_tree.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "base/memory_tree.h"

namespace isojoule {
namespace {

// Time that passes only by waiting.
class StillClock final : public Clock {
 private:
  Instant do_now() override { return now_; }
  void do_sleep_until(Instant deadline) override { now_ = std::max(now_, deadline); }
  std::unique_ptr<Ticker> do_every(Duration, std::function<void(Instant)>) override { return {}; }
  bool do_is_virtual() const override { return true; }
  Instant now_;
};

struct Faulty : ::testing::Test {
  Faulty() : tree(inner, clock) {
    inner.add_integer("/sys/chip/value", [this] { return ++value; });
    inner.add_text("/sys/chip/limit", "10\n");
    inner.add_link("/sys/class/chip0", "/sys/chip");
    inner.add_program("tool", [](const auto&) -> Result<std::string> { return "fine"; });
  }
  std::string read(const std::string& path) {
    const auto text = tree.read(path);
    return text ? *text : "!" + std::string(name_of(text.error().kind));
  }
  MemoryTree inner;
  StillClock clock;
  FaultyTree tree;
  std::int64_t value = 0;
};

TEST_F(Faulty, WithoutAFaultEverythingPasses) {
  EXPECT_EQ(read("/sys/chip/value"), "1\n");
  EXPECT_TRUE(tree.write("/sys/chip/limit", "12"));
  EXPECT_EQ(read("/sys/class/chip0/limit"), "12");
  EXPECT_EQ(*tree.list("/sys/chip"), (std::vector<std::string>{"limit", "value"}));
  EXPECT_EQ(*tree.run({"tool"}, Duration::milliseconds(1)), "fine");
}

TEST_F(Faulty, ErrorsAreThoseOfTheErrno) {
  struct Row {
    int number;
    const char* reads;
  };
  for (const Row& row : {Row{EIO, "!io"}, Row{ENODATA, "!no_data"},
                         Row{EACCES, "!permission_denied"}, Row{ENOENT, "!not_found"}}) {
    tree.fail("/sys/chip/value", Fault::error(row.number));
    EXPECT_EQ(read("/sys/chip/value"), row.reads);
    EXPECT_EQ(read("/sys/class/chip0/value"), row.reads) << "by its other name";
    EXPECT_EQ(read("/sys/chip/limit"), "10\n");
    tree.heal();
  }
}

TEST_F(Faulty, AVanishedNodeIsNowhere) {
  tree.fail("/sys/chip/value", Fault::error(ENOENT));
  EXPECT_FALSE(tree.exists("/sys/class/chip0/value"));
  EXPECT_EQ(*tree.list("/sys/chip"), std::vector<std::string>{"limit"});
  EXPECT_FALSE(tree.canonical("/sys/chip/value"));
  EXPECT_FALSE(tree.open("/sys/chip/value"));
}

TEST_F(Faulty, FromTheNthAccessAndForSoMany) {
  tree.fail("/sys/*/value", Fault::read_error(EIO).from(2).times(2));
  EXPECT_EQ(read("/sys/chip/value"), "1\n");
  EXPECT_EQ(read("/sys/chip/value"), "!io");
  EXPECT_EQ(read("/sys/chip/value"), "!io");
  EXPECT_EQ(read("/sys/chip/value"), "2\n");
  EXPECT_EQ(tree.accesses("/sys/*/value"), 4U);
}

TEST_F(Faulty, AKeptOpenFileFailsToo) {
  auto file = *tree.open("/sys/chip/value");
  EXPECT_EQ(*read_integer(*file), 1);
  tree.fail("*/value", Fault::error(EIO).from(2));
  EXPECT_EQ(*read_integer(*file), 2);
  EXPECT_EQ(read_integer(*file).error().kind, ErrorKind::io);
}

TEST_F(Faulty, LyingNodes) {
  tree.fail("*/value", Fault::empty());
  EXPECT_EQ(read("/sys/chip/value"), "");
  tree.fail("*/value", Fault::garbage());
  EXPECT_FALSE(read_integer(tree, "/sys/chip/value"));
  tree.fail("*/value", Fault::frozen().from(2));
  EXPECT_EQ(read("/sys/chip/value"), "1\n");
  EXPECT_EQ(read("/sys/chip/value"), "2\n");
  EXPECT_EQ(read("/sys/class/chip0/value"), "2\n");
}

TEST_F(Faulty, WritesThatFailOrDoNothing) {
  tree.fail("*/limit", Fault::ignored_write());
  EXPECT_TRUE(tree.write("/sys/chip/limit", "12"));
  EXPECT_EQ(read("/sys/chip/limit"), "10\n");
  tree.fail("*/limit", Fault::write_error(EBUSY));
  EXPECT_EQ(tree.write("/sys/chip/limit", "12").error().kind, ErrorKind::busy);
  EXPECT_EQ(read("/sys/chip/limit"), "10\n");
}

TEST_F(Faulty, AHangTakesTimeOfTheClock) {
  tree.fail("*/value", Fault::hang().times(1));
  EXPECT_EQ(read("/sys/chip/value"), "1\n");
  EXPECT_EQ(clock.now(), Instant{2'000'000'000});
  EXPECT_EQ(read("/sys/chip/value"), "2\n");
  EXPECT_EQ(clock.now(), Instant{2'000'000'000});
}

TEST_F(Faulty, Programs) {
  tree.fail("tool", Fault::hang());
  EXPECT_EQ(tree.run({"tool"}, Duration::milliseconds(500)).error().kind, ErrorKind::timeout);
  EXPECT_EQ(clock.now(), Instant{500'000'000});
  tree.fail("tool", Fault::error(ENOENT));
  EXPECT_EQ(tree.run({"tool"}, Duration::milliseconds(500)).error().kind, ErrorKind::not_found);
  tree.fail("tool", Fault::empty());
  EXPECT_EQ(*tree.run({"tool"}, Duration::milliseconds(500)), "");
}

}  // namespace
}  // namespace isojoule
