#include "twin/silicon.h"

#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <set>

#include "cost/cost.h"
#include "twin/claims.h"
#include "twin/power.h"
#include "twin/test_board.h"
#include "twin/twin.h"
#include "workload/zoo.h"

namespace isojoule::twin {
namespace {

constexpr int kPieces = 30;

Constants nano(std::uint64_t silicon) {
  std::ifstream file(ISOJOULE_SOURCE_DIR "/boards/jetson-nano/twin.toml");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  Constants constants = parse_constants(text, "twin.toml").value();
  if (silicon > 0) apply(silicon_of(silicon), constants);
  return constants;
}

const NetworkCost& alexnet() {
  static const NetworkCost cost =
      network_cost_of_bytes(zoo_model("alexnet", {.batch = 16, .weights = false}).value(), 16,
                            "alexnet")
          .value();
  return cost;
}

struct Figures {
  double joules = 0;  // an inference, at the highest clocks
  std::pair<std::size_t, std::size_t> best;
  double best_joules = 1e300;
};

Figures figures_of(const Constants& c) {
  const NetworkConstants& network = c.networks.at("alexnet");
  const BatchWork work = batch_work(alexnet(), network, c);
  Figures out;
  for (std::size_t cpu = 0; cpu < c.cpu_frequencies.size(); ++cpu)
    for (std::size_t gpu = 0; gpu < c.gpu_frequencies.size(); ++gpu) {
      out.joules = pinned_figures(c, network, work, cpu, gpu).joules_per_inference;
      if (out.joules >= out.best_joules) continue;
      out.best_joules = out.joules;
      out.best = {cpu, gpu};
    }
  return out;
}

struct Spread {
  double mean = 0, deviation = 0;
};
Spread spread_of(const std::vector<double>& values) {
  Spread out;
  for (const double value : values) out.mean += value / static_cast<double>(values.size());
  for (const double value : values)
    out.deviation += (value - out.mean) * (value - out.mean) / static_cast<double>(values.size());
  out.deviation = std::sqrt(out.deviation);
  return out;
}

TEST(TwinSilicon, TheNominalOneIsNoDraw) {
  const Silicon nominal = silicon_of(0);
  Constants constants = nano(0);
  const std::string before = format_constants(constants, {});
  EXPECT_EQ(nominal.cpu.voltage, 0);
  EXPECT_EQ(nominal.gpu.leakage, 1);
  EXPECT_EQ(nominal.ambient_k, 0);
  apply(nominal, constants);
  EXPECT_EQ(format_constants(constants, {}), before);
}

TEST(TwinSilicon, ANumberIsTheSamePieceEverywhere) {
  EXPECT_EQ(format_constants(nano(7), {}), format_constants(nano(7), {}));
  const Silicon seven = silicon_of(7);
  EXPECT_DOUBLE_EQ(silicon_of(7).gpu.leakage, seven.gpu.leakage);
  std::set<std::string> texts, serials;
  for (int i = 0; i <= kPieces; ++i) {
    const auto number = static_cast<std::uint64_t>(i);
    texts.insert(format_constants(nano(number), {}));
    serials.insert(serial_of_silicon(number));
  }
  EXPECT_EQ(texts.size(), kPieces + 1U);
  EXPECT_EQ(serials.size(), kPieces + 1U);
  EXPECT_EQ(serials.begin()->size(), 13U);
}

TEST(TwinSilicon, ThePopulationIsAsWideAsItsHeaderSays) {
  std::vector<double> speed, leakage, capacitance, memory, ambient;
  double together = 0;
  constexpr int many = 2000;
  for (std::uint64_t number = 1; number <= many; ++number) {
    const Silicon one = silicon_of(number);
    speed.push_back(one.gpu.voltage / kVoltagePerSpeed);
    leakage.push_back(std::log(one.gpu.leakage));
    capacitance.push_back(one.cpu.capacitance);
    memory.push_back(one.memory);
    ambient.push_back(one.ambient_k);
    together += one.cpu.voltage * one.gpu.voltage / many;
    EXPECT_LE(std::abs(one.memory - 1), kSiliconCut * kMemorySpread);
  }
  // A normal draw that is cut at 2.5 of its deviations has 0.95 of it.
  const auto expect_spread = [](const std::vector<double>& values, double mean, double deviation) {
    const Spread spread = spread_of(values);
    EXPECT_NEAR(spread.mean, mean, 0.1 * deviation);
    EXPECT_NEAR(spread.deviation, 0.95 * deviation, 0.06 * deviation);
  };
  expect_spread(speed, 0, kSpeedSpread);
  expect_spread(leakage, 0, kLeakageSpread);
  expect_spread(capacitance, 1, kCapacitanceSpread);
  expect_spread(memory, 1, kMemorySpread);
  expect_spread(ambient, 0, kAmbientSpreadK);
  const double voltage = kVoltagePerSpeed * kSpeedSpread;
  const double common = kSpeedCorrelation * kSpeedCorrelation;
  EXPECT_NEAR(together / (voltage * voltage), 0.91 * common, 0.1);
}

TEST(TwinSilicon, AFasterDieTakesLessVoltageAboveTheFloorAndLeaksMore) {
  for (const double voltage : {-0.05, -0.02, 0.02, 0.05}) {
    Constants changed = nano(0);
    Silicon silicon;
    silicon.gpu.voltage = voltage;
    apply(silicon, changed);
    const Constants nominal = nano(0);
    const double highest = nominal.gpu_frequencies.back().value();
    const auto volts = [&](const Constants& c, double hz) {
      return voltage_at(c.gpu_voltage, hz, highest, false, 0);
    };
    EXPECT_EQ(volts(changed, highest) < volts(nominal, highest), voltage < 0);
    EXPECT_DOUBLE_EQ(volts(changed, 76.8e6), volts(nominal, 76.8e6)) << "the floor";
    // An operation takes what its voltage says.
    PowerState state{nominal.cpu_frequencies.back().value(), highest, false, false, 4};
    state.gpu_busy = 1;
    state.macs_per_s = 1e11;
    state.temperature_c = nominal.reference_c;
    const auto gpu_power = [&](const Constants& c) {
      return component_power(c, state)[static_cast<std::size_t>(Component::gpu)];
    };
    const double relative = volts(changed, highest) / volts(nominal, highest);
    EXPECT_NEAR(gpu_power(changed), gpu_power(nominal) * relative * relative, 1e-9);
  }
  double together = 0;
  for (std::uint64_t number = 1; number <= 200; ++number) {
    const Silicon one = silicon_of(number);
    together += one.cpu.voltage * std::log(one.cpu.leakage);
  }
  EXPECT_LT(together, 0);
}

// What a fleet shows: each board another energy, some another best setting.
TEST(TwinSilicon, EnergyAndTheBestSettingDifferFromPieceToPiece) {
  const Figures nominal = figures_of(nano(0));
  std::vector<double> relative;
  int others = 0;
  for (int i = 1; i <= kPieces; ++i) {
    const Figures one = figures_of(nano(static_cast<std::uint64_t>(i)));
    relative.push_back(one.joules / nominal.joules);
    others += one.best != nominal.best ? 1 : 0;
  }
  const Spread spread = spread_of(relative);
  EXPECT_NEAR(spread.mean, 1, 0.03);
  EXPECT_GT(spread.deviation, 0.01);
  EXPECT_LT(spread.deviation, 0.06);
  EXPECT_GT(others, 0);
  EXPECT_LT(others, kPieces);
  RecordProperty("deviation_percent", std::to_string(100 * spread.deviation));
  RecordProperty("other_best", others);
}

TEST(TwinSilicon, ItsTreeHasASerialNumberAndChipsOfItsOwn) {
  const auto current = [](std::uint64_t silicon, std::uint64_t seed) {
    TwinOptions options;
    options.seed = seed;
    options.noise = false;
    options.silicon = silicon;
    auto twin = make_twin(board_named("jetson-nano"), options).value();
    const std::string serial = "/proc/device-tree/serial-number";
    EXPECT_EQ(twin->tree().exists(serial), silicon > 0);
    if (silicon > 0) {
      EXPECT_EQ(*twin->tree().read(serial), serial_of_silicon(silicon) + '\0');
    }
    return std::pair(
        *read_line(twin->tree(),
                   "/sys/bus/i2c/drivers/ina3221x/6-0040/iio:device0/in_current0_input"),
        *read_line(twin->tree(), "/proc/sys/kernel/random/boot_id"));
  };
  EXPECT_EQ(current(3, 1), current(3, 1));
  EXPECT_EQ(current(3, 1).first, current(3, 2).first) << "the piece, not the seed";
  EXPECT_NE(current(3, 1).second, current(4, 1).second);
  std::set<std::string> currents;
  for (std::uint64_t silicon = 0; silicon < 6; ++silicon)
    currents.insert(current(silicon, 1).first);
  EXPECT_GT(currents.size(), 3U);
}

}  // namespace
}  // namespace isojoule::twin
