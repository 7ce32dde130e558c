#include "engine/onnxruntime/worker/runtime.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "base/text.h"
#include "engine/onnxruntime/worker/api.h"

namespace isojoule {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLibrary = "libonnxruntime.so.1";
// The oldest table of functions that has all that we call; JetPack 4 has builds of 1.11.
constexpr int kOldestApi = 11;

std::vector<std::string> places() {
  std::vector<std::string> all;
  if (const char* chosen = std::getenv("ISOJOULE_ONNXRUNTIME"); chosen && *chosen) {
    const fs::path path = chosen;
    std::error_code ignored;
    // Whoever names a library wants that one and no other.
    return {fs::is_directory(path, ignored) ? (path / kLibrary).string() : path.string()};
  }
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error) {
    const fs::path folder = program.parent_path();
    all.push_back((folder / kLibrary).string());
    all.push_back((folder / "../lib/isojoule" / kLibrary).lexically_normal().string());
    all.push_back((folder / "../../lib/isojoule" / kLibrary).lexically_normal().string());
  }
  all.push_back(std::string(ISOJOULE_ONNXRUNTIME_LIBRARY_DIR) + "/" + kLibrary);
  all.emplace_back(kLibrary);  // the system's: LD_LIBRARY_PATH, ld.so.cache
  return all;
}

std::string path_of(void* symbol) {
  Dl_info info{};
  return dladdr(symbol, &info) != 0 && info.dli_fname ? info.dli_fname : kLibrary;
}

// GetApi prints to stderr for a number that is too high, so ask for what the version stands for:
// 1.N has table N.
int highest_api(const std::string& version) {
  const std::size_t dot = version.find('.');
  const int minor = dot == std::string::npos ? 0 : std::atoi(version.c_str() + dot + 1);
  return std::min(minor, ORT_API_VERSION);
}

Result<Runtime> start_runtime(void* library) {
  using GetBase = const OrtApiBase* (*)();
  void* symbol = dlsym(library, "OrtGetApiBase");
  if (!symbol)
    return fail(ErrorKind::unsupported, std::string(kLibrary) + " has no OrtGetApiBase",
                "Run tools/setup, or name another library in ISOJOULE_ONNXRUNTIME.");
  const OrtApiBase* base = reinterpret_cast<GetBase>(symbol)();
  Runtime runtime{base->GetVersionString(), path_of(symbol)};
  const int number = highest_api(runtime.version);
  const OrtApi* api =
      number >= kOldestApi ? base->GetApi(static_cast<std::uint32_t>(number)) : nullptr;
  if (!api)
    return fail(ErrorKind::unsupported,
                "ONNX Runtime " + runtime.version + " in " + runtime.path + " is too old",
                "Version 1." + std::to_string(kOldestApi) + " or later is needed: tools/setup.");
  Ort::InitApi(api);
  return runtime;
}

}  // namespace

Result<Runtime> load_runtime() {
  // 1.29 and later have telemetry on by default: files below the home folder, threads, name
  // look-ups in the middle of a measurement.
  setenv("ORT_DISABLE_TELEMETRY", "1", 1);
  std::vector<std::string> tried;
  for (const std::string& place : places()) {
    if (void* library = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL)) return start_runtime(library);
    // A file that is there and does not load is worth its reason.
    const char* reason = dlerror();
    std::error_code ignored;
    tried.push_back(reason && fs::exists(place, ignored) ? reason : place);
  }
  return fail(
      ErrorKind::not_found,
      std::string("the ONNX Runtime library ") + kLibrary + " is not there or does not load",
      "Run tools/setup, or name the library in ISOJOULE_ONNXRUNTIME.",
      "looked for " + join(tried, ", "));
}

}  // namespace isojoule
