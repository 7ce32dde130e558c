// Darknet's files (https://pjreddie.com/darknet): NAME.cfg, an INI-like text whose first section is
// [net], and NAME.weights, a header and then floats in the order of the layers.
#include <charconv>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <optional>

#include "base/file_tree.h"
#include "engine/opencv/worker/guarded.h"
#include "engine/opencv/worker/model.h"

namespace isojoule {
namespace {

namespace fs = std::filesystem;

bool is_darknet(const fs::path& path) {
  return path.extension() == ".cfg" || path.extension() == ".weights";
}

std::string beside(fs::path path, const char* extension) {
  return path.replace_extension(extension).string();
}

std::optional<std::int64_t> number_after(std::string_view line, std::string_view key) {
  const std::string text = trimmed(line);
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || trimmed(text.substr(0, equals)) != key) return std::nullopt;
  const std::string value = trimmed(text.substr(equals + 1));
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  return error == std::errc() && end != value.data() ? std::optional(number) : std::nullopt;
}

// Height, width and channels of the section [net], which comes first.
Result<TensorSpec> input_of(const std::vector<char>& structure, const std::string& path) {
  std::string_view rest(structure.data(), structure.size());
  std::optional<std::int64_t> height, width, channels;
  bool in_net = false;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string line = trimmed(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.starts_with('[')) {
      if (in_net) break;
      in_net = line == "[net]" || line == "[network]";
      if (!in_net) break;
    }
    if (const auto number = number_after(line, "height")) height = number;
    if (const auto number = number_after(line, "width")) width = number;
    if (const auto number = number_after(line, "channels")) channels = number;
  }
  if (!in_net || height.value_or(0) < 1 || width.value_or(0) < 1 || channels.value_or(0) < 1)
    return fail(ErrorKind::parse,
                beside(path, ".cfg") +
                    ": no Darknet file: it does not begin with a section [net] that has height, "
                    "width and channels",
                "Name the .cfg file that came with the weights.");
  return TensorSpec{"data", ElementType::float32, {-1, *channels, *height, *width}};
}

// Bytes of the weights' header: three whole numbers (the version) and a count of pictures, which
// had 32 bits before version 0.2.
std::size_t header_size(const std::vector<char>& weights) {
  std::int32_t version[2] = {0, 0};
  if (weights.size() < sizeof(version)) return 3 * sizeof(std::int32_t) + sizeof(std::int32_t);
  std::memcpy(version, weights.data(), sizeof(version));
  const std::int64_t number = std::int64_t{version[0]} * 10 + version[1];
  return 3 * sizeof(std::int32_t) + (number >= 2 ? sizeof(std::int64_t) : sizeof(std::int32_t));
}

tl::unexpected<Error> too_short(const std::vector<char>& weights, std::size_t wanted,
                                const std::string& path) {
  return fail(ErrorKind::parse,
              beside(path, ".weights") + " has " + std::to_string(weights.size()) +
                  " bytes, its .cfg file asks for " + std::to_string(wanted),
              "The file is cut short, or of another network: copy it again.");
}

// OpenCV reads beyond the end of a file that is cut short and does not say so: what it has read
// then is nobody's network.
Status check_size(cv::dnn::Net& net, const std::vector<char>& weights, const std::string& path) {
  std::size_t floats = 0;
  for (const std::string& name : net.getLayerNames()) {
    const auto layer = net.getLayer(net.getLayerId(name));
    if (layer->type != "Convolution" && layer->type != "BatchNorm" && layer->type != "InnerProduct")
      continue;  // a yolo layer keeps its anchors so
    for (const cv::Mat& blob : layer->blobs) floats += blob.total();
  }
  const std::size_t wanted = header_size(weights) + floats * sizeof(float);
  if (weights.size() < wanted) return too_short(weights, wanted, path);
  return {};
}

}  // namespace

Result<ModelBytes> load_model(const std::string& path) {
  ModelBytes bytes;
  if (!is_darknet(path)) {
    ISOJOULE_TRY(bytes.model, read_model(path));
    return bytes;
  }
  for (const char* extension : {".cfg", ".weights"}) {
    const std::string file = beside(path, extension);
    std::error_code ignored;
    if (!fs::exists(file, ignored))
      return fail(ErrorKind::not_found, "Darknet's " + file + " is not there",
                  "A Darknet network is a pair of files of one name, .cfg and .weights, in one "
                  "folder.",
                  path);
  }
  ISOJOULE_TRY(bytes.structure, read_model(beside(path, ".cfg")));
  ISOJOULE_TRY(bytes.model, read_model(beside(path, ".weights")));
  if (bytes.structure.empty())
    return fail(ErrorKind::parse, beside(path, ".cfg") + " is empty", "Copy the file again.");
  return bytes;
}

Result<BuiltModel> build_darknet(const ModelBytes& bytes, const Job& job,
                                 const CommonOptions& common) {
  ISOJOULE_TRY(const TensorSpec spec, input_of(bytes.structure, job.model_path));
  // Without weights OpenCV builds the bare structure.
  if (bytes.model.size() <= header_size(bytes.model))
    return too_short(bytes.model, header_size(bytes.model) + sizeof(float), job.model_path);
  BuiltModel built;
  ISOJOULE_TRY(built.inputs, resolve_inputs({spec}, job.batch, common));
  return guarded(ErrorKind::parse, [&]() -> Result<BuiltModel> {
    built.net = cv::dnn::readNetFromDarknet(bytes.structure.data(), bytes.structure.size(),
                                            bytes.model.data(), bytes.model.size());
    ISOJOULE_CHECK(check_size(built.net, bytes.model, job.model_path));
    return std::move(built);
  });
}

}  // namespace isojoule
