// The INA3221 as a chip: three channels, averaged over a window, quantised. Its two drivers (iio
// and hwmon) put their nodes in front of it.
//
// Datasheet (TI SBOS576B): bus voltage in steps of 8 mV, shunt voltage in steps of 40 uV, 13 bits;
// the enabled channels are converted one after the other (shunt, then bus, each conversion_us) and
// `samples` such cycles are averaged before the registers change. So a register holds the mean
// over the last whole window of samples x 2 x conversion x enabled channels: 53.8 ms on the Nano,
// 430 ms on the others. (That the channels' windows lie one conversion pair, below 1 ms, apart, is
// not modelled.) The converter rounds to the nearest step; the drivers truncate as their source
// does.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/quantity.h"

namespace isojoule::twin {

// What the chip measures. `energy` since some start, at any time of the last two windows.
class PowerSource {
 public:
  virtual ~PowerSource() = default;
  Instant now() const { return do_now(); }
  Joule energy(std::size_t rail, Instant t) const { return do_energy(rail, t); }
  Volt voltage(std::size_t rail) const { return do_voltage(rail); }

 private:
  virtual Instant do_now() const = 0;
  virtual Joule do_energy(std::size_t rail, Instant t) const = 0;
  virtual Volt do_voltage(std::size_t rail) const = 0;
};

class Ina3221 {
 public:
  static constexpr int kChannels = 3;
  struct Channel {
    std::optional<std::size_t> rail;  // index in the power source; nothing: not connected
    double shunt_ohm = 0.005;
    // Errors of this piece of hardware; the datasheet allows 0.25 % and 80 uV.
    double gain_error = 0;  // relative
    double offset_v = 0;    // at the shunt
    bool enabled = true;
  };
  struct Options {
    int samples = 1;          // 1, 4, 16, 64, 128, 256, 512, 1024
    int conversion_us = 140;  // 140, 204, 332, 588, 1100, 2116, 4156, 8244
    std::uint64_t seed = 1;
    // Standard deviation of a reading before it is rounded, in steps; 0: none. Drawn from seed,
    // channel and window, so that it does not depend on who reads when.
    double noise_steps = 0;
    // How far back the power source remembers. A window of more than half of it (no board sets one)
    // is averaged over what is still known of it.
    Duration memory = Duration::milliseconds(2500);
  };

  Ina3221(const PowerSource& source, const std::array<Channel, kChannels>& channels,
          const Options& options);

  // Channels count from 0. Only for connected channels; a disabled one keeps its last value.
  int voltage_mv(int channel);
  int shunt_uv(int channel);
  // uV over mOhm, rounded as both drivers do; exact for 5 mOhm.
  int current_ma(int channel);
  bool connected(int channel) const { return at(channel).rail.has_value(); }
  bool enabled(int channel) const { return at(channel).enabled; }
  int shunt_uohm(int channel) const;

  Duration window() const { return window_; }
  int enabled_channels() const;
  int samples() const { return options_.samples; }
  int conversion_us() const { return options_.conversion_us; }
  // To the nearest that the chip has. Averaging starts anew: registers change one window later.
  void set_samples(std::int64_t samples);
  void set_conversion_us(std::int64_t conversion);
  void set_enabled(int channel, bool enabled);

 private:
  const Channel& at(int channel) const { return channels_[static_cast<std::size_t>(channel)]; }
  void restart();
  void refresh() {
    if (source_.now() >= next_) convert();
  }
  void convert();
  double noise(int channel, int part, std::int64_t window) const;

  const PowerSource& source_;
  std::array<Channel, kChannels> channels_;
  Options options_;
  Duration window_;
  Instant origin_;  // when averaging last started
  Instant next_;    // when the registers change next
  std::array<int, kChannels> bus_code_{};
  std::array<int, kChannels> shunt_code_{};
};

}  // namespace isojoule::twin
