// Opening: what is read or made up before anything is prepared.
#include "tensor/input.h"

#include <algorithm>

#include "base/file_tree.h"
#include "base/random.h"
#include "base/text_file.h"
#include "tensor/image_input.h"
#include "tensor/input_files.h"
#include "tensor/made_up_text.h"
#include "tensor/npy.h"
#include "tensor/picture.h"
#include "tensor/random_input.h"
#include "tensor/text_input.h"
#include "tensor/vocabulary.h"

namespace isojoule {
namespace {

// Prepared inputs of a whole folder may take this much where no count was asked for.
constexpr std::int64_t kMostBytes = std::int64_t{512} << 20;

// A made-up photograph, and how cameras and data sets store one.
constexpr std::int64_t kPictureWidth = 640;
constexpr std::int64_t kPictureHeight = 480;
constexpr int kPictureQuality = 90;

std::int64_t whole_batches(std::int64_t count, std::int64_t batch) {
  return std::max<std::int64_t>(1, count / batch + (count % batch == 0 ? 0 : 1));
}

std::int64_t batch_bytes(const std::vector<TensorSpec>& inputs) {
  std::size_t bytes = 0;
  for (const TensorSpec& spec : inputs)
    bytes += element_count(spec.shape).value_or(0) * size_of(spec.type);
  return static_cast<std::int64_t>(bytes);
}

// How many inputs there will be, of `available`; where that is not all, a note says so.
std::int64_t inputs_wanted(InputSource& source, std::int64_t available, std::int64_t batch) {
  if (source.options.count > 0) return source.options.count;
  const std::int64_t most =
      std::max<std::int64_t>(1, kMostBytes / std::max<std::int64_t>(1, batch_bytes(source.inputs)));
  if (whole_batches(available, batch) <= most) return available;
  source.notes.push_back("the first " + std::to_string(most * batch) + " of " +
                         std::to_string(available) +
                         " inputs, which take 512 MiB prepared: input.count chooses more");
  return most * batch;
}

Result<std::string> read_file(const std::string& path) {
  auto bytes = read_text_file(path);
  if (!bytes && bytes.error().remedy.empty())
    bytes.error().remedy = "Name inputs that this user may read with input.path";
  return bytes;
}

// Sets the number of batches, reads no more files than they take.
Status read_items(InputSource& source, InputFiles files, std::int64_t batch) {
  source.notes.insert(source.notes.end(), files.notes.begin(), files.notes.end());
  const std::int64_t wanted =
      inputs_wanted(source, static_cast<std::int64_t>(files.paths.size()), batch);
  source.batches = whole_batches(wanted, batch);
  if (wanted < static_cast<std::int64_t>(files.paths.size()))
    files.paths.resize(static_cast<std::size_t>(wanted));
  for (const std::string& path : files.paths) {
    ISOJOULE_TRY(std::string bytes, read_file(path));
    source.items.push_back({path, std::move(bytes)});
  }
  source.files = static_cast<std::int64_t>(files.paths.size());
  return {};
}

void note_repeats(InputSource& source, std::int64_t batch) {
  const auto items = static_cast<std::int64_t>(source.items.size());
  const std::int64_t slots = source.batches * batch;
  if (items < slots)
    source.notes.push_back(std::to_string(items) + " inputs fill " + std::to_string(slots) +
                           " places: they are repeated from the first");
}

// ---- images ---------------------------------------------------------------------------------

void make_pictures(InputSource& source, std::int64_t batch) {
  source.batches = whole_batches(std::max<std::int64_t>(source.options.count, 1), batch);
  for (std::int64_t i = 0; i < source.batches * batch; ++i) {
    const std::string name = "made-up image " + std::to_string(i + 1);
    const Image image = made_up_picture(seed_for(source.seed, name), kPictureWidth, kPictureHeight);
    source.items.push_back({name, encode_jpeg(image, kPictureQuality)});
  }
  source.notes.push_back("made-up images of 640 x 480 pixels, as JPEG");
}

Status open_images(InputSource& source) {
  ISOJOULE_TRY(const std::size_t input, find_image_input(source.inputs, source.options.image));
  const std::int64_t batch = source.inputs[input].shape[0];
  if (source.options.path.empty()) {
    make_pictures(source, batch);
    return {};
  }
  ISOJOULE_TRY(InputFiles files, find_input_files(source.options.path, InputKind::image));
  ISOJOULE_CHECK(read_items(source, std::move(files), batch));
  note_repeats(source, batch);
  return {};
}

// ---- texts ----------------------------------------------------------------------------------

Status open_vocabulary(InputSource& source) {
  const std::string& path = source.options.text.vocabulary;
  std::string text;
  if (path.empty()) {
    text = builtin_vocabulary_text();
    source.notes.emplace_back(
        "the built-in vocabulary: token numbers are not those that the model was trained with "
        "(input.vocabulary names its own)");
  } else {
    ISOJOULE_TRY(text, read_file(path));
  }
  ISOJOULE_TRY(Vocabulary vocabulary,
               parse_vocabulary(text, path.empty() ? "the built-in vocabulary" : path));
  source.vocabulary = std::make_shared<const Vocabulary>(std::move(vocabulary));
  return {};
}

void make_texts(InputSource& source, const TextPlaces& places) {
  const std::int64_t words =
      source.options.text.words > 0 ? source.options.text.words : places.length;
  source.batches = whole_batches(std::max<std::int64_t>(source.options.count, 1), places.batch);
  for (std::int64_t i = 0; i < source.batches * places.batch; ++i) {
    const std::string name = "made-up text " + std::to_string(i + 1);
    source.items.push_back({name, made_up_text(seed_for(source.seed, name), words)});
  }
  source.notes.push_back("made-up texts of " + std::to_string(words) + " words");
}

// Every line that is not empty is a text.
Status read_lines(InputSource& source, const std::string& path, std::int64_t batch) {
  ISOJOULE_TRY(const std::string text, read_file(path));
  source.files = 1;
  std::int64_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line = trimmed(std::string_view(text).substr(at, end - at));
    ++number;
    if (!line.empty())
      source.items.push_back({path + ", line " + std::to_string(number), std::move(line)});
    at = end + 1;
  }
  const auto lines = static_cast<std::int64_t>(source.items.size());
  const std::int64_t wanted = inputs_wanted(source, lines, batch);
  source.batches = whole_batches(wanted, batch);
  if (wanted < lines) source.items.resize(static_cast<std::size_t>(wanted));
  return {};
}

Status check_texts(const InputSource& source) {
  for (const auto& item : source.items)
    if (trimmed(item.bytes).empty())
      return fail(ErrorKind::invalid, item.name + ": has no text in it",
                  "Leave the file out, or write something into it");
  if (source.items.empty())
    return fail(ErrorKind::invalid, source.options.path + ": has no text in it",
                "Give a file of lines, each a text");
  return {};
}

Status open_texts(InputSource& source) {
  ISOJOULE_TRY(const TextPlaces places, find_text_inputs(source.inputs, source.options.text));
  ISOJOULE_CHECK(open_vocabulary(source));
  if (source.options.path.empty()) {
    make_texts(source, places);
    return {};
  }
  ISOJOULE_TRY(InputFiles files, find_input_files(source.options.path, InputKind::text));
  if (files.one_file)
    ISOJOULE_CHECK(read_lines(source, source.options.path, places.batch));
  else
    ISOJOULE_CHECK(read_items(source, std::move(files), places.batch));
  ISOJOULE_CHECK(check_texts(source));
  note_repeats(source, places.batch);
  return {};
}

// ---- tensors --------------------------------------------------------------------------------

// A model of several inputs needs a folder with a file for each, by its name.
Result<InputFiles> files_by_name(const InputSource& source) {
  ISOJOULE_TRY(const InputFiles found, find_input_files(source.options.path, InputKind::tensor));
  InputFiles files;
  for (const TensorSpec& spec : source.inputs) {
    const std::string wanted = "/" + npy_file_name(spec.name);
    const auto file =
        std::find_if(found.paths.begin(), found.paths.end(),
                     [&wanted](const std::string& path) { return ("/" + path).ends_with(wanted); });
    if (file == found.paths.end())
      return fail(
          ErrorKind::not_found,
          source.options.path + ": has no " + wanted.substr(1) + " for " + input_words(spec),
          "A model of several inputs takes a folder with a file for each, by its name");
    files.paths.push_back(*file);
  }
  return files;
}

Status open_tensors(InputSource& source) {
  if (source.options.path.empty())
    return fail(ErrorKind::invalid, "input.kind=tensor without input.path",
                "Name a .npy file or a folder of them with input.path");
  InputFiles files;
  if (source.inputs.size() == 1) {
    ISOJOULE_TRY(files, find_input_files(source.options.path, InputKind::tensor));
  } else {
    ISOJOULE_TRY(files, files_by_name(source));
  }
  source.notes = files.notes;
  for (const std::string& path : files.paths) {
    ISOJOULE_TRY(std::string bytes, read_file(path));
    source.items.push_back({path, std::move(bytes)});
  }
  source.files = static_cast<std::int64_t>(source.items.size());
  return {};
}

void open_random(InputSource& source) {
  const auto& shape = source.inputs[0].shape;
  const std::int64_t batch = shape.empty() ? 1 : std::max<std::int64_t>(1, shape[0]);
  source.batches = whole_batches(std::max<std::int64_t>(source.options.count, 1), batch);
}

Status open_kind(InputSource& source) {
  switch (source.kind) {
    case InputKind::image: return open_images(source);
    case InputKind::text: return open_texts(source);
    case InputKind::tensor: return open_tensors(source);
    case InputKind::random: break;
  }
  open_random(source);
  return {};
}

}  // namespace

Result<InputSource> open_inputs(std::span<const TensorSpec> inputs, const InputOptions& options,
                                std::uint64_t seed) {
  if (inputs.empty())
    return fail(ErrorKind::invalid, "the model has no inputs", "Choose another model");
  InputSource source;
  source.inputs.assign(inputs.begin(), inputs.end());
  source.options = options;
  source.seed = seed;
  for (const TensorSpec& spec : inputs) ISOJOULE_CHECK(check_size(spec));
  if (options.kind) {
    source.kind = *options.kind;
  } else if (!options.path.empty()) {
    ISOJOULE_TRY(source.kind, kind_of_path(options.path));
  }
  if (source.kind == InputKind::random && !options.path.empty())
    return fail(ErrorKind::invalid, "input.kind=random does not read input.path",
                "Leave one of the two out");
  ISOJOULE_CHECK(open_kind(source));
  return source;
}

}  // namespace isojoule
