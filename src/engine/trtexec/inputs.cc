#include "engine/trtexec/inputs.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <set>

#include "base/random.h"
#include "base/text.h"
#include "base/text_file.h"
#include "cost/onnx_reader.h"
#include "cost/onnx_skim.h"

namespace isojoule::trtexec {
namespace {

Result<ElementType> element_type(const onnx::ValueInfoProto& input) {
  switch (input.type().tensor_type().elem_type()) {
    case onnx::TensorProto::FLOAT: return ElementType::float32;
    case onnx::TensorProto::FLOAT16: return ElementType::float16;
    case onnx::TensorProto::INT8: return ElementType::int8;
    case onnx::TensorProto::UINT8: return ElementType::uint8;
    case onnx::TensorProto::INT32: return ElementType::int32;
    case onnx::TensorProto::INT64: return ElementType::int64;
    case onnx::TensorProto::BOOL: return ElementType::boolean;
    default:
      return fail(ErrorKind::unsupported,
                  "input '" + input.name() + "' is of a type that trtexec cannot fill");
  }
}

Result<TensorSpec> spec_of(const onnx::ValueInfoProto& input) {
  TensorSpec spec;
  spec.name = input.name();
  ISOJOULE_TRY(spec.type, element_type(input));
  for (const auto& dimension : input.type().tensor_type().shape().dim())
    spec.shape.push_back(
        dimension.has_dim_value() && dimension.dim_value() > 0 ? dimension.dim_value() : -1);
  return spec;
}

bool is_open(const TensorSpec& spec) {
  return std::find(spec.shape.begin(), spec.shape.end(), -1) != spec.shape.end();
}

// A name with a colon has to stand in quotes, or its end is taken for the shape.
std::string quoted(const std::string& name) {
  return name.find(':') == std::string::npos ? name : "'" + name + "'";
}

}  // namespace

Result<ModelInputs> read_model_inputs(const std::string& path) {
  ISOJOULE_TRY(const MappedFile file, MappedFile::open(path));
  ISOJOULE_TRY(const std::string skimmed, skim_onnx(file.bytes(), path));
  onnx::ModelProto model;
  if (!model.ParseFromString(skimmed) || !model.has_graph())
    return fail(ErrorKind::parse, path + " is no ONNX model", "Give the path of an ONNX file.");
  ModelInputs found;
  std::set<std::string> weights, files;
  for (const auto& tensor : model.graph().initializer()) {
    weights.insert(tensor.name());
    for (const auto& entry : tensor.external_data())
      if (entry.key() == "location") files.insert(entry.value());
  }
  found.external_files.assign(files.begin(), files.end());
  for (const auto& input : model.graph().input()) {
    if (weights.contains(input.name())) continue;  // old exporters list the weights, too
    ISOJOULE_TRY(TensorSpec spec, spec_of(input));
    found.inputs.push_back(std::move(spec));
  }
  return found;
}

std::string shapes_argument(const std::vector<TensorSpec>& model,
                            const std::vector<TensorSpec>& closed) {
  std::string text;
  for (std::size_t i = 0; i < model.size() && i < closed.size(); ++i) {
    if (!is_open(model[i])) continue;
    if (!text.empty()) text += ",";
    text += quoted(closed[i].name) + ":" + shape_words(closed[i].shape);
  }
  return text;
}

Result<std::string> write_inputs(const std::vector<TensorSpec>& inputs, const Options& options,
                                 bool wide, std::uint64_t seed, const std::string& folder) {
  std::string argument;
  for (const auto& [input_name, limit] : options.common.limits) {
    const std::string& name = input_name;  // a binding cannot be captured
    const auto spec = std::find_if(inputs.begin(), inputs.end(),
                                   [&name](const auto& input) { return input.name == name; });
    if (spec == inputs.end())
      return fail(ErrorKind::not_found, "option limit." + name + ": the model has no such input");
    if (spec->type != ElementType::int64 && spec->type != ElementType::int32)
      return fail(ErrorKind::invalid, "option limit." + name + ": the input holds no integers");
    const std::optional<std::size_t> count = element_count(spec->shape);
    if (!count) return fail(ErrorKind::out_of_range, "input '" + name + "' is too large");
    const std::size_t size = spec->type == ElementType::int64 && wide ? 8 : 4;
    std::string bytes(*count * size, '\0');
    Random random(seed);
    for (std::size_t i = 0; i < *count; ++i) {
      const auto value =
          static_cast<std::uint64_t>(random.below(static_cast<std::uint64_t>(limit)));
      for (std::size_t b = 0; b < 4; ++b) bytes[i * size + b] = static_cast<char>(value >> (8 * b));
    }
    const std::string path = folder + "/input_" + std::to_string(spec - inputs.begin());
    ISOJOULE_CHECK(write_text_file(path, bytes));
    argument += (argument.empty() ? "" : ",") + quoted(name) + ":" + path;
  }
  return argument;
}

}  // namespace isojoule::trtexec
