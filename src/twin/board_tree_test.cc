#include "twin/board_tree.h"

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "base/random.h"
#include "twin/test_board.h"

namespace isojoule::twin {
namespace {

constexpr char kNanoGpu[] = "/sys/devices/57000000.gpu/devfreq/57000000.gpu/";
constexpr char kXavierGpu[] = "/sys/devices/17000000.gv11b/devfreq/17000000.gv11b/";
constexpr char kPolicy[] = "/sys/devices/system/cpu/cpufreq/policy0/";
constexpr char kNanoIna[] = "/sys/bus/i2c/drivers/ina3221x/6-0040/iio:device0/";

// A board's tree over a simulation with small constants.
struct Rig {
  explicit Rig(const std::string& board, const std::string& release, bool root = true,
               std::uint64_t seed = 1)
      : shape(shape_of(board, release)),
        constants(constants_for(shape)),
        simulation(constants, seed, false),
        made(BoardTree::make(shape, constants, simulation, {seed, false, root})) {
    EXPECT_TRUE(made.has_value()) << (made ? "" : to_string(made.error()));
    advance(2000);
  }
  FileTree& tree() { return (*made)->tree(); }
  void advance(std::int64_t ms) {
    simulation.advance_to(simulation.now() + Duration::milliseconds(ms));
  }
  std::string read(const std::string& path) {
    const auto text = tree().read(path);
    return text ? *text : "!" + std::string(name_of(text.error().kind));
  }
  std::string write(const std::string& path, const std::string& text) {
    const auto done = tree().write(path, text);
    return done ? "ok" : std::string(name_of(done.error().kind));
  }
  // The hwmon folder behind an i2c address.
  std::string hwmon(const std::string& address) {
    const std::string folder = "/sys/bus/i2c/drivers/ina3221/" + address + "/hwmon";
    const auto names = tree().list(folder);
    EXPECT_TRUE(names && names->size() == 1);
    return folder + "/" + names->front() + "/";
  }

