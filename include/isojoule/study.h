// Reads a finished or growing study file: its points with their energies, and the least energy of
// each network against the governors. Energies are joules of the whole inference phase, the board's
// module total, gross; uncertainties are standard ones (k = 1).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "isojoule/error.h"

namespace isojoule {

struct StudyPoint {
  std::string network;
  std::string baseline;  // empty: clocks were pinned; otherwise whose governors ran
  std::map<std::string, std::string> setting;  // "cpu_frequency_hz" -> "1479000000"
  std::optional<double> energy_j;              // absent: not measured
  std::optional<double> energy_u_j;
  std::optional<double> power_w;
  std::optional<double> latency_s;
  std::string why_absent;
  double inferences = 0;
  long runs = 0;
};

struct StudyMinimum {
  StudyPoint best;
  std::string baseline;
  double saving_percent = 0;              // 1 - E(best) / E(baseline)
  double saving_uncertainty_percent = 0;  // percentage points, k = 1
  double latency_change_percent = 0;
};

struct StudyResult {
  std::string name;
  std::string board;
  std::string release;
  bool simulated = false;  // true: made on a twin, no evidence about a real board
  std::vector<StudyPoint> points;
  std::vector<StudyMinimum> minima;
  std::vector<std::string> boards;  // names, where a fleet made it; empty: one board did
};

// Errors: not_found, permission_denied, damaged, newer_schema.
Result<StudyResult> read_study(const std::string& path);

}  // namespace isojoule
