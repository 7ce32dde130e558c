// Runs ONNX's own tests of single operators (onnx/backend/test/case/node) on the program of
// operators.
//
// usage: libtorch_node_tests FOLDER [NAME]    FOLDER holds test_*/model.onnx,
// test_*/test_data_set_0
//
// Each test runs op by op, with its inputs as weights (so that everything is computed while the
// program is built), and traced. Prints a line a failure and one of counts; exit status 1 when a
// test fails that is no exception below.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "engine/libtorch/worker/faults.h"
#include "engine/libtorch/worker/static_module.h"

namespace isojoule::libtorch {
namespace {

namespace fs = std::filesystem;

// Tests whose answer differs, and why that is right.
constexpr const char* kAlignCorners =
    "divides by an output size that is no whole number (2.4 - 1); the output has 2 elements, and "
    "its "
    "corners are the input's. ONNX Runtime gives what LibTorch does";
const std::map<std::string, std::string> kExceptions = {
    {"test_resize_downsample_scales_cubic_align_corners", kAlignCorners},
    {"test_resize_downsample_scales_linear_align_corners", kAlignCorners},
};

std::vector<char> bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Case {
  OnnxModel model;
  std::vector<OnnxData> inputs, outputs;
};

Result<std::vector<OnnxData>> read_all(const fs::path& folder, const std::string& prefix) {
  std::vector<OnnxData> all;
  for (int i = 0;; ++i) {
    const fs::path path = folder / (prefix + std::to_string(i) + ".pb");
    if (!fs::exists(path)) return all;
    ISOJOULE_TRY(OnnxData data, read_onnx_data(bytes_of(path)));
    all.push_back(std::move(data));
  }
}

Tensors tensors_of(const std::vector<OnnxData>& all) {
  Tensors tensors;
  for (const OnnxData& data : all) tensors.push_back(tensor_of(data));
  return tensors;
}

Result<Case> read_case(const fs::path& folder) {
  Case result;
  ISOJOULE_TRY(result.model, read_onnx_model(bytes_of(folder / "model.onnx"), folder.string()));
  ISOJOULE_TRY(result.inputs, read_all(folder / "test_data_set_0", "input_"));
  ISOJOULE_TRY(result.outputs, read_all(folder / "test_data_set_0", "output_"));
  for (const auto* all : {&result.inputs, &result.outputs})  // types that LibTorch has not
    ISOJOULE_CHECK(guarded([&] { tensors_of(*all); }));
  return result;
}

Result<Tensors> run_by_operator(const Case& test) {
  ISOJOULE_TRY(Program program, Program::build(test.model, {}));
  return guarded([&] { return program.run(tensors_of(test.inputs)); });
}

Result<Tensors> run_folded(const Case& test) {
  OnnxModel model = test.model;
  for (std::size_t i = 0; i < model.inputs.size() && i < test.inputs.size(); ++i) {
    OnnxData data = test.inputs[i];
    data.name = model.inputs[i].name;
    model.initialisers.push_back(std::move(data));
  }
  model.inputs.clear();
  ISOJOULE_TRY(Program program, Program::build(model, {}));
  return guarded([&] { return program.run({}); });
}

Result<Tensors> run_traced(const Case& test) {
  ISOJOULE_TRY(Program program, Program::build(test.model, {at::kCPU, false, true}));
  return guarded([&] {
    const Tensors inputs = tensors_of(test.inputs);
    Tensors examples;  // others than the inputs, so that nothing of them can be in the trace
    for (const at::Tensor& input : inputs) examples.push_back(at::ones_like(input));
    std::vector<std::string> names;
    for (std::size_t i = 0; i < inputs.size(); ++i) names.push_back("input_" + std::to_string(i));
    torch::jit::Module module = traced_module(program, examples, names);
    settle(module, examples, "");
    return run_module(module, inputs);
  });
}

// "" when they are the same within the tolerance of ONNX's own runner.
std::string difference(const Tensors& got, const std::vector<OnnxData>& wanted) {
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const at::Tensor right = tensor_of(wanted[i]);
    const std::string output = "output " + std::to_string(i) + " ";
    if (i >= got.size()) return output + "is missing";
    if (got[i].sizes() != right.sizes()) return output + "has another shape";
    if (got[i].scalar_type() != right.scalar_type())
      return output + "is " + c10::toString(got[i].scalar_type()) + ", not " +
             c10::toString(right.scalar_type());
    const at::Tensor a = got[i].to(at::kDouble), b = right.to(at::kDouble);
    if (!at::allclose(a, b, 1e-3, 1e-6, true))
      return output + "differs by " + std::to_string(at::max(at::abs(a - b)).item().toDouble());
  }
  return "";
}

struct Counts {
  int passed = 0, failed = 0, refused = 0, excepted = 0;
};

void judge(const std::string& name, const char* way, const Result<Tensors>& got, const Case& test,
           Counts& counts) {
  if (!got && got.error().kind == ErrorKind::unsupported) {
    ++counts.refused;
    return;
  }
  const std::string fault = got ? difference(*got, test.outputs) : to_string(got.error());
  if (fault.empty()) {
    ++counts.passed;
  } else if (const auto known = kExceptions.find(name); known != kExceptions.end()) {
    ++counts.excepted;
  } else {
    ++counts.failed;
    std::printf("FAILED %s, %s: %s\n", name.c_str(), way, fault.c_str());
  }
}

void print(const char* way, const Counts& counts) {
  std::printf("%s: %d passed of %d, %d exceptions, %d refused\n", way, counts.passed,
              counts.passed + counts.failed + counts.excepted, counts.excepted, counts.refused);
}

int run(const fs::path& folder, const std::string& only) {
  std::vector<fs::path> tests;
  for (const auto& entry : fs::directory_iterator(folder)) tests.push_back(entry.path());
  std::sort(tests.begin(), tests.end());
  Counts by_operator, folded, traced;
  std::map<std::string, int> refusals;
  for (const fs::path& path : tests) {
    const std::string name = path.filename().string();
    if (!only.empty() && name != only) continue;
    const Result<Case> test = read_case(path);
    if (!test) {  // texts, sequences, training: nothing that a network here is made of
      ++refusals[test.error().what.substr(0, test.error().what.find('\''))];
      continue;
    }
    const Result<Tensors> first = run_by_operator(*test);
    judge(name, "by operator", first, *test, by_operator);
    if (!first && first.error().kind == ErrorKind::unsupported)
      ++refusals[first.error().what.substr(0, first.error().what.find("(node"))];
    if (!first) continue;
    judge(name, "folded", run_folded(*test), *test, folded);
    judge(name, "traced", run_traced(*test), *test, traced);
  }
  if (!only.empty() || std::getenv("ISOJOULE_REFUSALS") != nullptr)
    for (const auto& [what, count] : refusals) std::printf("%4d %s\n", count, what.c_str());
  print("by operator", by_operator);
  print("folded", folded);
  print("traced", traced);
  return by_operator.failed + folded.failed + traced.failed > 0 ? 1 : 0;
}

}  // namespace
}  // namespace isojoule::libtorch

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: libtorch_node_tests FOLDER [NAME]\n");
    return 2;
  }
  return isojoule::libtorch::run(argv[1], argc > 2 ? argv[2] : "");
}
