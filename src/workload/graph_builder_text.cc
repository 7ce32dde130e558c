// The layers of transformers. Each is written with the operators that every operator set from 10 on
// has: a layer normalisation as nine nodes and the Gaussian unit as five, as exporters write them
// and engines recognise them. Operator set 17's LayerNormalization would make another graph of the
// same network, and only ONNX's newest sets have a Gelu.
#include <cassert>
#include <cmath>
#include <numbers>

#include "workload/graph_builder.h"

namespace isojoule {
namespace {

using Integers = std::vector<std::int64_t>;

constexpr double kEmbeddingRadius = 0.035;  // a standard deviation of 0.02, as BERT starts from

}  // namespace

GraphValue GraphBuilder::to_float(const GraphValue& x, const std::string& name) {
  return node("Cast", name, {x.name}, x.shape, {{"to", std::int64_t{1}}});  // TensorProto.FLOAT
}

GraphValue GraphBuilder::embedding(const GraphValue& ids, const std::string& name,
                                   std::int64_t rows, std::int64_t width) {
  Integers shape = ids.shape;
  shape.push_back(width);
  const std::string table = weight(name + ".weight", {rows, width}, kEmbeddingRadius);
  return node("Gather", name, {table, ids.name}, shape, {{"axis", std::int64_t{0}}});
}

GraphValue GraphBuilder::add_table(const GraphValue& x, const std::string& name) {
  const Integers inner(x.shape.begin() + 1, x.shape.end());
  return node("Add", name + ".add", {x.name, weight(name + ".weight", inner, kEmbeddingRadius)},
              x.shape);
}

GraphValue GraphBuilder::scalar(std::string_view operation, const GraphValue& x,
                                const std::string& name, double number) {
  const std::string operand = constant(name + ".operand", {static_cast<float>(number)});
  return node(operation, name, {x.name, operand}, x.shape);
}

GraphValue GraphBuilder::matmul(const GraphValue& a, const GraphValue& b, const std::string& name) {
  assert(a.shape.size() == b.shape.size() && a.shape.back() == b.shape[b.shape.size() - 2]);
  Integers shape = a.shape;
  shape.back() = b.shape.back();
  return node("MatMul", name, {a.name, b.name}, shape);
}

GraphValue GraphBuilder::softmax(const GraphValue& x, const std::string& name) {
  // The last axis, said with its number: until operator set 12 the axes from there on were one.
  return node("Softmax", name, {x.name}, x.shape,
              {{"axis", static_cast<std::int64_t>(x.shape.size()) - 1}});
}

GraphValue GraphBuilder::tanh(const GraphValue& x, const std::string& name) {
  return node("Tanh", name, {x.name}, x.shape);
}

GraphValue GraphBuilder::layer_norm(const GraphValue& x, const std::string& name, double epsilon) {
  const std::vector<Attribute> last = {{"axes", Integers{std::ssize(x.shape) - 1}},
                                       {"keepdims", std::int64_t{1}}};
  Integers one = x.shape;
  one.back() = 1;
  const GraphValue mean = node("ReduceMean", name + ".mean", {x.name}, one, last);
  const GraphValue centred = node("Sub", name + ".sub", {x.name, mean.name}, x.shape);
  const GraphValue squares = scalar("Pow", centred, name + ".pow", 2);
  const GraphValue variance = node("ReduceMean", name + ".variance", {squares.name}, one, last);
  const GraphValue positive = scalar("Add", variance, name + ".epsilon", epsilon);
  const GraphValue deviation = node("Sqrt", name + ".sqrt", {positive.name}, one);
  const GraphValue normal = node("Div", name + ".div", {centred.name, deviation.name}, x.shape);
  const Integers width = {x.shape.back()};
  const GraphValue scaled =
      node("Mul", name + ".mul", {normal.name, weight(name + ".weight", width, 0.2, 1)}, x.shape);
  return node("Add", name, {scaled.name, weight(name + ".bias", width, 0.1)}, x.shape);
}

GraphValue GraphBuilder::gelu(const GraphValue& x, const std::string& name) {
  const GraphValue scaled = scalar("Div", x, name + ".div", std::numbers::sqrt2);
  const GraphValue erf = node("Erf", name + ".erf", {scaled.name}, x.shape);
  const GraphValue sum = scalar("Add", erf, name + ".add", 1);
  const GraphValue both = node("Mul", name + ".mul", {x.name, sum.name}, x.shape);
  return scalar("Mul", both, name, 0.5);
}

}  // namespace isojoule
