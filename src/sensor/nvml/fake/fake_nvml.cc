// For tests: a libnvidia-ml with two GPUs that answer as the test says, through fake_nvml_state().
// Built as a shared library by the tests' CMake (isojoule_fakes), never part of the program.
#include "sensor/nvml/fake/fake_nvml.h"

#include <algorithm>
#include <cstring>

using namespace isojoule::nvml;
using isojoule::fake::NvmlState;

namespace {
NvmlState state;
int handles[NvmlState::kMost];  // their addresses are the devices

isojoule::fake::NvmlGpu* gpu_of(Device device) {
  for (unsigned i = 0; i < state.count; ++i)
    if (device == &handles[i]) return &state.gpu[i];
  return nullptr;
}

Return copy(const char* text, char* out, unsigned size) {
  const std::size_t length = std::strlen(text);
  if (length >= size) return 7;  // NVML_ERROR_INSUFFICIENT_SIZE
  std::copy_n(text, length + 1, out);
  return kSuccess;
}
}  // namespace

#define GPU_OR_RETURN(device)                  \
  auto* const gpu = gpu_of(device);            \
  if (gpu == nullptr) return kInvalidArgument; \
  if (gpu->lost != kSuccess) return gpu->lost

extern "C" {

NvmlState* fake_nvml_state() { return &state; }

Return nvmlInit_v2() {
  if (state.init != kSuccess) return state.init;
  ++state.users;
  return kSuccess;
}
Return nvmlShutdown() {
  --state.users;
  return kSuccess;
}
Return nvmlDeviceGetCount_v2(unsigned* count) {
  *count = state.count;
  return kSuccess;
}
Return nvmlDeviceGetHandleByIndex_v2(unsigned index, Device* device) {
  if (index >= state.count) return kInvalidArgument;
  *device = &handles[index];
  return state.gpu[index].access;
}
Return nvmlDeviceGetHandleByUUID(const char* uuid, Device* device) {
  for (unsigned i = 0; i < state.count; ++i) {
    if (std::strcmp(state.gpu[i].uuid, uuid) != 0) continue;
    *device = &handles[i];
    return state.gpu[i].access;
  }
  return kNotFound;
}
Return nvmlDeviceGetName(Device device, char* name, unsigned size) {
  GPU_OR_RETURN(device);
  return copy(gpu->name, name, size);
}
Return nvmlDeviceGetUUID(Device device, char* uuid, unsigned size) {
  GPU_OR_RETURN(device);
  return copy(gpu->uuid, uuid, size);
}
Return nvmlDeviceGetArchitecture(Device device, unsigned* architecture) {
  GPU_OR_RETURN(device);
  *architecture = gpu->architecture;
  return kSuccess;
}
Return nvmlDeviceGetCudaComputeCapability(Device device, int* major, int* minor) {
  GPU_OR_RETURN(device);
  if (gpu->capability == 0) return kNotSupported;
  *major = gpu->capability / 10;
  *minor = gpu->capability % 10;
  return kSuccess;
}
Return nvmlDeviceGetMigMode(Device device, unsigned* current, unsigned* pending) {
  GPU_OR_RETURN(device);
  *current = *pending = gpu->mig;
  return kSuccess;
}
Return nvmlDeviceGetTotalEnergyConsumption(Device device, unsigned long long* energy) {
  GPU_OR_RETURN(device);
  ++gpu->energy_calls;
  *energy = gpu->energy_mj;
  return gpu->energy;
}
Return nvmlDeviceGetFieldValues(Device device, int count, FieldValue* values) {
  GPU_OR_RETURN(device);
  for (int i = 0; i < count; ++i) {
    const bool instant = values[i].field == kFieldPowerInstant;
    const bool average = values[i].field == kFieldPowerAverage;
    values[i].result = instant ? gpu->instant : average ? gpu->average : kNotSupported;
    const unsigned power = instant ? gpu->instant_mw : gpu->average_mw;
    values[i].type = gpu->type;
    std::memset(&values[i].value, 0, sizeof(values[i].value));
    if (gpu->type == ValueType::real) {
      values[i].value.real = power;
    } else if (gpu->type == ValueType::unsigned_int) {
      values[i].value.unsigned_int = power;
    } else {
      values[i].value.unsigned_long_long = power;
    }
  }
  return kSuccess;
}
Return nvmlDeviceGetPowerUsage(Device device, unsigned* power) {
  GPU_OR_RETURN(device);
  *power = gpu->average_mw;
  return gpu->usage;
}

}  // extern "C"
