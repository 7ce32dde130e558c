#include "data/column_block.h"

#include <zstd.h>

#include <bit>
#include <cmath>
#include <limits>

#include "data/packed_bytes.h"

namespace isojoule {
namespace {

constexpr std::uint8_t kFormat = 1;
// Level 1 packs a trace of small differences within a few percent of level 3, at half its time.
constexpr int kLevel = 1;

enum Tag : std::uint8_t { kWhole = 0, kThousandths = 1, kBits = 2 };

// Differences wrap modulo 2^64, which is exact for every pair of values.
std::uint64_t zigzag(std::uint64_t difference) {
  const auto value = static_cast<std::int64_t>(difference);
  return (difference << 1) ^ static_cast<std::uint64_t>(value >> 63);
}

std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

std::uint64_t bits(std::int64_t value) { return static_cast<std::uint64_t>(value); }

tl::unexpected<Error> broken(const char* why) {
  return fail(ErrorKind::damaged, std::string("a block of columns: ") + why,
              "Take the file from a backup, or make the study again");
}

}  // namespace

ColumnWriter::ColumnWriter() : context_(ZSTD_createCCtx()) {
  if (context_ == nullptr) throw std::bad_alloc();
  ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(context_, ZSTD_c_checksumFlag, 1);
}

ColumnWriter::~ColumnWriter() { ZSTD_freeCCtx(context_); }

void ColumnWriter::begin() {
  plain_.clear();
  plain_.push_back(kFormat);
}

void ColumnWriter::put_varint(std::uint64_t value) {
  while (value >= 0x80) {
    plain_.push_back(static_cast<std::uint8_t>(value | 0x80));
    value >>= 7;
  }
  plain_.push_back(static_cast<std::uint8_t>(value));
}

void ColumnWriter::put(std::span<const std::int32_t> column) {
  std::int64_t last = 0;
  for (const std::int32_t value : column) {
    put_varint(zigzag(bits(value - last)));
    last = value;
  }
}

void ColumnWriter::put(std::span<const std::int64_t> column) {
  std::uint64_t last = 0;
  for (const std::int64_t value : column) {
    put_varint(zigzag(bits(value) - last));
    last = bits(value);
  }
}

void ColumnWriter::put_times(std::span<const std::int64_t> column) {
  std::uint64_t last = 0, step = 0;
  for (const std::int64_t value : column) {
    const std::uint64_t difference = bits(value) - last;
    put_varint(zigzag(difference - step));
    step = difference;
    last = bits(value);
  }
}

// True where every value is a whole number of 1/scale and comes back bit by bit.
bool ColumnWriter::put_scaled(std::span<const double> column, double scale, std::uint8_t tag) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  const std::size_t start = plain_.size();
  plain_.push_back(tag);
  std::uint64_t last = 0;
  for (const double value : column) {
    const double scaled = std::round(value * scale);
    if (!(std::abs(scaled) < kExact) ||
        std::bit_cast<std::uint64_t>(scaled / scale) != std::bit_cast<std::uint64_t>(value)) {
      plain_.resize(start);
      return false;
    }
    const std::uint64_t whole = bits(static_cast<std::int64_t>(scaled));
    // Minus zero would come back as zero.
    if (whole == 0 && std::signbit(value)) {
      plain_.resize(start);
      return false;
    }
    put_varint(zigzag(whole - last));
    last = whole;
  }
  return true;
}

void ColumnWriter::put(std::span<const double> column) {
  if (put_scaled(column, 1, kWhole) || put_scaled(column, 1000, kThousandths)) return;
  plain_.push_back(kBits);
  for (const double value : column) {
    const auto word = std::bit_cast<std::uint64_t>(value);
    for (int shift = 0; shift < 64; shift += 8)
      plain_.push_back(static_cast<std::uint8_t>(word >> shift));
  }
}

