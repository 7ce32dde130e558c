// A guard before the decoder of stb_image, which up to version 2.27 (Debian 12) writes beyond its
// tables where a JPEG file names more Huffman codes than the 256 that there can be.
#pragma once

#include <string_view>

namespace isojoule {

// True where every table of the file fits, and for everything that does not begin as a JPEG file.
bool jpeg_tables_fit(std::string_view bytes);

}  // namespace isojoule
