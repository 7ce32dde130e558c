#include "cost/external_data.h"

#include <charconv>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "cost/onnx_skim.h"
#include "cost/saturating.h"
#include "cost/small_value.h"

namespace isojoule {
namespace {

namespace fs = std::filesystem;

struct Place {
  std::string location;
  std::int64_t offset = 0;
  std::int64_t length = -1;  // -1: not said
};

class ExternalData {
 public:
  ExternalData(const std::optional<std::string>& folder, const std::string& name,
               std::vector<std::string>& notes)
      : folder_(folder), name_(name), notes_(notes) {}

  Status take(onnx::ModelProto& model) {
    ISOJOULE_CHECK(take(*model.mutable_graph()));
    for (auto& function : *model.mutable_functions())
      for (auto& node : *function.mutable_node()) ISOJOULE_CHECK(take(node));
    if (unseen_ > 0)
      notes_.push_back(std::to_string(unseen_) +
                       " weight(s) lie in other files, which were not looked at");
    if (missing_ > 0)
      notes_.push_back(std::to_string(missing_) + " weight(s) are missing: '" + first_missing_ +
                       "' is not beside the model, or too short; counted by their shapes");
    return {};
  }

 private:
  Status take(onnx::GraphProto& graph) {
    for (auto& tensor : *graph.mutable_initializer()) ISOJOULE_CHECK(take(tensor));
    for (auto& tensor : *graph.mutable_sparse_initializer()) ISOJOULE_CHECK(take(tensor));
    for (auto& node : *graph.mutable_node()) ISOJOULE_CHECK(take(node));
    return {};
  }

  Status take(onnx::NodeProto& node) {
    for (auto& attribute : *node.mutable_attribute()) {
      if (attribute.has_t()) ISOJOULE_CHECK(take(*attribute.mutable_t()));
      for (auto& tensor : *attribute.mutable_tensors()) ISOJOULE_CHECK(take(tensor));
      if (attribute.has_g()) ISOJOULE_CHECK(take(*attribute.mutable_g()));
      for (auto& graph : *attribute.mutable_graphs()) ISOJOULE_CHECK(take(graph));
      if (attribute.has_sparse_tensor()) ISOJOULE_CHECK(take(*attribute.mutable_sparse_tensor()));
      for (auto& tensor : *attribute.mutable_sparse_tensors()) ISOJOULE_CHECK(take(tensor));
    }
    return {};
  }

  Status take(onnx::SparseTensorProto& tensor) {
    ISOJOULE_CHECK(take(*tensor.mutable_values()));
    return take(*tensor.mutable_indices());
  }

  Status take(onnx::TensorProto& tensor) {
    if (tensor.data_location() != onnx::TensorProto::EXTERNAL) return {};
    for (const std::int64_t size : tensor.dims())
      if (size < 0)
        return fail(ErrorKind::invalid,
                    name_ + ": weight '" + tensor.name() + "' has the size " + std::to_string(size),
                    "Export the model again");
    ISOJOULE_TRY(const Place place, place_of(tensor));
    ISOJOULE_CHECK(check_inside(tensor, place));
    tensor.clear_data_location();
    tensor.clear_external_data();
    if (!folder_) {
      ++unseen_;
      return {};
    }
    const std::int64_t bytes = bytes_of(tensor);
    const std::int64_t needed = place.length >= 0 ? place.length : bytes;
    if (saturating_sum(place.offset, needed) > size_of(place.location)) {
      if (missing_++ == 0) first_missing_ = place.location;
      return {};
    }
    if (needed == bytes && shapes_may_need(tensor, bytes)) read(tensor, place, bytes);
    return {};
  }

  Result<Place> place_of(const onnx::TensorProto& tensor) const {
    Place place;
    for (const auto& entry : tensor.external_data()) {
      if (entry.key() == "location") place.location = entry.value();
      if (entry.key() == "offset") ISOJOULE_CHECK(set_number(tensor, entry.value(), place.offset));
      if (entry.key() == "length") ISOJOULE_CHECK(set_number(tensor, entry.value(), place.length));
    }
    if (place.location.empty())
      return fail(ErrorKind::invalid,
                  name_ + ": weight '" + tensor.name() + "' lies in another file without a name",
                  "Export the model again");
    return place;
  }

  Status set_number(const onnx::TensorProto& tensor, const std::string& text,
                    std::int64_t& number) const {
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (wrong == std::errc() && end == text.data() + text.size() && number >= 0) return {};
    return fail(ErrorKind::invalid,
                name_ + ": weight '" + tensor.name() +
                    "' has an offset or a length that is no number: '" + text.substr(0, 40) + "'",
                "Export the model again");
  }

