// A serialised ONNX model without the numbers of its large tensors.
//
// The cost of a network needs shapes, not weights. Protobuf's parser cannot leave fields out, so
// that a 250 MB file would be read and copied whole. This walks protobuf's wire format
// (protobuf.dev/programming-guides/encoding) through the messages that may hold tensors and copies
// everything but their data, jumping over it: a mapped file's weights are never read from the disk.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/error.h"

namespace isojoule {

// Tensors up to this size keep their data: shapes, indices, scales that shape inference reads.
inline constexpr std::size_t kSkimKeptBytes = std::size_t{64} * 1024;
// Those above this one together up to that: the rest of them goes without.
inline constexpr std::size_t kSkimAlwaysKeptBytes = 512;
inline constexpr std::size_t kSkimKeptInAll = std::size_t{32} * 1024 * 1024;

// `file`: a ModelProto; valid during the call only. `name` is for the messages. Errors: parse, with
// the byte where it ends or stops being ONNX; out_of_range (protobuf reads at most 2 GB).
Result<std::string> skim_onnx(std::span<const char> file, const std::string& name);

}  // namespace isojoule
