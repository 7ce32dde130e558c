// The binary formats of Netpbm, PGM (P5) and PPM (P6): netpbm.sourceforge.net/doc/pgm.html,
// ppm.html. Read here and not by stb_image, which up to version 2.27 calls a file that was cut off
// a picture and reads beyond its memory with 16 bits a value.
#pragma once

#include <string>
#include <string_view>

#include "tensor/image.h"

namespace isojoule {

inline bool is_pnm(std::string_view bytes) {
  return bytes.starts_with("P5") || bytes.starts_with("P6");
}
// As decode_image(). Errors: the same, and parse for 16 bits a value.
Result<Image> decode_pnm(std::string_view bytes, const std::string& name);

}  // namespace isojoule
