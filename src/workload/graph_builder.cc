#include "workload/graph_builder.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <onnx/onnx_pb.h>

#include <bit>
#include <cerrno>
#include <cstring>

#include "base/file_tree.h"
#include "base/random.h"

namespace isojoule {
namespace {

static_assert(std::endian::native == std::endian::little, "TensorProto.raw_data is little-endian");

constexpr int kWriteBlock = 1 << 20;  // bytes a write(); the default of 8 kB costs 30,000 calls
constexpr char kBatchName[] = "batch";

// The IR version that came with an operator set (onnx/docs/Versioning.md).
int ir_version_of(int opset) {
  if (opset <= 10) return 5;
  if (opset == 11) return 6;
  if (opset <= 14) return 7;
  return 8;
}

std::int64_t product(const std::vector<std::int64_t>& factors) {
  std::int64_t result = 1;
  for (const std::int64_t factor : factors) result *= factor;
  return result;
}

// 24 random bits a float, two floats a draw. No addition is fused into the multiplication, so that
// the bytes do not depend on the processor.
void fill_uniform(std::string& raw, std::uint64_t seed, double radius, double centre) {
  Random random(seed);
  const float scale = static_cast<float>(radius / (1 << 23));
  const float middle = static_cast<float>(centre);
  const std::size_t count = raw.size() / sizeof(float);
  for (std::size_t i = 0; i < count; i += 2) {
    const std::uint64_t bits = random.next();
    float pair[2];
    for (int half = 0; half < 2; ++half) {
      const auto word = static_cast<std::int32_t>(static_cast<std::uint32_t>(bits >> (32 * half)));
      const float offset = static_cast<float>(word >> 8) * scale;
      pair[half] = middle == 0 ? offset : middle + offset;
    }
    std::memcpy(raw.data() + i * sizeof(float), pair,
                std::min<std::size_t>(2, count - i) * sizeof(float));
  }
}

void set_shape(onnx::ValueInfoProto& info, const GraphValue& value,
               onnx::TensorProto::DataType type = onnx::TensorProto::FLOAT) {
  info.set_name(value.name);
  auto* tensor = info.mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(type);
  auto* shape = tensor->mutable_shape();
  for (const std::int64_t size : value.shape) {
    if (size == kDynamicBatch) {
      shape->add_dim()->set_dim_param(kBatchName);
    } else {
      shape->add_dim()->set_dim_value(size);
    }
  }
}

void set_attribute(onnx::AttributeProto& proto, const Attribute& attribute) {
  proto.set_name(attribute.name);
  if (const auto* integer = std::get_if<std::int64_t>(&attribute.value)) {
    proto.set_type(onnx::AttributeProto::INT);
    proto.set_i(*integer);
  } else if (const auto* real = std::get_if<float>(&attribute.value)) {
    proto.set_type(onnx::AttributeProto::FLOAT);
    proto.set_f(*real);
  } else if (const auto* text = std::get_if<std::string>(&attribute.value)) {
    proto.set_type(onnx::AttributeProto::STRING);
    proto.set_s(*text);
  } else {
    proto.set_type(onnx::AttributeProto::INTS);
    for (const auto value : std::get<std::vector<std::int64_t>>(attribute.value))
      proto.add_ints(value);
  }
}

}  // namespace

struct GraphBuilder::Model {
  ZooOptions options;
  std::string network;
  onnx::ModelProto proto;
  std::vector<std::int64_t> missing_bytes;  // an initialiser: the data that it was not given

