// Every power mode of the modules' own files, on nodes that take what they are given.
#include "knob/nvpmodel/real_confs.h"

#include <gtest/gtest.h>

#include "knob/fake_kernel.h"
#include "knob/knob.h"
#include "knob/nvpmodel/conf.h"

namespace isojoule {
namespace {

constexpr Duration kDeadline = Duration::milliseconds(50);
const std::string kConf = "/etc/nvpmodel.conf";
const std::string kStatus = "/var/lib/nvpmodel/status";

// A node for every parameter of a conf, with tables that no mode's numbers need to be in.
void add_nodes_of(MemoryTree& tree, const nvpmodel::Conf& conf) {
  for (const auto& param : conf.params)
    for (const auto& argument : param.arguments) {
      if (argument.name.ends_with("_KNEXT")) continue;
      const bool is_cpu = argument.path.find("cpufreq") != std::string::npos;
      std::string table;
      for (int i = 1; i <= 20; ++i)
        table += std::to_string(i * 113400LL * (is_cpu ? 1 : 1000)) + " ";
      if (argument.name == "FREQ_TABLE")
        tree.add_text(argument.path, table + "\n", 0444);
      else if (param.type == nvpmodel::ParamType::hwmon)
        fake::add_cell(tree, argument.path + "/hwmon0/" + argument.file, "1000");
      else if (argument.name.ends_with("_PG_MASK"))
        fake::add_cell(tree, argument.path, conf.modes.front().assignments.front().value);
      else
        fake::add_cell(tree, argument.path, "1");
    }
  for (const auto& one : conf.modes.front().assignments)
    if (one.argument.ends_with("_PG_MASK"))
      (void)tree.write(conf.find_param(one.param)->find(one.argument)->path, one.value);
}

TEST(Nvpmodel, EveryModeOfRealFilesIsReachedOrNeedsAReboot) {
  const auto paths = nvpmodel::real_confs();
  if (paths.empty()) GTEST_SKIP() << "skipped: no shared data";
  KnobSpec spec;
  spec.type = "nvpmodel";
  spec.axis = "power_mode";
  spec.nodes = {kConf};
  int reached = 0, refused = 0;
  for (const auto& path : paths) {
    SCOPED_TRACE(path.string());
    MemoryTree tree;
    fake::ManualClock clock;
    tree.add_text(kConf, nvpmodel::content(path));
    add_nodes_of(tree, *nvpmodel::parse_conf(*tree.read(kConf), kConf));
    fake::add_cell(tree, kStatus, "pmode:0000");
    const auto knob = open_knob(spec, tree);
    ASSERT_TRUE(knob.has_value()) << to_string(knob.error());
    const auto before = tree.snapshot();
    const auto saved = *(*knob)->save();
    for (const auto& value : (*knob)->values()) {
      const auto result = (*knob)->set(value, clock, kDeadline);
      if (result) {
        ++reached;
        EXPECT_EQ((*knob)->get(), value);
      } else {
        ++refused;
        EXPECT_EQ(result.error().kind, ErrorKind::unsupported) << to_string(result.error());
      }
    }
    for (const auto& node : saved) (void)tree.write(node.path, node.text);
    EXPECT_EQ(tree.snapshot(), before);
  }
  EXPECT_GT(reached, 30);
  EXPECT_GT(refused, 3);
}

}  // namespace
}  // namespace isojoule
