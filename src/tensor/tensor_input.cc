#include "tensor/tensor_input.h"

#include <algorithm>
#include <optional>

#include "tensor/elements.h"
#include "tensor/random_input.h"

namespace isojoule {
namespace {

using Shape = std::vector<std::int64_t>;

Shape sample_shape(const TensorSpec& spec) { return {spec.shape.begin() + 1, spec.shape.end()}; }

// Samples that an array of this shape holds; nothing where it does not fit.
std::optional<std::int64_t> samples_of(const Shape& shape, const TensorSpec& spec) {
  const Shape one = sample_shape(spec);
  if (shape == one) return 1;
  if (shape.size() != one.size() + 1 || shape[0] < 1) return std::nullopt;
  if (!std::equal(one.begin(), one.end(), shape.begin() + 1)) return std::nullopt;
  return shape[0];
}

tl::unexpected<Error> wrong_shape(const Tensor& file, const TensorSpec& spec,
                                  const std::string& name) {
  return fail(
      ErrorKind::invalid,
      name + ": wrong input shape " + shape_words(file.spec.shape) + " for " + input_words(spec),
      "Give an array of that shape, or one of more samples");
}

}  // namespace

bool has_batch(const TensorSpec& spec, std::int64_t batch) {
  return !spec.shape.empty() && spec.shape[0] == batch;
}

Status add_samples(Samples& samples, const Tensor& file, const TensorSpec& spec, std::int64_t batch,
                   const std::string& name) {
  if (file.spec.type != spec.type)
    return fail(ErrorKind::invalid,
                name + ": wrong element type " + std::string(name_of(file.spec.type)) + " for " +
                    input_words(spec),
                "Convert it with numpy's astype()");
  samples.fixed = !has_batch(spec, batch);
  if (samples.fixed) {
    if (file.spec.shape != spec.shape || samples.count > 0) return wrong_shape(file, spec, name);
    samples.data = file.data;
    samples.count = 1;
    return {};
  }
  const auto count = samples_of(file.spec.shape, spec);
  if (!count) return wrong_shape(file, spec, name);
  samples.data.insert(samples.data.end(), file.data.begin(), file.data.end());
  samples.count += *count;
  return {};
}

Tensor batch_of(const Samples& samples, const TensorSpec& spec, std::int64_t index,
                std::int64_t limit) {
  if (samples.fixed) return {spec, samples.data};
  Tensor tensor = make_tensor(spec);
  const std::int64_t batch = spec.shape[0];
  const auto size = static_cast<std::int64_t>(tensor.data.size()) / batch;
  for (std::int64_t slot = 0; slot < batch; ++slot) {
    const std::int64_t sample = (index * batch + slot) % limit;
    std::copy_n(samples.data.begin() + sample * size, size, tensor.data.begin() + slot * size);
  }
  return tensor;
}

}  // namespace isojoule
