// `isojoule restore` from the outside, on a folder that stands for the machine's tree.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/hash.h"
#include "whole/program.h"

namespace isojoule {
namespace {

namespace fs = std::filesystem;

class Restore : public ::testing::Test {
 protected:
  Restore() {
    fs::create_directories(root_ + "/sys");
    fs::create_directories(root_ + "/proc/sys/kernel/random");
    fs::create_directories(place_.path("st"));
    std::ofstream(root_ + "/proc/sys/kernel/random/boot_id") << "b1\n";
    std::ofstream(root_ + "/sys/node") << "7";
    ::setenv("ISOJOULE_STATE", place_.path("st").c_str(), 1);
    journal_ =
        place_.path("st") + "/any@" + content_hash(fs::canonical(root_).string()) + ".journal";
  }
  ~Restore() override { ::unsetenv("ISOJOULE_STATE"); }
  void put_journal(const std::string& boot, long process = 0, long start = 0) const {
    std::ofstream(journal_) << R"({"format": "isojoule journal", "schema": 1, "board": "any", )"
                            << R"("boot_id": ")" << boot << R"(", "process": {"id": )" << process
                            << R"(, "start_ticks": )" << start
                            << R"(}, "nodes": [{"path": "/sys/gone", "text": "1"}, )"
                            << R"({"path": "/sys/node", "text": "5"}]})";
  }
  std::string node() const {
    std::ostringstream out;
    out << std::ifstream(root_ + "/sys/node").rdbuf();
    return out.str();
  }
  test::Outcome run() const { return place_.run({"restore", "--sysroot", root_}); }

  test::Workplace place_;
  std::string root_ = place_.path("root");
  std::string journal_;
};

TEST_F(Restore, NothingToRestoreIsSaid) {
  const auto outcome = run();
  EXPECT_EQ(outcome.status, 0);
  EXPECT_NE(outcome.out.find("Nothing to restore"), std::string::npos);
}

TEST_F(Restore, ANodeThatIsGoneIsNamedAndTheOthersGoBack) {
  put_journal("b1");
  const auto refused = run();
  EXPECT_NE(refused.status, 0);
  EXPECT_NE(refused.err.find("/sys/gone"), std::string::npos);
  EXPECT_EQ(node(), "5");
  EXPECT_TRUE(fs::exists(journal_));
  std::ofstream(root_ + "/sys/gone") << "0";
  const auto outcome = run();
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("/sys/gone = 1"), std::string::npos);
  EXPECT_FALSE(fs::exists(journal_));
}

TEST_F(Restore, AJournalOfAnotherBootIsRemovedAndExplained) {
  put_journal("b0");
  const auto outcome = run();
  EXPECT_EQ(outcome.status, 0);
  EXPECT_NE(outcome.out.find("before the last boot"), std::string::npos);
  EXPECT_EQ(node(), "7");
  EXPECT_FALSE(fs::exists(journal_));
}

TEST_F(Restore, ADamagedJournalStaysAndTellsTheRemedy) {
  std::ofstream(journal_) << "half a jour";
  const auto outcome = run();
  EXPECT_NE(outcome.status, 0);
  EXPECT_NE(outcome.err.find("damaged"), std::string::npos);
  EXPECT_EQ(node(), "7");
  EXPECT_TRUE(fs::exists(journal_));
}

}  // namespace
}  // namespace isojoule
