// The runs that a search asks of a fleet: blocks go out as they are asked for, runs come in.
//
// What is asked for is remembered in the study's file before anybody can take it, so that a search
// that ends in the middle finds what boards made meanwhile.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/fleet/block_watch.h"
#include "app/fleet/collect_runs.h"
#include "app/fleet/coordinator_patience.h"
#include "app/fleet/coordinator_view.h"
#include "app/fleet/run_ledger.h"
#include "app/tune/asked_blocks.h"
#include "base/clock.h"

namespace isojoule {

// All of it must outlive the AskedRuns.
struct AskedStudy {
  fleet::Bus& bus;
  StudyFile& file;
  fleet::StudyRecord& record;
  const std::string& network;
  const std::string& study_path;  // for words
  Duration claim;
  const std::atomic<bool>& interrupted;
  // Why nothing comes, in plain words; each once until it changes.
  std::function<void(const std::string& words)> tell;
};

// One thread.
class AskedRuns {
 public:
  // `memory`: what was asked so far.
  AskedRuns(AskedStudy study, FleetSearchMemory memory);
  AskedRuns(const AskedRuns&) = delete;
  AskedRuns& operator=(const AskedRuns&) = delete;

  // Opens the study on the server and finds out what became of what was asked so far. Errors:
  // those of the file, and of the server those that do not pass.
  Status begin(const Patience& patience);

  const std::vector<AskedBlock>& blocks() const { return memory_.blocks; }
  // Its number is its place in blocks(). `inferences` must be set.
  Result<std::size_t> ask_for(AskedBlock block);
  // Takes what comes for a moment. Errors: interrupted; of the file; of the server those that do
  // not pass; not_found (somebody removed the study), engine (every board refuses it).
  Status wait_a_moment();

  using Runs = std::vector<const Run*>;  // as long as this lives
  // A block's runs in their order; nothing while one is missing.
  std::optional<Runs> finished(std::size_t number) const;
  // Its runs; nothing where no board could make them.
  Result<std::optional<Runs>> wait_for(std::size_t number);
  bool is_given_up(std::size_t number) const;

  const std::map<std::int64_t, Run>& runs() const { return runs_; }  // by sequence
  std::int64_t already_there() const { return already_there_; }      // in the file, at begin()
  // The study file knows boards by name where the server does not answer.
  Status know_boards();

 private:
  Status find_unpublished(const Patience& patience);
  fleet::BlockMessage message(std::size_t number) const;
  void take_note(Run& run);
  Status publish();
  Status look(Instant now);
  void tell_troubles(Instant now);

  AskedStudy study_;
  FleetSearchMemory memory_;
  std::unique_ptr<Clock> clock_;
  RunLedger ledger_;
  std::unique_ptr<RunCollector> collector_;
  std::optional<BlockWatch> watch_;
  std::optional<CoordinatorView> view_;
  std::set<std::size_t> unpublished_;  // numbers of blocks that are asked for and in no queue
  std::map<std::int64_t, Run> runs_;
  std::vector<std::string> troubles_;  // as last told
  Instant next_look_{};
  std::int64_t already_there_ = 0;
};

}  // namespace isojoule
