// Single layers and a few in a row, for experiments with the energy of a layer: S. Lahmer et al.,
// "Energy consumption of neural networks on NVIDIA edge boards: an empirical model",
// arXiv:2210.01625, section III.
#include "workload/family_entry.h"
#include "workload/layer_name.h"

namespace isojoule {
namespace {

Result<std::optional<FamilyMember>> parse_layer_network(std::string_view name) {
  ISOJOULE_TRY(auto layers, parse_layers(name));
  if (!layers) return std::nullopt;
  return FamilyMember{std::string(name), [layers = std::move(*layers)](GraphBuilder& graph) {
                        build_layers(graph, layers);
                      }};
}

}  // namespace

const FamilyEntry& family_entry_layers() {
  static const FamilyEntry entry = {
      {.name = "layers",
       .pattern = "KIND_LETTERnumber_...[+KIND_...]",
       .summary = "One layer, or a few in a row, with their sizes in the name (docs/layers.md)",
       .source = "Lahmer et al. 2022, arXiv:2210.01625, section III",
       .example = "conv_c64_n128_k3_s1_h56+relu_c128_h56"},
      parse_layer_network};
  return entry;
}

}  // namespace isojoule
