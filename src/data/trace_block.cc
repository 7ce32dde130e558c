#include "data/trace_block.h"

namespace isojoule {

std::span<const std::byte> encode(const Channel& channel, ColumnWriter& writer) {
  writer.begin();
  writer.put_times(channel.time_ns);
  writer.put(channel.a);
  writer.put(channel.b);
  return writer.finish();
}

Status decode(std::span<const std::byte> block, std::size_t count, bool has_b, Channel& channel) {
  const std::size_t most =
      ColumnReader::most_of_integers(count) + 2 * ColumnReader::most_of_integers32(count);
  ISOJOULE_TRY(ColumnReader reader, ColumnReader::open(block, most));
  ISOJOULE_TRY(channel.time_ns, reader.times(count));
  ISOJOULE_TRY(channel.a, reader.integers32(count));
  ISOJOULE_TRY(channel.b, reader.integers32(has_b ? count : 0));
  return {};
}

std::span<const std::byte> encode(const Watch& watch, ColumnWriter& writer) {
  writer.begin();
  writer.put_times(watch.time_ns);
  writer.put(watch.value);
  return writer.finish();
}

Status decode(std::span<const std::byte> block, std::size_t count, Watch& watch) {
  const std::size_t most =
      ColumnReader::most_of_integers(count) + ColumnReader::most_of_doubles(count);
  ISOJOULE_TRY(ColumnReader reader, ColumnReader::open(block, most));
  ISOJOULE_TRY(watch.time_ns, reader.times(count));
  ISOJOULE_TRY(watch.value, reader.doubles(count));
  return {};
}

std::span<const std::byte> encode(const std::vector<BatchMark>& batches, ColumnWriter& writer) {
  std::vector<std::int64_t> begin, length;
  begin.reserve(batches.size());
  length.reserve(batches.size());
  for (const BatchMark& batch : batches) {
    begin.push_back(batch.begin.ns);
    length.push_back((batch.end - batch.begin).ns);
  }
  writer.begin();
  writer.put_times(begin);
  writer.put(length);
  return writer.finish();
}

Result<std::vector<BatchMark>> decode_batches(std::span<const std::byte> block, std::size_t count) {
  ISOJOULE_TRY(ColumnReader reader,
               ColumnReader::open(block, 2 * ColumnReader::most_of_integers(count)));
  ISOJOULE_TRY(const auto begin, reader.times(count));
  ISOJOULE_TRY(const auto length, reader.integers(count));
  std::vector<BatchMark> batches;
  batches.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::int64_t end = 0;
    if (__builtin_add_overflow(begin[i], length[i], &end))
      return fail(ErrorKind::damaged, "a batch of the run ends beyond all times",
                  "Measure the run again");
    batches.push_back({Instant{begin[i]}, Instant{end}});
  }
  return batches;
}

}  // namespace isojoule
