#include "workload/layer_name.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <numeric>

#include "base/text.h"
#include "workload/family_name.h"

namespace isojoule {
namespace {

using Shape = std::vector<std::int64_t>;

constexpr LayerKind kLayerKinds[] = {
    {"conv", "cnksh", "wgd", "convolution: c channels, n kernels of k x k, stride s, g groups"},
    {"dwconv", "cksh", "wd", "depthwise convolution: each channel by itself"},
    {"fc", "io", "", "fully connected layer: i numbers in, o out", LayerShape::vector},
    {"relu", "ch", "w", "rectifier"},
    {"add", "ch", "w", "sum of two tensors"},
    {"bn", "ch", "w", "batch normalisation"},
    {"maxpool", "cksh", "w", "largest of k x k"},
    {"avgpool", "cksh", "w", "mean of k x k"},
    {"gap", "ch", "w", "mean over all places"},
    {"matmul", "mkn", "b", "product of two tensors, b of them", LayerShape::text},
    {"softmax", "mn", "b", "softmax of m rows of n", LayerShape::text},
    {"layernorm", "mn", "b", "layer normalisation of m rows of n", LayerShape::text},
    {"gelu", "mn", "b", "Gaussian error unit on m rows of n", LayerShape::text},
    {"copy", "ch", "w", "moves the numbers: height and width change places"},
    {"identity", "ch", "w", "what a network costs that does next to nothing"},
};

constexpr std::int64_t kLargestSize = 1'000'000;
// A file of Protocol Buffers holds 2 GiB; a tensor of more would not fit most boards either.
constexpr double kMostBytes = 1.9e9;
constexpr double kBytes = 4;               // of a number
constexpr std::size_t kLongestName = 200;  // a file is called so

std::int64_t product(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

std::int64_t after_stride(std::int64_t size, std::int64_t stride) {
  return (size + stride - 1) / stride;
}

// The padding of pools: half the kernel, so that odd ones keep the size.
std::int64_t after_pool(std::int64_t size, std::int64_t kernel, std::int64_t stride) {
  return (size + 2 * ((kernel - 1) / 2) - kernel) / stride + 1;
}

std::string meaning_of(char letter) {
  switch (letter) {
    case 'c': return "channels";
    case 'n': return "kernels, or columns";
    case 'k': return "kernel size, or depth of a product";
    case 's': return "stride";
    case 'h': return "height";
    case 'w': return "width";
    case 'g': return "groups";
    case 'd': return "dilation";
    case 'i': return "numbers in";
    case 'o': return "numbers out";
    case 'm': return "rows";
    case 'b': return "stack";
    default: return "size";
  }
}

std::string pattern_of(const LayerKind& kind) {
  std::string text(kind.name);
  for (const char letter : kind.letters) text += fmt::format("_{}N", letter);
  for (const char letter : kind.optional) text += fmt::format("[_{}N]", letter);
  return text;
}

std::string shape_text(const Shape& shape) { return fmt::format("{}", fmt::join(shape, "x")); }

}  // namespace

std::span<const LayerKind> layer_kinds() { return kLayerKinds; }

const LayerKind* find_layer_kind(std::string_view name) {
  for (const LayerKind& kind : kLayerKinds)
    if (kind.name == name) return &kind;
  return nullptr;
}

// ---- one layer ----------------------------------------------------------------------------------

std::int64_t LayerSpec::size(char letter) const {
  const std::string_view optional = kind_->optional;
  if (const auto at = kind_->letters.find(letter); at != std::string_view::npos) return sizes_[at];
  if (const auto at = optional.find(letter); at != std::string_view::npos)
    if (const std::int64_t given = sizes_[kind_->letters.size() + at]; given != 0) return given;
  return letter == 'w' ? size('h') : 1;
}

void LayerSpec::leave_out_needless() {
  const std::size_t required = kind_->letters.size();
  for (std::size_t i = 0; i < kind_->optional.size(); ++i) {
    std::int64_t& given = sizes_[required + i];
    if (given == (kind_->optional[i] == 'w' ? size('h') : 1)) given = 0;
  }
}

std::string LayerSpec::name() const {
  std::string text(kind_->name);
  for (std::size_t i = 0; i < sizes_.size(); ++i) {
    const std::size_t required = kind_->letters.size();
    const char letter = i < required ? kind_->letters[i] : kind_->optional[i - required];
    if (sizes_[i] != 0) text += fmt::format("_{}{}", letter, sizes_[i]);
  }
  return text;
}

Shape LayerSpec::input() const {
  switch (kind_->takes) {
    case LayerShape::image: return {size('c'), size('h'), size('w')};
    case LayerShape::vector: return {size('i')};
    case LayerShape::text: break;
  }
  const std::int64_t width = is("matmul") ? size('k') : size('n');
  return size('b') > 1 ? Shape{size('b'), size('m'), width} : Shape{size('m'), width};
}

Shape LayerSpec::output() const {
  Shape shape = input();
  if (is("conv") || is("dwconv")) {
    const std::int64_t channels = is("conv") ? size('n') : size('c');
    return {channels, after_stride(size('h'), size('s')), after_stride(size('w'), size('s'))};
  }
  if (is("maxpool") || is("avgpool"))
    return {size('c'), after_pool(size('h'), size('k'), size('s')),
            after_pool(size('w'), size('k'), size('s'))};
  if (is("gap")) return {size('c'), 1, 1};
  if (is("fc")) return {size('o')};
  if (is("matmul")) shape.back() = size('n');
  if (is("copy")) std::swap(shape[1], shape[2]);
  return shape;
}

std::int64_t LayerSpec::inputs() const { return is("add") || is("matmul") ? 2 : 1; }

std::int64_t LayerSpec::macs() const {
  const std::int64_t kernel = size('k') * size('k');
  if (is("conv")) return product(output()) * (size('c') / size('g')) * kernel;
  if (is("dwconv")) return product(output()) * kernel;
  if (is("fc")) return size('i') * size('o');
  if (is("matmul")) return product(output()) * size('k');
  return 0;
}

std::int64_t LayerSpec::parameters() const {
  const std::int64_t kernel = size('k') * size('k');
  if (is("conv")) return size('n') * (size('c') / size('g') * kernel + 1);
  if (is("dwconv")) return size('c') * (kernel + 1);
  if (is("fc")) return (size('i') + 1) * size('o');
  if (is("bn")) return 2 * size('c');
  if (is("layernorm")) return 2 * size('n');
  return 0;
}

std::int64_t LayerSpec::activations() const {
  std::int64_t second = 0;
  if (is("add")) second = product(input());
  if (is("matmul")) second = size('b') * size('k') * size('n');
  return product(input()) + second + product(output());
}

// ---- from a name --------------------------------------------------------------------------------

class LayerReader {
 public:
  static Result<LayerSpec> read(std::string_view text) {
    const auto words = split_words(text, '_');
    const LayerKind* kind = find_layer_kind(words[0]);
    if (kind == nullptr) return unknown_kind(text, words[0]);
    std::vector<LayerSize> sizes;
    for (std::size_t i = 1; i < words.size(); ++i) {
      ISOJOULE_TRY(const LayerSize size, read_size(text, *kind, words[i]));
      sizes.push_back(size);
    }
    ISOJOULE_TRY(LayerSpec layer, make(*kind, sizes, std::string(text)));
    if (layer.name() != text)
      return fail(ErrorKind::invalid, fmt::format("{}: another name of a layer", text),
                  "Each layer has one name: write " + layer.name());
    return layer;
  }