  // Against the text first, then, for a file that is there, with every link resolved.
  Status check_inside(const onnx::TensorProto& tensor, const Place& place) {
    if (inside_.count(place.location) != 0) return {};
    const fs::path location(place.location);
    bool outside = location.is_absolute() || place.location.find('\0') != std::string::npos;
    for (const auto& part : location) outside = outside || part == "..";
    if (!outside && folder_) {
      std::error_code none;
      const fs::path folder = fs::weakly_canonical(*folder_, none);
      const fs::path file = fs::weakly_canonical(folder / location, none);
      const fs::path relative = file.lexically_relative(folder);
      outside = relative.empty() || *relative.begin() == "..";
    }
    if (outside)
      return fail(ErrorKind::permission_denied,
                  name_ + ": weight '" + tensor.name() + "' lies outside the model's folder: '" +
                      place.location.substr(0, 200) + "'",
                  "Put the file with the weights beside the model (a copy, no link)");
    inside_.insert(place.location);
    return {};
  }

  static std::int64_t bytes_of(const onnx::TensorProto& tensor) {
    const std::int64_t bits =
        saturating_product({saturating_product({tensor.dims().begin(), tensor.dims().end()}),
                            bits_of_element(tensor.data_type())});
    return bits == kSaturated ? bits : (bits + 7) / 8;
  }

  // 0: not there, or no plain file.
  std::int64_t size_of(const std::string& location) {
    const auto [found, fresh] = sizes_.emplace(location, 0);
    if (!fresh) return found->second;
    std::error_code none;
    const fs::path path = fs::path(*folder_) / location;
    if (fs::is_regular_file(path, none))
      found->second = static_cast<std::int64_t>(fs::file_size(path, none));
    return found->second;
  }

  static bool shapes_may_need(const onnx::TensorProto& tensor, std::int64_t bytes) {
    const bool whole = tensor.data_type() == onnx::TensorProto::INT64 ||
                       tensor.data_type() == onnx::TensorProto::INT32;
    return bytes <= (whole ? static_cast<std::int64_t>(kSkimKeptBytes) : 64);
  }

  // One file open at a time: some models have one for each weight. No more in all than a model
  // itself may bring: a short one could name the same bytes very often.
  void read(onnx::TensorProto& tensor, const Place& place, std::int64_t bytes) {
    const auto size = static_cast<std::size_t>(bytes);
    if (size > kSkimAlwaysKeptBytes) {
      if (size > kSkimKeptInAll - read_) return;
      read_ += size;
    }
    if (open_ != place.location) {
      stream_ = std::ifstream(fs::path(*folder_) / place.location, std::ios::binary);
      open_ = place.location;
    }
    std::string data(size, '\0');
    stream_.clear();
    stream_.seekg(place.offset);
    if (stream_.read(data.data(), bytes)) tensor.set_raw_data(std::move(data));
  }

  const std::optional<std::string>& folder_;
  const std::string& name_;
  std::vector<std::string>& notes_;
  std::set<std::string> inside_;
  std::map<std::string, std::int64_t> sizes_;
  std::string open_;  // the location of stream_
  std::ifstream stream_;
  std::size_t read_ = 0;  // of tensors larger than kSkimAlwaysKeptBytes
  std::int64_t unseen_ = 0, missing_ = 0;
  std::string first_missing_;
};

}  // namespace

Status take_external_data(onnx::ModelProto& model, const std::optional<std::string>& folder,
                          const std::string& name, std::vector<std::string>& notes) {
  return ExternalData(folder, name, notes).take(model);
}

std::int64_t bits_of_element(int type) {
  using Tensor = onnx::TensorProto;
  switch (type) {
    case Tensor::COMPLEX128: return 128;
    case Tensor::DOUBLE:
    case Tensor::INT64:
    case Tensor::UINT64:
    case Tensor::COMPLEX64: return 64;
    case Tensor::FLOAT16:
    case Tensor::BFLOAT16:
    case Tensor::INT16:
    case Tensor::UINT16: return 16;
    case Tensor::INT8:
    case Tensor::UINT8:
    case Tensor::BOOL: return 8;
    // Newer than the library's enumeration (onnx.proto, IR versions 9 to 11).
    case 17:            // FLOAT8E4M3FN
    case 18:            // FLOAT8E4M3FNUZ
    case 19:            // FLOAT8E5M2
    case 20: return 8;  // FLOAT8E5M2FNUZ
    case 21:            // UINT4
    case 22:            // INT4
    case 23: return 4;  // FLOAT4E2M1
    default: return 32;
  }
}

}  // namespace isojoule
