// What studies say about one claim: one function a kind of claim.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "report/claim.h"
#include "report/summary.h"

namespace isojoule {

using Studies = std::span<const StudySummary* const>;

struct Finding {
  std::optional<double> value;  // absent: `reason` says why
  double uncertainty = 0;       // k = 1; 0 where it has none
  double low = 0, high = 0;  // where the claim is of several points, otherwise both are the value
  std::optional<double> tolerance;  // where it follows from the board's table
  std::string reason;
  std::string note;  // shown beside the verdict
  std::string study;
  bool simulated = false;
};

struct ClaimKind {
  std::string_view name;
  std::string_view unit;
  double tolerance;  // how far off still counts as met: in the unit, or in percent of the claimed
  bool relative;     // the latter
  std::string_view why;  // where the tolerance comes from, for people
  Finding (*find)(const Claim& claim, Studies studies);
};

const ClaimKind* find_claim_kind(std::string_view name);  // nullptr: unknown
std::vector<std::string> claim_kind_names();

}  // namespace isojoule
