// What one file of src/workload/zoo/ brings: a network's description and the function that builds
// it.
#pragma once

#include <span>

#include "workload/zoo.h"

namespace isojoule {

class GraphBuilder;  // workload/graph_builder.h

struct ZooEntry {
  ZooNetwork network;
  void (*build)(GraphBuilder& graph);
};

std::span<const ZooEntry> zoo_entries();  // generated, sorted by file name

}  // namespace isojoule
