// Every board's twin under that board's own file: each knob of each release opens, its values can
// be set, and what is written back leaves the tree as it was.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>

#include "board/board.h"
#include "twin/board_shape.h"
#include "twin/nvpmodel.h"
#include "twin/twin.h"

namespace isojoule {
namespace {

namespace fs = std::filesystem;
const std::string kBoards = std::string(ISOJOULE_SOURCE_DIR) + "/boards";

struct Row {
  std::string board, release, variant;
};

std::vector<Row> rows() {
  std::vector<Row> all;
  for (const std::string& name : board_names(kBoards)) {
    if (!fs::exists(kBoards + "/" + name + "/tree.toml")) continue;
    const auto file = load_board(kBoards, name);
    EXPECT_TRUE(file) << name;
    if (!file) continue;
    for (const BoardRelease& release : file->releases) all.push_back({name, release.name, ""});
    for (const BoardVariant& variant : file->variants)
      all.push_back({name, file->releases.back().name, variant.name});
  }
  return all;
}

class TwinKnobs : public ::testing::TestWithParam<Row> {
 protected:
  void SetUp() override {
    const Row& row = GetParam();
    file_ = *load_board(kBoards, row.board);
    TwinOptions options;
    options.release = row.release;
    options.variant = row.variant;
    options.noise = false;
    auto twin = make_twin(file_, options);
    ASSERT_TRUE(twin) << to_string(twin.error());
    twin_ = std::move(*twin);
    auto board = open_board(file_, row.release, twin_->tree(), twin_->clock());
    ASSERT_TRUE(board) << to_string(board.error());
    board_ = std::move(*board);
  }
  BoardFile file_;
  std::unique_ptr<Twin> twin_;
  Board board_;
};

TEST_P(TwinKnobs, OpenAll) {
  std::size_t missing = 0;
  for (const Error& problem : board_.problems) {
    // A smaller module of the board lacks a cluster.
    const bool cluster = problem.what.find("cpu_policy") != std::string::npos;
    if (GetParam().variant.empty() || !cluster) ADD_FAILURE() << to_string(problem);
    if (!problem.what.starts_with("watch ")) ++missing;
  }
  EXPECT_EQ(board_.knobs.size() + missing, board_.release.knobs.size());
}

// The lowest and the highest value of each knob, and back to what was saved.
TEST_P(TwinKnobs, SetAndRestore) {
  for (const auto& knob : board_.knobs) {
    const std::string axis = knob->axis().name;
    const auto saved = knob->save();
    ASSERT_TRUE(saved) << axis << ": " << to_string(saved.error());
    const auto& values = knob->values();
    if (values.empty()) continue;
    for (const Value& value : {values.front(), values.back()}) {
      const auto set = knob->set(value, twin_->clock(), Duration::milliseconds(2000));
      if (!set && set.error().kind == ErrorKind::unsupported) continue;  // needs a reboot
      ASSERT_TRUE(set) << axis << " = " << to_string(value) << ": " << to_string(set.error());
      EXPECT_EQ(*set, value) << axis;
    }
    const auto released = knob->release();
    EXPECT_TRUE(released) << axis << ": " << to_string(released.error());
    for (const bool first : {true, false})  // an ordered kernel takes some only the second time
      for (const SavedNode& node : *saved) {
        if (!first && !node.settles) continue;
        const auto written = twin_->tree().write(node.path, node.text);
        EXPECT_TRUE(first || written)
            << axis << ": " << node.path << ": " << to_string(written.error());
      }
    for (const SavedNode& node : *saved) {
      if (!node.settles) continue;
      EXPECT_EQ(*read_line(twin_->tree(), node.path), node.text) << axis << ": " << node.path;
    }
  }
}

// What a mode caps can be asked for and is seen as a cap, and every module's end is known.
TEST_P(TwinKnobs, EveryCapOfAModeIsOffered) {
  const auto& [board, release, variant] = GetParam();
  const auto shape = twin::load_shape(kBoards + "/" + board + "/tree.toml", release, variant);
  ASSERT_TRUE(shape) << to_string(shape.error());
  for (const KnobSpec& spec : board_.release.knobs) {
    if (spec.type != "clock_cap") continue;
    const auto& caps = shape->jetson.caps;
    const auto cap = std::find_if(caps.begin(), caps.end(), [&](const twin::ClockCapShape& one) {
      return one.path == spec.nodes.front();
    });
    ASSERT_NE(cap, caps.end()) << spec.nodes.front();
    ASSERT_TRUE(spec.options.contains("maximum")) << spec.axis;
    EXPECT_THAT(" " + spec.options.at("maximum") + " ",
                testing::HasSubstr(" " + std::to_string(cap->maximum_hz) + " "))
        << spec.axis;
    for (const auto& mode : shape->jetson.nvpmodel.modes) {
      const std::int64_t hertz = twin::cap_in(mode, *cap);
      if (hertz <= 0) continue;
      EXPECT_THAT(spec.values, testing::Contains(static_cast<double>(hertz)))
          << spec.axis << " in " << mode.name;
    }
  }
}

// Every power mode after every other, by the board's program: what it leaves is read back.
TEST_P(TwinKnobs, EveryPowerModeIsReached) {
  Knob* modes = board_.knob("power_mode");
  if (modes == nullptr) return;  // no Jetson
  const Duration deadline = Duration::milliseconds(2000);
  for (const Value& from : modes->values())
    for (const Value& to : modes->values()) {
      (void)modes->set(from, twin_->clock(), deadline);
      const auto set = modes->set(to, twin_->clock(), deadline);
      if (!set && set.error().kind == ErrorKind::unsupported) continue;  // needs a reboot
      EXPECT_EQ(set, to) << to_string(from) << " to " << to_string(to) << ": "
                         << (set ? "" : to_string(set.error()));
    }
}

// The fan is taken from the kernel and handed back: without its control a restored speed would be
// the one that the kernel had set in passing, and stay.
TEST_P(TwinKnobs, TheFanIsHandedBack) {
  Knob* fan = board_.knob("fan_speed");
  if (fan == nullptr) {
    const std::string hwmon = "/sys/class/hwmon";
    const auto chips = twin_->tree().list(hwmon);
    for (const auto& chip : chips ? *chips : std::vector<std::string>{})
      EXPECT_FALSE(twin_->tree().exists(hwmon + "/" + chip + "/pwm1_enable")) << chip;
    return;
  }
  const auto saved = fan->save();
  ASSERT_TRUE(saved) << to_string(saved.error());
  ASSERT_EQ(saved->size(), 2u);
  const std::string pwm = saved->front().path, control = saved->back().path;
  EXPECT_TRUE(pwm.ends_with("/pwm1") ? control == pwm + "_enable"
                                     : control.ends_with("/temp_control"))
      << pwm << ", " << control;
  const std::string automatic = saved->back().text, cool = *read_line(twin_->tree(), pwm);
  EXPECT_EQ(automatic, pwm.ends_with("/pwm1") ? "2" : "1");
  ASSERT_EQ(fan->set(100.0, twin_->clock(), Duration::milliseconds(100)), Value(100.0));
  EXPECT_NE(*read_line(twin_->tree(), control), automatic);
  for (const SavedNode& node : *saved) ASSERT_TRUE(twin_->tree().write(node.path, node.text));
  EXPECT_EQ(*read_line(twin_->tree(), control), automatic);
  EXPECT_EQ(*read_line(twin_->tree(), pwm), cool);  // by the temperature again
}

std::string name_of_row(const ::testing::TestParamInfo<Row>& row) {
  std::string name = row.param.board + "_" + row.param.release + "_" + row.param.variant;
  for (char& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Boards, TwinKnobs, ::testing::ValuesIn(rows()), name_of_row);

}  // namespace
}  // namespace isojoule
