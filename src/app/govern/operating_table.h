// What a governor knows before its service runs, from a study of this board.
#pragma once

#include <string>
#include <vector>

#include "board/board.h"
#include "data/run.h"
#include "data/study_file.h"
#include "govern/controller.h"

namespace isojoule {

struct OperatingTableOptions {
  std::string network;  // "": the study's only one
  // Of the engine's axes: which value counts, where the study has several. A governor turns the
  // board and the batch, and nothing else.
  Setting where;
};

// What the stock governors took in the same study: of a batch, at full load.
struct StockBatch {
  std::string baseline;
  std::int64_t batch = 1;
  double batch_s = 0, batch_j = 0;
};

struct StudyTable {
  OperatingTable table;
  std::string network;
  std::int64_t known = 0;  // points with time and energy
  std::int64_t runs = 0;   // that count
  std::vector<StockBatch> stock;
  std::vector<std::string> notes;  // for people: what was left out, and why
};

// Complete runs of one network, those of a setting joined: the mean duration and energy of a batch,
// the idle phase's power, how far batches and runs spread. Settings of which no run says all that
// stay in the space with batch_s = 0. Errors: invalid (another board, or its twin; several networks
// or engines' values, all named; an axis that this board cannot turn), not_found (the network, with
// the nearest), no_data (no run with an energy; no idle phase; how to get them is said).
Result<StudyTable> operating_table(StudyFile& study, const OperatingTableOptions& options,
                                   const Board& board);
// The same of runs, for tests; `board` null: the axes are not looked at.
Result<StudyTable> operating_table(const std::vector<Run>& runs,
                                   const OperatingTableOptions& options, const Board* board);

}  // namespace isojoule
