// `isojoule tune`: the setting of least cost of a board, in few measurements.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/metrics_endpoint.h"
#include "app/target.h"
#include "app/tune/tune_goal.h"
#include "app/tune/tune_memory.h"
#include "app/tune/tune_space.h"
#include "app/tune/tune_verdict.h"
#include "optimise/search.h"

namespace isojoule {

struct TuneRequest {
  TargetOptions target;
  std::string network;  // a zoo name or a file
  std::string engine = "onnxruntime";
  std::map<std::string, std::string> options;  // the engine's own
  TuneSpaceRequest space;
  std::string study_path;  // gone on with where it is there
  std::string command;     // as the user typed it
  // Absent: as the study remembers, else energy, none, blend, 1.
  std::optional<std::string> minimise;
  std::optional<std::vector<std::string>> limits;
  std::optional<std::string> optimiser;
  std::optional<std::int64_t> seed;
  std::int64_t budget = 30;                 // probes in all, those of earlier commands among them
  std::optional<Duration> at_most;          // of the board's clock, blocks at the end included
  std::int64_t inferences = 0;              // of a probe; 0: as many as take some seconds
  std::int64_t finalists = 3, repeats = 4;  // of the interleaved blocks; 0: none
  std::vector<std::string> warm;            // studies of this very board and network
  std::vector<std::string> prior;  // of other boards or networks; "predict": the board's model
  MetricsEndpoint* metrics = nullptr;
};

struct TuneResult {
  TuneMemory asked;  // as it was done now
  Goal goal;
  SearchSpace space;
  StudyInfo info;
  std::string study_path;
  std::vector<SearchStep> steps = {};
  std::vector<TuneCandidate> candidates = {};  // finalists, or the best of what was measured
  std::optional<std::size_t> best = {};        // of candidates
  std::vector<TuneCandidate> governors = {};
  // Of the best over the governors with its batch, precision and so on; else `notes` say why not.
  std::optional<TuneSaving> saving = {};
  std::optional<Answer> answer = {};  // the optimiser's last word
  std::int64_t runs = 0, already_there = 0;
  double search_s = 0, search_j = 0;  // of the board's clock; governors and blocks included
  double decide_s = 0;                // real time
  bool measured = true;               // false: old probes ranked anew
  bool interrupted = false, exhausted = false, out_of_time = false;
  std::string caution = {};
  std::vector<std::string> notes = {};

  const TuneCandidate* winner() const { return best ? &candidates[*best] : nullptr; }
  // Sets `best` and `saving`, from what is in `candidates` and `governors`.
  void judge();
  bool met() const { return winner() != nullptr && winner()->met; }
};

struct TuneProgress {
  enum class Stage : std::uint8_t { governors, search, blocks } stage = Stage::search;
  std::int64_t done = 0, total = 0;  // of the stage
  const SearchStep* step = nullptr;  // of the search
  const SearchSpace* space = nullptr;
  const Goal* goal = nullptr;
  std::optional<double> cost = {};   // of this probe or run
  std::optional<double> least = {};  // of what is recommended, as measured
  std::string words = {};            // of what was run, where it is no step
  bool stored = false;               // it was there already
};

// Creates the study, or goes on with the one that is there. Whatever happens, every run that was
// made is in it. Errors: invalid (the study there is of another board, network or space), those of
// opening board and engine, of the goal, of a board that is gone; unmeasured (the goal is about
// something that nothing here measures).
Result<TuneResult> tune(const Paths& paths, const TuneRequest& request,
                        const std::atomic<bool>& interrupted,
                        const std::function<void(const TuneProgress&)>& progress);

// Ranks the probes of a study by another cost or other limits; nothing is measured. What is absent
// is as the study remembers. Errors: those of the study and of the goal; no_data (nothing ran).
struct RerankRequest {
  std::string study_path;
  std::optional<std::string> minimise;
  std::optional<std::vector<std::string>> limits;
  std::optional<std::string> optimiser;
};
Result<TuneResult> rerank(const RerankRequest& request);

// Sets the knobs of the best setting and leaves the board so; on a twin they are set, and gone with
// it. Errors: no_data (there is no best), not_reached (a knob reads back otherwise), those of
// the knobs: the board is restored then.
Result<std::vector<std::string>> apply_tuned(const Paths& paths, const TargetOptions& target,
                                             const std::string& command, const TuneResult& result);

}  // namespace isojoule
