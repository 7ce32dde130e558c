#include "board/board_lock.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/text_file.h"

namespace isojoule {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class BoardLockTest : public ::testing::Test {
 protected:
  BoardLockTest() {
    folder_ = fs::temp_directory_path() / ("isojoule-lock-" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    path_ = (folder_ / "isojoule.lock").string();
  }
  ~BoardLockTest() override { fs::remove_all(folder_); }
  fs::path folder_;
  std::string path_;
};

TEST_F(BoardLockTest, TheHolderKeepsItsNameHoweverManyAreRefused) {
  const auto holder = BoardLock::take(path_, "isojoule sweep a.toml");
  ASSERT_TRUE(holder) << to_string(holder.error());
  for (int i = 0; i < 3; ++i) {
    const auto second = BoardLock::take(path_, "isojoule apply", Duration{});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, ErrorKind::busy);
    EXPECT_THAT(second.error().what, HasSubstr("isojoule sweep a.toml"));
  }
}

TEST_F(BoardLockTest, WhoHoldsItIsSeenWithoutTakingIt) {
  EXPECT_FALSE(lock_holder(path_)) << "there is no such file";
  {
    const auto holder = BoardLock::take(path_, "isojoule sweep a.toml");
    ASSERT_TRUE(holder);
    const auto seen = lock_holder(path_);
    ASSERT_TRUE(seen);
    EXPECT_THAT(*seen, HasSubstr("isojoule sweep a.toml"));
  }
  EXPECT_FALSE(lock_holder(path_));
}

TEST_F(BoardLockTest, ItIsFreeAfterItsHolder) {
  { ASSERT_TRUE(BoardLock::take(path_, "first")); }
  EXPECT_EQ(fs::file_size(path_), 0U);
  EXPECT_TRUE(BoardLock::take(path_, "second"));
}

// Everybody may put something into /run/lock.
TEST_F(BoardLockTest, ALinkIsNotFollowedAndWhatItLeadsToStays) {
  const std::string victim = (folder_ / "fstab").string();
  std::ofstream(victim) << "precious";
  fs::create_symlink(victim, path_);
  const auto by_link = BoardLock::take(path_, "root");
  ASSERT_FALSE(by_link);
  EXPECT_THAT(by_link.error().what, HasSubstr("is a link"));
  EXPECT_FALSE(by_link.error().remedy.empty());
  fs::remove(path_);
  fs::create_hard_link(victim, path_);
  EXPECT_FALSE(BoardLock::take(path_, "root"));
  EXPECT_EQ(*read_text_file(victim), "precious");
  fs::remove(path_);
  fs::create_directory(path_);
  EXPECT_FALSE(BoardLock::take(path_, "root"));
}

}  // namespace
}  // namespace isojoule
