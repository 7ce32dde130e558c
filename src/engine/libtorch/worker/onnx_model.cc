#include "engine/libtorch/worker/onnx_model.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <onnx/onnx_pb.h>

#include <climits>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>

namespace isojoule::libtorch {
namespace {

constexpr const char* kExport = "Check the file: it may be cut short, or not ONNX.";

template <typename Message>
bool parse(Message& message, std::span<const char> file) {
  if (file.empty() || file.size() > INT_MAX) return false;
  google::protobuf::io::ArrayInputStream stream(file.data(), static_cast<int>(file.size()));
  google::protobuf::io::CodedInputStream coded(&stream);
  coded.SetTotalBytesLimit(INT_MAX);
  return message.ParseFromCodedStream(&coded) && coded.ConsumedEntireMessage();
}

// Values of a typed field, stored as elements of type To.
template <typename To, typename Field>
std::string packed(const Field& values) {
  std::string bytes(static_cast<std::size_t>(values.size()) * sizeof(To), '\0');
  std::size_t at = 0;
  for (const auto value : values) {
    const To element = static_cast<To>(value);
    std::memcpy(bytes.data() + at, &element, sizeof(To));
    at += sizeof(To);
  }
  return bytes;
}

// Size of an element; 0: a type that is no plain number.
std::size_t element_size(int type) {
  using T = onnx::TensorProto;
  switch (type) {
    case T::BOOL:
    case T::INT8:
    case T::UINT8: return 1;
    case T::INT16:
    case T::UINT16:
    case T::FLOAT16:
    case T::BFLOAT16: return 2;
    case T::FLOAT:
    case T::INT32:
    case T::UINT32: return 4;
    case T::DOUBLE:
    case T::INT64:
    case T::UINT64: return 8;
    default: return 0;
  }
}

// onnx.proto: which field holds which type when raw_data is not used.
std::string typed_data(const onnx::TensorProto& tensor) {
  using T = onnx::TensorProto;
  switch (tensor.data_type()) {
    case T::FLOAT: return packed<float>(tensor.float_data());
    case T::DOUBLE: return packed<double>(tensor.double_data());
    case T::INT64: return packed<std::int64_t>(tensor.int64_data());
    case T::UINT64: return packed<std::uint64_t>(tensor.uint64_data());
    case T::UINT32: return packed<std::uint32_t>(tensor.uint64_data());
    case T::INT32: return packed<std::int32_t>(tensor.int32_data());
    case T::INT16:
    case T::UINT16:
    case T::FLOAT16:
    case T::BFLOAT16: return packed<std::uint16_t>(tensor.int32_data());
    default: return packed<std::uint8_t>(tensor.int32_data());
  }
}

std::optional<ElementType> element_type(int type) {
  using T = onnx::TensorProto;
  switch (type) {
    case T::FLOAT: return ElementType::float32;
    case T::FLOAT16: return ElementType::float16;
    case T::DOUBLE: return ElementType::float64;
    case T::INT8: return ElementType::int8;
    case T::UINT8: return ElementType::uint8;
    case T::INT32: return ElementType::int32;
    case T::INT64: return ElementType::int64;
    case T::BOOL: return ElementType::boolean;
    default: return std::nullopt;
  }
}

class Reader {
 public:
  explicit Reader(std::string folder) : folder_(std::move(folder)) {}

  Result<OnnxModel> model(onnx::ModelProto& proto) {
    OnnxModel model;
    for (const auto& import : proto.opset_import())
      if (import.domain().empty() || import.domain() == "ai.onnx") model.opset = import.version();
    onnx::GraphProto& graph = *proto.mutable_graph();
    std::map<std::string, bool> known;
    for (auto& tensor : *graph.mutable_initializer()) {
      known[tensor.name()] = true;
      ISOJOULE_TRY(OnnxData taken, data(tensor));
      model.initialisers.push_back(std::move(taken));
      tensor.Clear();  // large models are in memory once, not twice
    }
    if (graph.sparse_initializer_size() > 0)
      return fail(ErrorKind::unsupported, "the model has sparse initialisers",
                  "Export it with dense weights.");
    for (const auto& input : graph.input()) {
      if (known.contains(input.name())) continue;  // a weight that may be overridden
      ISOJOULE_TRY(TensorSpec spec, input_spec(input));
      model.inputs.push_back(std::move(spec));
    }
    for (const auto& output : graph.output()) model.outputs.push_back(output.name());
    for (auto& node : *graph.mutable_node()) {
      ISOJOULE_TRY(OnnxNode taken, this->node(node));
      model.nodes.push_back(std::move(taken));
    }
    return model;
  }

