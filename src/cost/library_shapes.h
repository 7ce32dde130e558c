// The ONNX library's own shape inference, for one node.
#pragma once

#include <onnx/onnx_pb.h>

#include <string>
#include <vector>

#include "cost/shape_rules.h"

namespace isojoule {

// Newest operator set that the library knows; models may be newer.
std::int64_t newest_library_opset();

// Fills `outputs` (one a node's output); leaves them as they are where the library has no schema.
// Returns why the node cannot be; empty: it can.
std::string infer_by_library(const onnx::NodeProto& node,
                             const std::vector<const TensorFact*>& inputs, std::int64_t opset,
                             std::vector<TensorFact>& outputs);

// Numbers that the library divides by or multiplies, unchecked: below 1, or absurdly large. Empty:
// none.
std::string wrong_window(const onnx::NodeProto& node);

// Whether an attribute has another type than the schema says; empty: none.
std::string wrong_attribute(const onnx::NodeProto& node, std::int64_t opset);

}  // namespace isojoule
