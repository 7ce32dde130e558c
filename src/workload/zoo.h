// The studies' networks, written as ONNX with seeded random weights.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace isojoule {

struct ZooOptions {
  std::int64_t batch = 1;  // ignored when dynamic
  bool dynamic_batch = false;
  std::uint64_t seed = 1;
  bool weights = true;  // false: shapes only, for the cost (initialisers without data)
};

struct ZooNetwork {
  std::string_view name;         // "alexnet"
  std::string_view title;        // "AlexNet"
  std::string_view source;       // the publication whose definition it follows
  std::string_view input;        // "3x224x224"
};

std::span<const ZooNetwork> zoo();  // sorted by name; generated table
bool in_zoo(std::string_view name);
// Serialised ModelProto; the same options give the same bytes. Errors: not_found with the nearest
// name, out_of_range (batch).
Result<std::string> zoo_model(std::string_view name, const ZooOptions& options);
// The same into a file, which appears whole or not at all.
Status write_zoo_model(std::string_view name, const ZooOptions& options, const std::string& path);

// A network as the user names it: a zoo name, or the path of an ONNX file. For a zoo name the file
// is written into `cache_directory` (once) and its path returned; a path is checked to be there.
// Errors: not_found, with the nearest zoo name.
Result<std::string> resolve_network(const std::string& name_or_path,
                                    const std::string& cache_directory);

}  // namespace isojoule