  Result<OnnxData> data(onnx::TensorProto& tensor) const {
    OnnxData result{tensor.name(), tensor.data_type(), {}, {}};
    result.shape.assign(tensor.dims().begin(), tensor.dims().end());
    const std::size_t size = element_size(result.type);
    const auto count = element_count(result.shape);
    if (size == 0)
      return fail(ErrorKind::unsupported, "tensor '" + result.name + "' has no numbers as elements",
                  "Use a model without texts, sparse or complex tensors.");
    if (!count)
      return fail(ErrorKind::parse, "tensor '" + result.name + "' has a size that cannot be",
                  kExport);
    if (tensor.data_location() == onnx::TensorProto::EXTERNAL) {
      ISOJOULE_TRY(result.bytes, external(tensor, *count * size));
    } else {
      result.bytes =
          tensor.has_raw_data() ? std::move(*tensor.mutable_raw_data()) : typed_data(tensor);
    }
    if (result.bytes.size() != *count * size)
      return fail(ErrorKind::parse,
                  "tensor '" + result.name + "' (" + shape_words(result.shape) + ") has " +
                      std::to_string(result.bytes.size()) + " bytes instead of " +
                      std::to_string(*count * size),
                  kExport);
    return result;
  }

 private:
  static Result<TensorSpec> input_spec(const onnx::ValueInfoProto& input) {
    const auto& tensor = input.type().tensor_type();
    const auto type = element_type(tensor.elem_type());
    if (!input.type().has_tensor_type() || !type)
      return fail(
          ErrorKind::unsupported,
          "input '" + input.name() + "' is not a tensor of numbers that can be filled",
          "Use a model whose inputs are tensors of float, int8, uint8, int32, int64 or bool.");
    TensorSpec spec{input.name(), *type, {}};
    for (const auto& dimension : tensor.shape().dim())
      spec.shape.push_back(dimension.has_dim_value() ? dimension.dim_value() : -1);
    return spec;
  }

  Result<OnnxNode> node(onnx::NodeProto& proto) const {
    OnnxNode node;
    node.operation = proto.op_type();
    node.domain = proto.domain() == "ai.onnx" ? "" : proto.domain();
    node.inputs.assign(proto.input().begin(), proto.input().end());
    node.outputs.assign(proto.output().begin(), proto.output().end());
    node.name = proto.name().empty() && !node.outputs.empty() ? node.outputs[0] : proto.name();
    for (auto& attribute : *proto.mutable_attribute()) {
      ISOJOULE_TRY(node.attributes[attribute.name()], this->attribute(attribute));
    }
    return node;
  }

  Result<OnnxAttribute> attribute(onnx::AttributeProto& proto) const {
    OnnxAttribute result;
    result.integers.assign(proto.ints().begin(), proto.ints().end());
    result.numbers.assign(proto.floats().begin(), proto.floats().end());
    result.texts.assign(proto.strings().begin(), proto.strings().end());
    if (proto.type() == onnx::AttributeProto::INT) result.integers = {proto.i()};
    if (proto.type() == onnx::AttributeProto::FLOAT) result.numbers = {proto.f()};
    if (proto.type() == onnx::AttributeProto::STRING) result.texts = {proto.s()};
    if (proto.type() == onnx::AttributeProto::TENSOR) {
      ISOJOULE_TRY(OnnxData taken, data(*proto.mutable_t()));
      result.tensors.push_back(std::move(taken));
    }
    return result;
  }

  Result<std::string> external(const onnx::TensorProto& tensor, std::size_t bytes) const {
    std::string location;
    std::int64_t offset = 0;
    for (const auto& entry : tensor.external_data()) {
      if (entry.key() == "location") location = entry.value();
      if (entry.key() == "offset") offset = std::atoll(entry.value().c_str());
    }
    const std::filesystem::path relative(location);
    // Beside the model and nowhere else: a model is a file that somebody else wrote.
    for (const auto& part : relative)
      if (relative.is_absolute() || part == "..")
        return fail(ErrorKind::invalid,
                    "tensor '" + tensor.name() + "' lies outside of the model's folder",
                    "Put the external data beside the model.");
    const std::string path = (std::filesystem::path(folder_) / relative).string();
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file)
      return fail(ErrorKind::not_found, "the model's external data " + path + " cannot be opened",
                  "Put it beside the model.");
    const auto size = static_cast<std::int64_t>(file.tellg());
    if (offset < 0 || offset > size || static_cast<std::size_t>(size - offset) < bytes)
      return fail(ErrorKind::parse, "the model's external data " + path + " is too short", kExport);
    std::string result(bytes, '\0');
    file.seekg(offset);
    if (!file.read(result.data(), static_cast<std::streamsize>(bytes)))
      return fail(ErrorKind::io, "the model's external data " + path + " cannot be read");
    return result;
  }

  std::string folder_;
};

}  // namespace

Result<OnnxModel> read_onnx_model(std::span<const char> file, const std::string& folder) {
  onnx::ModelProto proto;
  if (!parse(proto, file))
    return fail(ErrorKind::parse, "not an ONNX model (" + std::to_string(file.size()) + " bytes)",
                kExport);
  if (!proto.has_graph() || proto.graph().node_size() == 0 || proto.opset_import_size() == 0)
    return fail(ErrorKind::parse, "not an ONNX model: it has no graph, nodes or operator set",
                kExport);
  return Reader(folder).model(proto);
}

Result<OnnxData> read_onnx_data(std::span<const char> file) {
  onnx::TensorProto proto;
  if (!parse(proto, file)) return fail(ErrorKind::parse, "not an ONNX tensor", kExport);
  return Reader({}).data(proto);
}

}  // namespace isojoule::libtorch
