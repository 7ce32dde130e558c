// The floor of bench/harness.cc: ONNX Runtime and a loop, nothing of isojoule around it.
//
//   isojoule-bare-loop LIBRARY MODEL BATCH WARM_UP BATCHES [THREADS]
//
// Prints the nanoseconds of every batch, one a line.
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#define ORT_API_MANUAL_INIT
#include <onnxruntime_cxx_api.h>

namespace {

long long now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

int run(char** argv, int threads) {
  const long batch = std::atol(argv[3]), warm_up = std::atol(argv[4]), batches = std::atol(argv[5]);
  Ort::Env environment(ORT_LOGGING_LEVEL_ERROR, "bare");
  Ort::SessionOptions options;
  options.SetGraphOptimizationLevel(ORT_ENABLE_ALL);
  if (threads > 0) options.SetIntraOpNumThreads(threads);
  Ort::Session session(environment, argv[2], options);
  Ort::AllocatorWithDefaultOptions allocator;
  const auto input_name = session.GetInputNameAllocated(0, allocator);
  const auto output_name = session.GetOutputNameAllocated(0, allocator);
  auto shape = session.GetInputTypeInfo(0).GetTensorTypeAndShapeInfo().GetShape();
  shape[0] = batch;
  std::size_t count = 1;
  for (const auto size : shape) count *= static_cast<std::size_t>(size);
  std::vector<float> data(count);
  for (std::size_t i = 0; i < count; ++i) data[i] = static_cast<float>(i % 255) / 255;
  const auto memory = Ort::MemoryInfo::CreateCpu(OrtDeviceAllocator, OrtMemTypeCPU);
  Ort::Value input =
      Ort::Value::CreateTensor<float>(memory, data.data(), count, shape.data(), shape.size());
  const char* inputs[] = {input_name.get()};
  const char* outputs[] = {output_name.get()};
  std::vector<long long> times;
  times.reserve(static_cast<std::size_t>(batches));
  std::vector<Ort::Value> results;
  for (long i = -warm_up; i < batches; ++i) {
    const long long begin = now_ns();
    results = session.Run(Ort::RunOptions{nullptr}, inputs, &input, 1, outputs, 1);
    if (i >= 0) times.push_back(now_ns() - begin);
  }
  for (const long long time : times) std::printf("%lld\n", time);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) {
    std::fprintf(stderr, "usage: %s LIBRARY MODEL BATCH WARM_UP BATCHES [THREADS]\n", argv[0]);
    return 2;
  }
  setenv("ORT_DISABLE_TELEMETRY", "1", 1);
  void* library = dlopen(argv[1], RTLD_NOW);
  using GetBase = const OrtApiBase* (*)();
  void* symbol = library == nullptr ? nullptr : dlsym(library, "OrtGetApiBase");
  if (symbol == nullptr) {
    std::fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  const OrtApiBase* base = reinterpret_cast<GetBase>(symbol)();
  const OrtApi* api = base->GetApi(ORT_API_VERSION);
  if (api == nullptr) return 1;
  Ort::InitApi(api);
  return run(argv, argc > 6 ? std::atoi(argv[6]) : 0);
}
