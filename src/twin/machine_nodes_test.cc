// The nodes of the boards without a GPU, each over its own physics.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "base/text_file.h"
#include "twin/board_tree.h"
#include "twin/power.h"
#include "twin/test_board.h"
#include "twin/twin.h"
#include "twin/virtual_clock.h"
#include "workload/zoo.h"

namespace isojoule::twin {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kRapl[] = "/sys/class/powercap/";
constexpr char kBattery[] = "/sys/class/power_supply/BAT0/";
constexpr Duration kTool = Duration::milliseconds(1000);

Constants constants_of(const std::string& board) {
  const std::string path = std::string(ISOJOULE_SOURCE_DIR) + "/boards/" + board + "/twin.toml";
  auto constants = parse_constants(*read_text_file(path), path);
  EXPECT_TRUE(constants.has_value()) << (constants ? "" : to_string(constants.error()));
  return constants ? *constants : Constants{};
}

struct Machine {
  explicit Machine(const std::string& board, const std::string& release, bool root = true)
      : Machine(shape_of(board, release), root) {}
  explicit Machine(BoardShape own, bool root = true)
      : shape(std::move(own)),
        constants(constants_of(shape.board)),
        simulation(constants, 1, false),
        made(BoardTree::make(shape, constants, simulation, {1, false, root})) {
    EXPECT_TRUE(made.has_value()) << (made ? "" : to_string(made.error()));
    advance(2.5);
  }
  MemoryTree& tree() { return (*made)->tree(); }
  void advance(double seconds) {
    simulation.advance_to(simulation.now() + Duration::from(Second(seconds)));
  }
  std::string read(const std::string& path) {
    const auto text = tree().read(path);
    return text ? *text : "!" + std::string(name_of(text.error().kind));
  }
  std::int64_t integer(const std::string& path) {
    const auto value = read_integer(tree(), path);
    EXPECT_TRUE(value.has_value()) << path;
    return value.value_or(-1);
  }
  double watts(const std::string& rail) {
    const auto found = std::find(constants.rails.begin(), constants.rails.end(), rail);
    EXPECT_NE(found, constants.rails.end()) << rail;
    return simulation.rail_power(static_cast<std::size_t>(found - constants.rails.begin())).value();
  }
  // Every core computes for some minutes.
  void load() {
    SimulatedJob job;
    LayerCost layer;
    layer.operation = "Gemm";
    layer.rows = layer.columns = layer.depth = 2048;
    layer.groups = 1;
    layer.macs = layer.rows * layer.columns * layer.depth;
    layer.bytes_written = layer.bytes_weights = 2048 * 2048 * 4;  // no inputs to wait for
    job.cost.batch = 1;
    job.cost.layers = {layer};
    job.batches = 100'000;
    job.network_constants = {0.5, 0};
    simulation.start(job);
    advance(5);
  }
  std::string run(const std::vector<std::string>& command) {
    const auto text = tree().run(command, kTool);
    return text ? *text : "!" + std::string(name_of(text.error().kind));
  }

  BoardShape shape;
  Constants constants;
  Simulation simulation;
  Result<std::unique_ptr<BoardTree>> made;
};

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

// ---- Raspberry Pi 5 ----------------------------------------------------------------------------

using Readings = std::map<std::string, std::pair<double, double>>;  // name -> A, V

Readings readings(const std::string& text) {
  Readings out;
  std::istringstream lines(text);
  const std::regex form(R"( *(\w+)_([AV]) (current|volt)\((\d+)\)=(\d+\.\d{8})([AV]))");
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    EXPECT_TRUE(std::regex_match(line, match, form)) << line;
    if (match.empty()) continue;
    auto& [amperes, volts] = out[match[1]];
    (match[2] == "A" ? amperes : volts) = std::stod(match[5]);
  }
  return out;
}