  GraphValue add_input(const std::string& name, std::vector<std::int64_t> shape,
                       onnx::TensorProto::DataType type);
};

GraphBuilder::GraphBuilder(std::string_view network, const ZooOptions& options)
    : model_(std::make_unique<Model>()) {
  model_->options = options;
  model_->network = network;
  auto& proto = model_->proto;
  proto.set_ir_version(ir_version_of(options.opset));
  proto.set_producer_name("isojoule");
  auto* opset = proto.add_opset_import();
  opset->set_domain("");
  opset->set_version(options.opset);
  proto.mutable_graph()->set_name(model_->network);
}

GraphBuilder::~GraphBuilder() = default;

int GraphBuilder::opset() const { return model_->options.opset; }

GraphValue GraphBuilder::Model::add_input(const std::string& name, std::vector<std::int64_t> shape,
                                          onnx::TensorProto::DataType type) {
  shape.insert(shape.begin(), options.dynamic_batch ? kDynamicBatch : options.batch);
  GraphValue value{name, std::move(shape)};
  set_shape(*proto.mutable_graph()->add_input(), value, type);
  return value;
}

GraphValue GraphBuilder::input(const std::string& name, std::vector<std::int64_t> shape) {
  return model_->add_input(name, std::move(shape), onnx::TensorProto::FLOAT);
}

GraphValue GraphBuilder::integer_input(const std::string& name, std::vector<std::int64_t> shape) {
  return model_->add_input(name, std::move(shape), onnx::TensorProto::INT64);
}

void GraphBuilder::output(const GraphValue& value, const std::string& name) {
  auto& graph = *model_->proto.mutable_graph();
  for (auto& node : *graph.mutable_node()) {
    for (auto& tensor : *node.mutable_input())
      if (tensor == value.name) tensor = name;
    for (auto& tensor : *node.mutable_output())
      if (tensor == value.name) tensor = name;
  }
  auto& infos = *graph.mutable_value_info();
  for (int i = 0; i < infos.size(); ++i) {
    if (infos[i].name() != value.name) continue;
    infos.DeleteSubrange(i, 1);
    break;
  }
  set_shape(*graph.add_output(), GraphValue{name, value.shape});
}

GraphValue GraphBuilder::node(std::string_view operation, const std::string& name,
                              const std::vector<std::string>& inputs,
                              std::vector<std::int64_t> shape,
                              const std::vector<Attribute>& attributes) {
  auto& graph = *model_->proto.mutable_graph();
  auto& node = *graph.add_node();
  node.set_name(name);
  node.set_op_type(std::string(operation));
  for (const auto& input : inputs) node.add_input(input);
  node.add_output(name);
  for (const auto& attribute : attributes) set_attribute(*node.add_attribute(), attribute);
  GraphValue value{name, std::move(shape)};
  set_shape(*graph.add_value_info(), value);
  return value;
}

std::string GraphBuilder::weight(const std::string& name, const std::vector<std::int64_t>& shape,
                                 double radius, double centre) {
  auto& tensor = *model_->proto.mutable_graph()->add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(onnx::TensorProto::FLOAT);
  for (const std::int64_t size : shape) tensor.add_dims(size);
  const std::int64_t bytes = product(shape) * static_cast<std::int64_t>(sizeof(float));
  model_->missing_bytes.push_back(model_->options.weights ? 0 : bytes);
  if (model_->options.weights) {
    tensor.mutable_raw_data()->resize(static_cast<std::size_t>(bytes));
    fill_uniform(*tensor.mutable_raw_data(),
                 seed_for(model_->options.seed, model_->network + "/" + name), radius, centre);
  }
  return name;
}

std::string GraphBuilder::constant(const std::string& name, const std::vector<float>& values) {
  auto& tensor = *model_->proto.mutable_graph()->add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(onnx::TensorProto::FLOAT);
  if (values.size() != 1) tensor.add_dims(static_cast<std::int64_t>(values.size()));
  tensor.set_raw_data(values.data(), values.size() * sizeof(float));
  model_->missing_bytes.push_back(0);
  return name;
}

std::string GraphBuilder::integers(const std::string& name,
                                   const std::vector<std::int64_t>& values) {
  auto& tensor = *model_->proto.mutable_graph()->add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(onnx::TensorProto::INT64);
  tensor.add_dims(static_cast<std::int64_t>(values.size()));
  tensor.set_raw_data(values.data(), values.size() * sizeof(std::int64_t));
  model_->missing_bytes.push_back(0);
  return name;
}

// ONNX's messages hold no map fields, so protobuf's bytes are the same at every call.
std::string GraphBuilder::serialise() const { return model_->proto.SerializeAsString(); }

Status GraphBuilder::write(int descriptor, const std::string& path) const {
  google::protobuf::io::FileOutputStream file(descriptor, kWriteBlock);
  if (model_->proto.SerializeToZeroCopyStream(&file) && file.Flush()) return {};
  const int number = file.GetErrno() != 0 ? file.GetErrno() : EIO;
  return tl::unexpected<Error>(error_from_errno(number, path, "write"));
}

std::uint64_t GraphBuilder::size_with_weights() const {
  // Each missing tensor brings its data, the data's tag (one byte) and length, and makes the
  // lengths of the messages around it longer: initialiser, then graph.
  using google::protobuf::io::CodedOutputStream;
  const auto with_length = [](std::uint64_t n) { return CodedOutputStream::VarintSize64(n) + n; };
  const auto& graph = model_->proto.graph();
  std::uint64_t graph_size = graph.ByteSizeLong();
  for (int i = 0; i < graph.initializer_size(); ++i) {
    const auto bytes =
        static_cast<std::uint64_t>(model_->missing_bytes[static_cast<std::size_t>(i)]);
    if (bytes == 0) continue;
    const std::uint64_t bare = graph.initializer(i).ByteSizeLong();
    graph_size += with_length(bare + 1 + with_length(bytes)) - with_length(bare);
  }
  return model_->proto.ByteSizeLong() - with_length(graph.ByteSizeLong()) + with_length(graph_size);
}

}  // namespace isojoule
