#include "workload/graph_builder.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <onnx/onnx_pb.h>

#include <bit>
#include <cassert>
#include <cerrno>
#include <cmath>
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

void set_shape(onnx::ValueInfoProto& info, const Value& value) {
  info.set_name(value.name);
  auto* tensor = info.mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(onnx::TensorProto::FLOAT);
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

Value GraphBuilder::input(const std::string& name, std::vector<std::int64_t> shape) {
  const auto& options = model_->options;
  shape.insert(shape.begin(), options.dynamic_batch ? kDynamicBatch : options.batch);
  Value value{name, std::move(shape)};
  set_shape(*model_->proto.mutable_graph()->add_input(), value);
  return value;
}

void GraphBuilder::output(const Value& value, const std::string& name) {
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
  set_shape(*graph.add_output(), Value{name, value.shape});
}

Value GraphBuilder::node(std::string_view operation, const std::string& name,
                         const std::vector<std::string>& inputs, std::vector<std::int64_t> shape,
                         const std::vector<Attribute>& attributes) {
  auto& graph = *model_->proto.mutable_graph();
  auto& node = *graph.add_node();
  node.set_name(name);
  node.set_op_type(std::string(operation));
  for (const auto& input : inputs) node.add_input(input);
  node.add_output(name);
  for (const auto& attribute : attributes) set_attribute(*node.add_attribute(), attribute);
  Value value{name, std::move(shape)};
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

Value GraphBuilder::convolution(const Value& x, const std::string& name, const Convolution& layer) {
  assert(x.shape.size() == 4 && x.shape[1] % layer.groups == 0 &&
         layer.channels % layer.groups == 0);
  const std::int64_t depth = x.shape[1] / layer.groups;
  const double fan_in = static_cast<double>(depth * layer.kernel * layer.kernel);
  // A uniform distribution of radius r has the variance r^2 / 3.
  const double radius = std::sqrt(3.0 * (x.rectified ? 2.0 : 1.0) / fan_in);
  std::vector<std::string> inputs = {
      x.name,
      weight(name + ".weight", {layer.channels, depth, layer.kernel, layer.kernel}, radius)};
  if (layer.bias) inputs.push_back(weight(name + ".bias", {layer.channels}, 0.05));
  std::vector<std::int64_t> shape = {x.shape[0], layer.channels};
  for (int axis = 2; axis < 4; ++axis)
    shape.push_back((x.shape[axis] + 2 * layer.padding - layer.kernel) / layer.stride + 1);
  using Integers = std::vector<std::int64_t>;
  return node("Conv", name, inputs, shape,
              {{"dilations", Integers{1, 1}},
               {"group", layer.groups},
               {"kernel_shape", Integers{layer.kernel, layer.kernel}},
               {"pads", Integers(4, layer.padding)},
               {"strides", Integers{layer.stride, layer.stride}}});
}

Value GraphBuilder::batch_norm(const Value& x, const std::string& name) {
  const std::vector<std::int64_t> channels = {x.shape[1]};
  // Statistics as of a trained network whose layers give mean 0 and variance 1, roughly.
  const std::string scale = weight(name + ".weight", channels, 0.2, 1.0);
  const std::string shift = weight(name + ".bias", channels, 0.1);
  const std::string mean = weight(name + ".running_mean", channels, 0.1);
  const std::string variance = weight(name + ".running_var", channels, 0.2, 1.0);
  return node("BatchNormalization", name, {x.name, scale, shift, mean, variance}, x.shape,
              {{"epsilon", 1e-5F}, {"momentum", 0.9F}});
}

Value GraphBuilder::linear(const Value& x, const std::string& name, std::int64_t features) {
  assert(x.shape.size() == 2);
  const double radius =
      std::sqrt(3.0 * (x.rectified ? 2.0 : 1.0) / static_cast<double>(x.shape[1]));
  const std::string weights = weight(name + ".weight", {features, x.shape[1]}, radius);
  const std::string bias = weight(name + ".bias", {features}, 0.05);
  return node("Gemm", name, {x.name, weights, bias}, {x.shape[0], features},
              {{"alpha", 1.0F}, {"beta", 1.0F}, {"transB", std::int64_t{1}}});
}

Value GraphBuilder::relu(const Value& x, const std::string& name) {
  Value y = node("Relu", name, {x.name}, x.shape);
  y.rectified = true;
  return y;
}

Value GraphBuilder::clip(const Value& x, const std::string& name, float low, float high) {
  // The limits were attributes until operator set 10.
  Value y = opset() < 11
                ? node("Clip", name, {x.name}, x.shape, {{"max", high}, {"min", low}})
                : node("Clip", name,
                       {x.name, constant(name + ".min", {low}), constant(name + ".max", {high})},
                       x.shape);
  y.rectified = low >= 0;
  return y;
}

Value GraphBuilder::pool(std::string_view operation, const Value& x, const std::string& name,
                         const Pool& layer) {
  std::vector<std::int64_t> shape = {x.shape[0], x.shape[1]};
  for (int axis = 2; axis < 4; ++axis)
    shape.push_back((x.shape[axis] + 2 * layer.padding - layer.kernel) / layer.stride + 1);
  using Integers = std::vector<std::int64_t>;
  Value y = node(operation, name, {x.name}, shape,
                 {{"ceil_mode", std::int64_t{0}},
                  {"kernel_shape", Integers{layer.kernel, layer.kernel}},
                  {"pads", Integers(4, layer.padding)},
                  {"strides", Integers{layer.stride, layer.stride}}});
  y.rectified = x.rectified;
  return y;
}

Value GraphBuilder::max_pool(const Value& x, const std::string& name, const Pool& layer) {
  return pool("MaxPool", x, name, layer);
}

Value GraphBuilder::average_pool(const Value& x, const std::string& name, const Pool& layer) {
  return pool("AveragePool", x, name, layer);
}

Value GraphBuilder::adaptive_average_pool(const Value& x, const std::string& name,
                                          std::int64_t size) {
  assert(x.shape[2] == x.shape[3] && x.shape[2] % size == 0);
  const std::int64_t step = x.shape[2] / size;
  return average_pool(x, name, {step, step, 0});
}

Value GraphBuilder::global_average_pool(const Value& x, const std::string& name) {
  Value y = node("GlobalAveragePool", name, {x.name}, {x.shape[0], x.shape[1], 1, 1});
  y.rectified = x.rectified;
  return y;
}

Value GraphBuilder::add(const Value& a, const Value& b, const std::string& name) {
  assert(a.shape == b.shape);
  Value y = node("Add", name, {a.name, b.name}, a.shape);
  y.rectified = a.rectified && b.rectified;
  return y;
}

Value GraphBuilder::flatten(const Value& x, const std::string& name) {
  const std::vector<std::int64_t> inner(x.shape.begin() + 1, x.shape.end());
  Value y =
      node("Flatten", name, {x.name}, {x.shape[0], product(inner)}, {{"axis", std::int64_t{1}}});
  y.rectified = x.rectified;
  return y;
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
