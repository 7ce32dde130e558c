#include "data/column_block.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "base/random.h"
#include "data/trace_block.h"

namespace isojoule {
namespace {

std::vector<std::byte> copy(std::span<const std::byte> block) {
  return {block.begin(), block.end()};
}

RC_GTEST_PROP(ColumnBlock, GivesBackEveryInteger,
              (const std::vector<std::int64_t>& wide, const std::vector<std::int32_t>& narrow)) {
  ColumnWriter writer;
  writer.begin();
  writer.put_times(wide);
  writer.put(narrow);
  writer.put(wide);
  auto reader = ColumnReader::open(writer.finish());
  RC_ASSERT(reader.has_value());
  RC_ASSERT(reader->times(wide.size()).value() == wide);
  RC_ASSERT(reader->integers32(narrow.size()).value() == narrow);
  RC_ASSERT(reader->integers(wide.size()).value() == wide);
}

RC_GTEST_PROP(ColumnBlock, GivesBackEveryDouble, (const std::vector<double>& column)) {
  ColumnWriter writer;
  writer.begin();
  writer.put(column);
  auto reader = ColumnReader::open(writer.finish());
  RC_ASSERT(reader->doubles(column.size()).value() == column);
}

TEST(ColumnBlock, KeepsTheEndsOfTheRangesAndOddDoubles) {
  const std::vector<std::int64_t> wide = {std::numeric_limits<std::int64_t>::min(),
                                          std::numeric_limits<std::int64_t>::max(), 0, -1};
  const std::vector<double> odd = {-0.0, 0.1, 1e300, std::nan(""), 921600000, 45.5};
  const std::vector<double> thousandths = {45.5, 46.125, -3.001, 0};
  ColumnWriter writer;
  writer.begin();
  writer.put(wide);
  writer.put(odd);
  writer.put(thousandths);
  auto reader = ColumnReader::open(writer.finish());
  EXPECT_EQ(reader->integers(wide.size()).value(), wide);
  const auto back = reader->doubles(odd.size()).value();
  for (std::size_t i = 0; i < odd.size(); ++i)
    EXPECT_EQ(std::bit_cast<std::uint64_t>(back[i]), std::bit_cast<std::uint64_t>(odd[i]));
  EXPECT_EQ(reader->doubles(thousandths.size()).value(), thousandths);
}

Channel noisy_channel(std::size_t count) {
  Random random(7);
  Channel channel;
  for (std::size_t i = 0; i < count; ++i) {
    channel.time_ns.push_back(static_cast<std::int64_t>(i) * 100'000'000 +
                              static_cast<std::int64_t>(random.below(90'000)));
    channel.a.push_back(5000 + 8 * static_cast<std::int32_t>(random.below(3)));
    channel.b.push_back(1200 + 8 * static_cast<std::int32_t>(random.below(20)));
  }
  return channel;
}

TEST(TraceBlock, IsSmallAndComesBack) {
  const Channel channel = noisy_channel(5000);
  ColumnWriter writer;
  const auto block = copy(encode(channel, writer));
  EXPECT_LT(block.size(), 5000U * 5);  // of 16 bytes a tick, with 17 bits of jitter in each time
  Channel back;
  ASSERT_TRUE(decode(block, 5000, true, back));
  EXPECT_EQ(back, channel);
}

TEST(TraceBlock, BatchesComeBack) {
  const std::vector<BatchMark> batches = {{{5}, {9}}, {{9}, {14}}, {{20}, {21}}};
  ColumnWriter writer;
  const auto block = copy(encode(batches, writer));
  EXPECT_EQ(decode_batches(block, 3).value(), batches);
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  writer.begin();
  writer.put_times(std::vector<std::int64_t>{kMost});
  writer.put(std::vector<std::int64_t>{1});
  EXPECT_EQ(decode_batches(writer.finish(), 1).error().kind, ErrorKind::damaged);
}

// Whatever is done to a block: an error, never a crash, a huge allocation or other values.
TEST(TraceBlock, ADamagedBlockIsAnError) {
  const Channel channel = noisy_channel(300);
  ColumnWriter writer;
  const auto block = copy(encode(channel, writer));
  Random random(3);
  for (int i = 0; i < 2000; ++i) {
    auto bad = block;
    if (i % 4 == 0)
      bad.resize(random.below(bad.size()));
    else
      bad[random.below(bad.size())] ^= std::byte(1 + random.below(255));
    Channel back;
    if (const Status status = decode(bad, 300, true, back); status) {
      EXPECT_EQ(back.a, channel.a);  // a bit of the header that means nothing
    } else {
      EXPECT_EQ(status.error().kind, ErrorKind::damaged);
    }
  }
  Channel back;
  EXPECT_EQ(decode(block, 300'000'000, true, back).error().kind, ErrorKind::damaged);
}

}  // namespace
}  // namespace isojoule