  static Result<LayerSpec> make(const LayerKind& kind, const std::vector<LayerSize>& sizes,
                                const std::string& where) {
    LayerSpec layer;
    layer.kind_ = &kind;
    const std::string letters = std::string(kind.letters) + std::string(kind.optional);
    layer.sizes_.assign(letters.size(), 0);
    for (const LayerSize& size : sizes) {
      const std::size_t at = letters.find(size.letter);
      if (at == std::string::npos)
        return fail(ErrorKind::invalid,
                    fmt::format("{}: {} has no size '{}'", where, kind.name, size.letter),
                    "Write " + pattern_of(kind));
      if (layer.sizes_[at] != 0)
        return fail(ErrorKind::invalid, fmt::format("{}: '{}' is given twice", where, size.letter),
                    "Write " + pattern_of(kind));
      if (size.value < 1 || size.value > kLargestSize)
        return fail(ErrorKind::out_of_range,
                    fmt::format("{}: {} = {}", where, size.letter, size.value),
                    fmt::format("Give a number from 1 to {}", kLargestSize));
      layer.sizes_[at] = size.value;
    }
    for (std::size_t i = 0; i < kind.letters.size(); ++i)
      if (layer.sizes_[i] == 0)
        return fail(
            ErrorKind::invalid,
            fmt::format("{}: no '{}' ({})", where, kind.letters[i], meaning_of(kind.letters[i])),
            "Write " + pattern_of(kind));
    layer.leave_out_needless();
    ISOJOULE_CHECK(check(layer, where));
    return layer;
  }

 private:
  static tl::unexpected<Error> unknown_kind(std::string_view text, std::string_view word) {
    std::vector<std::string> known;
    for (const LayerKind& kind : kLayerKinds) known.emplace_back(kind.name);
    return fail(ErrorKind::invalid, fmt::format("{}: no kind of layer is '{}'", text, word),
                unknown_name_remedy(word, known));
  }

