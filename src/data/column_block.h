// Columns of integers as one small block of bytes: differences between neighbours, zigzag varints,
// zstd with a checksum. 5,000 ticks of three columns take well under a millisecond, so that keeping
// every trace of a study costs nothing that a person would notice.
//
// Block = zstd frame (https://www.rfc-editor.org/rfc/rfc8878, content checksum on) of
//   1 byte format version, then the columns one after another, as their writer put them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"

struct ZSTD_CCtx_s;

namespace isojoule {

// Collects columns and compresses them. Keeps its buffers and zstd's context for the next block;
// not thread-safe.
class ColumnWriter {
 public:
  ColumnWriter();
  ~ColumnWriter();
  void begin();
  // Differences of neighbours: readings.
  void put(std::span<const std::int32_t> column);
  void put(std::span<const std::int64_t> column);
  // Differences of differences: ticks of a nearly constant period.
  void put_times(std::span<const std::int64_t> column);
  // Exact for every double: whole numbers and thousandths as integers, anything else bit by bit.
  void put(std::span<const double> column);
  // The compressed block; valid until the next begin().
  std::span<const std::byte> finish();

 private:
  void put_varint(std::uint64_t value);
  bool put_scaled(std::span<const double> column, double scale, std::uint8_t tag);

  std::vector<std::uint8_t> plain_;
  std::vector<std::byte> packed_;
  ZSTD_CCtx_s* context_;
};

// Reads the columns back in the order in which they were put. Every error is ErrorKind::damaged.
class ColumnReader {
 public:
  // `most`: bytes that its columns can have together, where the caller knows; nothing is taken for
  // what a block only claims.
  static Result<ColumnReader> open(std::span<const std::byte> block,
                                   std::size_t most = std::size_t{1} << 31);
  // The most bytes that a column of so many values has.
  static constexpr std::size_t most_of_integers(std::size_t count) { return 10 * count; }
  static constexpr std::size_t most_of_integers32(std::size_t count) { return 5 * count; }
  static constexpr std::size_t most_of_doubles(std::size_t count) { return 1 + 8 * count; }
  Result<std::vector<std::int32_t>> integers32(std::size_t count);
  Result<std::vector<std::int64_t>> integers(std::size_t count);
  Result<std::vector<std::int64_t>> times(std::size_t count);
  Result<std::vector<double>> doubles(std::size_t count);

 private:
  Result<std::int64_t> next();
  Status room_for(std::size_t count) const;

  std::vector<std::uint8_t> plain_;
  std::size_t at_ = 0;
};

}  // namespace isojoule