  BoardShape shape;
  Constants constants;
  Simulation simulation;
  Result<std::unique_ptr<BoardTree>> made;
};

TEST(BoardShape, BadFilesAreRefusedWithTheReason) {
  EXPECT_EQ(load_shape("/nowhere/tree.toml", "").error().kind, ErrorKind::not_found);
  const auto broken = parse_shape("schema = ", "tree.toml", "");
  EXPECT_EQ(broken.error().kind, ErrorKind::parse);
  EXPECT_THAT(broken.error().what, ::testing::HasSubstr("tree.toml:1:"));
  EXPECT_EQ(parse_shape("schema = 1\n", "tree.toml", "").error().kind, ErrorKind::out_of_range);
  const auto empty = parse_shape("[[release]]\nname = \"1\"\nkernel = \"3.2\"\n", "tree.toml", "");
  EXPECT_EQ(empty.error().kind, ErrorKind::invalid);
  EXPECT_THAT(empty.error().what, ::testing::HasSubstr("3.2"));
  const std::string nano = std::string(ISOJOULE_SOURCE_DIR) + "/boards/jetson-nano/tree.toml";
  EXPECT_THAT(load_shape(nano, "28.1").error().remedy, ::testing::HasSubstr("32.4, 32.7"));
  EXPECT_EQ(load_shape(nano, "")->release, "32.7");
  EXPECT_EQ(load_shape(nano, "32.4.4")->release, "32.4");
}

TEST(BoardTree, ARailThatTheConstantsLackIsRefused) {
  const BoardShape shape = shape_of("jetson-nano", "32.7");
  Constants constants = small_constants();
  constants.rails = {"POM_5V_IN"};
  constants.rail_components.resize(1);
  Simulation simulation(constants, 1, false);
  const auto made = BoardTree::make(shape, constants, simulation, {});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, ErrorKind::invalid);
}

// ---- identity ----------------------------------------------------------------------------------

TEST(BoardTree, IdentityHasItsNulBytes) {
  Rig nano("jetson-nano", "32.7");
  EXPECT_EQ(nano.read("/proc/device-tree/model"),
            std::string("NVIDIA Jetson Nano Developer Kit") + '\0');
  EXPECT_EQ(nano.read("/sys/firmware/devicetree/base/compatible"),
            std::string(
                "nvidia,p3449-0000-b00+p3448-0000-b00\0nvidia,jetson-nano\0nvidia,tegra210\0", 72));
  EXPECT_THAT(nano.read("/etc/nv_tegra_release"),
              ::testing::StartsWith("# R32 (release), REVISION: 7.1,"));
  const std::string id = nano.read("/proc/sys/kernel/random/boot_id");
  EXPECT_THAT(id, ::testing::MatchesRegex("........-....-4...-....-............\n"));
  EXPECT_EQ(id, Rig("jetson-nano", "32.7").read("/proc/sys/kernel/random/boot_id"));
  EXPECT_NE(id, Rig("jetson-nano", "32.7", true, 2).read("/proc/sys/kernel/random/boot_id"));
}

TEST(BoardTree, IdentityOfTheOtherBoards) {
  Rig xavier("jetson-xavier-nx", "35.5");
  EXPECT_THAT(xavier.read("/proc/device-tree/compatible"),
              ::testing::StartsWith("nvidia,p3509-0000+p3668-0000"));
  EXPECT_THAT(xavier.read("/etc/nv_tegra_release"),
              ::testing::StartsWith("# R35 (release), REVISION: 5.0"));
  EXPECT_THAT(Rig("jetson-orin-nx", "35.5").read("/proc/device-tree/model"),
              ::testing::StartsWith("NVIDIA Orin NX Developer Kit"));
  EXPECT_THAT(Rig("jetson-orin-nx", "36.4").read("/proc/device-tree/model"),
              ::testing::StartsWith("NVIDIA Jetson Orin NX Engineering Reference Developer Kit"));
}

// ---- CPU ---------------------------------------------------------------------------------------

TEST(CpuNodes, TextsOfTheNano) {
  Rig nano("jetson-nano", "32.7");
  const std::string at = "/sys/devices/system/cpu/cpu3/cpufreq/";  // a link to the one policy
  EXPECT_EQ(*nano.tree().canonical(at), "/sys/devices/system/cpu/cpufreq/policy0");
  EXPECT_EQ(
      nano.read(at + "scaling_available_frequencies"),
      "102000 204000 307200 403200 518400 614400 710400 825600 921600 1036800 1132800 1224000 "
      "1326000 1428000 1479000 \n");
  EXPECT_EQ(nano.read(at + "scaling_available_governors"),
            "conservative ondemand userspace powersave performance schedutil \n");
  EXPECT_EQ(nano.read(at + "scaling_governor"), "schedutil\n");
  EXPECT_EQ(nano.read(at + "scaling_min_freq"), "102000\n");
  EXPECT_EQ(nano.read(at + "scaling_max_freq"), "1479000\n");
  EXPECT_EQ(nano.read(at + "cpuinfo_max_freq"), "1479000\n");
  EXPECT_EQ(nano.read(at + "scaling_setspeed"), "<unsupported>\n");
  EXPECT_EQ(nano.read(at + "related_cpus"), "0 1 2 3\n");
  EXPECT_EQ(nano.read("/sys/devices/system/cpu/present"), "0-3\n");
  EXPECT_EQ(nano.read("/sys/devices/system/cpu/online"), "0-3\n");
}

TEST(CpuNodes, PoliciesOfTheOtherBoards) {
  Rig xavier("jetson-xavier-nx", "32.7");
  EXPECT_EQ(*xavier.tree().list("/sys/devices/system/cpu/cpufreq"),
            (std::vector<std::string>{"policy0", "policy2", "policy4"}));
  EXPECT_EQ(xavier.read("/sys/devices/system/cpu/cpu5/cpufreq/related_cpus"), "4 5\n");
  EXPECT_EQ(xavier.read(std::string(kPolicy) + "scaling_driver"), "tegra_cpufreq\n");
  Rig orin("jetson-orin-nx", "36.4");
  EXPECT_EQ(*orin.tree().list("/sys/devices/system/cpu/cpufreq"),
            (std::vector<std::string>{"policy0", "policy4"}));
  EXPECT_EQ(orin.read(std::string(kPolicy) + "scaling_driver"), "tegra194\n");
  EXPECT_EQ(orin.read("/sys/devices/system/cpu/online"), "0-7\n");
}

TEST(CpuNodes, Kernel49RefusesMinimumAboveMaximumAndClamps) {
  Rig nano("jetson-nano", "32.7");
  const std::string at = kPolicy;
  EXPECT_EQ(nano.write(at + "scaling_max_freq", "921600"), "ok");
  EXPECT_EQ(nano.write(at + "scaling_min_freq", "1036800"), "invalid");
  EXPECT_EQ(nano.read(at + "scaling_min_freq"), "102000\n");
  EXPECT_EQ(nano.write(at + "scaling_min_freq", "921600\n"), "ok");
  EXPECT_EQ(nano.write(at + "scaling_max_freq", "825600"), "invalid");
  EXPECT_EQ(nano.read(at + "scaling_cur_freq"), "921600\n");
  EXPECT_EQ(nano.write(at + "scaling_max_freq", "9999999"), "ok");
  EXPECT_EQ(nano.read(at + "scaling_max_freq"), "1479000\n");
  EXPECT_EQ(nano.write(at + "scaling_min_freq", "1"), "ok");
  EXPECT_EQ(nano.read(at + "scaling_min_freq"), "102000\n");
  EXPECT_EQ(nano.write(at + "scaling_min_freq", "fast"), "invalid");
  EXPECT_EQ(nano.simulation.max_limit(Domain::cpu), Hertz(1479e6));
}

TEST(CpuNodes, Kernel510AcceptsAndCaps) {
  Rig xavier("jetson-xavier-nx", "35.5");
  const std::string at = kPolicy;
  EXPECT_EQ(xavier.write(at + "scaling_max_freq", "921600"), "ok");
  EXPECT_EQ(xavier.write(at + "scaling_min_freq", "1224000"), "ok");
  EXPECT_EQ(xavier.read(at + "scaling_min_freq"), "921600\n");
  EXPECT_EQ(xavier.read(at + "scaling_cur_freq"), "921600\n");
  EXPECT_EQ(xavier.write(at + "scaling_max_freq", "1479000"), "ok");
  EXPECT_EQ(xavier.read(at + "scaling_min_freq"), "1224000\n");  // the request is still there
  EXPECT_EQ(xavier.write(at + "scaling_max_freq", "12 MHz"), "invalid");
}

TEST(CpuNodes, GovernorsAndUserspace) {
  Rig nano("jetson-nano", "32.7");
  const std::string at = kPolicy;
  EXPECT_EQ(nano.write(at + "scaling_governor", "turbo"), "invalid");
  EXPECT_EQ(nano.write(at + "scaling_setspeed", "614400"), "invalid");
  EXPECT_EQ(nano.write(at + "scaling_governor", "performance\n"), "ok");
  EXPECT_EQ(nano.read(at + "scaling_cur_freq"), "1479000\n");
  EXPECT_EQ(nano.write(at + "scaling_governor", "userspace"), "ok");
  EXPECT_EQ(nano.read(at + "scaling_setspeed"), "1479000\n");  // from where the clock is
  EXPECT_EQ(nano.write(at + "scaling_setspeed", "600000"), "ok");
  EXPECT_EQ(nano.read(at + "scaling_cur_freq"), "614400\n");  // the next entry upwards
  EXPECT_EQ(nano.read(at + "scaling_setspeed"), "614400\n");
  EXPECT_EQ(nano.write(at + "scaling_governor", "powersave"), "ok");
  EXPECT_EQ(nano.read(at + "scaling_cur_freq"), "102000\n");
  EXPECT_EQ(nano.read(at + "scaling_setspeed"), "<unsupported>\n");
}

TEST(CpuNodes, TheFirstPolicyRulesTheSimulation) {
  Rig orin("jetson-orin-nx", "36.4");
  const std::string second = "/sys/devices/system/cpu/cpufreq/policy4/";
  EXPECT_EQ(orin.write(second + "scaling_governor", "performance"), "ok");
  EXPECT_EQ(orin.read(second + "scaling_cur_freq"), "1479000\n");
  EXPECT_EQ(orin.simulation.governor(Domain::cpu), "schedutil");
  EXPECT_EQ(orin.read(std::string(kPolicy) + "scaling_governor"), "schedutil\n");
}

TEST(CpuNodes, Hotplug) {
  Rig xavier("jetson-xavier-nx", "35.5");
  const std::string cpu = "/sys/devices/system/cpu/";
  EXPECT_EQ(xavier.write(cpu + "cpu5/online", "0"), "ok");
  EXPECT_EQ(xavier.simulation.online_cores(), 5);
  EXPECT_EQ(xavier.read(cpu + "online"), "0-4\n");
  EXPECT_EQ(xavier.read(cpu + "cpu4/cpufreq/affected_cpus"), "4\n");
  EXPECT_EQ(xavier.write(cpu + "cpu4/online", "0"), "ok");
  EXPECT_FALSE(xavier.tree().exists(cpu + "cpufreq/policy4"));  // with the policy's last CPU
  EXPECT_FALSE(xavier.tree().exists(cpu + "cpu4/cpufreq"));
  EXPECT_EQ(xavier.write(cpu + "cpu4/online", "1"), "ok");
  EXPECT_EQ(xavier.read(cpu + "cpu4/cpufreq/scaling_max_freq"), "1479000\n");
  EXPECT_EQ(xavier.write(cpu + "cpu4/online", "2"), "invalid");
  for (const char* name : {"cpu0", "cpu1", "cpu2", "cpu3"})
    EXPECT_EQ(xavier.write(cpu + name + "/online", "0"), "ok");
  EXPECT_EQ(xavier.read(cpu + "online"), "4\n");
  EXPECT_EQ(xavier.read(cpu + "offline"), "0-3,5\n");
  EXPECT_EQ(xavier.write(cpu + "cpu4/online", "0"), "busy");
  EXPECT_EQ(xavier.write(cpu + "cpufreq/policy4/scaling_governor", "powersave"), "ok");
  EXPECT_EQ(xavier.simulation.governor(Domain::cpu), "powersave");  // now the ruling one
}

TEST(CpuNodes, TimeInStateAddsUpToTheUptime) {
  Rig nano("jetson-nano", "32.7");
  nano.write(std::string(kPolicy) + "scaling_governor", "performance");
  nano.advance(10'000);
  const auto words = *read_words(nano.tree(), std::string(kPolicy) + "stats/time_in_state");
  ASSERT_EQ(words.size(), 30U);
  std::int64_t ticks = 0;
  for (std::size_t i = 1; i < words.size(); i += 2) ticks += std::stol(words[i]);
  EXPECT_NEAR(static_cast<double>(ticks), 1200, 16);  // ticks of 10 ms, each entry cut
  EXPECT_GE(std::stol(words.back()), 999);
}

// ---- GPU ---------------------------------------------------------------------------------------

TEST(GpuNodes, TextsAndPaths) {
  Rig nano("jetson-nano", "32.7");
  const std::string at = kNanoGpu;
  EXPECT_EQ(nano.read(at + "available_frequencies"),
            "76800000 153600000 230400000 307200000 384000000 460800000 537600000 614400000 "
            "691200000 768000000 844800000 921600000\n");
  EXPECT_EQ(nano.read(at + "available_governors"),
            "nvhost_podgov userspace performance simple_ondemand\n");
  EXPECT_EQ(nano.read(at + "governor"), "nvhost_podgov\n");
  EXPECT_EQ(nano.read(at + "max_freq"), "921600000\n");
  EXPECT_EQ(nano.read("/sys/class/devfreq/57000000.gpu/min_freq"), "76800000\n");
  EXPECT_EQ(nano.read("/sys/devices/gpu.0/load"), "0\n");
  EXPECT_EQ(*nano.tree().canonical("/sys/class/devfreq/57000000.gpu/device"),
            "/sys/devices/57000000.gpu");
  EXPECT_FALSE(nano.tree().exists(at + "userspace/set_freq"));
  Rig jp5("jetson-orin-nx", "35.5");
  EXPECT_TRUE(jp5.tree().exists("/sys/devices/17000000.ga10b/devfreq/17000000.ga10b/cur_freq"));
  Rig jp6("jetson-orin-nx", "36.4");
  const std::string gpu = "/sys/devices/platform/bus@0/17000000.gpu";
  EXPECT_TRUE(jp6.tree().exists(gpu + "/devfreq/17000000.gpu/cur_freq"));
  for (const char* link : {"/sys/devices/platform/17000000.gpu", "/sys/devices/platform/gpu.0"})
    EXPECT_EQ(*jp6.tree().canonical(link), gpu);
  EXPECT_EQ(*jp6.tree().canonical("/sys/class/devfreq/17000000.gpu"),
            gpu + "/devfreq/17000000.gpu");
}

TEST(GpuNodes, Kernel49RefusesTheWrongOrder) {
  Rig nano("jetson-nano", "32.7");
  const std::string at = kNanoGpu;
  EXPECT_EQ(nano.write(at + "max_freq", "460800000"), "ok");
  EXPECT_EQ(nano.write(at + "min_freq", "614400000"), "invalid");
  EXPECT_EQ(nano.write(at + "min_freq", "460800000"), "ok");
  EXPECT_EQ(nano.write(at + "max_freq", "384000000"), "invalid");
  EXPECT_EQ(nano.read(at + "cur_freq"), "460800000\n");
  EXPECT_EQ(nano.write(at + "max_freq", "0"), "ok");  // no limit
  EXPECT_EQ(nano.read(at + "max_freq"), "0\n");
  EXPECT_EQ(nano.simulation.max_limit(Domain::gpu), Hertz(921.6e6));
  EXPECT_EQ(nano.write(at + "min_freq", "921600000"), "ok");
  EXPECT_EQ(nano.read(at + "cur_freq"), "921600000\n");
}

TEST(GpuNodes, Kernel510NeverRefusesAndRoundsToKilohertz) {
  Rig xavier("jetson-xavier-nx", "35.5");
  const std::string at = kXavierGpu;
  EXPECT_EQ(xavier.write(at + "max_freq", "460800000"), "ok");
  EXPECT_EQ(xavier.write(at + "min_freq", "614400000"), "ok");
  EXPECT_EQ(xavier.read(at + "min_freq"), "460800000\n");  // min(min, max)
  EXPECT_EQ(xavier.write(at + "max_freq", "0"), "ok");
  EXPECT_EQ(xavier.read(at + "max_freq"), "921600000\n");
  EXPECT_EQ(xavier.read(at + "min_freq"), "614400000\n");
  EXPECT_EQ(xavier.write(at + "min_freq", "460800999"), "ok");
  EXPECT_EQ(xavier.read(at + "min_freq"), "460800000\n");  // down
  EXPECT_EQ(xavier.write(at + "max_freq", "614400001"), "ok");
  EXPECT_EQ(xavier.read(at + "max_freq"), "614401000\n");  // up
  EXPECT_EQ(xavier.simulation.max_limit(Domain::gpu), Hertz(614.4e6));
  EXPECT_EQ(xavier.write(at + "min_freq", "low"), "invalid");
}

TEST(GpuNodes, UserspaceBringsItsFolder) {
  Rig nano("jetson-nano", "32.7");
  const std::string at = kNanoGpu;
  EXPECT_EQ(nano.write(at + "governor", "warp"), "invalid");
  EXPECT_EQ(nano.write(at + "governor", "userspace"), "ok");
  EXPECT_EQ(nano.read(at + "userspace/set_freq"), "undefined\n");
  EXPECT_EQ(nano.write(at + "userspace/set_freq", "600000000"), "ok");
  EXPECT_EQ(nano.read(at + "userspace/set_freq"), "600000000\n");
  EXPECT_EQ(nano.read(at + "cur_freq"), "614400000\n");
  EXPECT_EQ(nano.write(at + "governor", "performance"), "ok");
  EXPECT_FALSE(nano.tree().exists(at + "userspace"));
  EXPECT_EQ(nano.read(at + "target_freq"), "921600000\n");
}

// ---- power chips -------------------------------------------------------------------------------

TEST(InaNodes, IioReadsWhatTheRailTakes) {
  Rig nano("jetson-nano", "32.4");
  const std::string at = kNanoIna;
  EXPECT_EQ(nano.read(at + "name"), "ina3221x\n");
  EXPECT_EQ(nano.read("/sys/bus/i2c/devices/6-0040/name"), "ina3221x\n");
  EXPECT_EQ(nano.read("/sys/bus/iio/devices/iio:device0/rail_name_0"), "POM_5V_IN\n");
  EXPECT_EQ(nano.read(at + "rail_name_1"), "POM_5V_GPU\n");
  EXPECT_EQ(nano.read(at + "in_voltage0_input"), "5000\n");
  nano.advance(1000);  // idle: constant power
  const Instant now = nano.simulation.now();
  const double watt = (nano.simulation.rail_energy(0, now) -
                       nano.simulation.rail_energy(0, now - Duration::milliseconds(200)))
                          .value() /
                      0.2;
  const auto current = *read_integer(nano.tree(), at + "in_current0_input");
  EXPECT_GT(current, 0);
  EXPECT_EQ(current % 8, 0);
  EXPECT_NEAR(static_cast<double>(current), watt / 5 * 1e3, 4.1);
  EXPECT_EQ(nano.read(at + "in_power0_input"), std::to_string(5000 * current / 1000) + "\n");
  EXPECT_EQ(nano.read(at + "ui_input_0"), "5000 " + std::to_string(current) + "\n");
  EXPECT_EQ(nano.read(at + "crit_current_limit_0"), "32760 ma\n");
  EXPECT_EQ(nano.write(at + "warn_current_limit_2", "5000"), "ok");
  EXPECT_EQ(nano.read(at + "warn_current_limit_2"), "5000 ma\n");
  EXPECT_EQ(nano.write(at + "in_current0_input", "1"), "permission_denied");
}

TEST(InaNodes, WhoMayRead) {
  Rig old("jetson-nano", "32.4", false);
  EXPECT_EQ(old.read(std::string(kNanoIna) + "rail_name_0"), "POM_5V_IN\n");
  EXPECT_EQ(old.read(std::string(kNanoIna) + "in_voltage0_input"), "5000\n");
  Rig nano("jetson-nano", "32.7", false);
  for (const char* name :
       {"rail_name_0", "in_voltage0_input", "in_current1_input", "in_power2_input"})
    EXPECT_EQ(nano.read(std::string(kNanoIna) + name), "!permission_denied") << name;
  EXPECT_EQ(nano.read(std::string(kPolicy) + "cpuinfo_cur_freq"), "!permission_denied");
  EXPECT_NE(nano.read(std::string(kPolicy) + "scaling_cur_freq"), "!permission_denied");
  EXPECT_EQ(nano.write(std::string(kPolicy) + "scaling_max_freq", "921600"), "permission_denied");
  EXPECT_EQ(nano.read("/sys/devices/gpu.0/load"), "0\n");
  Rig jp5("jetson-orin-nx", "35.5", false);
  EXPECT_EQ(jp5.read(jp5.hwmon("1-0040") + "in1_label"), "!permission_denied");
  EXPECT_EQ(jp5.read(jp5.hwmon("1-0040") + "shunt1_resistor"), "5000\n");
  Rig jp6("jetson-orin-nx", "36.4", false);
  EXPECT_EQ(jp6.read(jp6.hwmon("1-0040") + "in1_label"), "VDD_IN\n");
  EXPECT_EQ(jp6.read(jp6.hwmon("1-0040") + "in1_input"), "5000\n");
}

TEST(InaNodes, HwmonTextsAndTheUpdateIntervalTrap) {
  Rig xavier("jetson-xavier-nx", "35.5");
  const std::string at = xavier.hwmon("7-0040");
  EXPECT_EQ(xavier.read(at + "name"), "ina3221\n");
  EXPECT_EQ(xavier.read(at + "in2_label"), "VDD_CPU_GPU_CV\n");
  EXPECT_EQ(xavier.read(at + "in7_label"), "sum of shunt voltages\n");
  EXPECT_FALSE(xavier.tree().exists(at + "power1_input"));
  const auto current = *read_integer(xavier.tree(), at + "curr1_input");
  EXPECT_EQ(*read_integer(xavier.tree(), at + "in4_input"), current * 5);
  EXPECT_EQ(xavier.read(at + "curr1_crit"), "32760\n");
  EXPECT_EQ(xavier.read(at + "curr1_crit_alarm"), "0\n");
  EXPECT_EQ(xavier.write(at + "curr1_crit", "8"), "ok");
  EXPECT_EQ(xavier.read(at + "curr1_crit_alarm"), "1\n");
  // nvpower.sh has written 512 and 430: 430 ms in truth, 1 ms as it reads.
  EXPECT_EQ(xavier.read(at + "samples"), "512\n");
  EXPECT_EQ(xavier.read(at + "update_interval"), "1\n");
  EXPECT_EQ((*xavier.made)->chip(0).window(), Duration{430'080'000});
  EXPECT_EQ(xavier.write(at + "samples", "1"), "ok");
  EXPECT_EQ(xavier.write(at + "update_interval", "7"), "ok");
  EXPECT_EQ(xavier.read(at + "update_interval"), "7\n");  // 1.1 ms conversions: 6.6 ms
  EXPECT_EQ((*xavier.made)->chip(0).window(), Duration{6'600'000});
  EXPECT_EQ(xavier.write(at + "samples", "512"), "ok");
  EXPECT_EQ(xavier.write(at + "update_interval", "430"), "ok");
  EXPECT_EQ((*xavier.made)->chip(0).window(), Duration{430'080'000});
}

TEST(InaNodes, ADisabledChannelAnswersNoData) {
  Rig orin("jetson-orin-nx", "36.4");
  const std::string at = orin.hwmon("1-0040");
  EXPECT_EQ(orin.write(at + "in2_enable", "0"), "ok");
  EXPECT_EQ(orin.read(at + "in2_input"), "!no_data");
  EXPECT_EQ(orin.read(at + "curr2_input"), "!no_data");
  EXPECT_EQ(orin.read(at + "in1_input"), "5000\n");
  EXPECT_EQ(orin.write(at + "in2_enable", "1"), "ok");
  EXPECT_EQ(orin.read(at + "in2_input"), "5000\n");
}

TEST(InaNodes, TheHwmonNumberIsNotStableButItsLinksAre) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    Rig orin("jetson-orin-nx", "36.4", true, seed);
    const std::string folder = *orin.tree().canonical(orin.hwmon("1-0040"));
    seen.insert(folder);
    const std::string leaf = folder.substr(folder.rfind('/') + 1);
    EXPECT_EQ(*orin.tree().canonical("/sys/class/hwmon/" + leaf), folder);
    EXPECT_EQ(*orin.tree().canonical(folder + "/device"),
              "/sys/devices/platform/bus@0/c240000.i2c/i2c-1/1-0040");
    EXPECT_EQ(orin.tree().list("/sys/class/hwmon")->size(), 4U);
  }
  EXPECT_GT(seen.size(), 1U);
}

