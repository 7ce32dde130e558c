// Writes an ONNX graph layer by layer, with seeded random weights.
//
// The builder tracks every tensor's shape and records it in the model, so that ONNX's own shape
// inference checks it. Weights are uniform with the variance of He et al. 2015 ("Delving Deep into
// Rectifiers", eq. 10: 2 / fan-in behind a rectifier, 1 / fan-in otherwise), so that activations
// neither vanish nor explode. Each tensor's numbers depend on the seed, the network's name and its
// own name only: a change of one layer leaves the others as they were.
//
// Not thread-safe. Misuse (groups that do not divide the channels) is a bug of the network's file
// and ends in an assertion; the network's test finds it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "workload/zoo.h"

namespace isojoule {

inline constexpr std::int64_t kDynamicBatch = -1;  // the first dimension of a shape

// A tensor in the making: its name in the graph and its shape, batch first.
struct GraphValue {
  std::string name;
  std::vector<std::int64_t> shape;
  bool rectified = false;  // no negative numbers (behind a ReLU): sets the next weights' scale
};

struct Convolution {  // square kernels
  std::int64_t channels = 1;
  std::int64_t kernel = 1;
  std::int64_t stride = 1;
  std::int64_t padding = 0;
  std::int64_t groups = 1;
  bool bias = true;
  std::int64_t dilation = 1;
  std::int64_t end_padding = 0;  // more of it below and to the right
};

struct Pool {
  std::int64_t kernel = 2;
  std::int64_t stride = 2;
  std::int64_t padding = 0;
};

// Pixel i lies at i / factor of the source, which nearest rounds down (ONNX's "asymmetric": the
// only form of operator set 10), so that a network is the same function in every operator set.
enum class Interpolation { nearest, linear };

struct Attribute {
  std::string name;
  std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>> value;
};

class GraphBuilder {
 public:
  GraphBuilder(std::string_view network, const ZooOptions& options);
  ~GraphBuilder();
  GraphBuilder(const GraphBuilder&) = delete;
  GraphBuilder& operator=(const GraphBuilder&) = delete;

  // `shape` without the batch, which is put in front.
  GraphValue input(const std::string& name, std::vector<std::int64_t> shape);
  // The same with 64-bit integers (token ids, masks); only to_float() and embedding() take it.
  GraphValue integer_input(const std::string& name, std::vector<std::int64_t> shape);
  // Renames the value to `name` and makes it an output of the graph.
  void output(const GraphValue& value, const std::string& name);

  // Layers; the node, its output and its parameters ("<name>.weight") carry `name`.
  GraphValue convolution(const GraphValue& x, const std::string& name, const Convolution& layer);
  // Kept as a node: engines fold it. `gain` scales the output (below 1 in front of an addition, so
  // that the sums of a deep network do not grow).
  GraphValue batch_norm(const GraphValue& x, const std::string& name, double gain = 1);
  // Along the last axis, with a bias: one Gemm for a matrix, else MatMul and Add.
  GraphValue linear(const GraphValue& x, const std::string& name, std::int64_t features);
  GraphValue relu(const GraphValue& x, const std::string& name);
  GraphValue leaky_relu(const GraphValue& x, const std::string& name, float slope);
  GraphValue sigmoid(const GraphValue& x, const std::string& name);
  GraphValue clip(const GraphValue& x, const std::string& name, float low, float high);
  GraphValue max_pool(const GraphValue& x, const std::string& name, const Pool& layer);
  GraphValue average_pool(const GraphValue& x, const std::string& name, const Pool& layer);
  GraphValue adaptive_average_pool(const GraphValue& x, const std::string& name, std::int64_t size);
  GraphValue global_average_pool(const GraphValue& x, const std::string& name);
  GraphValue add(const GraphValue& a, const GraphValue& b, const std::string& name);

  // Shapes (graph_builder_shapes.cc).
  GraphValue flatten(const GraphValue& x, const std::string& name);
  // `inner`: the shape without the batch, which stays.
  GraphValue reshape(const GraphValue& x, const std::string& name,
                     const std::vector<std::int64_t>& inner);
  GraphValue transpose(const GraphValue& x, const std::string& name,
                       const std::vector<std::int64_t>& order);
  GraphValue concat(const std::vector<GraphValue>& parts, const std::string& name,
                    std::int64_t axis = 1);
  // [first, first + count) along axis 1: channels, or tokens.
  GraphValue slice(const GraphValue& x, const std::string& name, std::int64_t first,
                   std::int64_t count);
  // Height and width times `factor`.
  GraphValue resize(const GraphValue& x, const std::string& name, std::int64_t factor,
                    Interpolation interpolation);

  // Text (graph_builder_text.cc).
  GraphValue to_float(const GraphValue& x, const std::string& name);
  // Row ids[...] of a trained table.
  GraphValue embedding(const GraphValue& ids, const std::string& name, std::int64_t rows,
                       std::int64_t width);
  // Adds a trained number to each of an input's numbers ("<name>.weight": the places of tokens).
  GraphValue add_table(const GraphValue& x, const std::string& name);
  // x + number, x / number ...: `operation` is ONNX's, the number a constant.
  GraphValue scalar(std::string_view operation, const GraphValue& x, const std::string& name,
                    double number);
  GraphValue matmul(const GraphValue& a, const GraphValue& b,
                    const std::string& name);                        // a stack of them
  GraphValue softmax(const GraphValue& x, const std::string& name);  // along the last axis
  GraphValue tanh(const GraphValue& x, const std::string& name);
  GraphValue layer_norm(const GraphValue& x, const std::string& name,
                        double epsilon);                          // of the last axis
  GraphValue gelu(const GraphValue& x, const std::string& name);  // with erf

  // Any other operator; the caller states the shape of its one output.
  GraphValue node(std::string_view operation, const std::string& name,
                  const std::vector<std::string>& inputs, std::vector<std::int64_t> shape,
                  const std::vector<Attribute>& attributes = {});
  // A trained tensor, uniform in [centre - radius, centre + radius]; returns its name.
  std::string weight(const std::string& name, const std::vector<std::int64_t>& shape, double radius,
                     double centre = 0);
  // A constant of the graph's definition (always with data); returns its name.
  std::string constant(const std::string& name, const std::vector<float>& values);
  std::string integers(const std::string& name, const std::vector<std::int64_t>& values);
  int opset() const;

  std::string serialise() const;
  // Into an open file; io or disk_full, the path only for the message.
  Status write(int descriptor, const std::string& path) const;
  // Bytes that serialise() would give with weights, also when the builder was told to leave them.
  std::uint64_t size_with_weights() const;

 private:
  GraphValue pool(std::string_view operation, const GraphValue& x, const std::string& name,
                  const Pool& layer);
  struct Model;  // keeps the heavy ONNX headers out of here
  std::unique_ptr<Model> model_;
};

}  // namespace isojoule
