// Runs of a study as boards x settings: what the statistics over boards are made from.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "data/run.h"
#include "trace/run_value.h"

namespace isojoule {

// A setting that boards share. Baselines are settings, too: they are in every block.
struct SharedSetting {
  std::string baseline;  // empty: a grid point
  Setting setting;
  bool operator==(const SharedSetting&) const = default;
};

// One good run.
struct BoardReading {
  std::size_t setting = 0, board = 0;  // places in the table
  std::int64_t block = 0;
  double log_value = 0;  // natural logarithm of the quantity for one inference
};

// Complete runs of one network, job and batch size that name their board. Those that failed or
// throttled are left out, and those without the quantity, or where it is no positive number.
struct BoardTable {
  std::string network;
  Setting job;  // engine axes but the batch
  double batch = 0;
  std::vector<std::string> boards;  // by name
  std::vector<SharedSetting> settings;
  std::vector<BoardReading> readings;  // in the order of the runs
  std::int64_t left_out = 0;           // runs, with the reason of the first
  std::string why_left_out;
};

// A table for each network, job and batch size, in that order; none where fewer than two boards
// made the runs.
std::vector<BoardTable> board_tables(std::span<const Run> runs, RunQuantity quantity);

// Whether more than one board made the runs.
bool several_boards(std::span<const Run> runs);

}  // namespace isojoule
