// What a network asks of a board, as the energy models see it: cost/cost.h in the classes that
// hardware treats differently, in doubles, without names, so that a layer is a few cache lines.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "cost/cost.h"

namespace isojoule {

enum class WorkClass : std::uint8_t {
  convolution,  // dense or grouped, kernel larger than one position
  pointwise,    // dense, one position: a product of matrices
  depthwise,    // a group for each channel: little reuse
  product,      // fully connected, MatMul, attention, recurrent
  stream,       // element by element, pooling, normalisation, movement of data
  view          // another name for the same memory: no kernel
};
inline constexpr std::size_t kWorkClasses = 6;
std::string_view name_of(WorkClass work_class);

struct LayerWork {
  WorkClass work_class = WorkClass::stream;
  double macs = 0;
  double other_ops = 0;
  double bytes_read = 0;     // activations; FP32 unless the file says otherwise
  double bytes_written = 0;  // activations
  double bytes_weights = 0;
  double parameters = 0;
  double rows = 0, columns = 0, depth = 0, groups = 0;  // as LayerCost; 0 where it is no product
  bool fusible = false;  // element by element behind a product: a compiled engine does both at once
  bool known = true;     // false: its operations are not counted
  double bytes() const { return bytes_read + bytes_written + bytes_weights; }
};

struct NetworkWork {
  double batch = 1;
  double input_bytes = 0;  // of the network's inputs, a batch
  std::vector<LayerWork> layers;
  double macs() const;
  double bytes() const;
  double parameters() const;
  double kernels() const;  // layers that are no view
};

LayerWork work_of(const LayerCost& layer);
NetworkWork work_of(const NetworkCost& cost);

// A network of which only totals are known (a row of somebody's table): one layer of no class of
// its own (convolution), its bytes those of its weights. Totals a batch; parameters once.
NetworkWork work_of_totals(double batch, double macs, double parameters);

}  // namespace isojoule
