#include "stub_chip.h"

#include <fcntl.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <string>

#include "base/file_tree.h"

namespace isojoule::kernel_test {
namespace {

constexpr int kAddress = 0x40;
constexpr int kConfiguration = 0x00;
constexpr int kMaskEnable = 0x0f;
constexpr std::uint16_t kPowerOn = 0x7127;
constexpr std::uint16_t kConversionReady = 0x0001;

constexpr std::array<int, 8> kAverages = {1, 4, 16, 64, 128, 256, 512, 1024};
constexpr std::array<double, 8> kConversion_s = {140e-6, 204e-6,   332e-6,   588e-6,
                                                 1.1e-3, 2.116e-3, 4.156e-3, 8.244e-3};

std::uint16_t swapped(std::uint16_t value) {
  return static_cast<std::uint16_t>(value << 8 | value >> 8);
}

}  // namespace

Result<StubChip> StubChip::open(int bus) {
  const std::string path = "/dev/i2c-" + std::to_string(bus);
  const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) return tl::unexpected<Error>(error_from_errno(errno, path, "open"));
  StubChip chip(file);
  // "Force": the driver has the address too.
  if (::ioctl(file, I2C_SLAVE_FORCE, kAddress) < 0)
    return tl::unexpected<Error>(error_from_errno(errno, path, "I2C_SLAVE_FORCE"));
  return chip;
}

StubChip::~StubChip() {
  if (file_ >= 0) ::close(file_);
}

Status StubChip::write(int reg, std::uint16_t value) {
  i2c_smbus_data data{};
  data.word = swapped(value);  // SMBus sends the low byte first
  i2c_smbus_ioctl_data request{I2C_SMBUS_WRITE, static_cast<std::uint8_t>(reg), I2C_SMBUS_WORD_DATA,
                               &data};
  if (::ioctl(file_, I2C_SMBUS, &request) < 0)
    return tl::unexpected<Error>(error_from_errno(errno, "register", "write"));
  return {};
}

Result<std::uint16_t> StubChip::read(int reg) {
  i2c_smbus_data data{};
  i2c_smbus_ioctl_data request{I2C_SMBUS_READ, static_cast<std::uint8_t>(reg), I2C_SMBUS_WORD_DATA,
                               &data};
  if (::ioctl(file_, I2C_SMBUS, &request) < 0)
    return tl::unexpected<Error>(error_from_errno(errno, "register", "read"));
  return swapped(data.word);
}

Status StubChip::power_on() {
  ISOJOULE_CHECK(write(kConfiguration, kPowerOn));
  return write(kMaskEnable, kConversionReady);
}

// Both registers hold their value in bits 15 to 3: steps of 8 mV and of 40 microvolts.
Status StubChip::set(int channel, const Level& level) {
  ISOJOULE_CHECK(write(2 * channel + 2, static_cast<std::uint16_t>(level.voltage_mv / 8 << 3)));
  return write(2 * channel + 1, static_cast<std::uint16_t>(level.shunt_steps << 3));
}

// Bits 14 to 12 enable channels 1 to 3; 11 to 9 averages; 8 to 6 bus and 5 to 3 shunt conversion.
Result<double> StubChip::window_s() {
  ISOJOULE_TRY(const unsigned configuration, read(kConfiguration));
  const int channels = std::popcount(configuration >> 12 & 7U);
  return kAverages[configuration >> 9 & 7U] * channels *
         (kConversion_s[configuration >> 6 & 7U] + kConversion_s[configuration >> 3 & 7U]);
}

}  // namespace isojoule::kernel_test
