// What the Raspberry Pi 5's firmware says of its power management chip (Renesas DA9091):
// `vcgencmd pmic_read_adc`.
//
//   NAME_A current(n)=0.17566740A        NAME_V volt(m)=1.80512600V
//
// A rail is a pair of the same NAME; the numbers n and m do not match, and the order differs from
// firmware to firmware. EXT5V_V (the input) and BATT_V (the clock's battery) have no current: they
// are no rails, and the board has no reading of its true input power. EXT5V_V is worth a look when
// a board is unstable: below about 4.65 V (by model and firmware) it warns of under-voltage.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/quantity.h"

namespace isojoule::rpi_pmic {

struct RailReading {
  std::string name;  // "VDD_CORE"
  Volt voltage{0};
  Ampere current{0};
};

// The rails that have both values, in the order of their currents. `nan` is no value. A line that
// is cut or follows another form is left out. Errors: parse, where no pair is there.
Result<std::vector<RailReading>> parse_adc(std::string_view text);

// "0V8_SYS" and "0V8_SW" are one rail, named differently by firmware (both seen in dumps of Pi 5
// boards): the canonical name is "0V8_SW"; others are themselves.
std::string_view canonical_rail(std::string_view name);

// Steps of the chip's converters. The chip's data sheet is not public: inferred from a dump
// (12 bits: currents are whole multiples of 4 A / 4095 and, for the small rails, of
// 0.25 A / 4095; VDD_CORE of 24 A / 4095; voltages below 2 V of 1.5 V / 4095, the others of five
// times as much at most).
Ampere current_step(std::string_view rail);
Volt voltage_step(Volt voltage);

// The board's input from the sum of its rails: 1.1451 x sum + 0.5879 W, a community's fit (the
// documentation of pitop; its origin, board and spread are not known). It stands for the chip's
// losses and a fixed load; USB, fan and HAT currents of the 5 V input are not in it.
inline constexpr double kInputGain = 1.1451;
inline constexpr Watt kInputOffset{0.5879};
Watt estimated_input(Watt sum_of_rails);

}  // namespace isojoule::rpi_pmic
