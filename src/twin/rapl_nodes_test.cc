#include <gmock/gmock.h>

#include <map>

#include "twin/test_machine.h"

namespace isojoule::twin {
namespace {

constexpr char kRapl[] = "/sys/class/powercap/";

TEST(Rapl, OnlyRootReadsTheCounterAndItFollowsThePower) {
  Machine user("generic-linux", "", false);
  EXPECT_EQ(user.read(std::string(kRapl) + "intel-rapl:0/energy_uj"), "!permission_denied");
  EXPECT_EQ(user.read(std::string(kRapl) + "intel-rapl:0/name"), "package-0\n");
  Machine machine("generic-linux", "");
  const auto energies = [&machine] {
    std::map<std::string, std::int64_t> out;
    for (const char* zone : {"intel-rapl:0", "intel-rapl:0:0", "intel-rapl:0:1", "intel-rapl:0:2"})
      out[*read_line(machine.tree(), std::string(kRapl) + zone + "/name")] =
          machine.integer(std::string(kRapl) + zone + "/energy_uj");
    return out;
  };
  machine.load();
  auto before = energies();
  machine.advance(1);
  auto after = energies();
  for (const char* name : {"package-0", "core", "uncore", "dram"}) {
    const double joules = static_cast<double>(after[name] - before[name]) * 1e-6;
    EXPECT_NEAR(joules, machine.watts(name), 0.02 * machine.watts(name) + 1e-3) << name;
  }
  EXPECT_GT(after["package-0"] - before["package-0"], after["core"] - before["core"]);
}

TEST(Rapl, TheCounterStandsStillBetweenUpdatesAndWraps) {
  BoardShape shape = shape_of("generic-linux", "");
  shape.machine.rapl[0].range_uj = 1'000'000;  // a joule
  Machine machine(shape);
  const std::string path = std::string(kRapl) + "intel-rapl:0/energy_uj";
  const std::int64_t first = machine.integer(path);
  machine.advance(0.0002);
  EXPECT_EQ(machine.integer(path), first);
  machine.load();
  int wraps = 0;
  std::int64_t last = machine.integer(path), sum = 0;
  for (int i = 0; i < 100; ++i) {
    machine.advance(0.01);
    const std::int64_t now = machine.integer(path);
    EXPECT_GE(now, 0);
    EXPECT_LE(now, 1'000'000);
    if (now < last) ++wraps;
    sum += (now - last + 1'000'001) % 1'000'001;
    last = now;
  }
  EXPECT_GT(wraps, 5);
  EXPECT_NEAR(static_cast<double>(sum) * 1e-6, machine.watts("package-0"), 0.3);
}

}  // namespace
}  // namespace isojoule::twin
