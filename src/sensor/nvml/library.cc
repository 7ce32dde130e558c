#include "sensor/nvml/library.h"

#ifndef ISOJOULE_STATIC
#include <dlfcn.h>
#endif

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <vector>

#include "base/text.h"

namespace isojoule::nvml {
namespace {

// What NVIDIA's kernel drivers show where they are loaded: a PC's, WSL's, a Jetson's. A tree that
// has none of them is no machine with an NVIDIA GPU, or a twin, for which this machine's own GPU
// must not answer.
constexpr std::array<const char*, 5> kDriverNodes = {
    "/proc/driver/nvidia/version", "/dev/nvidiactl", "/dev/dxg", "/dev/nvgpu", "/dev/nvhost-gpu"};
constexpr std::array<const char*, 3> kJetsonNodes = {"/etc/nv_tegra_release", "/dev/nvgpu",
                                                     "/dev/nvhost-gpu"};

[[maybe_unused]] bool any_exists(FileTree& tree, std::span<const char* const> nodes) {
  return std::any_of(nodes.begin(), nodes.end(),
                     [&](const char* node) { return tree.exists(node); });
}

std::string_view name_of_code(Return code) {
  switch (code) {
    case kUninitialized: return "not initialised";
    case kInvalidArgument: return "invalid argument";
    case kNotSupported: return "not supported by this GPU";
    case kNoPermission: return "no permission";
    case kNotFound: return "not found";
    case kInsufficientPower: return "the GPU's power cables are not attached";
    case kDriverNotLoaded: return "the NVIDIA driver is not loaded";
    case kTimeout: return "timeout";
    case kIrqIssue: return "the kernel has trouble with the GPU's interrupts";
    case kLibraryNotFound: return "a part of the driver's libraries is missing";
    case kFunctionNotFound: return "the driver is too old for this question";
    case kGpuIsLost: return "the GPU has fallen off the bus";
    case kResetRequired: return "the GPU needs a reset";
    case kOperatingSystem: return "the operating system blocks the GPU (cgroups)";
    case kVersionMismatch: return "the library and the loaded driver are of different versions";
    case kInUse: return "in use";
    case kNoData: return "no data";
    default: return "unknown error of the driver";
  }
}

ErrorKind kind_of_code(Return code) {
  switch (code) {
    case kInvalidArgument: return ErrorKind::invalid;
    case kNotSupported:
    case kFunctionNotFound: return ErrorKind::unsupported;
    case kNoPermission:
    case kOperatingSystem: return ErrorKind::permission_denied;
    case kNotFound:
    case kDriverNotLoaded:
    case kLibraryNotFound: return ErrorKind::not_found;
    case kTimeout: return ErrorKind::timeout;
    case kInUse: return ErrorKind::busy;
    case kNoData: return ErrorKind::no_data;
    default: return ErrorKind::io;
  }
}

std::string_view remedy_of_code(Return code) {
  switch (code) {
    case kNotSupported:
      return "Another field may be there (options.field = energy, instant, average)";
    case kNoPermission:
    case kOperatingSystem:
      return "Run as root, or give the user and the container the devices /dev/nvidia*";
    case kNotFound: return "List the GPUs with: nvidia-smi -L";
    case kInsufficientPower: return "Attach the GPU's power cables";
    case kDriverNotLoaded: return "Load it: modprobe nvidia; see dmesg for why it is not";
    case kLibraryNotFound:
    case kFunctionNotFound: return "Install a newer driver with all of its libraries";
    case kIrqIssue:
    case kGpuIsLost: return "See dmesg for Xid messages; reboot the machine";
    case kResetRequired: return "Reboot, or reset the GPU while nothing uses it";
    case kVersionMismatch: return "Reboot: the driver was updated after it had been loaded";
    default: return "See dmesg and nvidia-smi";
  }
}

}  // namespace

struct Library::Functions {
  Return (*init)() = nullptr;
  Return (*shutdown)() = nullptr;
  Return (*count)(unsigned*) = nullptr;
  Return (*by_index)(unsigned, Device*) = nullptr;
  Return (*by_uuid)(const char*, Device*) = nullptr;
  // Optional: older libraries have not all of them.
  Return (*name)(Device, char*, unsigned) = nullptr;
  Return (*uuid)(Device, char*, unsigned) = nullptr;
  Return (*architecture)(Device, unsigned*) = nullptr;
  Return (*capability)(Device, int*, int*) = nullptr;
  Return (*mig_mode)(Device, unsigned*, unsigned*) = nullptr;
  Return (*energy)(Device, unsigned long long*) = nullptr;
  Return (*fields)(Device, int, FieldValue*) = nullptr;
  Return (*power)(Device, unsigned*) = nullptr;
};

#ifdef ISOJOULE_STATIC

Result<std::shared_ptr<Library>> Library::open(const std::string&, FileTree&) {
  return fail(ErrorKind::unsupported, "nvml: a static program cannot load a library",
              "Use the dynamically linked isojoule on machines with an NVIDIA GPU; on a Jetson the "
              "INA3221 rails need no library",
              std::string("dlopen ") + kLibrary);
}

Library::~Library() = default;

#else

namespace {

template <typename Function>
bool load(void* library, const char* symbol, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, symbol));
  return function != nullptr;
}

}  // namespace

