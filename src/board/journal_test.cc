#include "board/journal.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "board/fake_board.h"
#include "board/journal_file.h"
#include "board/restore.h"

namespace isojoule {
namespace {

namespace fs = std::filesystem;
using fake::FakeBoard;

constexpr Duration kDeadline = Duration::milliseconds(50);

class JournalTest : public ::testing::Test {
 protected:
  JournalTest() {
    std::string pattern = (fs::temp_directory_path() / "isojoule-journal-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    path_ = (folder_ / "journal.json").string();
  }
  ~JournalTest() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  std::string text() const {
    std::ostringstream out;
    out << std::ifstream(path_).rdbuf();
    return out.str();
  }
  void put(const std::string& text) const { std::ofstream(path_) << text; }

  fs::path folder_;
  std::string path_;
};

// Turns everything that can be turned.
void disturb(Board& board, fake::ManualClock& clock) {
  for (const auto& [axis, value] : std::map<std::string, Value>{
           {"cpu_governor", "userspace"}, {"gpu_governor", "userspace"}, {"cpu_online", 2.0}})
    ASSERT_EQ(board.knob(axis)->set(value, clock, kDeadline), value);
  for (const char* axis : {"cpu_frequency", "gpu_frequency"}) {
    Knob* knob = board.knob(axis);
    ASSERT_EQ(knob->set(knob->values()[1], clock, kDeadline), knob->values()[1]);
  }
}

TEST_F(JournalTest, EveryBoardIsByteForByteAsBefore) {
  for (const auto& nodes : fake::all_boards()) {
    SCOPED_TRACE(nodes.board + " " + nodes.release);
    FakeBoard fake(nodes);
    Board board = fake.open();
    const auto before = fake.tree.snapshot();
    auto guard = BoardGuard::take(board, path_);
    ASSERT_TRUE(guard.has_value()) << to_string(guard.error());
    EXPECT_TRUE(fs::exists(path_));
    EXPECT_EQ(fake.tree.snapshot(), before);
    disturb(board, fake.clock);
    EXPECT_NE(fake.tree.snapshot(), before);
    const auto status = (*guard)->restore();
    ASSERT_TRUE(status.has_value()) << to_string(status.error());
    EXPECT_EQ(fake.tree.snapshot(), before);
    EXPECT_FALSE(fs::exists(path_));
    EXPECT_TRUE((*guard)->restore().has_value());  // again: nothing to do
  }
}

// From every saved pair of limits to every present pair, on a kernel that refuses min > max.
TEST_F(JournalTest, OrderedLimitsComeBackFromEveryState) {
  const auto nodes = fake::all_boards().front();
  const auto& table = nodes.gpu_table;
  for (const auto low : table)
    for (const auto high : table)
      for (const auto now_low : table)
        for (const auto now_high : table) {
          if (low > high || now_low > now_high) continue;
          FakeBoard fake(nodes);
          fake.gpu->minimum = low;
          fake.gpu->maximum = high;
          Board board = fake.open();
          auto guard = BoardGuard::take(board, path_);
          fake.gpu->minimum = now_low;
          fake.gpu->maximum = now_high;
          ASSERT_TRUE((*guard)->restore().has_value());
          EXPECT_EQ(fake.gpu->minimum, low);
          EXPECT_EQ(fake.gpu->maximum, high);
        }
}

TEST_F(JournalTest, TheEndOfTheGuardRestores) {
  FakeBoard fake(fake::all_boards().back());
  Board board = fake.open();
  const auto before = fake.tree.snapshot();
  {
    auto guard = BoardGuard::take(board, path_);
    ASSERT_TRUE(guard.has_value());
    disturb(board, fake.clock);
  }
  EXPECT_EQ(fake.tree.snapshot(), before);
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(JournalTest, WhatDoesNotDifferIsNotWritten) {
  FakeBoard fake(fake::all_boards().front());
  Board board = fake.open();
  auto guard = BoardGuard::take(board, path_);
  fake.cpu[0]->limit_writes = fake.gpu->limit_writes = 0;
  ASSERT_TRUE((*guard)->restore().has_value());
  EXPECT_EQ(fake.cpu[0]->limit_writes + fake.gpu->limit_writes, 0);
}

TEST_F(JournalTest, SaysWhatItHolds) {
  FakeBoard fake(fake::all_boards().front());
  Board board = fake.open();
  auto guard = BoardGuard::take(board, path_);
  const auto root = nlohmann::json::parse(text());
  EXPECT_EQ(root["board"], "jetson-nano");
  EXPECT_EQ(root["boot_id"], "11111111-2222-3333-4444-555555555555");
  EXPECT_EQ(root["process"]["id"], ::getpid());
  EXPECT_EQ(root["nodes"].size(), 4u + 1 + 2 + 1 + 2);  // cores, governors and limits
  EXPECT_FALSE(fs::exists(path_ + ".new"));
}

// The program dies without a word; the next one finds the journal and the board as it was left.
TEST_F(JournalTest, AKilledProgramIsMadeGood) {
  FakeBoard fake(fake::all_boards().back());
  Board board = fake.open();
  const auto before = fake.tree.snapshot();
  const pid_t child = ::fork();
  if (child == 0) {
    auto guard = BoardGuard::take(board, path_);
    if (guard) ::raise(SIGKILL);
    ::_exit(1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  ASSERT_TRUE(fs::exists(path_));
  disturb(board, fake.clock);  // the nodes, other than the child's memory, would have kept this
  auto guard = BoardGuard::take(board, path_);
  ASSERT_TRUE(guard.has_value()) << to_string(guard.error());
  EXPECT_EQ(fake.tree.snapshot(), before);
  EXPECT_TRUE(fs::exists(path_));  // its own
}

TEST_F(JournalTest, AGuardThatWasLostIsMadeGood) {
  FakeBoard fake(fake::all_boards().back());
  Board board = fake.open();
  const auto before = fake.tree.snapshot();
  std::string journal;
  {
    auto guard = BoardGuard::take(board, path_);
    journal = text();
  }
  disturb(board, fake.clock);
  put(journal);
  ASSERT_TRUE(BoardGuard::take(board, path_).has_value());
  EXPECT_EQ(fake.tree.snapshot(), before);
}

TEST_F(JournalTest, AProgramThatStillRunsKeepsTheBoard) {
  FakeBoard fake(fake::all_boards().back());
  Board board = fake.open();
  auto guard = BoardGuard::take(board, path_);
  auto root = nlohmann::json::parse(text());
  journal::Journal mine;
  journal::stamp(mine);
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    journal::Journal own;
    journal::stamp(own);
    (void)!::write(ready[1], &own.process_start, sizeof own.process_start);
    ::pause();
    ::_exit(0);
  }
  std::int64_t start = 0;
  ASSERT_EQ(::read(ready[0], &start, sizeof start), static_cast<ssize_t>(sizeof start));
  root["process"] = {{"id", child}, {"start_ticks", start}};
  put(root.dump());
  const auto second = BoardGuard::take(board, path_);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().kind, ErrorKind::busy);
  EXPECT_NE(second.error().what.find(std::to_string(child)), std::string::npos);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(BoardGuard::take(board, path_).has_value());
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(JournalTest, AJournalOfAnotherBootIsOnlyRemoved) {
  FakeBoard fake(fake::all_boards().back());
  Board board = fake.open();
  std::string journal;
  {
    auto guard = BoardGuard::take(board, path_);
    journal = text();
  }
  put(journal);
  fake.tree.add_text(fake::kBootIdPath, "99999999-2222-3333-4444-555555555555\n");
  disturb(board, fake.clock);
  const auto now = fake.tree.snapshot();
  auto guard = BoardGuard::take(board, path_);
  ASSERT_TRUE(guard.has_value()) << to_string(guard.error());
  EXPECT_EQ(fake.tree.snapshot(), now);
  EXPECT_NE(text(), journal);
}

TEST_F(JournalTest, WithoutABootIdItIsTheSameBoot) {
  FakeBoard fake(fake::all_boards().back());
  fake.tree.remove("/proc/sys");
  Board board = fake.open();
  const auto before = fake.tree.snapshot();
  std::string journal;
  {
    auto guard = BoardGuard::take(board, path_);
    journal = text();
  }
  put(journal);
  disturb(board, fake.clock);
  ASSERT_TRUE(BoardGuard::take(board, path_).has_value());
  EXPECT_EQ(fake.tree.snapshot(), before);
}

TEST_F(JournalTest, DamagedForeignAndNewerFilesAreRefusedAndStay) {
  FakeBoard fake(fake::all_boards().back());
  Board board = fake.open();
  const auto before = fake.tree.snapshot();
  std::string whole;
  {
    auto guard = BoardGuard::take(board, path_);
    whole = text();
  }
  auto newer = nlohmann::json::parse(whole);
  newer["schema"] = journal::kSchema + 1;
  auto other = nlohmann::json::parse(whole);
  other["board"] = "jetson-nano";
  auto no_nodes = nlohmann::json::parse(whole);
  no_nodes.erase("nodes");
  const std::vector<std::pair<std::string, ErrorKind>> cases = {
      {"", ErrorKind::damaged},
      {"not json", ErrorKind::damaged},
      {"[1, 2]", ErrorKind::damaged},
      {"{}", ErrorKind::damaged},
      {R"({"format": "other", "schema": 1})", ErrorKind::damaged},
      {whole.substr(0, whole.size() / 2), ErrorKind::damaged},
      {no_nodes.dump(), ErrorKind::damaged},
      {newer.dump(), ErrorKind::newer_schema},
      {other.dump(), ErrorKind::invalid}};
  for (const auto& [content, kind] : cases) {
    SCOPED_TRACE(content);
    put(content);
    const auto guard = BoardGuard::take(board, path_);
    ASSERT_FALSE(guard.has_value());
    EXPECT_EQ(guard.error().kind, kind);
    EXPECT_NE(guard.error().what.find(path_), std::string::npos);
    EXPECT_FALSE(guard.error().remedy.empty());
    EXPECT_EQ(text(), content);
    EXPECT_EQ(fake.tree.snapshot(), before);
  }
}

TEST_F(JournalTest, AFolderThatIsNotThereIsAnErrorBeforeAnyWrite) {
  FakeBoard fake(fake::all_boards().back());
  Board board = fake.open();
  const auto guard = BoardGuard::take(board, (folder_ / "no" / "journal").string());
  ASSERT_FALSE(guard.has_value());
  EXPECT_EQ(guard.error().kind, ErrorKind::not_found);
}

TEST_F(JournalTest, AllNodesAreTriedAndTheJournalStaysWhereOneFails) {
  FakeBoard fake(fake::all_boards().back());
  Board board = fake.open();
  auto guard = BoardGuard::take(board, path_);
  disturb(board, fake.clock);
  fake.gpu->ignore_governor = true;
  const auto status = (*guard)->restore();
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().kind, ErrorKind::not_reached);
  EXPECT_NE(status.error().what.find("/governor"), std::string::npos);
  EXPECT_TRUE(fs::exists(path_));
  EXPECT_EQ(fake.cpu[0]->governor, "schedutil");  // the others went back
  EXPECT_EQ(fake.gpu->maximum, fake.gpu->table.back());
  fake.gpu->ignore_governor = false;
  EXPECT_TRUE((*guard)->restore().has_value());
  EXPECT_FALSE(fs::exists(path_));
}

// A second program on a board that `apply` holds, in all the ways in which it may end.
class HeldBoard : public JournalTest {
 protected:
  HeldBoard() : fake_(fake::all_boards().back()), board_(fake_.open()) {
    first_ = fake_.tree.snapshot();
    auto guard = BoardGuard::take(board_, options("apply A"));
    turn(1);
    EXPECT_TRUE((*guard)->hold());
    held_ = fake_.tree.snapshot();
  }
  GuardOptions options(const std::string& command) const {
    GuardOptions options(path_);
    options.command = command;
    options.take_over_held = true;
    return options;
  }
  void turn(std::size_t which) {
    Knob* knob = board_.knob("gpu_frequency");
    ASSERT_EQ(knob->set(knob->values()[which], fake_.clock, kDeadline), knob->values()[which]);
  }

  FakeBoard fake_;
  Board board_;
  std::map<std::string, std::string> first_, held_;
};

TEST_F(HeldBoard, ItsEndLeadsBackToWhatWasHeld) {
  {
    auto guard = BoardGuard::take(board_, options("apply B --for 1s"));
    ASSERT_TRUE(guard) << to_string(guard.error());
    turn(0);
  }
  EXPECT_EQ(fake_.tree.snapshot(), held_);
  const auto left = left_behind(path_);
  ASSERT_TRUE(left && left->has_value());
  EXPECT_TRUE((*left)->held);
  EXPECT_EQ((*left)->command, "apply A");
  ASSERT_TRUE(restore_journal(fake_.tree, path_));
  EXPECT_EQ(fake_.tree.snapshot(), first_);
}

TEST_F(HeldBoard, WhatHoldsItThenLeadsBackToTheFirst) {
  {
    auto guard = BoardGuard::take(board_, options("apply B"));
    turn(0);
    ASSERT_TRUE((*guard)->hold());
  }
  EXPECT_EQ((*left_behind(path_))->command, "apply A, then apply B");
  ASSERT_TRUE(restore_journal(fake_.tree, path_));
  EXPECT_EQ(fake_.tree.snapshot(), first_);
}

TEST_F(HeldBoard, AfterItsDeathTheKeeperKeepsTheHoldAndAPersonDoesNot) {
  for (const bool by_keeper : {true, false}) {
    std::string journal;
    {
      auto guard = BoardGuard::take(board_, options("apply B"));
      journal = text();
    }
    turn(0);
    put(journal);
    const auto outcome =
        restore_journal(fake_.tree, path_, {.is_dead = true, .keep_held = by_keeper});
    ASSERT_TRUE(outcome) << to_string(outcome.error());
    EXPECT_EQ(fake_.tree.snapshot(), by_keeper ? held_ : first_);
    EXPECT_EQ(fs::exists(path_), by_keeper);
  }
}

TEST_F(HeldBoard, TheNextProgramPutsADeadOnesSettingBackFirst) {
  std::string journal;
  {
    auto guard = BoardGuard::take(board_, options("apply B"));
    journal = text();
  }
  turn(0);
  put(journal);
  GuardOptions sweeping = options("sweep");
  sweeping.take_over_held = false;
  const auto guard = BoardGuard::take(board_, sweeping);
  ASSERT_FALSE(guard);
  EXPECT_EQ(guard.error().kind, ErrorKind::busy);
  EXPECT_NE(guard.error().what.find("apply A"), std::string::npos) << guard.error().what;
  EXPECT_EQ(fake_.tree.snapshot(), held_);
}

TEST_F(JournalTest, AfterAFailureBothErrorsAreSaid) {
  FakeBoard fake(fake::all_boards().back());
  Board board = fake.open();
  auto guard = BoardGuard::take(board, path_);
  disturb(board, fake.clock);
  fake.gpu->ignore_governor = true;
  const Error both =
      (*guard)->restore_after({ErrorKind::interrupted, "interrupted", "measure", ""});
  EXPECT_EQ(both.kind, ErrorKind::interrupted);
  EXPECT_NE(both.what.find("interrupted; and the board was not put back"), std::string::npos);
  EXPECT_NE(both.what.find("/governor"), std::string::npos);
  EXPECT_NE(both.remedy.find("isojoule restore"), std::string::npos);
  fake.gpu->ignore_governor = false;
  EXPECT_EQ((*guard)->restore_after({ErrorKind::interrupted, "interrupted", "", ""}).what,
            "interrupted");
}

// A policy goes with its last core and comes back with it, at the kernel's defaults.
TEST_F(JournalTest, APolicyThatWentWithItsCoresComesBack) {
  FakeBoard fake(fake::all_boards().back());
  const std::string policy = "/sys/devices/system/cpu/cpufreq/policy4";
  fake.cpu[1]->maximum = 960000;
  Board board = fake.open();
  const auto before = fake.tree.snapshot();
  const auto plug = [&](std::string_view text) -> Status {
    const bool on = text == "1";
    (*fake.cores)[4] = on;
    if (!on) return fake.tree.remove(policy), Status{};
    fake::add_domain(fake.tree, policy, fake::kCpufreq,
                     fake.domain(fake.nodes.cpu_table, fake::cpu_governors(), "performance", 1));
    return {};
  };
  auto guard = BoardGuard::take(board, path_);
  ASSERT_TRUE(guard.has_value());
  fake.tree.add_integer(
      "/sys/devices/system/cpu/cpu4/online", [&] { return (*fake.cores)[4]; }, plug);
  ASSERT_EQ(board.knob("cpu_online")->set(4.0, fake.clock, kDeadline), Value(4.0));
  ASSERT_FALSE(fake.tree.exists(policy));
  const auto status = (*guard)->restore();
  ASSERT_TRUE(status.has_value()) << to_string(status.error());
  EXPECT_EQ(fake.tree.snapshot(), before);
}

}  // namespace
}  // namespace isojoule
