#include <algorithm>
#include <limits>

#include "tensor/input.h"
#include "tensor/option_reader.h"

namespace isojoule {
namespace {

using Layout = ImageOptions::Layout;
using Resize = ImageOptions::Resize;

void read_three(OptionReader& reader, const std::string& key, std::array<double, 3>& value,
                bool positive) {
  std::vector<double> numbers;
  reader.read(key, numbers);
  if (numbers.empty()) return;
  const bool in_range = std::all_of(numbers.begin(), numbers.end(), [positive](double x) {
    return x <= 1 && (positive ? x > 0 : x >= 0);
  });
  if (numbers.size() != 3 || !in_range)
    return reader.refuse(key, std::string("three numbers ") + (positive ? "above 0" : "from 0") +
                                  " to 1 (of values 0..255 divided by 255)");
  std::copy(numbers.begin(), numbers.end(), value.begin());
}

void read_image(OptionReader& reader, ImageOptions& image) {
  read_three(reader, "mean", image.mean, false);
  read_three(reader, "std", image.std, true);
  reader.read<double>("scale", image.scale, {{"1", 1.0}, {"255", 255.0}});
  reader.read<Layout>(
      "layout", image.layout,
      {{"by_shape", Layout::by_shape}, {"nchw", Layout::nchw}, {"nhwc", Layout::nhwc}});
  reader.read<Resize>(
      "resize", image.resize,
      {{"stretch", Resize::stretch}, {"crop", Resize::crop}, {"letterbox", Resize::letterbox}});
  reader.read<bool>("colour", image.bgr, {{"rgb", false}, {"bgr", true}});
}

void read_text(OptionReader& reader, TextOptions& text) {
  reader.read("vocabulary", text.vocabulary);
  reader.read("lowercase", text.lowercase);
  reader.read("words", text.words, 1, 1000000);
  reader.read("ids", text.ids);
  reader.read("mask", text.mask);
  reader.read("types", text.types);
}

}  // namespace

std::string_view name_of(InputKind kind) {
  constexpr std::array<std::string_view, 4> names = {"random", "image", "text", "tensor"};
  return names[static_cast<std::size_t>(kind)];
}

Result<InputOptions> take_input_options(std::map<std::string, std::string>& options) {
  InputOptions result;
  OptionReader reader(options, "input.");
  reader.read("path", result.path);
  reader.read<std::optional<InputKind>>("kind", result.kind,
                                        {{"random", InputKind::random},
                                         {"image", InputKind::image},
                                         {"text", InputKind::text},
                                         {"tensor", InputKind::tensor}});
  reader.read("count", result.count, 1, 100000000);
  read_image(reader, result.image);
  read_text(reader, result.text);
  ISOJOULE_CHECK(reader.finish());
  return result;
}

}  // namespace isojoule
