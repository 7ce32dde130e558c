// Published claims beside what our studies say: met, not met, or not covered and why.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "report/claim.h"
#include "report/finding.h"

namespace isojoule {

enum class Verdict : std::uint8_t { met, not_met, not_covered };
std::string_view name_of(Verdict verdict);  // "met", "not met", "not covered"

struct ReproduceRow {
  Claim claim;
  Finding finding;
  // Measured minus claimed; of a range, how far outside it, 0 inside. Absent where nothing is
  // covered.
  std::optional<double> difference;
  double tolerance = 0;        // in the claim's unit
  std::string tolerance_text;  // "2 points", "10 % of the claimed"
  Verdict verdict = Verdict::not_covered;
};

struct ReproduceTable {
  std::vector<ClaimSource> sources;
  std::vector<ReproduceRow> rows;  // in the order of the claims' file
  std::int64_t met = 0, not_met = 0, not_covered = 0;
};

// `claims_toml`: the text of one claims' file, `claims_path` its name for messages. Errors: parse.
Result<ReproduceTable> reproduce(Studies studies, const std::string& claims_toml,
                                 const std::string& claims_path);

// A table for people, a block a source and board, with the sums at the end; ends with a newline.
std::string to_text(const ReproduceTable& table);

// {"schema": 1, "sources": [{"id", "title"}], "met", "not_met", "not_covered",
//  "claims": [{"id", "source", "where", "board", "other_board"?, "kind", "what", "networks",
//              "claimed_low_UNIT", "claimed_high_UNIT", "relation", "measured_UNIT" | null,
//              "uncertainty_UNIT", "measured_low_UNIT", "measured_high_UNIT", "difference_UNIT" |
//              null, "tolerance_UNIT", "verdict", "reason", "note", "study", "simulated"}]}
// _UNIT is _percent, _w, _s, _hz, _j or nothing (a ratio or a number of things).
nlohmann::json to_json(const ReproduceTable& table);

}  // namespace isojoule
