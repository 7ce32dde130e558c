#include "tensor/random_input.h"

#include "base/random.h"
#include "tensor/elements.h"
#include "tensor/half.h"

namespace isojoule {
namespace {

template <typename T, typename Next>
void fill(Tensor& tensor, const Next& next) {
  const std::size_t count = tensor.data.size() / sizeof(T);
  for (std::size_t i = 0; i < count; ++i) put_element<T>(tensor, i, next());
}

template <typename T>
void fill_whole(Tensor& tensor, Random& random, std::uint64_t below) {
  if (tensor.spec.name.find("mask") != std::string::npos)
    return fill<T>(tensor, [] { return T{1}; });
  fill<T>(tensor, [&] { return static_cast<T>(random.below(below)); });
}

void fill_random(Tensor& tensor, Random& random, std::uint64_t below) {
  const auto uniform = [&random] { return static_cast<float>(random.uniform()); };
  switch (tensor.spec.type) {
    case ElementType::float32: return fill<float>(tensor, uniform);
    case ElementType::float64: return fill<double>(tensor, [&random] { return random.uniform(); });
    case ElementType::float16:
      return fill<std::uint16_t>(tensor, [&uniform] { return half_of(uniform()); });
    case ElementType::int8:
    case ElementType::uint8: return fill_whole<std::uint8_t>(tensor, random, below);
    case ElementType::int32: return fill_whole<std::int32_t>(tensor, random, below);
    case ElementType::int64: return fill_whole<std::int64_t>(tensor, random, below);
    case ElementType::boolean: return fill<std::uint8_t>(tensor, [] { return std::uint8_t{1}; });
  }
}

}  // namespace

std::string input_words(const TensorSpec& spec) {
  return "input '" + spec.name + "' (" + shape_words(spec.shape) + ", " +
         std::string(name_of(spec.type)) + ")";
}

Status check_size(const TensorSpec& spec) {
  constexpr std::size_t most = std::size_t{1} << 40;  // bytes; no board has a terabyte
  const auto count = element_count(spec.shape);
  if (count && *count <= most / size_of(spec.type)) return {};
  return fail(ErrorKind::engine, "out of memory: " + input_words(spec) + " is too large",
              "Take a smaller batch");
}

Result<Tensor> random_tensor(const TensorSpec& spec, std::uint64_t seed,
                             const std::map<std::string, std::int64_t>& limits) {
  ISOJOULE_CHECK(check_size(spec));
  const auto limit = limits.find(spec.name);
  if (limit != limits.end() && limit->second < 1)
    return fail(ErrorKind::invalid,
                "limit " + std::to_string(limit->second) + " of " + input_words(spec) +
                    " leaves no number to draw",
                "Name a limit of 1 or more");
  const std::uint64_t below = limit == limits.end() ? 2 : static_cast<std::uint64_t>(limit->second);
  Tensor tensor = make_tensor(spec);
  Random random(seed_for(seed, spec.name));
  fill_random(tensor, random, below);
  return tensor;
}

std::uint64_t batch_seed(std::uint64_t seed, std::int64_t batch) {
  return batch == 0 ? seed : seed_for(seed, "batch " + std::to_string(batch));
}

}  // namespace isojoule
