// What counting a network costs, beside protobuf reading the whole file and beside the bytes alone.
// The model is a zoo network with its weights, in a file of the temporary folder (cached by then).
#include <benchmark/benchmark.h>
#include <onnx/onnx_pb.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "cost/cost.h"
#include "workload/zoo.h"

namespace {

using namespace isojoule;

const std::string& model_file() {
  static const struct File {
    std::string path = (std::filesystem::temp_directory_path() /
                        ("isojoule-cost-bench-" + std::to_string(::getpid()) + ".onnx"))
                           .string();
    File() {
      const auto bytes = zoo_model("resnet-50", {});
      if (bytes) std::ofstream(path, std::ios::binary) << *bytes;
    }
    ~File() { std::filesystem::remove(path); }
  } file;
  return file.path;
}

void cost_of_resnet_50(benchmark::State& state) {
  for (auto _ : state) {
    const auto cost = network_cost(model_file(), 1);
    if (!cost) return state.SkipWithError(cost.error().what.c_str());
    benchmark::DoNotOptimize(cost->macs());
  }
}
BENCHMARK(cost_of_resnet_50)->Unit(benchmark::kMillisecond);

void protobuf_of_resnet_50(benchmark::State& state) {
  for (auto _ : state) {
    std::ifstream file(model_file(), std::ios::binary);
    onnx::ModelProto model;
    if (!model.ParseFromIstream(&file)) return state.SkipWithError("not parsed");
    benchmark::DoNotOptimize(model.graph().node_size());
  }
}
BENCHMARK(protobuf_of_resnet_50)->Unit(benchmark::kMillisecond);

void bytes_of_resnet_50(benchmark::State& state) {
  for (auto _ : state) {
    std::ifstream file(model_file(), std::ios::binary);
    std::string bytes(std::filesystem::file_size(model_file()), '\0');
    file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    benchmark::DoNotOptimize(bytes.data());
  }
}
BENCHMARK(bytes_of_resnet_50)->Unit(benchmark::kMillisecond);

}  // namespace
