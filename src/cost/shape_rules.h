// Shapes of what an operator writes, for operators that the ONNX library's own inference does not
// know (its registry ends at operator set 17 and has nothing of com.microsoft), knows in an older
// form, or computes without a guard against a division by zero.
//
// Sources: onnx/docs/Operators.md for sets 9 to 21, onnxruntime/docs/ContribOperators.md.
#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cost/node_attributes.h"
#include "cost/small_value.h"

namespace isojoule {

// What is known of a tensor before anything runs.
struct TensorFact {
  bool has_shape = false;
  std::vector<std::int64_t> shape;  // -1: a size that is not known
  int type = 0;                     // TensorProto::DataType; 0: not known
  int stored_type = 0;              // of a quantised weight behind a DequantizeLinear; else 0
  bool constant = false;            // known before the first inference: a weight, or made of such
  bool no_tensor = false;           // a sequence, an optional, a map
  std::shared_ptr<const SmallValue> value;
  std::int64_t identity = 0;  // of the tensor itself, whatever name it has inside a function

  bool complete() const;
};

// One node, its inputs with complete shapes, and what its rule finds.
class RuleNode {
 public:
  RuleNode(const onnx::NodeProto& node, std::vector<const TensorFact*> inputs, std::int64_t opset);

  const onnx::NodeProto& node() const { return node_; }
  std::int64_t opset() const { return opset_; }
  int inputs() const { return static_cast<int>(inputs_.size()); }
  bool has(int i) const { return i >= 0 && i < inputs() && inputs_[static_cast<std::size_t>(i)]; }
  // Of an input that is left out: an empty shape, type 0.
  const std::vector<std::int64_t>& shape(int i) const;
  std::int64_t rank(int i) const { return static_cast<std::int64_t>(shape(i).size()); }
  int type(int i) const;
  const SmallValue* value(int i) const;
  std::optional<std::vector<std::int64_t>> integers(int i) const;
  // From the input, or from the attribute that had it in older operator sets.
  std::optional<std::vector<std::int64_t>> integers(int i, const char* attribute) const;
  std::optional<std::int64_t> integer(int i) const;
  std::int64_t attribute(const char* name, std::int64_t otherwise) const;
  std::string text(const char* name, const char* otherwise) const;

  void set(int output, int type, std::vector<std::int64_t> shape);
  std::vector<TensorFact>& outputs() { return outputs_; }
  std::vector<std::string>& notes() { return notes_; }

 private:
  const onnx::NodeProto& node_;
  std::vector<const TensorFact*> inputs_;
  std::int64_t opset_;
  std::vector<TensorFact> outputs_;
  std::vector<std::string> notes_;
};

// Sets the outputs that it can. Returns why the node contradicts itself; empty: it does not.
using ShapeRule = std::string (*)(RuleNode&);
inline const std::string kRuleFine;

// The rule to use instead of the library's at this operator set; null: use the library's.
ShapeRule find_shape_rule(const std::string& operation, std::int64_t opset);
// The same of com.microsoft, ONNX Runtime's own operators, without the domain in the name.
ShapeRule find_contrib_shape_rule(const std::string& operation);

// ---- what rules are made of ---------------------------------------------------------------------

using RuleShape = std::vector<std::int64_t>;
// Axis counted from the end where negative. nothing: beyond the rank.
std::optional<std::size_t> axis_of(std::int64_t axis, std::int64_t rank);
// nothing: they do not fit.
std::optional<RuleShape> broadcast_shapes(const RuleShape& a, const RuleShape& b);
// nothing: the inner sizes differ.
std::optional<RuleShape> matmul_shape(RuleShape a, RuleShape b, bool transpose_a = false,
                                      bool transpose_b = false);
// An Einsum's indices with their sizes, one character each; axes that "..." stands for are digits.
struct EinsumPlan {
  std::vector<std::string> terms;  // one an input
  std::string output;
  std::map<char, std::int64_t> sizes;
};
// Returns why the equation does not fit; empty: it does.
std::string plan_einsum(std::string equation, const std::vector<RuleShape>& shapes,
                        EinsumPlan& plan);
// Output of a convolution or a pool with attributes auto_pad, pads, strides, dilations, ceil_mode.
// `kernel`: sizes of the window's axes; empty where they do not fit the input.
RuleShape window_axes(const RuleNode& rule, const RuleShape& input, const RuleShape& kernel);
std::string same_as_first(RuleNode& rule);
std::string convolution_rule(RuleNode& rule);
std::string pool_rule(RuleNode& rule);
// In shape_rules_windows.cc, for the table in shape_rules.cc.
std::string resize_rule(RuleNode& rule);
std::string max_unpool_rule(RuleNode& rule);
std::string col2im_rule(RuleNode& rule);
std::string grid_sample_rule(RuleNode& rule);
std::string affine_grid_rule(RuleNode& rule);
std::string window_function_rule(RuleNode& rule);
std::string dft_rule(RuleNode& rule);
std::string stft_rule(RuleNode& rule);
std::string mel_rule(RuleNode& rule);

}  // namespace isojoule