Result<std::shared_ptr<Library>> Library::open(const std::string& path, FileTree& tree) {
  if (!any_exists(tree, kDriverNodes))
    return fail(ErrorKind::not_found, "nvml: no NVIDIA driver is loaded",
                "Load it: modprobe nvidia. In a container, bring the devices in",
                "looked for " + join({kDriverNodes.begin(), kDriverNodes.end()}, ", "));
  const std::string file = path.empty() ? kLibrary : path;
  // The library stays what it is for the whole program; local, so that its symbols meet no others.
  void* handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* why = dlerror();
    const bool jetson = any_exists(tree, kJetsonNodes);
    return fail(ErrorKind::not_found,
                "nvml: " + std::string(why != nullptr ? why : "it cannot be loaded"),
                jetson ? "A Jetson's power is read from its INA3221 rails (sensor ina3221)"
                       : "Install the driver's library (package libnvidia-compute or nvidia-utils; "
                         "in a container: NVIDIA_DRIVER_CAPABILITIES=utility)",
                "dlopen " + file);
  }
  std::shared_ptr<Library> library(new Library);
  library->handle_ = handle;
  library->call_ = std::make_unique<Functions>();
  Functions& call = *library->call_;
  if (!load(handle, "nvmlInit_v2", call.init) || !load(handle, "nvmlShutdown", call.shutdown) ||
      !load(handle, "nvmlDeviceGetCount_v2", call.count) ||
      !load(handle, "nvmlDeviceGetHandleByIndex_v2", call.by_index) ||
      !load(handle, "nvmlDeviceGetHandleByUUID", call.by_uuid))
    return fail(ErrorKind::unsupported, "nvml: " + file + " lacks a function of NVML",
                "Install NVIDIA's own library of driver 418 or later", "dlsym " + file);
  load(handle, "nvmlDeviceGetName", call.name);
  load(handle, "nvmlDeviceGetUUID", call.uuid);
  load(handle, "nvmlDeviceGetArchitecture", call.architecture);
  load(handle, "nvmlDeviceGetCudaComputeCapability", call.capability);
  load(handle, "nvmlDeviceGetMigMode", call.mig_mode);
  load(handle, "nvmlDeviceGetTotalEnergyConsumption", call.energy);
  load(handle, "nvmlDeviceGetFieldValues", call.fields);
  load(handle, "nvmlDeviceGetPowerUsage", call.power);
  if (const Return code = call.init(); code != kSuccess)
    return tl::unexpected<Error>(library->error(code, "nvml: nvmlInit"));
  library->initialised_ = true;
  return library;
}

Library::~Library() {
  if (initialised_) call_->shutdown();
  if (handle_ != nullptr) dlclose(handle_);
}

#endif

Error Library::error(Return code, const std::string& what) const {
  return {
      kind_of_code(code),
      what + ": " + std::string(name_of_code(code)) + " (NVML code " + std::to_string(code) + ")",
      "NVML", std::string(remedy_of_code(code))};
}

