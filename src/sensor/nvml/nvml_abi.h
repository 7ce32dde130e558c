// The few declarations of NVIDIA's management library that the sensor needs, written from its
// published reference (NVML API Reference Guide, "Device Queries", "Field Value Enums", return
// codes and structure members; the numbers are its ABI). The library is never linked: it is opened
// at run time where it is installed.
#pragma once

#include <cstdint>

namespace isojoule::nvml {

using Device = void*;  // opaque, valid from nvmlInit to nvmlShutdown
using Return = int;    // nvmlReturn_t

inline constexpr Return kSuccess = 0, kUninitialized = 1, kInvalidArgument = 2, kNotSupported = 3,
                        kNoPermission = 4, kNotFound = 6, kInsufficientPower = 8,
                        kDriverNotLoaded = 9, kTimeout = 10, kIrqIssue = 11, kLibraryNotFound = 12,
                        kFunctionNotFound = 13, kGpuIsLost = 15, kResetRequired = 16,
                        kOperatingSystem = 17, kVersionMismatch = 18, kInUse = 19, kNoData = 21,
                        kUnknown = 999;

// NVML_FI_DEV_*: fields of nvmlDeviceGetFieldValues, milliwatts.
inline constexpr unsigned kFieldPowerAverage = 185;
inline constexpr unsigned kFieldPowerInstant = 186;

// nvmlDeviceArchitecture_t
inline constexpr unsigned kArchVolta = 5, kArchAmpere = 7, kArchUnknown = 0xffffffffU;

inline constexpr unsigned kMigDisabled = 0;

// nvmlValueType_t
enum class ValueType : int {
  real = 0,
  unsigned_int = 1,
  unsigned_long = 2,
  unsigned_long_long = 3,
  signed_long_long = 4,
  signed_int = 5,
  unsigned_short = 6,
};

union Value {
  double real;
  int signed_int;
  unsigned int unsigned_int;
  unsigned long unsigned_long;
  unsigned long long unsigned_long_long;
  signed long long signed_long_long;
  unsigned short unsigned_short;
};

struct FieldValue {  // nvmlFieldValue_t
  unsigned int field = 0;
  unsigned int scope = 0;  // 0: the whole GPU (of the power fields: 1 is a module with its CPU)
  long long timestamp_us = 0;
  long long latency_us = 0;
  ValueType type = ValueType::unsigned_int;
  Return result = 0;  // to be looked at before `value`
  Value value = {};
};
static_assert(sizeof(FieldValue) == 40);

}  // namespace isojoule::nvml