TEST(Vcgencmd, TheConverterShowsTheRailsOfTheSimulation) {
  Machine pi("raspberry-pi-5", "");
  const std::string text = pi.run({"vcgencmd", "pmic_read_adc"});
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 26);
  EXPECT_THAT(text, HasSubstr("\n VDD_CORE_A current(7)="));
  EXPECT_THAT(text, HasSubstr("\n    EXT5V_V volt(24)=5.09066000V\n"));
  const Readings idle = readings(text);
  EXPECT_EQ(idle.size(), 14U);
  EXPECT_EQ(idle.at("EXT5V").first, 0);
  for (const auto& [name, reading] : idle) {
    if (name == "EXT5V" || name == "BATT") continue;
    const double step = name == "VDD_CORE" ? 6e-3 : 1e-3;  // A
    EXPECT_NEAR(reading.first * reading.second, pi.watts(name), step * reading.second + 1e-3)
        << name;
  }
  EXPECT_EQ(readings(pi.run({"vcgencmd", "pmic_read_adc", "EXT5V_V"})).size(), 1U);
}

// The two real figures that the constants stand on: README.md of the board.
TEST(Vcgencmd, IdleAndFourBusyCoresAreAsMeasured) {
  Machine pi("raspberry-pi-5", "");
  const auto core = [&pi] {
    const auto [amperes, volts] = readings(pi.run({"vcgencmd", "pmic_read_adc"})).at("VDD_CORE");
    return amperes * volts;
  };
  EXPECT_NEAR(core(), 0.39, 0.03);
  pi.load();
  EXPECT_EQ(pi.simulation.frequency(Domain::cpu).value(), 2.4e9);
  EXPECT_NEAR(core(), 5.36, 0.3);  // kernels have a serial share
  PowerState busy;
  busy.cpu_hz = 2.4e9;
  busy.cpu_activity = busy.online_cores = 4;
  EXPECT_NEAR(component_power(pi.constants, busy)[0] + 0.08, 5.36, 0.01);
}