TEST(InaNodes, AKeptOpenFileFollowsTheSimulation) {
  Rig nano("jetson-nano", "32.7");
  auto file = *nano.tree().open(std::string(kNanoIna) + "in_current0_input");
  const auto idle = *read_integer(*file);
  nano.write(std::string(kPolicy) + "scaling_governor", "performance");
  nano.write(std::string(kNanoGpu) + "governor", "performance");
  EXPECT_EQ(*read_integer(*file), idle);  // the window is not over
  nano.advance(200);
  EXPECT_GT(*read_integer(*file), idle);
}

// ---- thermal -----------------------------------------------------------------------------------

TEST(ThermalNodes, ZonesOfTheBoards) {
  Rig nano("jetson-nano", "32.7");
  EXPECT_EQ(nano.read("/sys/devices/virtual/thermal/thermal_zone1/type"), "CPU-therm\n");
  EXPECT_EQ(nano.read("/sys/class/thermal/thermal_zone4/type"), "PMIC-Die\n");
  EXPECT_EQ(nano.read("/sys/class/thermal/thermal_zone4/temp"), "100000\n");
  const auto cpu = *read_integer(nano.tree(), "/sys/class/thermal/thermal_zone1/temp");
  EXPECT_NEAR(static_cast<double>(cpu), nano.simulation.temperature(0).value() * 1e3, 500);
  EXPECT_EQ(cpu % 500, 0);
  EXPECT_EQ(nano.read("/sys/class/thermal/cooling_device0/type"), "cpu-balanced\n");
  EXPECT_EQ(nano.read("/sys/class/thermal/cooling_device0/cur_state"), "0\n");
  Rig jp5("jetson-orin-nx", "35.5");
  EXPECT_EQ(jp5.read("/sys/class/thermal/thermal_zone2/type"), "CV0-therm\n");
  EXPECT_EQ(jp5.read("/sys/class/thermal/thermal_zone2/temp"), "-256000\n");
  Rig jp6("jetson-orin-nx", "36.4");
  EXPECT_EQ(jp6.read("/sys/class/thermal/thermal_zone0/type"), "cpu-thermal\n");
  EXPECT_EQ(jp6.read("/sys/class/thermal/thermal_zone2/temp"), "!io");  // EAGAIN
  EXPECT_EQ(jp6.read("/sys/class/thermal/thermal_zone8/type"), "tj-thermal\n");
}

