// Every board that has a twin, in every release and variant: the board file opens on the twin's
// tree without a problem. The two were written from the same facts apart from each other, so each
// checks the other; and the twin runs a network there.
#include <gtest/gtest.h>

#include <cctype>
#include <ostream>
#include <set>

#include "board/board.h"
#include "twin/twin.h"

namespace isojoule {
namespace {

const std::string kBoards = ISOJOULE_SOURCE_DIR "/boards";

struct Case {
  std::string board, release, variant;
};
std::ostream& operator<<(std::ostream& out, const Case& one) {
  return out << one.board << " " << one.release << " " << one.variant;
}

// Jetsons whose folder has a tree.toml and a twin.toml.
std::vector<Case> cases() {
  std::vector<Case> all;
  for (const auto& name : board_names(kBoards)) {
    const auto file = load_board(kBoards, name);
    if (!file || name.rfind("jetson-", 0) != 0 || file->rails.empty()) continue;
    std::vector<std::string> variants = {""};
    for (const auto& variant : file->variants) variants.push_back(variant.name);
    for (const auto& release : file->releases)
      for (const auto& variant : variants) all.push_back({name, release.name, variant});
  }
  return all;
}

class EveryBoard : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    file_ = *load_board(kBoards, GetParam().board);
    TwinOptions options;
    options.release = GetParam().release;
    options.variant = GetParam().variant;
    auto made = make_twin(file_, options);
    ASSERT_TRUE(made.has_value()) << to_string(made.error());
    twin_ = std::move(*made);
    auto opened = open_board(file_, GetParam().release, twin_->tree(), twin_->clock());
    ASSERT_TRUE(opened.has_value()) << to_string(opened.error());
    board_ = std::move(*opened);
  }

  BoardFile file_;
  std::unique_ptr<Twin> twin_;
  Board board_;
};

TEST_P(EveryBoard, MeasuresAllItsRails) {
  std::set<std::string> rails, measured;
  for (const auto& rail : file_.rails) rails.insert(rail.name);
  for (const auto& sensor : board_.sensors)
    for (const auto& channel : sensor->channels()) measured.insert(channel.rail);
  EXPECT_EQ(measured, rails);
}

TEST_P(EveryBoard, IsDetectedAsItself) {
  const auto found = detect_board(kBoards, twin_->tree());
  ASSERT_TRUE(found.has_value()) << to_string(found.error());
  EXPECT_EQ(found->board, GetParam().board);
  EXPECT_EQ(found->release, GetParam().release);
  // A variant whose device tree the twin does not show is seen as the board itself.
  EXPECT_TRUE(found->variant == GetParam().variant || found->variant.empty()) << found->variant;
}

std::string name_of(const ::testing::TestParamInfo<Case>& info) {
  std::string name = info.param.board + "_" + info.param.release + "_" + info.param.variant;
  for (char& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Boards, EveryBoard, ::testing::ValuesIn(cases()), name_of);

}  // namespace
}  // namespace isojoule