  static Result<LayerSize> read_size(std::string_view text, const LayerKind& kind,
                                     std::string_view word) {
    LayerSize size{word.empty() ? '?' : word[0], 0};
    const char* const end = word.data() + word.size();
    if (word.size() > 1)
      if (const auto [at, code] = std::from_chars(word.data() + 1, end, size.value);
          at == end && code == std::errc())
        return size;
    return fail(ErrorKind::invalid, fmt::format("{}: '{}' is no letter with a number", text, word),
                "Write " + pattern_of(kind));
  }

  static Status check(const LayerSpec& layer, const std::string& where) {
    const std::int64_t groups = layer.size('g');
    if (layer.is("conv") && (layer.size('c') % groups != 0 || layer.size('n') % groups != 0))
      return fail(ErrorKind::invalid,
                  fmt::format("{}: {} groups divide not both {} channels and {} kernels", where,
                              groups, layer.size('c'), layer.size('n')),
                  "Give a divisor of both");
    if (layer.kind().takes == LayerShape::image &&
        layer.kind().letters.find('k') != std::string_view::npos &&
        (layer.size('k') > 31 || layer.size('d') > 31 || layer.size('s') > 31))
      return fail(ErrorKind::out_of_range, where + ": kernel, stride or dilation above 31",
                  "Give at most 31");
    if (layer.is("maxpool") || layer.is("avgpool"))
      if (layer.size('k') > std::min(layer.size('h'), layer.size('w')))
        return fail(ErrorKind::out_of_range, where + ": the kernel is larger than the input",
                    "Give a kernel of at most the height and width");
    return check_bytes(layer, where);
  }

  // In floating point, where no product overflows: of up to five sizes of up to a million.
  static Status check_bytes(const LayerSpec& layer, const std::string& where) {
    const auto real = [&](char letter) { return static_cast<double>(layer.size(letter)); };
    double weights = 0, numbers = 0;
    switch (layer.kind().takes) {
      case LayerShape::image:
        numbers = std::max(real('c'), layer.is("conv") ? real('n') : 0) * real('h') * real('w');
        if (layer.is("conv")) weights = real('n') * real('c') / real('g') * real('k') * real('k');
        break;
      case LayerShape::vector: weights = real('i') * real('o'); break;
      case LayerShape::text:
        numbers = std::max({real('m') * real('n'), real('m') * real('k'), real('k') * real('n')});
        numbers *= real('b');
        break;
    }
    if (std::max(weights, numbers) * kBytes <= kMostBytes) return {};
    return fail(
        ErrorKind::out_of_range,
        fmt::format("{}: {:.3g} GB of {}", where, std::max(weights, numbers) * kBytes * 1e-9,
                    weights > numbers ? "weights" : "one tensor"),
        fmt::format("Give sizes that need at most {:.3g} GB", kMostBytes * 1e-9));
  }
};

Result<LayerSpec> layer_of(std::string_view kind, const std::vector<LayerSize>& sizes) {
  const LayerKind* found = find_layer_kind(kind);
  if (found == nullptr) return LayerReader::read(kind);  // says what there is
  return LayerReader::make(*found, sizes, std::string(kind));
}

// ---- several ------------------------------------------------------------------------------------

bool fits(const LayerSpec& first, const LayerSpec& second) {
  const Shape gives = first.output(), takes = second.input();
  return second.is("fc") ? product(gives) == product(takes) : gives == takes;
}

std::string name_of(const std::vector<LayerSpec>& layers) {
  std::string text;
  for (const LayerSpec& layer : layers) text += (text.empty() ? "" : "+") + layer.name();
  return text;
}

Result<std::optional<std::vector<LayerSpec>>> parse_layers(std::string_view name) {
  const std::string_view first = name.substr(0, name.find_first_of("_+"));
  if (first.size() == name.size() || find_layer_kind(first) == nullptr) return std::nullopt;
  if (name.size() > kLongestName)
    return fail(ErrorKind::out_of_range,
                fmt::format("{}...: a name of {} letters", name.substr(0, 40), name.size()),
                fmt::format("Files are called so: give at most {}", kLongestName));
  std::vector<LayerSpec> layers;
  for (const std::string_view part : split_words(name, '+')) {
    ISOJOULE_TRY(LayerSpec layer, LayerReader::read(part));
    if (!layers.empty() && !fits(layers.back(), layer))
      return fail(ErrorKind::invalid,
                  fmt::format("{} takes {}, but {} gives {}", part, shape_text(layer.input()),
                              layers.back().name(), shape_text(layers.back().output())),
                  "Each layer must take what the one before it gives");
    layers.push_back(std::move(layer));
  }
  return layers;
}

}  // namespace isojoule
