// Which runs a study of a fleet was planned to have, and which are there: some 20 bytes a run, so
// that a study of a million runs stays small in memory.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "fleet/message.h"
#include "fleet/name.h"

namespace isojoule {

// One thread at a time.
class RunLedger {
 public:
  // Sequences and blocks count from 0 in the study; they come in any order, each once.
  void add(const fleet::BlockMessage& block);

  // Why a run that came under this subject is none of the study's; "" = it is one. Nobody can put
  // the energy of another setting, or of another place in the plan, into a row.
  std::string refusal(const fleet::RunPlace& place, const Run& run) const;

  // Now it is there. False: it was already, or is not planned.
  bool mark(std::int64_t sequence);
  bool has(std::int64_t sequence) const;
  bool knows(std::int64_t sequence) const;

  std::int64_t planned() const { return planned_; }
  std::int64_t there() const { return there_; }
  bool complete() const { return there_ == planned_; }

  std::int64_t blocks() const { return static_cast<std::int64_t>(blocks_.size()); }
  std::int64_t block_of(std::int64_t sequence) const;  // of one that knows() knows
  std::int64_t lane_of(std::int64_t block) const;
  std::int64_t missing_of(std::int64_t block) const;
  std::vector<std::int64_t> incomplete_blocks() const;
  // Runs of the block that are not there, ascending.
  std::vector<std::int64_t> missing_sequences(std::int64_t block) const;

 private:
  struct Row {
    std::uint32_t what = 0;  // place in what_
    std::int32_t block = -1;
    std::int32_t repeat = 0;
    bool there = false;
  };
  struct BlockRow {
    std::int32_t lane = -1;
    std::int32_t missing = 0;
    std::int64_t first = 0, last = -1;  // sequences; others' runs may lie between them
  };

  std::vector<Row> rows_;  // by sequence
  std::vector<BlockRow> blocks_;
  std::vector<std::string> what_;  // network, baseline and setting, as one text
  std::unordered_map<std::string, std::uint32_t> places_;
  std::int64_t planned_ = 0, there_ = 0;
};

}  // namespace isojoule
