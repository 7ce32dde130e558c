#include "report/column.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace isojoule {
namespace {

constexpr std::int64_t kMost = std::int64_t{1} << 53;  // whole numbers of a double are exact below
constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

std::size_t varint_bytes(std::uint64_t value) {
  std::size_t bytes = 1;
  for (; value >= 0x80; value >>= 7) ++bytes;
  return bytes;
}

// What the order leaves of a column: calls `take` with each integer behind the first ones.
template <typename Take>
void each_left(std::span<const std::int64_t> n, int order, Take take) {
  const auto from = static_cast<std::size_t>(order);
  for (std::size_t i = from; i < n.size(); ++i) {
    if (order == 0) take(n[i]);
    if (order == 1) take(n[i] - n[i - 1]);
    if (order == 2) take((n[i] - n[i - 1]) - (n[i - 1] - n[i - 2]));
  }
}

std::string base64(std::span<const std::uint8_t> bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t three = 0;
    for (std::size_t k = 0; k < 3; ++k)
      three = three << 8 | (i + k < bytes.size() ? bytes[i + k] : 0U);
    for (std::size_t k = 0; k < 4; ++k)
      text += i + k > bytes.size() ? '=' : kDigits[three >> (18 - 6 * k) & 63];
  }
  return text;
}

tl::unexpected<Error> damaged() {
  return fail(ErrorKind::damaged, "a packed column of the report does not read back");
}

Result<std::vector<std::uint8_t>> bytes_of_base64(std::string_view text) {
  if (text.size() % 4 != 0) return damaged();
  std::vector<std::uint8_t> bytes;
  bytes.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    std::uint32_t four = 0;
    std::size_t padding = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      const std::size_t digit = kDigits.find(text[i + k]);
      const bool pads = text[i + k] == '=' && i + 4 == text.size() && k >= 2;
      if ((digit == std::string_view::npos && !pads) || (!pads && padding > 0)) return damaged();
      padding += pads ? 1 : 0;
      four = four << 6 | static_cast<std::uint32_t>(pads ? 0 : digit);
    }
    for (std::size_t k = 0; k + padding < 3; ++k)
      bytes.push_back(static_cast<std::uint8_t>(four >> (16 - 8 * k) & 0xff));
  }
  return bytes;
}

}  // namespace

PackedColumn pack_column(std::span<const std::int64_t> integers, double scale) {
  PackedColumn column{static_cast<std::int64_t>(integers.size()), scale};
  std::size_t least = 0;
  for (int order = 0; order <= 2; ++order) {
    std::size_t bytes = 0;
    each_left(integers, order, [&](std::int64_t n) { bytes += varint_bytes(zigzag(n)); });
    if (order > 0 && bytes >= least) continue;
    least = bytes;
    column.order = order;
  }
  if (column.order > 0 && !integers.empty()) column.first.push_back(integers[0]);
  if (column.order > 1 && integers.size() > 1) column.first.push_back(integers[1] - integers[0]);
  std::vector<std::uint8_t> bytes;
  bytes.reserve(least);
  each_left(integers, column.order, [&](std::int64_t n) {
    std::uint64_t left = zigzag(n);
    for (; left >= 0x80; left >>= 7) bytes.push_back(static_cast<std::uint8_t>(left | 0x80));
    bytes.push_back(static_cast<std::uint8_t>(left));
  });
  column.data = base64(bytes);
  return column;
}

nlohmann::json to_json(const PackedColumn& column) {
  return {{"count", column.count},
          {"scale", column.scale},
          {"order", column.order},
          {"first", column.first},
          {"data", column.data}};
}

Result<std::vector<std::int64_t>> unpack_column(const PackedColumn& column) {
  ISOJOULE_TRY(const std::vector<std::uint8_t> bytes, bytes_of_base64(column.data));
  std::vector<std::int64_t> left;
  std::uint64_t value = 0;
  int shift = 0;
  for (const std::uint8_t byte : bytes) {
    if (shift > 63) return damaged();
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    shift += 7;
    if ((byte & 0x80) != 0) continue;
    left.push_back(unzigzag(value));
    value = 0;
    shift = 0;
  }
  const std::size_t wanted =
      std::min(static_cast<std::size_t>(std::max<std::int64_t>(column.count, 0)),
               static_cast<std::size_t>(std::clamp(column.order, 0, 2)));
  if (shift != 0 || column.first.size() != wanted ||
      left.size() + wanted != static_cast<std::size_t>(column.count))
    return damaged();
  std::vector<std::int64_t> n;
  n.reserve(left.size() + wanted);
  std::int64_t difference = wanted > 1 ? column.first[1] : 0;
  if (wanted > 0) n.push_back(column.first[0]);
  if (wanted > 1) n.push_back(column.first[0] + difference);
  for (const std::int64_t one : left) {
    difference = column.order == 2 ? difference + one : one;
    n.push_back(column.order == 0 ? one : n.back() + difference);
  }
  return n;
}

double decimal_step(std::span<const double> values, double finest) {
  double largest = 0;
  for (const double value : values) largest = std::max(largest, std::abs(value));
  if (largest == 0) return 1;
  const auto is_whole = [&](double step) {
    return std::all_of(values.begin(), values.end(), [&](double value) {
      return std::abs(value - std::round(value / step) * step) <= 1e-9 * largest;
    });
  };
  // No coarser than the largest, and so that its integer stays exact.
  const int top = std::clamp(static_cast<int>(std::floor(std::log10(largest))), -12, 9);
  const int bottom =
      std::max({-12, static_cast<int>(std::round(std::log10(std::max(finest, 1e-12)))), top - 15});
  for (int power = top; power > bottom; --power)
    if (const double step = std::pow(10.0, power); is_whole(step)) return step;
  return std::pow(10.0, bottom);
}

PackedColumn pack_column(std::span<const double> values, double step) {
  constexpr auto kEnd = static_cast<double>(kMost);
  std::vector<std::int64_t> integers;
  integers.reserve(values.size());
  for (const double value : values)
    integers.push_back(
        static_cast<std::int64_t>(std::clamp(std::round(value / step), -kEnd, kEnd)));
  return pack_column(integers, step);
}

}  // namespace isojoule