Result<unsigned> Library::device_count() const {
  unsigned count = 0;
  if (const Return code = call_->count(&count); code != kSuccess)
    return tl::unexpected<Error>(error(code, "nvml: the number of GPUs"));
  return count;
}

Result<Device> Library::device(const std::string& which) const {
  Device device = nullptr;
  unsigned index = 0;
  const auto parsed = std::from_chars(which.data(), which.data() + which.size(), index);
  const bool is_index =
      !which.empty() && parsed.ec == std::errc() && parsed.ptr == which.data() + which.size();
  Return code = kSuccess;
  if (is_index) {
    ISOJOULE_TRY(const unsigned count, device_count());
    if (index >= count)
      return fail(ErrorKind::not_found,
                  "nvml: there is no GPU " + which + ", but " + std::to_string(count),
                  "List the GPUs with: nvidia-smi -L", "NVML");
    code = call_->by_index(index, &device);
  } else {
    code = call_->by_uuid(which.c_str(), &device);
    // A UUID that is none is an invalid argument to NVML; for the user it is not there.
    if (code == kInvalidArgument) code = kNotFound;
  }
  if (code == kSuccess) return device;
  return tl::unexpected<Error>(error(code, "nvml: GPU " + which));
}

std::string Library::name(Device device) const {
  std::array<char, 96> text{};
  if (call_->name == nullptr || call_->name(device, text.data(), text.size()) != kSuccess)
    return {};
  return text.data();
}

std::string Library::uuid(Device device) const {
  std::array<char, 96> text{};
  if (call_->uuid == nullptr || call_->uuid(device, text.data(), text.size()) != kSuccess)
    return {};
  return text.data();
}

unsigned Library::architecture(Device device) const {
  unsigned value = kArchUnknown;
  if (call_->architecture == nullptr || call_->architecture(device, &value) != kSuccess)
    return kArchUnknown;
  return value;
}

int Library::compute_capability(Device device) const {
  int major = 0, minor = 0;
  if (call_->capability == nullptr || call_->capability(device, &major, &minor) != kSuccess)
    return 0;
  return major * 10 + minor;
}

bool Library::mig_enabled(Device device) const {
  unsigned current = kMigDisabled, pending = kMigDisabled;
  return call_->mig_mode != nullptr && call_->mig_mode(device, &current, &pending) == kSuccess &&
         current != kMigDisabled;
}

Return Library::total_energy_mj(Device device, std::uint64_t& energy) const {
  if (call_->energy == nullptr) return kFunctionNotFound;
  unsigned long long value = 0;
  const Return code = call_->energy(device, &value);
  energy = value;
  return code;
}

Return Library::power_field_mw(Device device, unsigned field, std::int64_t& power) const {
  if (call_->fields == nullptr) return kFunctionNotFound;
  FieldValue value;
  value.field = field;
  if (const Return code = call_->fields(device, 1, &value); code != kSuccess) return code;
  if (value.result != kSuccess) return value.result;
  // The reference leaves the type to the driver.
  switch (value.type) {
    case ValueType::real: power = static_cast<std::int64_t>(value.value.real); break;
    case ValueType::unsigned_int: power = value.value.unsigned_int; break;
    case ValueType::unsigned_long:
      power = static_cast<std::int64_t>(value.value.unsigned_long);
      break;
    case ValueType::unsigned_long_long:
      power = static_cast<std::int64_t>(value.value.unsigned_long_long);
      break;
    case ValueType::signed_long_long: power = value.value.signed_long_long; break;
    case ValueType::signed_int: power = value.value.signed_int; break;
    case ValueType::unsigned_short: power = value.value.unsigned_short; break;
    default: return kUnknown;
  }
  return kSuccess;
}

Return Library::power_usage_mw(Device device, std::int64_t& power) const {
  if (call_->power == nullptr) return kFunctionNotFound;
  unsigned value = 0;
  const Return code = call_->power(device, &value);
  power = value;
  return code;
}

}  // namespace isojoule::nvml
