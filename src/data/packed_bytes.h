// Bytes as one zstd frame (https://www.rfc-editor.org/rfc/rfc8878) that says its length ahead and
// carries a checksum; and back, with no memory taken for what a frame only claims.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace isojoule {

std::string pack_bytes(std::string_view bytes);
bool is_packed(std::string_view bytes);  // begins as a zstd frame does
// Errors: damaged, also where it would become longer than `most`.
Result<std::string> unpack_bytes(std::string_view frame, std::size_t most);

// How many bytes a frame becomes, by its own head. Errors: damaged, where it does not say so, says
// more than `most`, or more than so short a frame can hold: each block of at most 128 KiB takes 4
// bytes of the frame or more (a head of 3, RFC 8878 3.1.1.2).
Result<std::size_t> unpacked_size(std::span<const std::byte> frame, std::size_t most);

}  // namespace isojoule
