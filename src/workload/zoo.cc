#include "workload/zoo.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/file_tree.h"
#include "base/text.h"
#include "base/whole_file.h"
#include "workload/family_entry.h"
#include "workload/graph_builder.h"
#include "workload/zoo_entry.h"

namespace isojoule {
namespace {

constexpr std::int64_t kLargestBatch = 1 << 20;
constexpr int kOldestOpset = 10;
constexpr int kNewestOpset = 17;
// Raised whenever the bytes of a network change (names, numbers, layers), so that no cached file of
// an earlier program is taken for the new one.
constexpr int kFormat = 1;

const ZooEntry* find_entry(std::string_view name) {
  for (const ZooEntry& entry : zoo_entries())
    if (entry.network.name == name) return &entry;
  return nullptr;
}

// Of the zoo or of a family; nothing where the name belongs to neither. Errors: those of a family.
Result<std::optional<FamilyMember>> find_network(std::string_view name) {
  if (const ZooEntry* entry = find_entry(name))
    return FamilyMember{std::string(name), entry->build, entry->network.vocabulary == 0,
                        entry->network.normalisation};
  return find_member(name);
}

std::vector<std::string> names() {
  std::vector<std::string> result;
  for (const ZooNetwork& network : zoo()) result.emplace_back(network.name);
  return result;
}

std::string remedy_for(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return unknown_name_remedy(lower, names());
}

Result<FamilyMember> checked_network(std::string_view name, const ZooOptions& options) {
  ISOJOULE_TRY(auto network, find_network(name));
  if (!network)
    return fail(ErrorKind::not_found, "no network '" + std::string(name) + "' in the zoo",
                remedy_for(name));
  if (!options.dynamic_batch && (options.batch < 1 || options.batch > kLargestBatch))
    return fail(ErrorKind::out_of_range, "batch size " + std::to_string(options.batch),
                "Give a number from 1 to " + std::to_string(kLargestBatch));
  if (options.opset < kOldestOpset || options.opset > kNewestOpset)
    return fail(ErrorKind::out_of_range, "ONNX operator set " + std::to_string(options.opset),
                "Give a number from " + std::to_string(kOldestOpset) + " to " +
                    std::to_string(kNewestOpset));
  return std::move(*network);
}

std::string missing_file_remedy(const std::string& path) {
  return "Check the path, or name a network of the zoo: " + join(names(), ", ") +
         (path.find('/') == std::string::npos ? "; relative to the working folder" : "");
}

bool looks_like_path(const std::string& name) {
  return name.find('/') != std::string::npos || std::filesystem::path(name).extension() == ".onnx";
}

Result<std::string> checked_path(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    Error error = error_from_errno(errno, path, "look for an ONNX file");
    error.remedy = missing_file_remedy(path);
    return tl::unexpected<Error>(std::move(error));
  }
  if (S_ISDIR(status.st_mode))
    return fail(ErrorKind::invalid, path + ": is a folder", "Name the ONNX file in it");
  if (::access(path.c_str(), R_OK) != 0) {
    Error error = error_from_errno(errno, path, "open");
    error.remedy = "Make the file readable for this user";
    return tl::unexpected<Error>(std::move(error));
  }
  return path;
}

// The file is written whole or not at all, so its size tells whether it is ours.
bool cached(const std::string& path, std::uint64_t size) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         static_cast<std::uint64_t>(status.st_size) == size && ::access(path.c_str(), R_OK) == 0;
}

Result<std::string> cached_network(const FamilyMember& network, const std::string& cache_directory,
                                   int opset) {
  ZooOptions options;
  if (opset != 0) options.opset = opset;
  options.dynamic_batch = true;
  const std::string& name = network.name;
  const std::filesystem::path path =
      std::filesystem::path(cache_directory) /
      (name + "-seed" + std::to_string(options.seed) + "-dynamic-opset" +
       std::to_string(options.opset) + "-v" + std::to_string(kFormat) + ".onnx");
  ZooOptions bare = options;
  bare.weights = false;
  GraphBuilder graph(name, bare);
  network.build(graph);
  if (cached(path.string(), graph.size_with_weights())) return path.string();
  std::error_code code;
  if (!cache_directory.empty()) std::filesystem::create_directories(cache_directory, code);
  if (code) {
    Error error = error_from_errno(code.value(), cache_directory, "make the cache folder");
    error.remedy = "Name another cache folder";
    return tl::unexpected<Error>(std::move(error));
  }
  ISOJOULE_CHECK(write_zoo_model(name, options, path.string()));
  return path.string();
}

}  // namespace

std::span<const ZooNetwork> zoo() {
  static const std::vector<ZooNetwork> networks = [] {
    std::vector<ZooNetwork> result;
    for (const ZooEntry& entry : zoo_entries()) result.push_back(entry.network);
    std::sort(result.begin(), result.end(),
              [](const ZooNetwork& a, const ZooNetwork& b) { return a.name < b.name; });
    return result;
  }();
  return networks;
}

std::string_view name_of(ZooTask task) {
  switch (task) {
    case ZooTask::classification: return "classification";
    case ZooTask::detection: return "detection";
    case ZooTask::segmentation: return "segmentation";
    case ZooTask::text: return "text";
  }
  return "";
}

bool in_zoo(std::string_view name) {
  const auto network = find_network(name);
  return network && *network;
}

namespace {

std::map<std::string, std::string> image_options(const Normalisation& normalisation) {
  // The detectors here score every class on its own, so that none of them is the background.
  return {{"post.task", "auto"},
          {"input.kind", "image"},
          {"input.mean", fmt::format("{}", fmt::join(normalisation.mean, ","))},
          {"input.std", fmt::format("{}", fmt::join(normalisation.deviation, ","))}};
}

}  // namespace

std::map<std::string, std::string> zoo_job_options(std::string_view name) {
  const auto network = find_network(name);
  if (!network || !*network) return {};
  if ((*network)->takes_images) return image_options((*network)->normalisation);
  if (find_entry(name) == nullptr) return {};  // a layer: numbers in, numbers out
  return {{"post.task", "auto"}, {"input.kind", "text"}};
}

Result<std::string> zoo_model(std::string_view name, const ZooOptions& options) {
  ISOJOULE_TRY(const FamilyMember network, checked_network(name, options));
  GraphBuilder graph(network.name, options);
  network.build(graph);
  return graph.serialise();
}

Status write_zoo_model(std::string_view name, const ZooOptions& options, const std::string& path) {
  ISOJOULE_TRY(const FamilyMember network, checked_network(name, options));
  return write_whole_file(path, [&](int descriptor) {
    GraphBuilder graph(network.name, options);
    network.build(graph);
    return graph.write(descriptor, path);
  });
}

Result<std::string> resolve_network(const std::string& name_or_path,
                                    const std::string& cache_directory, int opset) {
  const auto network = find_network(name_or_path);
  if (network && *network) return cached_network(**network, cache_directory, opset);
  std::error_code code;
  if (looks_like_path(name_or_path) || std::filesystem::exists(name_or_path, code))
    return checked_path(name_or_path);
  if (!network) return tl::unexpected<Error>(network.error());  // begins as a family's
  return fail(ErrorKind::not_found,
              "'" + name_or_path + "' is no network of the zoo and no file here",
              remedy_for(name_or_path), "looked for a file of that name, too");
}

}  // namespace isojoule
