// Stand-in until the room is there: random inputs only, no post-processing.
#include <cstring>
#include <functional>

#include "base/random.h"
#include "tensor/input.h"
#include "tensor/npy.h"
#include "tensor/post.h"

namespace isojoule {
namespace {
template <typename T>
void fill(Tensor& tensor, std::size_t count, const std::function<T()>& next) {
  tensor.data.resize(count * sizeof(T));
  for (std::size_t i = 0; i < count; ++i) {
    const T value = next();
    std::memcpy(tensor.data.data() + i * sizeof(T), &value, sizeof(T));
  }
}
}  // namespace
std::string_view name_of(InputKind) { return "random"; }
std::string_view name_of(PostTask) { return "none"; }
Result<InputOptions> take_input_options(std::map<std::string, std::string>&) {
  return InputOptions{};
}
Result<PostOptions> take_post_options(std::map<std::string, std::string>&) { return PostOptions{}; }
PostTask find_task(std::span<const Tensor>) { return PostTask::none; }
Result<PostResult> post_process(std::span<const Tensor>, const PostOptions&) {
  return PostResult{};
}
Result<InputSource> open_inputs(std::span<const TensorSpec> inputs, const InputOptions& options,
                                std::uint64_t seed) {
  InputSource source;
  source.inputs.assign(inputs.begin(), inputs.end());
  source.options = options;
  source.seed = seed;
  return source;
}
Result<PreparedInputs> prepare_inputs(const InputSource& source) {
  PreparedInputs prepared;
  prepared.batches.emplace_back();
  for (const TensorSpec& spec : source.inputs) {
    Tensor tensor;
    tensor.spec = spec;
    const std::size_t count = *element_count(spec.shape);
    Random random(seed_for(source.seed, spec.name));
    if (spec.type == ElementType::float32) {
      fill<float>(tensor, count, [&] { return static_cast<float>(random.uniform()); });
    } else {
      const auto limit = source.options.limits.find(spec.name);
      const std::uint64_t below = limit == source.options.limits.end() ? 2 : limit->second;
      const bool mask = spec.name.find("mask") != std::string::npos;
      fill<std::int64_t>(tensor, count, [&] { return mask ? 1 : random.below(below); });
    }
    prepared.batches.back().push_back(std::move(tensor));
  }
  return prepared;
}
Status write_npy(const Tensor&, const std::string&) { return {}; }
}  // namespace isojoule
