// The runs of a search: those that its study has already, and new ones on the board.
#pragma once

#include <atomic>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/tune/tune_memory.h"
#include "experiment/apply.h"
#include "experiment/experiment.h"
#include "experiment/known_failures.h"

namespace isojoule {

class TuneRuns {
 public:
  struct Ask {
    TuneRole role = TuneRole::search;
    Setting setting;
    std::string baseline = {};
    std::int64_t block = 0;
    std::int64_t inferences = 0;
    std::string why = {};
  };
  struct Parts {
    Board& board;
    const EngineUses& engines;
    StudyFile& study;
    const Protocol& protocol;
    std::string network;
    const std::atomic<bool>& interrupted;
    LiveSession* live = nullptr;  // may be null
  };
  explicit TuneRuns(const Parts& parts) : parts_(parts) {}

  // Reads what the study has. `examples` name every axis that a run may turn; `settings` are those
  // that the search may ask for. Errors: of the study; of the knobs.
  Status begin(const std::vector<Setting>& examples, const std::vector<Setting>& settings);

  // In their order; `search` and `final_block` only, before the first that is not there.
  const Run* next_stored() const;
  void pass_stored() { use(*next_index()); }
  // A stored run that answers this, or a new one. Errors: interrupted; those of a board that is
  // gone: what was stored stays.
  Result<Run> run(const Ask& ask);
  // A run that would fail as others did is not made, and not stored.
  std::optional<Run> known_failure(const Setting& setting) const;
  // Nothing of all that could be asked for can be done: why.
  std::optional<Error> hopeless() const;
  std::int64_t made() const { return made_; }
  std::int64_t stored() const { return std::ssize(stored_); }

 private:
  std::optional<std::size_t> next_index() const;
  void use(std::size_t index);
  std::optional<Run> take_stored(const Ask& ask);
  PlannedRun planned(const Ask& ask, std::int64_t sequence) const;
  Result<MeasuredRun> attempt(const PlannedRun& planned);
  Status check_board(const Error* cause);

  Parts parts_;
  std::vector<Run> stored_;
  std::vector<TuneRole> roles_;  // of stored_
  std::vector<bool> used_;       // of stored_
  std::optional<Rest> rest_;
  KnownFailures failures_;
  std::int64_t next_sequence_ = 0, made_ = 0;
  std::set<std::string> axes_;  // that runs of this process have turned
};

}  // namespace isojoule