TEST(Vcgencmd, TheOtherCommandsAndThrottling) {
  Machine pi("raspberry-pi-5", "");
  EXPECT_EQ(pi.run({"vcgencmd", "get_throttled"}), "throttled=0x0\n");
  EXPECT_THAT(pi.run({"vcgencmd", "measure_temp"}),
              ::testing::MatchesRegex("temp=[0-9]+\\.[0-9]'C\n"));
  EXPECT_EQ(pi.run({"vcgencmd", "measure_clock", "arm"}), "frequency(0)=1500000000\n");
  EXPECT_EQ(pi.run({"vcgencmd", "measure_volts"}), "volt=0.7500V\n");
  EXPECT_EQ(pi.run({"vcgencmd", "dance"}), "!io");
  EXPECT_EQ(pi.run({"nvpmodel", "-q"}), "!not_found");
  BoardShape shape = shape_of("raspberry-pi-5", "");
  Constants hot = constants_of("raspberry-pi-5");
  hot.ambient_c = 60;
  hot.thermal_resistance_k_per_w = 8;
  hot.thermal_time_constant_s = 1;
  Simulation simulation(hot, 1, false);
  const auto tree = *BoardTree::make(shape, hot, simulation, {});
  SimulatedJob job;
  LayerCost layer;
  layer.operation = "Gemm";
  layer.rows = layer.columns = layer.depth = 4096;
  layer.groups = 1;
  job.cost.layers = {layer};
  job.batches = 100'000;
  simulation.start(job);
  simulation.advance_to(Instant{} + Duration::milliseconds(30'000));
  const auto text = tree->tree().run({"vcgencmd", "get_throttled"}, kTool);
  EXPECT_THAT(*text, ::testing::AnyOf("throttled=0xc000c\n", "throttled=0xc0000\n"));
  EXPECT_LT(simulation.frequency(Domain::cpu).value(), 2.4e9);
}

TEST(RaspberryPi5, ItIsDetectedAndClocked) {
  Machine pi("raspberry-pi-5", "");
  EXPECT_EQ(pi.read("/proc/device-tree/model"),
            std::string("Raspberry Pi 5 Model B Rev 1.0") + '\0');
  const std::string policy = "/sys/devices/system/cpu/cpufreq/policy0/";
  EXPECT_EQ(pi.read(policy + "scaling_available_frequencies"),
            "1500000 1600000 1700000 1800000 1900000 2000000 2100000 2200000 2300000 2400000 \n");
  EXPECT_EQ(pi.read(policy + "scaling_governor"), "ondemand\n");
  ASSERT_TRUE(pi.tree().write(policy + "scaling_governor", "performance"));
  EXPECT_EQ(pi.read(policy + "scaling_cur_freq"), "2400000\n");
  EXPECT_EQ(pi.read("/sys/class/thermal/thermal_zone0/type"), "cpu-thermal\n");
}

TEST(RaspberryPi5, FewerCoresTakeLongerAndDrawLess) {
  const auto batch = [](int cores) {
    Machine pi("raspberry-pi-5", "");
    EXPECT_TRUE(
        pi.tree().write("/sys/devices/system/cpu/cpufreq/policy0/scaling_governor", "performance"));
    for (int cpu = cores; cpu < 4; ++cpu)
      EXPECT_TRUE(
          pi.tree().write("/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/online", "0"));
    pi.load();
    const auto batches = [&pi] {
      int count = 0;
      while (const auto event = pi.simulation.take_event())
        if (event->kind == SimulatedEvent::Kind::batch) ++count;
      return count;
    };
    batches();
    pi.advance(20);
    return std::pair(batches(), pi.watts("VDD_CORE"));
  };
  const auto four = batch(4), one = batch(1);
  EXPECT_GT(four.first, 3 * one.first);
  EXPECT_LT(four.first, 4 * one.first);
  EXPECT_GT(four.second, 3 * one.second);
}

// ---- generic Linux -----------------------------------------------------------------------------

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

TEST(Battery, ItDischargesWithTheMachinesPower) {
  Machine machine("generic-linux", "acpi-cpufreq");
  EXPECT_EQ(machine.read(std::string(kBattery) + "status"), "Discharging\n");
  EXPECT_EQ(machine.read("/sys/class/power_supply/AC/online"), "0\n");
  const auto power = [&machine] {
    return 1e-12 * static_cast<double>(machine.integer(std::string(kBattery) + "voltage_now")) *
           static_cast<double>(machine.integer(std::string(kBattery) + "current_now"));
  };
  EXPECT_NEAR(power(), machine.watts("MACHINE"), 0.02 * power());
  const std::int64_t volts = machine.integer(std::string(kBattery) + "voltage_now");
  const std::int64_t charge = machine.integer(std::string(kBattery) + "charge_now");
  EXPECT_NEAR(static_cast<double>(charge), 0.8 * 4.4e6, 1e3);
  machine.load();
  EXPECT_NEAR(power(), machine.watts("MACHINE"), 0.02 * power());
  EXPECT_LT(machine.integer(std::string(kBattery) + "voltage_now"), volts);
  const std::int64_t loaded = machine.integer(std::string(kBattery) + "charge_now");
  EXPECT_LT(loaded, charge);
  machine.advance(60);
  const double hours = 60.0 / 3600;
  const double drawn_ah = machine.watts("MACHINE") * hours / 11.4;
  EXPECT_NEAR(static_cast<double>(loaded - machine.integer(std::string(kBattery) + "charge_now")),
              drawn_ah * 1e6, 0.05 * drawn_ah * 1e6);
}

TEST(Battery, TheGaugeKeepsItsValueForASecond) {
  Machine machine("generic-linux", "acpi-cpufreq");
  machine.load();
  machine.advance(0.6);  // just behind an update
  const std::int64_t before = machine.integer(std::string(kBattery) + "charge_now");
  machine.advance(0.5);
  EXPECT_EQ(machine.integer(std::string(kBattery) + "charge_now"), before);
  machine.advance(2);
  EXPECT_LT(machine.integer(std::string(kBattery) + "charge_now"), before);
}

TEST(Battery, OnMainsItChargesToFullAndTheSignIsTheReleases) {
  Machine machine("generic-linux", "pstate");
  const std::string current = std::string(kBattery) + "current_now";
  EXPECT_LT(machine.integer(current), 0);
  EXPECT_GT(Machine("generic-linux", "acpi-cpufreq").integer(current), 0);
  (*machine.made)->battery()->plug(true);
  machine.advance(4);
  EXPECT_EQ(machine.read("/sys/class/power_supply/AC/online"), "1\n");
  EXPECT_EQ(machine.read(std::string(kBattery) + "status"), "Charging\n");
  EXPECT_GT(machine.integer(current), 2'000'000);
  const std::int64_t charge = machine.integer(std::string(kBattery) + "charge_now");
  machine.advance(60);
  EXPECT_GT(machine.integer(std::string(kBattery) + "charge_now"), charge);
  machine.advance(3600);
  EXPECT_EQ(machine.read(std::string(kBattery) + "status"), "Full\n");
  EXPECT_EQ(machine.integer(current), 0);
  EXPECT_EQ(machine.read(std::string(kBattery) + "capacity"), "100\n");
  (*machine.made)->battery()->plug(false);
  machine.advance(4);
  EXPECT_EQ(machine.read(std::string(kBattery) + "status"), "Discharging\n");
  EXPECT_LT(machine.integer(current), 0);
}

TEST(GenericLinux, ItsIdentityIsDmiAndNoDeviceTree) {
  Machine machine("generic-linux", "", false);
  EXPECT_FALSE(machine.tree().exists("/proc/device-tree"));
  EXPECT_FALSE(machine.tree().exists("/etc/nv_tegra_release"));
  EXPECT_EQ(machine.read("/sys/class/dmi/id/product_name"), "simulated laptop\n");
  EXPECT_EQ(machine.read("/sys/class/dmi/id/product_serial"), "!permission_denied");
  EXPECT_FALSE(machine.tree().exists("/sys/devices/system/cpu/cpu0/online"));
  EXPECT_TRUE(machine.tree().exists("/sys/devices/system/cpu/cpu1/online"));
}

TEST(GenericLinux, TheTwoReleasesHaveTheirDriversWays) {
  Machine acpi("generic-linux", "acpi-cpufreq");
  const std::string policy = "/sys/devices/system/cpu/cpufreq/policy0/";
  EXPECT_THAT(acpi.read(policy + "scaling_available_frequencies"),
              ::testing::StartsWith("2300000 2200000 "));
  Machine pstate("generic-linux", "pstate");
  EXPECT_FALSE(pstate.tree().exists(policy + "scaling_available_frequencies"));
  EXPECT_EQ(pstate.read(policy + "scaling_available_governors"), "performance powersave \n");
  EXPECT_EQ(pstate.read(policy + "scaling_governor"), "powersave\n");
  EXPECT_EQ(pstate.read("/sys/devices/system/cpu/cpufreq/policy3/related_cpus"), "3\n");
  pstate.load();  // its powersave is no lowest clock
  EXPECT_EQ(pstate.read(policy + "scaling_cur_freq"), "2300000\n");
  ASSERT_TRUE(pstate.tree().write(policy + "scaling_governor", "performance"));
  ASSERT_TRUE(pstate.tree().write(policy + "scaling_governor", "powersave"));
  EXPECT_EQ(pstate.read(policy + "scaling_governor"), "powersave\n");
  EXPECT_FALSE(pstate.tree().write(policy + "scaling_governor", "schedutil"));
}

TEST(GenericLinux, ThePowerMeterAndTheTemperatures) {
  Machine machine("generic-linux", "acpi-cpufreq");
  std::map<std::string, std::string> folders;
  const auto names = machine.tree().list("/sys/class/hwmon");
  ASSERT_TRUE(names);
  for (const auto& name : *names)
    folders[*read_line(machine.tree(), "/sys/class/hwmon/" + name + "/name")] =
        "/sys/class/hwmon/" + name + "/";
  ASSERT_TRUE(folders.contains("ina219"));
  ASSERT_TRUE(folders.contains("coretemp"));
  const std::string meter = folders["ina219"];
  const double watts = static_cast<double>(machine.integer(meter + "power1_input")) * 1e-6;
  EXPECT_NEAR(watts, machine.watts("MACHINE"), 0.01);
  EXPECT_NEAR(static_cast<double>(machine.integer(meter + "in1_input") *
                                  machine.integer(meter + "curr1_input")) *
                  1e-6,
              watts, 0.02);
  EXPECT_EQ(machine.read(folders["coretemp"] + "temp1_label"), "Package id 0\n");
  EXPECT_GT(machine.integer(folders["coretemp"] + "temp1_input"), 25'000);
}

// ---- through the board file, sensors and knobs
// ---------------------------------------------------

TEST(CpuTwins, ThePisBoardFileFindsEverythingOnItsTwin) {
  const auto file = load_board(std::string(ISOJOULE_SOURCE_DIR) + "/boards", "raspberry-pi-5");
  ASSERT_TRUE(file) << to_string(file.error());
  TwinOptions options;
  options.noise = false;
  const auto twin = make_twin(*file, options);
  ASSERT_TRUE(twin) << to_string(twin.error());
  const auto detected = detect_board(std::string(ISOJOULE_SOURCE_DIR) + "/boards", (*twin)->tree());
  ASSERT_TRUE(detected) << to_string(detected.error());
  EXPECT_EQ(detected->board, "raspberry-pi-5");
  auto board = open_board(*file, "", (*twin)->tree(), (*twin)->clock());
  ASSERT_TRUE(board) << to_string(board.error());
  for (const Error& problem : board->problems) ADD_FAILURE() << to_string(problem);
  ASSERT_EQ(board->sensors.size(), 1U);
  EXPECT_EQ(board->sensors[0]->channels().size(), 12U);
  EXPECT_EQ(board->release.throttles.size(), 1U);
  std::vector<RawReading> readings(12);
  board->sensors[0]->read((*twin)->clock(), readings);
  double sum = 0;
  for (const RawReading& reading : readings) {
    EXPECT_EQ(reading.state, ReadingState::ok);
    sum += static_cast<double>(reading.a) * 1e-6 * static_cast<double>(reading.b) * 1e-6;
  }
  EXPECT_GT(sum, 1.5);  // W: idle
  EXPECT_LT(sum, 3);
  Knob* clock = board->knob("cpu_frequency");
  ASSERT_NE(clock, nullptr);
  EXPECT_EQ(clock->values().size(), 10U);
  const auto set = clock->set(Value(2.0e9), (*twin)->clock(), Duration::milliseconds(100));
  ASSERT_TRUE(set) << to_string(set.error());
  EXPECT_EQ(*set, Value(2.0e9));
}

TEST(CpuTwins, OfAGenericMachineEveryKnobIsFoundAndOpens) {
  for (const char* release : {"acpi-cpufreq", "pstate"}) {
    Machine machine("generic-linux", release);
    std::set<std::string> axes;
    for (const KnobKind& kind : knob_kinds()) {
      if (kind.discover == nullptr) continue;
      for (const KnobSpec& spec : kind.discover(machine.tree())) {
        const auto knob = open_knob(spec, machine.tree());
        EXPECT_TRUE(knob) << spec.axis << ": " << (knob ? "" : to_string(knob.error()));
        axes.insert(spec.axis);
      }
    }
    for (const char* axis : {"cpu_frequency", "cpu_governor", "cpu_online"})
      EXPECT_TRUE(axes.contains(axis)) << release << " " << axis;
    for (const std::string& axis : axes) EXPECT_EQ(axis.find("gpu"), std::string::npos) << axis;
  }
}

// Every source that a kind can find on the machine opens and reads.
TEST(CpuTwins, OfAGenericMachineEverySourceThatIsFoundReads) {
  Machine machine("generic-linux", "acpi-cpufreq");
  VirtualClock clock(machine.simulation);
  for (const SensorKind& kind : sensor_kinds()) {
    if (kind.discover == nullptr) continue;
    for (const FoundSource& source : kind.discover(machine.tree())) {
      const auto sensor = open_sensor(source.spec, machine.tree());
      ASSERT_TRUE(sensor) << kind.name << ": " << to_string(sensor.error());
      std::vector<RawReading> readings((*sensor)->channels().size());
      (*sensor)->read(clock, readings);
      for (const RawReading& reading : readings) EXPECT_EQ(reading.state, ReadingState::ok);
    }
  }
}

// ---- whole runs --------------------------------------------------------------------------------

TEST(CpuTwins, ARunOfAlexnetTakesTimeAndEnergyAndTheSeedRepeatsIt) {
  const std::string path =
      (std::filesystem::temp_directory_path() / "isojoule_cpu_twin_test.onnx").string();
  ZooOptions zoo;
  zoo.dynamic_batch = true;
  zoo.weights = false;
  ASSERT_TRUE(write_zoo_model("alexnet", zoo, path));
  const auto play = [&path](const std::string& board, const std::string& release,
                            std::uint64_t seed) {
    BoardFile file;
    file.name = board;
    file.directory = std::string(ISOJOULE_SOURCE_DIR) + "/boards/" + board;
    TwinOptions options;
    options.release = release;
    auto made = make_twin(file, options);
    EXPECT_TRUE(made.has_value()) << (made ? "" : to_string(made.error()));
    Twin& twin = **made;
    twin.begin_run(seed);
    Job job;
    job.model_path = path;
    job.network = "alexnet";
    job.batch = 4;
    job.inferences = 64;
    std::vector<std::string> seen;
    const auto ticker = twin.clock().every(Duration::milliseconds(200), [&](Instant) {
      seen.push_back(board == "generic-linux"
                         ? *twin.tree().read("/sys/class/powercap/intel-rapl:0/energy_uj")
                         : *twin.tree().run({"vcgencmd", "pmic_read_adc", "VDD_CORE_A"}, kTool));
    });
    auto session = *twin.engine().start(job);
    EventKind last = EventKind::note;
    while (auto event = *session->next_event(Instant{3'600'000'000'000})) {
      last = event->kind;
      if (event->kind == EventKind::phase_end && event->phase == PhaseKind::inference) {
        const double each = (event->end - event->begin).seconds().value() / 64;
        // Roofline: between 714 M MACs at the four cores' peak, and a hundred times that.
        EXPECT_GT(each, 714e6 / (board == "generic-linux" ? 147e9 : 77e9));
        EXPECT_LT(each, 100 * 714e6 / 77e9);
      }
    }
    EXPECT_EQ(last, EventKind::finished);
    seen.push_back(std::to_string(twin.clock().now().ns));
    return seen;
  };
  for (const auto& [board, release] :
       {std::pair("raspberry-pi-5", "bookworm"), std::pair("generic-linux", "acpi-cpufreq"),
        std::pair("generic-linux", "pstate")}) {
    const auto first = play(board, release, 1);
    EXPECT_GT(first.size(), 5U);
    EXPECT_GT(std::set<std::string>(first.begin(), first.end()).size(), 2U);
    EXPECT_EQ(first, play(board, release, 1));
    EXPECT_NE(first, play(board, release, 2));
  }
  std::filesystem::remove(path);
}

TEST(CpuTwins, AVariantBeginsOnMains) {
  BoardFile file;
  file.name = "generic-linux";
  file.directory = std::string(ISOJOULE_SOURCE_DIR) + "/boards/generic-linux";
  TwinOptions options;
  options.release = "acpi-cpufreq";
  options.variant = "mains";
  const auto twin = make_twin(file, options);
  ASSERT_TRUE(twin) << to_string(twin.error());
  EXPECT_EQ(*(*twin)->tree().read(std::string(kBattery) + "status"), "Charging\n");
}

TEST(CpuTwins, TheConstantsSurviveAWriting) {
  for (const char* board : {"raspberry-pi-5", "generic-linux"}) {
    const Constants read = constants_of(board);
    const auto again = parse_constants(format_constants(read, {}), "twin.toml");
    ASSERT_TRUE(again) << to_string(again.error());
    EXPECT_FALSE(again->has_gpu());
    Constants left = read, right = *again;
    for (const ConstantField& field : constant_fields())
      if (!field.of_gpu()) {
        EXPECT_DOUBLE_EQ(field.of(left), field.of(right)) << field.key;
      }
    EXPECT_EQ(again->rails, read.rails);
  }
}

}  // namespace
}  // namespace isojoule::twin
