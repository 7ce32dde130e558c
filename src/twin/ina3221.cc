#include "twin/ina3221.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <span>

namespace isojoule::twin {
namespace {

constexpr int kBusStepMv = 8;
constexpr int kShuntStepUv = 40;
constexpr int kCodeMaximum = 4095;  // 13 bits with sign
constexpr std::array<int, 8> kSamples = {1, 4, 16, 64, 128, 256, 512, 1024};
constexpr std::array<int, 8> kConversions = {140, 204, 332, 588, 1100, 2116, 4156, 8244};

int nearest(std::span<const int> known, std::int64_t value) {
  int best = known.front();
  for (const int candidate : known)
    if (std::llabs(candidate - value) < std::llabs(best - value)) best = candidate;
  return best;
}

std::uint64_t mixed(std::uint64_t z) {  // splitmix64's finaliser
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

int code_of(double steps) {
  return static_cast<int>(std::clamp<long>(std::lround(steps), -kCodeMaximum - 1, kCodeMaximum));
}

}  // namespace

Ina3221::Ina3221(const PowerSource& source, const std::array<Channel, kChannels>& channels,
                 const Options& options)
    : source_(source), channels_(channels), options_(options) {
  options_.samples = nearest(kSamples, options.samples);
  options_.conversion_us = nearest(kConversions, options.conversion_us);
  restart();
  origin_ = {};  // the chip was on before anybody looked
  next_ = {};
}

int Ina3221::enabled_channels() const {
  return static_cast<int>(
      std::count_if(channels_.begin(), channels_.end(),
                    [](const Channel& channel) { return channel.rail && channel.enabled; }));
}

void Ina3221::restart() {
  const std::int64_t pairs = std::max(1, enabled_channels()) * std::int64_t{options_.samples};
  window_ = {pairs * 2 * options_.conversion_us * 1000};
  origin_ = source_.now();
  next_ = origin_ + window_;
}

void Ina3221::set_samples(std::int64_t samples) {
  refresh();
  options_.samples = nearest(kSamples, samples);
  restart();
}

void Ina3221::set_conversion_us(std::int64_t conversion) {
  refresh();
  options_.conversion_us = nearest(kConversions, conversion);
  restart();
}

void Ina3221::set_enabled(int channel, bool enabled) {
  refresh();
  channels_[static_cast<std::size_t>(channel)].enabled = enabled;
  restart();
}

// Sum of four uniform numbers: mean 0, deviation 1, never beyond 3.5.
double Ina3221::noise(int channel, int part, std::int64_t window) const {
  const auto position = static_cast<std::uint64_t>(window) * 8 +
                        static_cast<std::uint64_t>(channel) * 2 + static_cast<std::uint64_t>(part);
  const std::uint64_t bits = mixed(options_.seed + 0x9e3779b97f4a7c15ULL * (position + 1));
  double sum = 0;
  for (int shift = 0; shift < 64; shift += 16)
    sum += static_cast<double>((bits >> shift) & 0xffff) + 0.5;
  return (sum / 65536.0 - 2.0) * std::sqrt(3.0);
}

void Ina3221::convert() {
  const Instant now = source_.now();
  const std::int64_t count = (now - origin_).ns / window_.ns;
  Instant end = origin_ + window_ * count;
  next_ = end + window_;
  Duration length = window_;
  if (count == 0) {  // in the first window of all: the mean so far
    end = now;
    length = now - origin_;
    next_ = now + Duration{1};
  }
  const Instant oldest = now - options_.memory;
  end = std::max(end, oldest + Duration{options_.memory.ns / 2});
  length = std::min(length, end - oldest);
  for (int i = 0; i < kChannels; ++i) {
    const Channel& channel = at(i);
    if (!channel.rail || !channel.enabled || length.ns <= 0) continue;
    const Volt voltage = source_.voltage(*channel.rail);
    const Joule energy =
        source_.energy(*channel.rail, end) - source_.energy(*channel.rail, end - length);
    const double current = energy.value() / length.seconds().value() / voltage.value();
    const double shunt_v =
        current * channel.shunt_ohm * (1 + channel.gain_error) + channel.offset_v;
    const double amplitude = options_.noise_steps;
    const auto slot = static_cast<std::size_t>(i);
    shunt_code_[slot] = code_of(shunt_v / (kShuntStepUv * 1e-6) + amplitude * noise(i, 0, count));
    bus_code_[slot] = std::max(
        0, code_of(voltage.value() / (kBusStepMv * 1e-3) + amplitude * noise(i, 1, count)));
  }
}

int Ina3221::voltage_mv(int channel) {
  refresh();
  return bus_code_[static_cast<std::size_t>(channel)] * kBusStepMv;
}

int Ina3221::shunt_uv(int channel) {
  refresh();
  return shunt_code_[static_cast<std::size_t>(channel)] * kShuntStepUv;
}

int Ina3221::shunt_uohm(int channel) const {
  return static_cast<int>(std::lround(at(channel).shunt_ohm * 1e6));
}

int Ina3221::current_ma(int channel) {
  const std::int64_t nano_volt = std::int64_t{shunt_uv(channel)} * 1000;
  const std::int64_t ohm = shunt_uohm(channel);  // nV / uOhm = mA
  return static_cast<int>((nano_volt + (nano_volt < 0 ? -ohm / 2 : ohm / 2)) / ohm);
}

}  // namespace isojoule::twin
