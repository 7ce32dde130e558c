// vcgencmd and the clocks of the Raspberry Pi 5, over its physics.
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <regex>
#include <sstream>

#include "twin/power.h"
#include "twin/test_machine.h"

namespace isojoule::twin {
namespace {

using ::testing::HasSubstr;

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
  const auto text = tree->tree().run({"vcgencmd", "get_throttled"}, Duration::milliseconds(1000));
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

}  // namespace
}  // namespace isojoule::twin
