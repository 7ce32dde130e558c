// Layers that move numbers without computing: joining, cutting, turning, enlarging.
#include <cassert>

#include "workload/graph_builder.h"

namespace isojoule {
namespace {

using Integers = std::vector<std::int64_t>;

std::int64_t product(Integers::const_iterator first, Integers::const_iterator last) {
  std::int64_t result = 1;
  for (; first != last; ++first) result *= *first;
  return result;
}

}  // namespace

GraphValue GraphBuilder::flatten(const GraphValue& x, const std::string& name) {
  GraphValue y =
      node("Flatten", name, {x.name}, {x.shape[0], product(x.shape.begin() + 1, x.shape.end())},
           {{"axis", std::int64_t{1}}});
  y.rectified = x.rectified;
  return y;
}

GraphValue GraphBuilder::reshape(const GraphValue& x, const std::string& name,
                                 const Integers& inner) {
  assert(product(x.shape.begin() + 1, x.shape.end()) == product(inner.begin(), inner.end()));
  Integers shape = inner;
  shape.insert(shape.begin(), x.shape[0]);
  Integers target = shape;
  target[0] = 0;  // as it comes, so that any batch runs, in a file with a fixed one, too
  GraphValue y = node("Reshape", name, {x.name, integers(name + ".shape", target)}, shape);
  y.rectified = x.rectified;
  return y;
}

GraphValue GraphBuilder::transpose(const GraphValue& x, const std::string& name,
                                   const Integers& order) {
  Integers shape;
  for (const std::int64_t axis : order) shape.push_back(x.shape[static_cast<std::size_t>(axis)]);
  GraphValue y = node("Transpose", name, {x.name}, shape, {{"perm", order}});
  y.rectified = x.rectified;
  return y;
}

GraphValue GraphBuilder::concat(const std::vector<GraphValue>& parts, const std::string& name,
                                std::int64_t axis) {
  const auto at = static_cast<std::size_t>(axis);
  Integers shape = parts[0].shape;
  shape[at] = 0;
  bool rectified = true;
  std::vector<std::string> inputs;
  for (const GraphValue& part : parts) {
    inputs.push_back(part.name);
    shape[at] += part.shape[at];
    rectified = rectified && part.rectified;
  }
  GraphValue y = node("Concat", name, inputs, shape, {{"axis", axis}});
  y.rectified = rectified;
  return y;
}

GraphValue GraphBuilder::slice(const GraphValue& x, const std::string& name, std::int64_t first,
                               std::int64_t count) {
  assert(first >= 0 && first + count <= x.shape[1]);
  Integers shape = x.shape;
  shape[1] = count;
  GraphValue y = node("Slice", name,
                      {x.name, integers(name + ".starts", {first}),
                       integers(name + ".ends", {first + count}), integers(name + ".axes", {1})},
                      shape);
  y.rectified = x.rectified;
  return y;
}

GraphValue GraphBuilder::resize(const GraphValue& x, const std::string& name, std::int64_t factor,
                                Interpolation interpolation) {
  const bool linear = interpolation == Interpolation::linear;
  std::vector<std::string> inputs = {x.name};
  std::vector<Attribute> attributes = {{"mode", std::string(linear ? "linear" : "nearest")}};
  if (opset() > 10) {
    attributes.push_back({"coordinate_transformation_mode", std::string("asymmetric")});
    if (!linear) attributes.push_back({"nearest_mode", std::string("floor")});
    // The region of interest must be there until operator set 12, although nothing reads it.
    inputs.push_back(opset() < 13 ? constant(name + ".roi", std::vector<float>()) : "");
  }
  const auto scale = static_cast<float>(factor);
  inputs.push_back(constant(name + ".scales", {1, 1, scale, scale}));
  GraphValue y =
      node("Resize", name, inputs,
           {x.shape[0], x.shape[1], x.shape[2] * factor, x.shape[3] * factor}, attributes);
  y.rectified = x.rectified;
  return y;
}

}  // namespace isojoule
