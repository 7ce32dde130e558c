#include "workload/family_name.h"

#include <fmt/format.h>

#include <charconv>

namespace isojoule {
namespace {

constexpr double kWidest = 8;
constexpr std::int64_t kLargestImage = 1024;
constexpr std::int64_t kStep = 32;  // five halvings

template <typename Number>
bool is_number(std::string_view text, Number& value) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::string_view without_precision(std::string_view name) {
  for (const std::string_view suffix : {"-non-quantized", "-quantized", "_float", "_uint8"})
    if (name.ends_with(suffix)) return name.substr(0, name.size() - suffix.size());
  return name;
}

std::vector<std::string_view> split_words(std::string_view text, char separator) {
  std::vector<std::string_view> words;
  for (;;) {
    const std::size_t at = text.find(separator);
    words.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return words;
    text.remove_prefix(at + 1);
  }
}

Result<double> parse_width(std::string_view network, std::string_view text) {
  double width = 0;
  if (!is_number(text, width))
    return fail(ErrorKind::invalid, fmt::format("{}: '{}' is no width", network, text),
                "Give a factor of the channels, such as 0.25 or 1.0");
  if (!(width > 0 && width <= kWidest))
    return fail(ErrorKind::out_of_range, fmt::format("{}: width {}", network, text),
                fmt::format("Give a factor of the channels above 0 and up to {}", kWidest));
  return width;
}

std::string width_text(double width) {
  std::string text = fmt::format("{}", width);
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

Result<std::int64_t> parse_image_size(std::string_view network, std::string_view text) {
  std::int64_t size = 0;
  if (!is_number(text, size))
    return fail(ErrorKind::invalid, fmt::format("{}: '{}' is no size of images", network, text),
                "Give the height and width of the input in pixels, such as 224");
  if (size < kStep || size > kLargestImage)
    return fail(ErrorKind::out_of_range, fmt::format("{}: images of {} pixels", network, size),
                fmt::format("Give a multiple of {} up to {}", kStep, kLargestImage));
  if (size % kStep != 0)
    return fail(ErrorKind::out_of_range,
                fmt::format("{}: the network halves its input five times, and {} is no multiple "
                            "of {}",
                            network, size, kStep),
                fmt::format("The nearest that it takes are {} and {}", size / kStep * kStep,
                            (size / kStep + 1) * kStep));
  return size;
}

tl::unexpected<Error> not_the_pattern(std::string_view network, std::string_view pattern,
                                      std::string_view example) {
  return fail(ErrorKind::invalid, fmt::format("{}: no name of this family", network),
              fmt::format("Write {}, for example {}", pattern, example));
}

}  // namespace isojoule
