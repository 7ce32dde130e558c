#include "report/board_table.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

namespace isojoule {
namespace {

using WorkKey = std::tuple<std::string, Setting, double>;

WorkKey work_of(const Run& run) {
  Setting job;
  for (const auto& [axis, value] : run.setting.values())
    if (is_engine_axis(axis) && axis != "batch") job.set(axis, value);
  return {run.network, std::move(job), run.setting.number("batch").value_or(1)};
}

// Fills one table; places are given as names come.
class TableFiller {
 public:
  void add(const Run& run, RunQuantity quantity) {
    std::string why;
    const auto value = value_of(run, quantity, &why);
    const double each =
        value && run.inferences > 0 ? value->value / static_cast<double>(run.inferences) : 0;
    if (!(each > 0) || !std::isfinite(each)) {
      ++table_.left_out;
      if (table_.why_left_out.empty())
        table_.why_left_out = !why.empty()          ? why
                              : run.inferences <= 0 ? "it does not say how many inferences it made"
                                                    : "its value is no positive number";
      return;
    }
    const auto setting = settings_.try_emplace({run.baseline, run.setting}, settings_.size()).first;
    rows_.push_back({run.on_board, {setting->second, 0, run.block, std::log(each)}});
  }

  // Settings as they came (a plan's order is shuffled, so: by baseline and setting), boards by
  // name.
  BoardTable finish(const WorkKey& key) {
    std::tie(table_.network, table_.job, table_.batch) = key;
    std::vector<std::size_t> place(settings_.size());
    for (const auto& [setting, was] : settings_) {
      place[was] = table_.settings.size();
      table_.settings.push_back({setting.first, setting.second});
    }
    std::map<std::string, std::size_t> boards;
    for (const auto& [name, reading] : rows_) boards.emplace(name, 0);
    for (auto& [name, at] : boards) {
      at = table_.boards.size();
      table_.boards.push_back(name);
    }
    for (auto& [name, reading] : rows_) {
      reading.board = boards.at(name);
      reading.setting = place[reading.setting];
      table_.readings.push_back(reading);
    }
    return std::move(table_);
  }

 private:
  BoardTable table_;
  std::map<std::pair<std::string, Setting>, std::size_t> settings_;
  std::vector<std::pair<std::string, BoardReading>> rows_;
};

}  // namespace

bool several_boards(std::span<const Run> runs) {
  const std::string* first = nullptr;
  for (const Run& run : runs) {
    if (run.on_board.empty()) continue;
    if (first == nullptr) first = &run.on_board;
    if (*first != run.on_board) return true;
  }
  return false;
}

std::vector<BoardTable> board_tables(std::span<const Run> runs, RunQuantity quantity) {
  std::vector<BoardTable> tables;
  if (!several_boards(runs)) return tables;
  std::map<WorkKey, TableFiller> fillers;
  for (const Run& run : runs)
    if (!run.on_board.empty()) fillers[work_of(run)].add(run, quantity);
  for (auto& [key, filler] : fillers) {
    BoardTable table = filler.finish(key);
    if (table.boards.size() > 1) tables.push_back(std::move(table));
  }
  return tables;
}

}  // namespace isojoule
