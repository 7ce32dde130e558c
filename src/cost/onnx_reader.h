// An ONNX file as a list of operators with every tensor's shape, without ONNX's own types.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "cost/cost.h"

namespace isojoule {

// A file mapped into memory for reading: its pages are read only where they are touched. A file
// that another program cuts short meanwhile ends this one (SIGBUS); our own files are replaced,
// never cut.
class MappedFile {
 public:
  // Errors: not_found, permission_denied, invalid (a folder), io.
  static Result<MappedFile> open(const std::string& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;
  std::span<const char> bytes() const { return {data_, size_}; }

 private:
  MappedFile(const char* data, std::size_t size) : data_(data), size_(size) {}
  const char* data_;
  std::size_t size_;
};

struct OnnxTensor {
  std::vector<std::int64_t> shape;
  std::int64_t element_bits = 32;
  bool constant = false;      // known before the first inference: a weight, or made of such
  bool numeric = true;        // false: an index, a shape or a text, never a parameter
  std::int64_t identity = 0;  // the same for one tensor under two names (in a function)
};

struct OnnxNetwork;

struct OnnxNode {
  std::string name;                 // the node's, or its first output's
  std::string operation;            // op_type, with its domain in front unless it is ONNX's own
  std::vector<std::string> inputs;  // "" where an optional one is left out
  std::vector<std::string> outputs;
  std::map<std::string, std::vector<std::int64_t>> integers;  // attributes; one value: size 1
  std::map<std::string, std::string> texts;
  // What runs inside: a function's nodes, the body of a loop, the branches of an If of which one
  // runs. Where `why_unknown` is set it is not known how often, and the bodies are empty.
  std::vector<OnnxNetwork> bodies;
  std::int64_t times = 1;
  std::string why_unknown;
};

struct OnnxNetwork {
  std::int64_t batch = 1;
  std::vector<OnnxNode> nodes;  // in the graph's order; none whose outputs are all constant
  std::unordered_map<std::string, OnnxTensor> tensors;  // those of the nodes whose shape is known
  std::vector<std::string> notes;                       // as NetworkCost::notes
};

// `folder`: where the model lies, for weights in other files; nothing: it is no file. Errors: parse
// (truncated or no ONNX), invalid (batch < 1, a graph that contradicts itself), unsupported (a
// shape that cannot be inferred, a batch size that is baked in), permission_denied (weights outside
// the folder), out_of_range (tensors too large to count).
Result<OnnxNetwork> read_onnx(std::span<const char> file, const CostOptions& options,
                              const std::string& name,
                              const std::optional<std::string>& folder = {});

}  // namespace isojoule
