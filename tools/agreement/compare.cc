#include "compare.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>

#include "base/text_file.h"
#include "tensor/npy.h"

namespace isojoule {
namespace {

namespace fs = std::filesystem;

template <typename T>
std::vector<double> numbers(const Tensor& tensor) {
  std::vector<double> values(tensor.data.size() / sizeof(T));
  for (std::size_t i = 0; i < values.size(); ++i) {
    T value;
    std::memcpy(&value, tensor.data.data() + i * sizeof(T), sizeof(T));
    values[i] = static_cast<double>(value);
  }
  return values;
}

Result<std::vector<double>> numbers_of(const Tensor& tensor, const std::string& file) {
  switch (tensor.spec.type) {
    case ElementType::float32: return numbers<float>(tensor);
    case ElementType::float64: return numbers<double>(tensor);
    case ElementType::int32: return numbers<std::int32_t>(tensor);
    case ElementType::int64: return numbers<std::int64_t>(tensor);
    default: return fail(ErrorKind::unsupported, file + ": outputs of another element type");
  }
}

double largest(const std::vector<double>& values) {
  double most = 0;
  for (const double value : values) most = std::max(most, std::abs(value));
  return most;
}

}  // namespace

Result<Outputs> read_outputs(const std::string& folder) {
  Outputs outputs;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder, code)) {
    if (entry.path().extension() != ".npy") continue;
    const std::string file = entry.path().filename().string();
    ISOJOULE_TRY(const std::string bytes, read_text_file(entry.path().string()));
    ISOJOULE_TRY(const Tensor tensor, parse_npy(bytes, file));
    ISOJOULE_TRY(outputs[file], numbers_of(tensor, file));
  }
  if (outputs.empty()) return fail(ErrorKind::not_found, folder + " holds no outputs");
  return outputs;
}

Result<double> relative_error(const Outputs& reference, const Outputs& other) {
  if (reference.size() != other.size())
    return fail(ErrorKind::invalid, "another number of outputs");
  double worst = 0;
  for (const auto& [file, values] : reference) {
    const auto found = other.find(file);
    if (found == other.end()) return fail(ErrorKind::invalid, "no output " + file);
    if (found->second.size() != values.size())
      return fail(ErrorKind::invalid, "output " + file + " has another size");
    const double scale = largest(values);
    if (values.empty()) return fail(ErrorKind::invalid, "output " + file + " is empty");
    if (scale == 0) return fail(ErrorKind::invalid, "output " + file + " is nothing but zeros");
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double error = std::abs(values[i] - found->second[i]) / scale;
      // std::max() would keep the other one.
      if (!std::isfinite(error))
        return fail(ErrorKind::invalid, "output " + file + " is not finite");
      worst = std::max(worst, error);
    }
  }
  return worst;
}

}  // namespace isojoule
