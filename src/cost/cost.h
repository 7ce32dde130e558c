// What a network has to do, layer by layer, from its ONNX graph.
//
// What counts as what is said at each operator in cost/operator_cost.cc. Layers whose outputs are
// known before the first inference (Constant, Shape, anything made of weights alone) cost nothing
// and are not listed; layers that only rename memory (Reshape, Flatten, ...) are listed with zeros.
// A batch normalisation's running mean and variance are read (bytes_weights) but are no parameters,
// as is usual in published counts. Of If, Loop, Scan and functions what is inside is listed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace isojoule {

struct LayerCost {
  std::string name;                // the node's name, or its first output's
  std::string operation;           // ONNX op_type
  std::int64_t macs = 0;           // multiply-accumulates; a convolution's bias is not one
  std::int64_t other_ops = 0;      // operations that are no MACs (activation, pooling, addition)
  std::int64_t bytes_read = 0;     // activations in, FP32 unless the tensor says otherwise
  std::int64_t bytes_written = 0;  // activations out
  std::int64_t bytes_weights = 0;  // parameters read
  std::int64_t parameters = 0;     // each counted at the first layer that uses it
  // The layer as a matrix product (rows x columns x depth x groups = macs), for the models of time:
  // rows x columns x depth, `groups` times. rows = output positions (batch x height x width),
  // columns = output channels a group, depth = input channels a group x kernel. A transposed
  // convolution: rows = input positions, columns = output channels a group x kernel, depth = input
  // channels a group. All 0 where it is none.
  std::int64_t rows = 0, columns = 0, depth = 0, groups = 0;
  std::int64_t dilation = 1;  // of a convolution: distance between its kernel's positions
  std::int64_t kernel = 1;    // of a convolution: positions of its kernel (9 of 3 x 3)
  std::vector<std::int64_t> output_shape;  // empty: one number, or not known
  bool output_shape_known = true;
  bool known = true;  // false: its operations are not counted; macs, other_ops are then no figures
  std::string why_unknown;  // one clause; empty where known
};

// Floating-point (or integer) operations: two a MAC, and the others. Where known.
std::int64_t flops(const LayerCost& layer);

struct NetworkCost {
  std::string name;
  std::int64_t batch = 1;
  std::vector<LayerCost> layers;
  // What the reader should know of the counts: an upper limit taken, a branch chosen, a file of
  // weights missing. One sentence each.
  std::vector<std::string> notes;
  // Operators of layers that are not known, each once, sorted: what the totals lack.
  std::vector<std::string> unknown_operations() const;
  // Sums over the layers; operations without those of unknown ones.
  std::int64_t macs() const;
  std::int64_t flops() const;
  std::int64_t other_ops() const;
  std::int64_t parameters() const;
  std::int64_t bytes_read() const;
  std::int64_t bytes_written() const;
  std::int64_t bytes_weights() const;
};

struct CostOptions {
  CostOptions() = default;
  // A batch and nothing else: network_cost(path, 8).
  // NOLINTNEXTLINE(google-explicit-constructor)
  CostOptions(std::int64_t batch_size) : batch(batch_size) {}

  // Replaces an open (or, where `shapes` and `symbols` are empty, a fixed) first dimension of the
  // inputs. Nothing: the first axis that `shapes` or `symbols` sets, else 1.
  std::optional<std::int64_t> batch;
  std::map<std::string, std::vector<std::int64_t>> shapes;  // of inputs, whole
  std::map<std::string, std::int64_t> symbols;              // of axes that the file names
};

// Adds 'INPUT=1x3x224x224' or 'AXIS=128' to the options. A single number for an input with one axis
// may be written in the same way. Errors: invalid.
Status parse_shape_option(const std::string& text, CostOptions& options);

// A fixed batch is replaced where every use in the file allows it.
// Weights are not read, so that a large file is quick. Errors: not_found, parse (truncated or no
// ONNX), unsupported (a shape cannot be inferred: which tensor; a batch baked into a layer),
// invalid (batch < 1, a graph that contradicts itself, a folder), permission_denied (weights in a
// file outside the model's folder), out_of_range (counts beyond 64 bits).
Result<NetworkCost> network_cost(const std::string& model_path, const CostOptions& options);
Result<NetworkCost> network_cost_of_bytes(const std::string& bytes, const CostOptions& options,
                                          const std::string& name);

}  // namespace isojoule
