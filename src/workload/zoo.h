// The studies' networks, written as ONNX with seeded random weights.
#pragma once

#include <array>
#include <cstdint>
#include <map>
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
  int opset = 13;       // 10 .. 17: some engines want an old one (OpenCV's DNN: 11)
};

enum class ZooTask { classification, detection, segmentation, text };
std::string_view name_of(ZooTask task);

// How an RGB image with numbers in [0, 1] becomes the input: less the mean, over the deviation.
struct Normalisation {
  std::array<double, 3> mean{0, 0, 0};
  std::array<double, 3> deviation{1, 1, 1};
};
inline constexpr Normalisation kImageNetNormalisation = {{0.485, 0.456, 0.406},
                                                         {0.229, 0.224, 0.225}};

// A row of a source document's table of networks; docs/networks.md says what each figure counts.
struct DocumentFigures {
  std::string_view document;  // "RPE": device and workload parameters; "AGX": Orin's accelerators
  int layers = 0;             // AGX: convolutions
  double parameters_m = 0;    // millions
  double operations_g = 0;    // RPE: "GFLOPs"; AGX: GMAC
};

struct ZooNetwork {
  std::string_view name;    // "alexnet"
  std::string_view title;   // "AlexNet"
  std::string_view source;  // the publication whose definition it follows
  std::string_view input;   // "3x224x224"; of a text the number of tokens
  ZooTask task = ZooTask::classification;
  Normalisation normalisation = {};             // of an image
  std::int64_t vocabulary = 0;                  // of a text: its ids are below; 0: an image
  std::vector<DocumentFigures> documents = {};  // that name this network
};

std::span<const ZooNetwork> zoo();  // sorted by name; generated table
// Whether the name is that of a network here or of one of the families (workload/family.h): all
// functions below take both.
bool in_zoo(std::string_view name);
// Serialised ModelProto; the same options give the same bytes. Errors: not_found with the nearest
// name, out_of_range (batch, opset), invalid (which part of a family's name).
Result<std::string> zoo_model(std::string_view name, const ZooOptions& options);
// The same into a file, which appears whole or not at all. Errors besides: those of the file system
// (not_found the folder, permission_denied, read_only, disk_full, io).
Status write_zoo_model(std::string_view name, const ZooOptions& options, const std::string& path);

// A network as the user names it: a zoo name, or the path of an ONNX file. For a zoo name the file
// is written into `cache_directory` (once; seed 1, dynamic batch, operator set `opset`, 0: as
// ZooOptions begins) and its path returned; a path is
// checked to be there. Errors: not_found, with the nearest zoo name; invalid (a folder); those of
// write_zoo_model. A file in the working folder that is called like a zoo name: write "./alexnet".
Result<std::string> resolve_network(const std::string& name_or_path,
                                    const std::string& cache_directory, int opset = 0);
// What an application would do before and after this network, as options of tensor/ ("input.mean",
// "post.task"); empty where the zoo has no such network.
std::map<std::string, std::string> zoo_job_options(std::string_view name);

}  // namespace isojoule
