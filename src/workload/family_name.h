// Parts of the names of published families: "0.25", "224", "-quantized".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace isojoule {

// Takes off "-quantized", "-non-quantized", "_float" or "_uint8": the layers are the same, and a
// network's precision is chosen where it is run.
std::string_view without_precision(std::string_view name);
std::vector<std::string_view> split_words(std::string_view text, char separator);

// A factor of the numbers of channels, above 0 and up to 8. Errors: invalid, out_of_range.
Result<double> parse_width(std::string_view network, std::string_view text);
// "0.25", "1.0": as the published names have it.
std::string width_text(double width);
// Height and width of the input: a multiple of 32 up to 1024, so that all five steps of stride 2
// halve it. Errors: invalid, out_of_range.
Result<std::int64_t> parse_image_size(std::string_view network, std::string_view text);
// A name that begins as a family's do and goes on in another way.
tl::unexpected<Error> not_the_pattern(std::string_view network, std::string_view pattern,
                                      std::string_view example);

}  // namespace isojoule
