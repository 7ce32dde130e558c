// Long columns of numbers in JSON: integers of one scale, as differences, as varints, as base64. A
// column of 100,000 readings takes 1.3 to 4 bytes of text a reading, where decimal numbers take 5
// to 20, and a browser decodes a million of them in some tens of milliseconds.
//
// {"count", "scale", "order", "first": [..], "data": ".."}: value[i] = scale x n[i], |n| < 2^53.
// `data` is base64 (https://www.rfc-editor.org/rfc/rfc4648, section 4, with padding) of varints
// (LEB128: seven bits a byte, the lowest first, the high bit set on all but the last), each a
// zigzag integer (0, -1, 1, -2, ... as 0, 1, 2, 3, ...); there are `count` - `first`.length of
// them:
//   order 0: first = [];           the varints are n
//   order 1: first = [n0];         each is n[i] - n[i-1]
//   order 2: first = [n0, n1-n0];  each is by how much the difference grows
// Of fewer values than `order`, `first` has as many as there are.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"

namespace isojoule {

struct PackedColumn {
  std::int64_t count = 0;
  double scale = 1;
  int order = 0;
  std::vector<std::int64_t> first = {};
  std::string data = {};
  bool operator==(const PackedColumn&) const = default;
  std::size_t bytes() const { return data.size() + 80; }  // of its JSON, about
};

// With the order that takes the fewest bytes. Values within +-2^53.
PackedColumn pack_column(std::span<const std::int64_t> integers, double scale);
nlohmann::json to_json(const PackedColumn& column);
// The integers. Errors: damaged.
Result<std::vector<std::int64_t>> unpack_column(const PackedColumn& column);

// Decimal steps in which numbers are told: the coarsest power of ten of which every one is a whole
// multiple (to 1e-9 of the largest), but no finer than `finest`. Values are finite. At least 1e-12,
// at most 1e9; 1 where all are zero.
double decimal_step(std::span<const double> values, double finest);
// Rounded to the nearest step.
PackedColumn pack_column(std::span<const double> values, double step);

}  // namespace isojoule
