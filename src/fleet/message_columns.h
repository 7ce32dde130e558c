// Packed columns as parts of a message. For message*.cc.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "data/trace.h"
#include "fleet/message_fields.h"
#include "fleet/message_shape.h"

namespace isojoule::fleet {

// Readings of one trace, all of its channels and watches together: 16 bytes each, so that no
// message takes more than 300 MB whatever it says. 23 hours of a board of five rails ten times a
// second are 4 million.
inline constexpr std::size_t kMostRows = std::size_t{1} << 24;
inline constexpr std::size_t kMostColumnBytes = std::size_t{8} << 20;

std::vector<ShapeField> columns_fields(std::string what);  // count, columns
void put_columns(Document& into, std::size_t count, std::span<const std::byte> columns);
std::span<const std::byte> columns_of(const Document& from);  // valid as long as `from`

Document trace_document(const Trace& trace);
Result<Trace> trace_of(const Document& from);  // errors: parse, damaged

inline double number_in(const Document& from, const char* key) {
  return from.at(key).get<double>();
}

}  // namespace isojoule::fleet
