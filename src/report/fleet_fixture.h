// For tests of the statistics over boards: tables and studies whose effects are known.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "base/random.h"
#include "report/board_table.h"
#include "report/listed_study.h"

namespace isojoule::test {

struct MadeFleet {
  std::size_t boards = 6, settings = 8, repeats = 3;
  double board = 0.03, interaction = 0.005, block = 0, error = 0.01;  // deviations of the logarithm
  double there = 1;       // share of cells that are measured
  bool baseline = false;  // the last setting is a governor, once in every block
};

// Setting i takes 1 % more than setting i - 1; blocks are the repeats of a board.
inline BoardTable made_table(const MadeFleet& made, std::uint64_t seed) {
  Random random(seed);
  BoardTable table;
  table.network = "alexnet";
  table.batch = 8;
  for (std::size_t i = 0; i < made.settings; ++i) {
    SharedSetting shared;
    shared.setting.set("gpu_frequency", 1e8 * static_cast<double>(i + 1));
    shared.setting.set("cpu_frequency", 1e9);
    if (made.baseline && i + 1 == made.settings) shared.baseline = "default";
    table.settings.push_back(shared);
  }
  for (std::size_t board = 0; board < made.boards; ++board) {
    table.boards.push_back((board < 10 ? "board-0" : "board-") + std::to_string(board));
    const double effect = made.board * random.normal();
    std::vector<double> blocks(made.repeats);
    for (double& block : blocks) block = made.block * random.normal();
    for (std::size_t i = 0; i < made.settings; ++i) {
      const double both = made.interaction * random.normal();
      // Every setting is on one board at least.
      const bool measured = random.uniform() < made.there || board == i % made.boards;
      for (std::size_t k = 0; k < made.repeats; ++k) {
        const double error = made.error * random.normal();
        if (measured)
          table.readings.push_back(
              {i, board, static_cast<std::int64_t>(board * made.repeats + k),
               0.01 * static_cast<double>(i) + effect + both + blocks[k] + error});
      }
    }
  }
  return table;
}

// The same as runs of a study, with a CPU clock of two values.
inline void fill_fleet(ListedStudy& study, const MadeFleet& made, std::uint64_t seed,
                       double factor_of_last = 1) {
  const BoardTable table = made_table(made, seed);
  for (const BoardReading& reading : table.readings) {
    const SharedSetting& shared = table.settings[reading.setting];
    Setting setting = shared.setting;
    setting.set("batch", 8.0);
    if (!shared.baseline.empty()) {
      setting = Setting{};
      setting.set("batch", 8.0);
      setting.set("gpu_governor", std::string("nvhost_podgov"));
    }
    const double factor = reading.board + 1 == table.boards.size() ? factor_of_last : 1;
    Run run = listed_run("alexnet", shared.baseline, setting,
                         4 * factor * std::exp(reading.log_value), 4);
    run.on_board = table.boards[reading.board];
    run.block = reading.block;
    study.add(std::move(run));
  }
}

}  // namespace isojoule::test
