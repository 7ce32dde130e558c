// A run's traces and batches as blocks of columns, as they stand in the study file.
#pragma once

#include <span>
#include <vector>

#include "data/column_block.h"
#include "data/run.h"
#include "data/trace.h"

namespace isojoule {

// time_ns, a, and b where the channel has one. Valid until the writer's next block.
std::span<const std::byte> encode(const Channel& channel, ColumnWriter& writer);
// `channel.info` must be filled; fills the columns. Errors: damaged.
Status decode(std::span<const std::byte> block, std::size_t count, bool has_b, Channel& channel);

std::span<const std::byte> encode(const Watch& watch, ColumnWriter& writer);
Status decode(std::span<const std::byte> block, std::size_t count, Watch& watch);

// begin_ns, and end_ns - begin_ns.
std::span<const std::byte> encode(const std::vector<BatchMark>& batches, ColumnWriter& writer);
Result<std::vector<BatchMark>> decode_batches(std::span<const std::byte> block, std::size_t count);

}  // namespace isojoule