std::span<const std::byte> ColumnWriter::finish() {
  packed_.resize(ZSTD_compressBound(plain_.size()));
  const std::size_t size =
      ZSTD_compress2(context_, packed_.data(), packed_.size(), plain_.data(), plain_.size());
  // The bound holds for every input; what is left is memory that ran out.
  if (ZSTD_isError(size)) throw std::bad_alloc();
  return {packed_.data(), size};
}

Result<ColumnReader> ColumnReader::open(std::span<const std::byte> block, std::size_t most) {
  ISOJOULE_TRY(const std::size_t size, unpacked_size(block, most < SIZE_MAX ? most + 1 : most));
  if (size == 0) return broken("not a block of ours");
  ColumnReader reader;
  reader.plain_.resize(size);
  const std::size_t got =
      ZSTD_decompress(reader.plain_.data(), reader.plain_.size(), block.data(), block.size());
  if (ZSTD_isError(got)) return broken(ZSTD_getErrorName(got));
  if (got != size) return broken("shorter than it says");
  if (reader.plain_[0] != kFormat) return broken("of an unknown format");
  reader.at_ = 1;
  return reader;
}

Result<std::int64_t> ColumnReader::next() {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (at_ == plain_.size()) return broken("it ends within a column");
    const std::uint8_t byte = plain_[at_++];
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return unzigzag(value);
  }
  return broken("a number is too long");
}

// Each value takes a byte at least: a wrong count must not ask for memory that no block can fill.
Status ColumnReader::room_for(std::size_t count) const {
  if (count > plain_.size() - at_) return broken("it has fewer values than its row says");
  return {};
}

Result<std::vector<std::int32_t>> ColumnReader::integers32(std::size_t count) {
  ISOJOULE_TRY(const auto wide, integers(count));
  std::vector<std::int32_t> column;
  column.reserve(count);
  for (const std::int64_t value : wide) {
    if (value < std::numeric_limits<std::int32_t>::min() ||
        value > std::numeric_limits<std::int32_t>::max())
      return broken("a reading is out of range");
    column.push_back(static_cast<std::int32_t>(value));
  }
  return column;
}

Result<std::vector<std::int64_t>> ColumnReader::integers(std::size_t count) {
  ISOJOULE_CHECK(room_for(count));
  std::vector<std::int64_t> column;
  column.reserve(count);
  std::uint64_t last = 0;
  for (std::size_t i = 0; i < count; ++i) {
    ISOJOULE_TRY(const std::int64_t difference, next());
    last += bits(difference);
    column.push_back(static_cast<std::int64_t>(last));
  }
  return column;
}

Result<std::vector<std::int64_t>> ColumnReader::times(std::size_t count) {
  ISOJOULE_TRY(auto column, integers(count));  // the differences of times
  std::uint64_t last = 0;
  for (std::int64_t& value : column) {
    last += bits(value);
    value = static_cast<std::int64_t>(last);
  }
  return column;
}

Result<std::vector<double>> ColumnReader::doubles(std::size_t count) {
  if (at_ == plain_.size()) return broken("a column is missing");
  const std::uint8_t tag = plain_[at_++];
  std::vector<double> column;
  if (tag == kWhole || tag == kThousandths) {
    ISOJOULE_TRY(const auto whole, integers(count));
    column.reserve(count);
    for (const std::int64_t value : whole)
      column.push_back(static_cast<double>(value) / (tag == kWhole ? 1.0 : 1000.0));
    return column;
  }
  if (tag != kBits) return broken("a column is of an unknown kind");
  if (count > (plain_.size() - at_) / 8) return broken("it has fewer values than its row says");
  column.reserve(count);
  for (std::size_t i = 0; i < count; ++i, at_ += 8) {
    std::uint64_t word = 0;
    for (int k = 7; k >= 0; --k) word = word << 8 | plain_[at_ + static_cast<std::size_t>(k)];
    column.push_back(std::bit_cast<double>(word));
  }
  return column;
}

}  // namespace isojoule
