// Random values, the same for every engine and on every machine.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/error.h"
#include "data/tensor.h"

namespace isojoule {

// Floats are uniform in [0, 1); whole numbers are below the input's limit (2 where there is none),
// a whole-number input whose name has "mask" in it is all ones, and so are booleans. Drawn from the
// seed and the input's name, so that an input more does not shift the others. Errors: invalid (a
// limit below 1), out_of_range (more than memory can hold).
Result<Tensor> random_tensor(const TensorSpec& spec, std::uint64_t seed,
                             const std::map<std::string, std::int64_t>& limits);
// The seed of a batch; that of the first is the job's own.
std::uint64_t batch_seed(std::uint64_t seed, std::int64_t batch);

// Errors: out_of_range, naming the input.
Status check_size(const TensorSpec& spec);
// "input 'data' (1x3x224x224, float32)", for messages.
std::string input_words(const TensorSpec& spec);

}  // namespace isojoule
