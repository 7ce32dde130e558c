// What the study file of a search remembers of it, so that it goes on, and so that its probes can
// be ranked anew.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/study_file.h"
#include "optimise/space.h"

namespace isojoule {

struct TuneMemory {
  std::string network;
  std::string minimise = "energy";
  std::vector<std::string> limits = {};
  std::string optimiser = "blend";
  std::int64_t seed = 1;
  std::int64_t inferences = 0;  // of a probe; 0: as many as take some seconds
  std::vector<SearchAxis> axes = {};
  Setting fixed = {};  // in every setting, no axis
};

// Stands as the study's plan.
std::string to_toml(const TuneMemory& memory);
// Error: invalid (the study is none of a search), parse.
Result<TuneMemory> tune_memory(const StudyInfo& info, const std::string& path);

// The governors' first run, by which the others are made as long as they should be: a baseline that
// nothing is compared with.
inline constexpr const char* kTuneSizing = "sizing";

// Why a run is in such a study: stands in Run::notes.
enum class TuneRole : std::uint8_t {
  baseline,  // the governors, before the search
  search,
  final_block,  // a finalist or the governors again, in interleaved blocks
};
struct TuneNotes {
  TuneRole role = TuneRole::search;
  std::string why;        // the optimiser's words
  double took_s = 0;      // of the board's clock, with everything around the run
  bool definite = false;  // a failure that would come again
  std::optional<ErrorKind> engine_error = {};  // where it was the engine that failed
};
void put_notes(const TuneNotes& notes, Run& run);
// Error: damaged (the run has none).
Result<TuneNotes> notes_of(const Run& run);

}  // namespace isojoule
