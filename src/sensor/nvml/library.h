// NVML, opened at run time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file_tree.h"
#include "sensor/nvml/nvml_abi.h"
#include "sensor/sensor.h"

namespace isojoule::nvml {

inline constexpr const char* kLibrary = "libnvidia-ml.so.1";

// The loaded and initialised library. Thread-safe, as NVML itself is. Devices are valid as long as
// it lives.
class Library {
 public:
  // `path`: "" for kLibrary, by the loader's search path. Errors: not_found (no driver in `tree`,
  // no library, driver not loaded), permission_denied, unsupported (a static program cannot load a
  // library; a library without the functions of R418 and later), io.
  static Result<std::shared_ptr<Library>> open(const std::string& path, FileTree& tree);
  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  Result<unsigned> device_count() const;
  // `which`: an index in NVML's order (that of the PCI bus), or a UUID ("GPU-...").
  Result<Device> device(const std::string& which) const;
  std::string name(Device device) const;  // "" where the library does not say it
  std::string uuid(Device device) const;
  // kArchUnknown where the library does not know it.
  unsigned architecture(Device device) const;
  // Compute capability times ten ("8.0" -> 80); 0: not known.
  int compute_capability(Device device) const;
  bool mig_enabled(Device device) const;

  // Raw answers, for the sampling thread: no allocation here.
  Return total_energy_mj(Device device, std::uint64_t& energy) const;
  Return power_field_mw(Device device, unsigned field, std::int64_t& power) const;
  Return power_usage_mw(Device device, std::int64_t& power) const;

  // The typed error of a return code, with what the user can do.
  Error error(Return code, const std::string& what) const;

 private:
  Library() = default;
  struct Functions;
  void* handle_ = nullptr;
  std::unique_ptr<Functions> call_;
  bool initialised_ = false;
};

// Every GPU that NVML names, by its UUID, so that the order of the bus does not matter later. One
// that cannot be read is among them: opening it says why.
std::vector<FoundSource> gpus_of(const Library& library);

}  // namespace isojoule::nvml
