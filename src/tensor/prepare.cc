// Preparing: the processor's work between an input as it is stored and a network's tensors.
#include <algorithm>
#include <new>

#include "tensor/elements.h"
#include "tensor/image_input.h"
#include "tensor/input.h"
#include "tensor/npy.h"
#include "tensor/random_input.h"
#include "tensor/tensor_input.h"
#include "tensor/text_input.h"

namespace isojoule {
namespace {

// One batch in which everything but the inputs `filled` is random already.
Result<std::vector<Tensor>> new_batch(const InputSource& source, std::int64_t batch,
                                      const std::vector<std::size_t>& filled) {
  std::vector<Tensor> tensors;
  for (std::size_t i = 0; i < source.inputs.size(); ++i) {
    if (std::find(filled.begin(), filled.end(), i) != filled.end()) {
      tensors.push_back(make_tensor(source.inputs[i]));
      continue;
    }
    ISOJOULE_TRY(Tensor tensor, random_tensor(source.inputs[i], batch_seed(source.seed, batch),
                                              source.options.limits));
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

void note_random(const InputSource& source, const std::vector<std::size_t>& filled,
                 PreparedInputs& prepared) {
  for (std::size_t i = 0; i < source.inputs.size(); ++i)
    if (std::find(filled.begin(), filled.end(), i) == filled.end())
      prepared.notes.push_back(input_words(source.inputs[i]) + " is filled with random values");
}

const InputSource::Item& item_at(const InputSource& source, std::int64_t index) {
  return source.items[static_cast<std::size_t>(index) % source.items.size()];
}

Status prepare_random(const InputSource& source, PreparedInputs& prepared) {
  for (std::int64_t b = 0; b < source.batches; ++b) {
    ISOJOULE_TRY(auto batch, new_batch(source, b, {}));
    prepared.batches.push_back(std::move(batch));
  }
  const auto& shape = source.inputs[0].shape;
  prepared.counts.inputs = source.batches * (shape.empty() ? 1 : shape[0]);
  return {};
}

Status prepare_images(const InputSource& source, PreparedInputs& prepared) {
  ISOJOULE_TRY(const std::size_t input, find_image_input(source.inputs, source.options.image));
  const TensorSpec& spec = source.inputs[input];
  ISOJOULE_TRY(const ImagePlace place, image_place(spec, source.options.image));
  for (std::int64_t b = 0; b < source.batches; ++b) {
    ISOJOULE_TRY(auto batch, new_batch(source, b, {input}));
    for (std::int64_t slot = 0; slot < spec.shape[0]; ++slot) {
      const auto& item = item_at(source, b * spec.shape[0] + slot);
      ISOJOULE_TRY(const Image image, decode_image(item.bytes, item.name));
      put_image(batch[input], slot, image, place, source.options.image);
    }
    prepared.batches.push_back(std::move(batch));
  }
  prepared.counts.inputs = source.batches * spec.shape[0];
  note_random(source, {input}, prepared);
  return {};
}

std::vector<std::size_t> filled_by(const TextPlaces& places) {
  std::vector<std::size_t> filled = {places.ids};
  for (const auto& place : {places.mask, places.types, places.positions})
    if (place) filled.push_back(*place);
  return filled;
}

Status prepare_texts(const InputSource& source, PreparedInputs& prepared) {
  ISOJOULE_TRY(const TextPlaces places, find_text_inputs(source.inputs, source.options.text));
  const auto filled = filled_by(places);
  InputCounts& counts = prepared.counts;
  std::int64_t largest = 0;
  for (std::int64_t b = 0; b < source.batches; ++b) {
    ISOJOULE_TRY(auto batch, new_batch(source, b, filled));
    for (std::int64_t slot = 0; slot < places.batch; ++slot) {
      const auto& item = item_at(source, b * places.batch + slot);
      ISOJOULE_TRY(const Tokens tokens,
                   tokenize(item.bytes, *source.vocabulary, source.options.text.lowercase,
                            static_cast<std::size_t>(places.length), item.name));
      put_tokens(batch, slot, tokens, places, source.vocabulary->pad);
      counts.tokens += static_cast<std::int64_t>(tokens.ids.size());
      counts.unknown_tokens += tokens.unknown;
      counts.truncated_texts += tokens.truncated ? 1 : 0;
      largest = std::max(largest, *std::max_element(tokens.ids.begin(), tokens.ids.end()));
    }
    prepared.batches.push_back(std::move(batch));
  }
  counts.inputs = source.batches * places.batch;
  prepared.notes.push_back("the largest token number is " + std::to_string(largest) +
                           ": the model's embedding needs more rows than that");
  note_random(source, filled, prepared);
  return {};
}

// Of the inputs that have a batch, all the same number of samples.
Result<std::int64_t> sample_count(const std::vector<Samples>& samples, const InputSource& source) {
  std::int64_t count = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (samples[i].fixed) continue;
    if (count != 0 && samples[i].count != count)
      return fail(ErrorKind::invalid,
                  input_words(source.inputs[i]) + " has " + std::to_string(samples[i].count) +
                      " samples stored, another input " + std::to_string(count),
                  "Give as many samples for every input");
    count = samples[i].count;
  }
  return std::max<std::int64_t>(count, 1);
}

Result<std::vector<Samples>> read_samples(const InputSource& source, std::int64_t batch) {
  std::vector<Samples> samples(source.inputs.size());
  for (std::size_t i = 0; i < source.items.size(); ++i) {
    const auto& item = source.items[i];
    const std::size_t input = source.inputs.size() == 1 ? 0 : i;
    ISOJOULE_TRY(const Tensor file, parse_npy(item.bytes, item.name));
    ISOJOULE_CHECK(add_samples(samples[input], file, source.inputs[input], batch, item.name));
  }
  return samples;
}

Status prepare_tensors(const InputSource& source, PreparedInputs& prepared) {
  const auto& shape = source.inputs[0].shape;
  const std::int64_t batch = shape.empty() ? 1 : std::max<std::int64_t>(1, shape[0]);
  ISOJOULE_TRY(const auto samples, read_samples(source, batch));
  ISOJOULE_TRY(const std::int64_t available, sample_count(samples, source));
  const std::int64_t wanted = source.options.count > 0 ? source.options.count : available;
  const std::int64_t limit = std::min(wanted, available);
  const std::int64_t batches = (wanted + batch - 1) / batch;
  for (std::int64_t b = 0; b < batches; ++b) {
    auto& tensors = prepared.batches.emplace_back();
    for (std::size_t i = 0; i < samples.size(); ++i)
      tensors.push_back(batch_of(samples[i], source.inputs[i], b, limit));
  }
  prepared.counts.inputs = batches * batch;
  if (limit < batches * batch)
    prepared.notes.push_back(std::to_string(limit) + " samples fill " +
                             std::to_string(batches * batch) +
                             " places: they are repeated from the first");
  return {};
}

Status prepare_kind(const InputSource& source, PreparedInputs& prepared) {
  switch (source.kind) {
    case InputKind::image: return prepare_images(source, prepared);
    case InputKind::text: return prepare_texts(source, prepared);
    case InputKind::tensor: return prepare_tensors(source, prepared);
    case InputKind::random: break;
  }
  return prepare_random(source, prepared);
}

}  // namespace

Result<PreparedInputs> prepare_inputs(const InputSource& source) try {
  PreparedInputs prepared;
  prepared.notes = source.notes;
  prepared.counts.files = source.files;
  ISOJOULE_CHECK(prepare_kind(source, prepared));
  return prepared;
} catch (const std::bad_alloc&) {
  return fail(ErrorKind::engine, "out of memory while inputs were prepared",
              "Take a smaller batch, or fewer inputs with input.count");
}

}  // namespace isojoule
