// Networks of one layer, or a few in a row, with their sizes in the name:
// "conv_c64_n128_k3_s1_h56", "fc_i1024_o1000", "conv_c3_n8_k3_s2_h64+relu_c8_h32". The grammar is
// in docs/layers.md. Each network has one name: sizes stand in the order of its kind, and those
// that may be left out are left out where they say nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace isojoule {

class GraphBuilder;  // workload/graph_builder.h

enum class LayerShape { image, vector, text };  // [c, h, w], [i], [m, n] or [b, m, n]

struct LayerKind {
  std::string_view name;      // "conv"
  std::string_view letters;   // of the sizes, in their order: "cnksh"
  std::string_view optional;  // those that follow and may be left out: "wgd"
  std::string_view summary;
  LayerShape takes = LayerShape::image;
};
std::span<const LayerKind> layer_kinds();
// nullptr where there is none.
const LayerKind* find_layer_kind(std::string_view name);

// One layer's kind and sizes. Made by parse_layers() or layer_of(), which check them.
class LayerSpec {
 public:
  const LayerKind& kind() const { return *kind_; }
  bool is(std::string_view name) const { return kind_->name == name; }
  // A size, or what it is where the name leaves it out.
  std::int64_t size(char letter) const;
  std::string name() const;
  std::vector<std::int64_t> input() const;  // shapes without the batch
  std::vector<std::int64_t> output() const;
  std::int64_t inputs() const;  // tensors of that shape (a product's second one differs)
  // As cost/ counts them, at batch 1.
  std::int64_t macs() const;
  std::int64_t parameters() const;
  std::int64_t activations() const;  // numbers that go in and come out

 private:
  friend class LayerReader;
  void leave_out_needless();  // optional sizes that are what they would be anyway
  const LayerKind* kind_ = nullptr;
  std::vector<std::int64_t> sizes_;  // by letters, then optional; 0: left out
};

// A layer from its kind and the sizes of `letters`, in order; each of `more` by its letter. Errors:
// as parse_layers().
struct LayerSize {
  char letter;
  std::int64_t value;
};
Result<LayerSpec> layer_of(std::string_view kind, const std::vector<LayerSize>& sizes);

// The layers of a name; nothing where its first word is no kind of layer. Errors: invalid (which
// size is missing, wrong, or not in its place; which two layers do not fit), out_of_range.
Result<std::optional<std::vector<LayerSpec>>> parse_layers(std::string_view name);
std::string name_of(const std::vector<LayerSpec>& layers);
// Whether the second takes what the first gives; a fully connected layer takes any shape.
bool fits(const LayerSpec& first, const LayerSpec& second);

void build_layers(GraphBuilder& graph, const std::vector<LayerSpec>& layers);

}  // namespace isojoule
