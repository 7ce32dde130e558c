// What measured studies hold for the energy models: one observation a network, setting and batch.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "app/paths.h"
#include "base/error.h"
#include "predict/energy_model.h"
#include "predict/observation.h"

namespace isojoule {

// Something that was measured and is not learnt from.
struct LeftOutRows {
  std::string why;  // "failed", "the cell of 'energy' is empty"
  std::int64_t count = 0;
  std::string first;  // where: "tx2.study, run 12"; "runs.csv, line 7"
};

// Observations of one board, by job, and what became of the rest.
struct ObservationSet {
  std::string board, release;  // "": not known
  bool simulated = false;
  std::string what;                  // what the joules are
  std::vector<std::string> sources;  // with a hash of what they are
  std::map<Setting, std::vector<Observation>> jobs;
  std::map<Setting, Additivity> additivity;  // by job; only where enough sequences are there
  std::int64_t rows = 0;                     // runs of a study, lines of a table
  std::int64_t used = 0;                     // of them, in observations
  std::vector<LeftOutRows> left_out;
  std::vector<std::string> notes;

  void leave_out(const std::string& why, const std::string& where, std::int64_t count = 1);
};

// Failed and throttled runs are left out, as are points whose energy is not known or whose
// inference phase was too short for the power source. The energy is that of the inference phase,
// gross, the mean of the repeats over the batches. Clocks are those that were set; where a governor
// moved them, or a clock was not reached, the mean of what was watched.
//
// Errors: those of reading a study; invalid (studies of different boards, or of a board and its
// twin); not_found (a network that is not there any more); no_data (no run that can be used).
Result<ObservationSet> study_observations(const Paths& paths,
                                          const std::vector<std::string>& studies);

}  // namespace isojoule
