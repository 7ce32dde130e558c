// No two boards of one type are the same: transistors of a die are faster or slower, leak more or
// less, and the power chip, the regulators and the room differ. A silicon is one piece of such a
// population; its number is the generator's seed, so that the same number is the same piece on
// every machine. Number 0 is no draw: the nominal board, whose constants are the file's.
//
// What is from a source and what is assumed:
// - voltage against speed: -0.6 % for +1 % of the die's speed at one clock, a parallel shift of the
//   line above the floor that all dies share, in steps of 10 mV. Tegra124's table of voltages by
//   measured speed ("speedo") has 953 mV at speed 2000 and 925 mV at 2100 for 1428 MHz, 1312 and
//   1273 mV for 2320.5 MHz, and the same floor for every die (Linux,
//   drivers/clk/tegra/clk-tegra124-dfll-fcpu.c, cvb.c); the later Jetsons' tables are not public.
// - spread of that speed, 4 %: assumed. The boundaries of Tegra210's three classes lie 7.5 % apart
//   (drivers/soc/tegra/fuse/speedo-tegra210.c).
// - leakage, 35 % (of its logarithm), with fast dies leaking more: assumed. Dies as they leave the
//   line spread by far more (S. Borkar et al., "Parameter variations and impact on circuits and
//   microarchitecture", DAC 2003); a product's bins cut that off.
// - switched capacitance 2 %, memory 5 %, rest of the SoC 3 %, regulators and board 3 %, the room
//   2 K: assumed. That samples of one processor type differ in power by per cents to tens of per
//   cents, most of it without load, is known of servers (J. v. Kistowski et al., "Variations in CPU
//   power consumption", ICPE 2016; 90 samples of four types).
// - errors of the power chip: its data sheet's, as of the nominal board (twin/ina3221.h), drawn for
//   the piece instead of for the seed.
#pragma once

#include <cstdint>
#include <string>

#include "twin/constants.h"

namespace isojoule::twin {

// Relative standard deviations, except where a unit is named. Draws beyond kSiliconCut of them are
// drawn again: a product is tested before it is sold.
inline constexpr double kSiliconCut = 2.5;
inline constexpr double kSpeedSpread = 0.04;
inline constexpr double kSpeedCorrelation = 0.8;  // of CPU, GPU and SoC with their die's
inline constexpr double kVoltagePerSpeed = -0.6;
inline constexpr double kVoltageStepV = 0.01;
inline constexpr double kLeakageSpread = 0.35;      // of the logarithm
inline constexpr double kLeakageCorrelation = 0.7;  // with speed
inline constexpr double kCapacitanceSpread = 0.02;
inline constexpr double kCapacitanceCorrelation = 0.5;  // between CPU, GPU and SoC
inline constexpr double kMemorySpread = 0.05;
inline constexpr double kSocSpread = 0.03;
inline constexpr double kBoardSpread = 0.03;
inline constexpr double kAmbientSpreadK = 2;

// What one part of the die differs by; 0 and 1 are the nominal one.
struct DieDeviation {
  double voltage = 0;  // relative, of the supply at the highest clock
  double leakage = 1;  // at the same voltage and temperature
  double capacitance = 1;
};

struct Silicon {
  DieDeviation cpu, gpu, soc;
  double memory = 1;  // energy of a byte, power of the clocked memory
  double board = 1;   // what no rail of its own feeds
  double ambient_k = 0;
};

// 0: nominal.
Silicon silicon_of(std::uint64_t number);
// Of everything else that belongs to the piece: errors of its power chips, its serial number.
std::uint64_t seed_of_silicon(std::uint64_t number);
// 13 digits, the form of a Jetson's serial number.
std::string serial_of_silicon(std::uint64_t number);

void apply(const Silicon& silicon, Constants& constants);

}  // namespace isojoule::twin
