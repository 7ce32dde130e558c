// The INA3221 three-channel power monitor behind its two Linux drivers.
//
// Chip: Texas Instruments, data sheet SBOS576B, "Electrical Characteristics" and configuration
// register (address 00h). Drivers: drivers/iio/adc/ina3221.c of NVIDIA's 4.4 and 4.9 kernels
// ("iio", L4T 28 to 32) and drivers/hwmon/ina3221.c ("hwmon", L4T 34 and later, and mainline).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file_tree.h"
#include "base/quantity.h"
#include "sensor/sensor.h"

namespace isojoule::ina3221 {

inline constexpr int kChannels = 3;
inline constexpr Volt kBusStep{8e-3};         // one LSB of the bus voltage register
inline constexpr Volt kShuntStep{40e-6};      // one LSB of the shunt voltage register
inline constexpr double kGainError = 0.0025;  // largest relative gain error, bus and shunt alike
inline constexpr Volt kShuntOffset{80e-6};    // largest shunt offset voltage, referred to the input
// Nominal conversion times of the configuration register's three-bit codes, in microseconds.
inline constexpr std::array<int, 8> kConversionTimes_us = {140,  204,  332,  588,
                                                           1100, 2116, 4156, 8244};
// Power-on configuration 0x7127: no averaging, 1.1 ms for each of the two voltages of a channel.
inline constexpr int kDefaultConversion_us = 1100;

// Where one generation of the driver keeps what it says, below the folder of the chip.
struct Layout {
  std::string_view driver;  // "iio", "hwmon"
  std::string_view driver_folder;
  std::string_view modes;  // what a user who is not root needs to know
};
const Layout& iio_layout();
const Layout& hwmon_layout();

// The nodes of one channel, full paths. `index` is 0-based.
struct ChannelNodes {
  std::string label, voltage, current, enable, shunt;  // enable, shunt: hwmon only
};
ChannelNodes nodes_of(const Layout& layout, const std::string& folder, int index);

// The folder that holds the chip's nodes: matched by bus address alone, never by the number of an
// iio or hwmon device, which changes from boot to boot. `tried` gets every place that was looked
// at.
Result<std::string> find_folder(const Layout& layout, const std::string& bus_address,
                                FileTree& tree, std::vector<std::string>& tried);

// The averaging window of one channel: (bus + shunt conversion) x averages x enabled channels, as
// the chip goes round its channels. The hwmon driver prints `update_interval` in whole
// milliseconds, and NVIDIA's 5.10 and 5.15 print it without the averages while mainline (5.12 and
// later) prints it with them; both readings are tried against the chip's eight conversion times.
// Where several fit, the one nearest to `expected` is taken (0: the shortest). Nothing fits:
// nothing.
std::optional<Second> window_from_nodes(std::int64_t samples, std::int64_t update_interval_ms,
                                        int enabled_channels, Second expected);

// Largest errors taken as rectangular distributions: u = a / sqrt(3) (GUM, JCGM 100:2008, 4.3.7).
// Gain of the product voltage x current: bus gain, shunt gain and shunt resistor, independent.
double gain_uncertainty(double shunt_tolerance);
Ampere offset_uncertainty(double shunt_ohm);

}  // namespace isojoule::ina3221
