// The trees of the boards without a GPU, as lists and as files.
#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>

#include "twin/test_machine.h"

namespace isojoule::twin {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// "r path" readable by everyone, "- path" by root only, "l path" a link.
std::string listing(Machine& machine) {
  machine.tree().set_root(false);
  std::string text;
  for (const auto& [path, content] : machine.tree().snapshot()) {
    const bool link = content.rfind("-> ", 0) == 0;
    const auto read = machine.tree().read(path);
    const bool hidden = !link && !read && read.error().kind == ErrorKind::permission_denied;
    text += std::string(link ? "l " : hidden ? "- " : "r ") + path + "\n";
  }
  return text;
}

std::string golden_path(const std::string& name) {
  return std::string(ISOJOULE_SOURCE_DIR) + "/src/twin/golden/" + name;
}

TEST(MachineNodes, TheTreesAreTheListedOnes) {
  for (const auto& [board, release] :
       {std::pair("raspberry-pi-5", "bookworm"), std::pair("generic-linux", "acpi-cpufreq"),
        std::pair("generic-linux", "pstate")}) {
    Machine machine(board, release);
    const std::string text = listing(machine);
    const std::string name = std::string(board) + "_" + release + ".txt";
    if (std::getenv("ISOJOULE_UPDATE_GOLDEN") != nullptr) std::ofstream(golden_path(name)) << text;
    EXPECT_EQ(text, *read_text_file(golden_path(name)));
    EXPECT_THAT(text, Not(HasSubstr("devfreq")));
    EXPECT_THAT(text, Not(HasSubstr("gpu")));
    EXPECT_THAT(text, Not(HasSubstr("tegra")));
  }
}

TEST(MachineNodes, NodesAndPhysicsMustAgreeOnTheGpu) {
  const BoardShape pi = shape_of("raspberry-pi-5", "");
  const Constants jetson = small_constants();
  Simulation simulation(jetson, 1, false);
  EXPECT_EQ(BoardTree::make(pi, jetson, simulation, {}).error().kind, ErrorKind::invalid);
  const std::string both =
      "board = \"x\"\n[gpu]\n[kernels]\n[cpu]\ncores = 1\n"
      "frequencies_khz = [1]\ngovernors = [\"a\"]\n[power]\nsupply_v = 5\n";
  EXPECT_THAT(parse_constants(both, "twin.toml").error().what, HasSubstr("either [gpu] or"));
}

TEST(MachineNodes, WhatIsWrongInATreeIsSaid) {
  const std::string path = std::string(ISOJOULE_SOURCE_DIR) + "/boards/generic-linux/tree.toml";
  const std::string good = *read_text_file(path);
  const auto error_of = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    const auto shape = parse_shape(text, "tree.toml", "");
    return shape ? std::string() : shape.error().what;
  };
  EXPECT_THAT(error_of("range_uj = 262143328850", "range_uj = 0"), HasSubstr("range_uj"));
  EXPECT_THAT(error_of("zone = \"intel-rapl:0\"", "zone = \"x\""), HasSubstr("[[rapl]]"));
  EXPECT_THAT(error_of("empty_v = 10.2", "empty_v = 20"), HasSubstr("[battery]"));
  EXPECT_THAT(error_of("update_s = 1", "update_s = 60"), HasSubstr("update_s"));
  EXPECT_THAT(error_of("table = \"none\"", "table = \"some\""), HasSubstr("cpu.table"));
  BoardShape shape = shape_of("generic-linux", "");
  shape.machine.rapl[0].rail = "nowhere";
  const Constants constants = constants_of("generic-linux");
  Simulation simulation(constants, 1, false);
  EXPECT_THAT(BoardTree::make(shape, constants, simulation, {}).error().what, HasSubstr("nowhere"));
}

}  // namespace
}  // namespace isojoule::twin
