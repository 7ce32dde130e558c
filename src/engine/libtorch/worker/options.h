// What the job asks of this engine.
#pragma once

#include <map>
#include <string>

#include "base/error.h"
#include "data/tensor.h"
#include "engine/engine.h"

namespace isojoule::libtorch {

enum class Graph : std::uint8_t { own_choice, dynamic, fixed };  // fixed: static

struct Options {
  Graph graph = Graph::own_choice;
  bool gpu = false;
  bool half = false;
  std::string loading;      // lazy, eager; empty: the library's choice
  std::string save_module;  // a file for the frozen module; empty: none
  // Of a TorchScript file's inputs, which have no type in the file.
  std::map<std::string, ElementType> types;
};

// Errors: invalid (a value), not_found (an unknown option, with the nearest name).
Result<Options> read_options(const Job& job);

}  // namespace isojoule::libtorch
