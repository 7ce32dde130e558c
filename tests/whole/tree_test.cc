// After a sweep every node of the board reads as before, byte for byte, but for those that measure.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/memory_tree.h"
#include "board/journal.h"
#include "experiment/experiment.h"
#include "twin/twin.h"
#include "whole/program.h"
#include "workload/zoo.h"

namespace isojoule {
namespace {

// What a board's kernel counts or measures; everything else is a setting or an identity.
bool is_measured(const std::string& path) {
  static const std::vector<std::string> names = {
      "time_in_state",  "trans_stat",       "total_trans",      "load",   "temp",    "cur_freq",
      "target_freq",    "scaling_cur_freq", "cpuinfo_cur_freq", "mc_all", "cur_pwm", "rpm_measured",
      "gpu_powered_on", "is_railgated",     "runtime_status"};
  const std::string name = path.substr(path.rfind('/') + 1);
  if (std::find(names.begin(), names.end(), name) != names.end()) return true;
  const bool reading = name.ends_with("_input") || name.starts_with("ui_input_") ||
                       name.ends_with("_event_cnt") || name.ends_with("_irq_cnt") ||
                       name == "cur_state";
  return reading;
}

std::map<std::string, std::string> settings_of(MemoryTree& tree) {
  auto texts = tree.snapshot();
  std::erase_if(texts, [](const auto& node) { return is_measured(node.first); });
  return texts;
}

std::string plan_for(const std::string& board) {
  return "name = \"t\"\nboard = \"" + board +
         "\"\n[protocol]\ninferences = 64\nrepeats = 1\n[[baseline]]\nname = \"default\"\n"
         "cpu_governor = \"schedutil\"\ngpu_governor = \"nvhost_podgov\"\n"
         "[[baseline]]\nname = \"powersave\"\ncpu_governor = \"powersave\"\n"
         "[[grid]]\nname = \"g\"\nnetworks = [\"mobilenet-v2\"]\n"
         "axes = { cpu_frequency = \"all\", batch = [8] }\nbaselines = [\"default\", "
         "\"powersave\"]\n"
         "[[grid]]\nname = \"h\"\nnetworks = [\"mobilenet-v2\"]\n"
         "axes = { gpu_frequency = \"all\", batch = [8] }\n";
}

struct BoardAndRelease {
  std::string board, release;
};

class TreeAfterSweep : public testing::TestWithParam<BoardAndRelease> {};

TEST_P(TreeAfterSweep, IsAsBefore) {
  const auto file = load_board(ISOJOULE_SOURCE_DIR "/boards", GetParam().board).value();
  TwinOptions options;
  options.release = GetParam().release;
  const auto twin = make_twin(file, options).value();
  auto board = open_board(file, options.release, twin->tree(), twin->clock()).value();
  board.simulated = true;
  board.begin_run = [&twin](std::uint64_t seed) { twin->begin_run(seed); };
  auto* tree = dynamic_cast<MemoryTree*>(&twin->tree());
  ASSERT_NE(tree, nullptr);
  // Odd limits, as a user may have left them.
  auto* frequency = board.knob("gpu_frequency");
  ASSERT_NE(frequency, nullptr);
  ASSERT_TRUE(frequency->set(frequency->values()[1], twin->clock(), Duration::milliseconds(100)));
  const auto before = settings_of(*tree);
  ASSERT_GT(before.size(), 60u);

  const test::Workplace place;
  const std::string model = place.path("m.onnx");
  ZooOptions shapes;
  shapes.dynamic_batch = true;
  shapes.weights = false;
  ASSERT_TRUE(write_zoo_model("mobilenet-v2", shapes, model));
  const auto plan = parse_plan(plan_for(GetParam().board), "plan.toml").value();
  StudyInfo info;
  info.name = "t";
  const auto study = StudyFile::create(place.path("a.study"), info).value();
  const std::atomic<bool> interrupted{false};
  const auto swept = sweep(plan, board, {{"", {&twin->engine(), {{"mobilenet-v2", model}}, {}}}},
                           *study, place.path("journal"), interrupted, {});
  ASSERT_TRUE(swept) << to_string(swept.error());
  EXPECT_EQ(swept->made, swept->planned);
  EXPECT_GT(swept->made, 10);
  const auto after = settings_of(*tree);
  EXPECT_EQ(after.size(), before.size());
  for (const auto& [path, text] : before) EXPECT_EQ(after.at(path), text) << path;
  EXPECT_FALSE(std::filesystem::exists(place.path("journal")));
}

INSTANTIATE_TEST_SUITE_P(Boards, TreeAfterSweep,
                         testing::Values(BoardAndRelease{"jetson-nano", "32.4"},
                                         BoardAndRelease{"jetson-nano", "32.7"},
                                         BoardAndRelease{"jetson-xavier-nx", "32.7"},
                                         BoardAndRelease{"jetson-xavier-nx", "35.5"},
                                         BoardAndRelease{"jetson-orin-nx", "35.5"},
                                         BoardAndRelease{"jetson-orin-nx", "36.4"}),
                         [](const auto& instance) {
                           std::string name = instance.param.board + "_" + instance.param.release;
                           std::replace_if(
                               name.begin(), name.end(), [](char c) { return !std::isalnum(c); },
                               '_');
                           return name;
                         });

}  // namespace
}  // namespace isojoule
