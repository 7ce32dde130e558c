// Layers on a deep-learning accelerator, and the cut of a network between it and the GPU.
//
// A layer is what the DLA can run when it is among its operators (dla_refuses() has the rule). What
// it cannot run falls back to the GPU; each change of device moves the tensor between the layouts
// of both, by a kernel of the GPU, and hands over a task. Sources of the rule: the support matrix
// of TensorRT 8.x for the DLA (operators, kernel and window sizes, scale of a resize), and the
// study of the AGX Orin, which found the strongly dilated convolutions of DeepLabV3 unsupported.
//
// Time of a layer: whole atoms of atom_inputs products x atom_outputs channels, then a roofline
// with the DLA's own way to the DRAM. An activation that fits in half of its SRAM stays there;
// weights beyond that half are streamed in portions, and for each the input is read once more.
#pragma once

#include <string>
#include <vector>

#include "twin/work.h"

namespace isojoule::twin {

// Why a DLA cannot run the layer; empty: it can.
std::string dla_refuses(const LayerCost& layer, const Execution& execution);

// A part of a batch that one device computes in one go.
struct PlacedPart {
  bool on_dla = false;
  NetworkCost cost;
  double bytes_in = 0, bytes_out = 0;  // FP32, over the border to another device; 0: none
};
// The layers in their order, cut where the device changes. Errors: unsupported (a layer that the
// DLA refuses, where fallback is off; names it).
Result<std::vector<PlacedPart>> placed(const NetworkCost& cost, const Execution& execution);

// A part's work, with its share of the transfers.
BatchWork part_work(const PlacedPart& part, const NetworkConstants& network,
                    const Constants& constants, double memory_share, const WorkOptions& options);

double dla_seconds(const BatchWork& work, const Constants& constants, Hertz clock);
double dla_kernel_seconds(const KernelWork& kernel, double bandwidth, const Constants& constants,
                          Hertz clock);

}  // namespace isojoule::twin
