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
struct Value {
  std::string name;
  std::vector<std::int64_t> shape;
  bool rectified = false;  // no negative numbers (behind a ReLU): sets the next weights' scale
};

struct Convolution {  // square kernels, the same padding on all sides
  std::int64_t channels = 1;
  std::int64_t kernel = 1;
  std::int64_t stride = 1;
  std::int64_t padding = 0;
  std::int64_t groups = 1;
  bool bias = true;
};

struct Pool {
  std::int64_t kernel = 2;
  std::int64_t stride = 2;
  std::int64_t padding = 0;
};

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
  Value input(const std::string& name, std::vector<std::int64_t> shape);
  // Renames the value to `name` and makes it an output of the graph.
  void output(const Value& value, const std::string& name);

  // Layers; the node, its output and its parameters ("<name>.weight") carry `name`.
  Value convolution(const Value& x, const std::string& name, const Convolution& layer);
  Value batch_norm(const Value& x, const std::string& name);  // kept as a node: engines fold it
  Value linear(const Value& x, const std::string& name, std::int64_t features);
  Value relu(const Value& x, const std::string& name);
  Value clip(const Value& x, const std::string& name, float low, float high);
  Value max_pool(const Value& x, const std::string& name, const Pool& layer);
  Value average_pool(const Value& x, const std::string& name, const Pool& layer);
  Value adaptive_average_pool(const Value& x, const std::string& name, std::int64_t size);
  Value global_average_pool(const Value& x, const std::string& name);
  Value add(const Value& a, const Value& b, const std::string& name);
  Value flatten(const Value& x, const std::string& name);

  // Any other operator; the caller states the shape of its one output.
  Value node(std::string_view operation, const std::string& name,
             const std::vector<std::string>& inputs, std::vector<std::int64_t> shape,
             const std::vector<Attribute>& attributes = {});
  // A trained tensor, uniform in [centre - radius, centre + radius]; returns its name.
  std::string weight(const std::string& name, const std::vector<std::int64_t>& shape, double radius,
                     double centre = 0);
  // A constant of the graph's definition (always with data); returns its name.
  std::string constant(const std::string& name, const std::vector<float>& values);
  int opset() const;

  std::string serialise() const;
  // Into an open file; io or disk_full, the path only for the message.
  Status write(int descriptor, const std::string& path) const;
  // Bytes that serialise() would give with weights, also when the builder was told to leave them.
  std::uint64_t size_with_weights() const;

 private:
  Value pool(std::string_view operation, const Value& x, const std::string& name,
             const Pool& layer);
  struct Model;  // keeps the heavy ONNX headers out of here
  std::unique_ptr<Model> model_;
};

}  // namespace isojoule
