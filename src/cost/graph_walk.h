// Walks a graph from its inputs to its outputs and finds every tensor's shape: small numbers are
// computed (small_value.h), rules of our own come next (shape_rules.h), then the ONNX library's,
// then what the file records. Node by node, so that an operator that nobody knows stops nothing but
// what depends on it.
#pragma once

#include <onnx/onnx_pb.h>

#include <string>

#include "base/error.h"
#include "cost/onnx_reader.h"
#include "cost/open_axes.h"

namespace isojoule {

// `model`: its inputs closed, its nodes sorted. Notes are appended to the network's.
Result<OnnxNetwork> walk_graph(onnx::ModelProto& model, const ClosedAxes& axes,
                               const std::string& name);

// "layer 'conv1' (Conv)", for messages.
std::string describe_node(const onnx::NodeProto& node);
std::string name_of_node(const onnx::NodeProto& node);
bool in_onnx_domain(const std::string& domain);

}  // namespace isojoule
