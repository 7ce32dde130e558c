// For tests: what the fake libnvidia-ml answers. The test changes it through fake_nvml_state(), a
// symbol of the library.
#pragma once

#include "sensor/nvml/nvml_abi.h"

namespace isojoule::fake {

struct NvmlGpu {
  const char* name = "Fake GPU";
  const char* uuid = "GPU-0";
  unsigned architecture = 9;  // Hopper
  int capability = 90;        // 0: the library does not say
  unsigned mig = 0;
  // Each a return code of its question.
  nvml::Return access = 0, energy = 0, instant = 0, average = 0, usage = 0;
  nvml::Return lost = 0;  // of every question
  unsigned long long energy_mj = 1'000'000;
  unsigned instant_mw = 250'000, average_mw = 200'000;
  nvml::ValueType type = nvml::ValueType::unsigned_int;
  int energy_calls = 0;
};

struct NvmlState {
  static constexpr unsigned kMost = 4;
  nvml::Return init = 0;
  unsigned count = 1;
  NvmlGpu gpu[kMost];
  int users = 0;  // nvmlInit without nvmlShutdown
};

}  // namespace isojoule::fake

extern "C" isojoule::fake::NvmlState* fake_nvml_state();
