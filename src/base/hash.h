// Identity of contents, not security: 128 bits as hexadecimal text. Little-endian machines only
// agree among themselves.
#pragma once

#include <string>
#include <string_view>

namespace isojoule {

std::string content_hash(std::string_view bytes);

}  // namespace isojoule
