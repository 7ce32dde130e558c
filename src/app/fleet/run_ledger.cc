#include "app/fleet/run_ledger.h"

#include <algorithm>

#include "data/setting.h"

namespace isojoule {
namespace {

// The same for the same job alone: a plan's words hold no newline, so that a text with these two is
// no other job's, whatever words somebody sends.
std::string job_text(const std::string& network, const std::string& baseline,
                     const Setting& setting) {
  return network + '\n' + baseline + '\n' + to_string(setting);
}

std::string job_for_people(const std::string& network, const std::string& baseline,
                           const Setting& setting) {
  return network + (baseline.empty() ? "" : " under baseline '" + baseline + "'") + " at " +
         to_string(setting);
}

}  // namespace

void RunLedger::add(const fleet::BlockMessage& block) {
  const auto place = static_cast<std::size_t>(block.block);
  if (place >= blocks_.size()) blocks_.resize(place + 1);
  blocks_[place].lane = static_cast<std::int32_t>(block.lane);
  for (const PlannedRun& run : block.runs) {
    const auto sequence = static_cast<std::size_t>(run.sequence);
    if (sequence >= rows_.size()) rows_.resize(sequence + 1);
    Row& row = rows_[sequence];
    if (row.block >= 0) continue;  // each once
    const auto [found, is_new] = places_.try_emplace(
        job_text(run.network, run.baseline, run.setting), static_cast<std::uint32_t>(what_.size()));
    if (is_new) what_.push_back(job_for_people(run.network, run.baseline, run.setting));
    row.what = found->second;
    row.block = static_cast<std::int32_t>(block.block);
    row.repeat = static_cast<std::int32_t>(run.repeat);
    BlockRow& of = blocks_[place];
    of.first = of.last < 0 ? run.sequence : std::min(of.first, run.sequence);
    of.last = std::max(of.last, run.sequence);
    ++of.missing;
    ++planned_;
  }
}

bool RunLedger::knows(std::int64_t sequence) const {
  return sequence >= 0 && sequence < static_cast<std::int64_t>(rows_.size()) &&
         rows_[static_cast<std::size_t>(sequence)].block >= 0;
}

bool RunLedger::has(std::int64_t sequence) const {
  return knows(sequence) && rows_[static_cast<std::size_t>(sequence)].there;
}

bool RunLedger::mark(std::int64_t sequence) {
  if (!knows(sequence)) return false;
  Row& row = rows_[static_cast<std::size_t>(sequence)];
  if (row.there) return false;
  row.there = true;
  --blocks_[static_cast<std::size_t>(row.block)].missing;
  ++there_;
  return true;
}

std::string RunLedger::refusal(const fleet::RunPlace& place, const Run& run) const {
  const auto number = [](std::int64_t value) { return std::to_string(value); };
  if (run.sequence != place.sequence || run.block != place.block)
    return "it says run " + number(run.sequence) + " of block " + number(run.block) +
           " under the subject of run " + number(place.sequence) + " of block " +
           number(place.block);
  if (!run.on_board.empty() && run.on_board != place.board)
    return "it says board '" + run.on_board + "' under the subject of '" + place.board + "'";
  if (!knows(run.sequence)) return "the study has no run " + number(run.sequence);
  const Row& row = rows_[static_cast<std::size_t>(run.sequence)];
  if (row.block != run.block)
    return "run " + number(run.sequence) + " is of block " + number(row.block) + ", not " +
           number(run.block);
  if (row.repeat != run.repeat)
    return "run " + number(run.sequence) + " is of repeat " + number(row.repeat) + ", not " +
           number(run.repeat);
  const auto found = places_.find(job_text(run.network, run.baseline, run.setting));
  if (found == places_.end() || found->second != row.what)
    return "run " + number(run.sequence) + " is planned as " + what_[row.what] + ", not as " +
           job_for_people(run.network, run.baseline, run.setting);
  return {};
}

std::int64_t RunLedger::block_of(std::int64_t sequence) const {
  return rows_[static_cast<std::size_t>(sequence)].block;
}

std::int64_t RunLedger::lane_of(std::int64_t block) const {
  return blocks_[static_cast<std::size_t>(block)].lane;
}

std::int64_t RunLedger::missing_of(std::int64_t block) const {
  return blocks_[static_cast<std::size_t>(block)].missing;
}

std::vector<std::int64_t> RunLedger::incomplete_blocks() const {
  std::vector<std::int64_t> result;
  for (std::size_t block = 0; block < blocks_.size(); ++block)
    if (blocks_[block].missing > 0) result.push_back(static_cast<std::int64_t>(block));
  return result;
}

std::vector<std::int64_t> RunLedger::missing_sequences(std::int64_t block) const {
  std::vector<std::int64_t> result;
  const BlockRow& of = blocks_[static_cast<std::size_t>(block)];
  for (std::int64_t sequence = of.first; sequence <= of.last; ++sequence) {
    const Row& row = rows_[static_cast<std::size_t>(sequence)];
    if (row.block == block && !row.there) result.push_back(sequence);
  }
  return result;
}

}  // namespace isojoule