TEST(ThermalNodes, FanAndThrottleCounters) {
  Rig nano("jetson-nano", "32.7");
  EXPECT_EQ(nano.write("/sys/devices/pwm-fan/target_pwm", "255"), "ok");
  EXPECT_EQ(nano.read("/sys/devices/pwm-fan/cur_pwm"), "255\n");
  EXPECT_EQ(nano.write("/sys/devices/pwm-fan/target_pwm", "256"), "invalid");
  const auto named = [](Rig& rig, const std::string& name) {
    const auto folders = rig.tree().list("/sys/class/hwmon");
    for (const auto& folder : *folders)
      if (rig.read("/sys/class/hwmon/" + folder + "/name") == name + "\n")
        return "/sys/class/hwmon/" + folder + "/";
    return std::string();
  };
  Rig orin("jetson-orin-nx", "36.4");
  EXPECT_EQ(orin.read(named(orin, "soctherm_oc") + "oc2_event_cnt"), "0\n");
  EXPECT_FALSE(orin.tree().exists(named(orin, "soctherm_oc") + "oc4_event_cnt"));
  EXPECT_EQ(orin.write(named(orin, "pwmfan") + "pwm1", "80"), "ok");
  Rig xavier("jetson-xavier-nx", "32.7");
  EXPECT_EQ(xavier.read(named(xavier, "soctherm_oc") + "oc6_irq_cnt"), "0\n");
}

