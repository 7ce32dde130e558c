// The registers of an INA3221 that the kernel's i2c-stub keeps, written as the chip itself would
// change them. Register numbers and their layout: Texas Instruments, data sheet SBOS576B.
#pragma once

#include <cstdint>

#include "base/error.h"

namespace isojoule::kernel_test {

struct Level {
  int voltage_mv = 0;   // a multiple of 8, the chip's step
  int shunt_steps = 0;  // of 40 microvolts
};

class StubChip {
 public:
  // `bus` is the number of /dev/i2c-N. Errors: as the system says.
  static Result<StubChip> open(int bus);
  StubChip(StubChip&& other) noexcept : file_(other.file_) { other.file_ = -1; }
  StubChip(const StubChip&) = delete;
  ~StubChip();

  // Word registers, most significant byte first as on the chip.
  Status write(int reg, std::uint16_t value);
  Result<std::uint16_t> read(int reg);

  // What a fresh chip holds; a conversion is ready.
  Status power_on();
  // channel: 0 to 2.
  Status set(int channel, const Level& level);
  // Length of a full round of averages over the enabled channels, in seconds, as the configuration
  // register says now.
  Result<double> window_s();

 private:
  explicit StubChip(int file) : file_(file) {}
  int file_;
};

}  // namespace isojoule::kernel_test
