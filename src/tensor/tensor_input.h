// Stored tensors (.npy) into batches.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "data/tensor.h"

namespace isojoule {

// Samples of one of the model's inputs, from one file or several.
struct Samples {
  std::vector<std::byte> data;  // one after the other
  std::int64_t count = 0;
  bool fixed = false;  // an input without a batch (a list of sizes): the same in every batch
};

// Whether the input's first dimension is the batch.
bool has_batch(const TensorSpec& spec, std::int64_t batch);

// Adds a file's samples: an array of the input's shape, of any number of samples before the other
// dimensions, or one sample without the first dimension. Errors: invalid (another shape or element
// type, with both).
Status add_samples(Samples& samples, const Tensor& file, const TensorSpec& spec, std::int64_t batch,
                   const std::string& name);

// The `index`-th batch; after the last sample it begins anew. `limit`: samples to use.
Tensor batch_of(const Samples& samples, const TensorSpec& spec, std::int64_t index,
                std::int64_t limit);

}  // namespace isojoule