TEST(BoardTree, AfterSettingsAreWrittenBackTheTreeIsAsBefore) {
  Rig nano("jetson-nano", "32.7");
  const auto settings = [&nano] {  // all but what time and load change
    std::map<std::string, std::string> texts = (*nano.made)->tree().snapshot();
    std::erase_if(texts, [](const auto& node) {
      const std::string name = node.first.substr(node.first.rfind('/') + 1);
      const bool measured = name.rfind("in_", 0) == 0 || name.rfind("ui_input", 0) == 0;
      return measured || name.find("cur_freq") != std::string::npos || name == "target_freq" ||
             name == "time_in_state" || name == "load" || name == "temp";
    });
    return texts;
  };
  ASSERT_GT(settings().size(), 60U);
  const auto before = settings();
  const std::string gpu = kNanoGpu;
  nano.write(gpu + "governor", "userspace");
  nano.write(gpu + "userspace/set_freq", "460800000");
  nano.write(gpu + "max_freq", "614400000");
  nano.write(std::string(kPolicy) + "scaling_min_freq", "921600");
  EXPECT_NE(settings(), before);
  nano.write(std::string(kPolicy) + "scaling_min_freq", "102000");
  nano.write(gpu + "max_freq", "921600000");
  nano.write(gpu + "governor", "nvhost_podgov");
  EXPECT_EQ(settings(), before);
}

}  // namespace
}  // namespace isojoule::twin
