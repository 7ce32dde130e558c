#include "engine/libtorch/worker/device.h"

#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <torch/cuda.h>
#include <torch/version.h>

#include <algorithm>
#include <cstdlib>
#include <future>
#include <system_error>
#include <thread>
#include <vector>

#include "engine/libtorch/worker/faults.h"

namespace isojoule::libtorch {
namespace {

// LibTorch's pool waits for ever for a thread that could not be started, as where memory is
// limited.
void check_that_threads_start(std::int64_t threads) {
  const std::int64_t count = std::max<std::int64_t>(threads, std::thread::hardware_concurrency());
  std::promise<void> all_started;
  const std::shared_future<void> wait = all_started.get_future().share();
  std::vector<std::jthread> started;
  try {
    for (std::int64_t i = 0; i < count; ++i) started.emplace_back([wait] { wait.wait(); });
  } catch (const std::exception&) {  // or those that wait would be joined for ever
    all_started.set_value();
    throw Fault({ErrorKind::engine,
                 "out of memory: no room for " + std::to_string(count) + " threads",
                 {},
                 "Take fewer threads or more memory."});
  }
  all_started.set_value();
}

// One pool for what is inside an operator: networks are run operator after operator.
void set_threads(std::int64_t threads) {
  check_that_threads_start(threads);
  if (threads <= 0) return;
  at::set_num_threads(static_cast<int>(threads));
  at::set_num_interop_threads(1);
}

// The file that the loader took LibTorch from.
std::string library_path() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&at::get_num_threads), &info) == 0) return "?";
  return info.dli_fname;
}

}  // namespace

Result<at::Device> prepare_device(const Job& job, const Options& options) {
  // Read by the driver when CUDA starts (CUDA C++ Programming Guide, Lazy Loading).
  if (!options.loading.empty())
    setenv("CUDA_MODULE_LOADING", options.loading == "lazy" ? "LAZY" : "EAGER", 1);
  ISOJOULE_CHECK(guarded([&] { set_threads(job.threads); }));
  if (!options.gpu) return at::Device(at::kCPU);
  ISOJOULE_TRY(const bool available, guarded([] { return torch::cuda::is_available(); }));
  if (!available)
    return fail(ErrorKind::unsupported,
                "accelerator gpu: LibTorch " + torch_version() + " finds no CUDA here",
                "Build the worker with a LibTorch that has CUDA (ISOJOULE_TORCH_DIR), on a machine "
                "with an NVIDIA GPU and its driver; or take accelerator cpu.",
                library_path());
  return at::Device(at::kCUDA);
}

void synchronise(at::Device device) {
  if (device.is_cuda()) torch::cuda::synchronize();
}

std::string torch_version() { return TORCH_VERSION; }

std::map<std::string, std::string> describe_library() {
  return {{"version", torch_version()},
          {"library", library_path()},
          {"threads", std::to_string(at::get_num_threads())},
          {"cuda devices",
           std::to_string(torch::cuda::is_available() ? torch::cuda::device_count() : 0)}};
}

}  // namespace isojoule::libtorch
