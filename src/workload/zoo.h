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
  int opset = 13;       // 10 .. 17: some engines want an old one (OpenCV's DNN: 10)
};

struct ZooNetwork {
  std::string_view name;    // "alexnet"
  std::string_view title;   // "AlexNet"
  std::string_view source;  // the publication whose definition it follows
  std::string_view input;   // "3x224x224"
};

std::span<const ZooNetwork> zoo();  // sorted by name; generated table
bool in_zoo(std::string_view name);
// Serialised ModelProto; the same options give the same bytes. Errors: not_found with the nearest
// name, out_of_range (batch, opset).
Result<std::string> zoo_model(std::string_view name, const ZooOptions& options);
// The same into a file, which appears whole or not at all. Errors besides: those of the file system
// (not_found the folder, permission_denied, read_only, disk_full, io).
Status write_zoo_model(std::string_view name, const ZooOptions& options, const std::string& path);

// A network as the user names it: a zoo name, or the path of an ONNX file. For a zoo name the file
// is written into `cache_directory` (once; seed 1, dynamic batch) and its path returned; a path is
// checked to be there. Errors: not_found, with the nearest zoo name; invalid (a folder); those of
// write_zoo_model. A file in the working folder that is called like a zoo name: write "./alexnet".
Result<std::string> resolve_network(const std::string& name_or_path,
                                    const std::string& cache_directory);

}  // namespace isojoule
