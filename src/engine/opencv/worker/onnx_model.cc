#include <onnx/onnx_pb.h>

#include <climits>
#include <set>

#include "cost/onnx_skim.h"
#include "engine/opencv/worker/guarded.h"
#include "engine/opencv/worker/model.h"
#include "engine/opencv/worker/onnx_changes.h"

namespace isojoule {
namespace {

TensorSpec spec_of(const onnx::ValueInfoProto& value) {
  TensorSpec spec;
  spec.name = value.name();
  for (const auto& dimension : value.type().tensor_type().shape().dim())
    spec.shape.push_back(dimension.has_dim_value() ? dimension.dim_value() : -1);
  return spec;
}

// OpenCV's DNN computes in floats and takes nothing else.
Result<std::vector<TensorSpec>> inputs_of(const onnx::GraphProto& graph) {
  std::set<std::string> weights;
  for (const auto& tensor : graph.initializer()) weights.insert(tensor.name());
  std::vector<TensorSpec> specs;
  for (const auto& input : graph.input()) {
    if (weights.contains(input.name())) continue;
    if (input.type().tensor_type().elem_type() != onnx::TensorProto::FLOAT)
      return fail(ErrorKind::unsupported,
                  "input '" + input.name() + "' is not of 32-bit floats, and OpenCV takes no other",
                  "Take another engine, e.g. onnxruntime.");
    specs.push_back(spec_of(input));
  }
  return specs;
}

Status check_weights_inside(const onnx::GraphProto& graph) {
  for (const auto& tensor : graph.initializer())
    if (tensor.data_location() == onnx::TensorProto::EXTERNAL)
      return fail(ErrorKind::unsupported,
                  "the weights of '" + tensor.name() + "' lie in a file of their own",
                  "OpenCV reads one file: save the model with its weights inside.");
  return {};
}

std::map<std::string, std::string> operations_of(const onnx::GraphProto& graph) {
  std::map<std::string, std::string> operations;
  for (const auto& node : graph.node()) {
    if (!node.name().empty()) operations[node.name()] = node.op_type();
    for (const std::string& output : node.output()) operations.emplace(output, node.op_type());
  }
  return operations;
}

// `bytes` when nothing has to be changed. Protobuf's messages end at 2 GiB.
Result<std::string> changed_model(const std::vector<char>& bytes, const OnnxChanges& changes,
                                  const std::vector<TensorSpec>& inputs) {
  onnx::ModelProto model;
  std::string changed;
  if (bytes.size() > INT_MAX || !model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return fail(ErrorKind::parse, "the model cannot be read whole: " + changes.words(),
                "Export it with ONNX operator set 10 and closed shapes.");
  change(*model.mutable_graph(), changes, inputs);
  model.SerializeToString(&changed);
  return changed;
}

}  // namespace

Result<BuiltModel> build_onnx(const ModelBytes& bytes, const Job& job,
                              const CommonOptions& common) {
  ISOJOULE_TRY(const std::string skimmed, skim_onnx(bytes.model, job.model_path));
  onnx::ModelProto model;
  if (!model.ParseFromString(skimmed))
    return fail(ErrorKind::parse, job.model_path + ": no ONNX file",
                "Name a model in ONNX's binary format (.onnx)");
  const onnx::GraphProto& graph = model.graph();
  ISOJOULE_CHECK(check_weights_inside(graph));
  ISOJOULE_TRY(const auto specs, inputs_of(graph));
  BuiltModel built;
  ISOJOULE_TRY(built.inputs, resolve_inputs(specs, job.batch, common));
  for (const auto& output : graph.output()) built.outputs.push_back(spec_of(output));
  built.operations = operations_of(graph);
  const OnnxChanges changes = needed_changes(graph);
  std::string changed;
  if (changes.any()) {
    ISOJOULE_TRY(changed, changed_model(bytes.model, changes, built.inputs));
    built.notes["model changed for OpenCV"] = changes.words();
  }
  return guarded(ErrorKind::unsupported, [&]() -> Result<BuiltModel> {
    built.net = changes.any() ? cv::dnn::readNetFromONNX(changed.data(), changed.size())
                              : cv::dnn::readNetFromONNX(bytes.model.data(), bytes.model.size());
    return std::move(built);
  });
}

}  // namespace isojoule
