#include "report/reproduce.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace isojoule {
namespace {

// Signed distance from the claimed range, 0 inside. `at most` and `at least` have one end only.
double outside(const Claim& claim, double value) {
  if (claim.relation != Relation::at_least && value > claim.high) return value - claim.high;
  if (claim.relation != Relation::at_most && value < claim.low) return value - claim.low;
  return 0;
}

// Of a finding of several points the end that is farther off counts.
double farthest_outside(const Claim& claim, const Finding& finding) {
  const double low = outside(claim, finding.low), high = outside(claim, finding.high);
  return std::abs(low) > std::abs(high) ? low : high;
}

void set_tolerance(ReproduceRow& row, const ClaimKind& kind) {
  const double nominal = row.claim.tolerance.value_or(kind.tolerance);
  const double bound = std::max(std::abs(row.claim.low), std::abs(row.claim.high));
  row.tolerance = kind.relative ? nominal / 100 * bound : nominal;
  if (kind.relative)
    row.tolerance_text = fmt::format("{:g} % {}", nominal, kind.why);
  else if (nominal > 0)
    row.tolerance_text = fmt::format("{:g} {}", nominal, kind.why);
  else
    row.tolerance_text = kind.why;
  if (row.finding.tolerance) row.tolerance = *row.finding.tolerance;
}

void judge(ReproduceRow& row) {
  const double off = farthest_outside(row.claim, row.finding);
  const bool is_point = row.claim.low == row.claim.high && row.finding.low == row.finding.high;
  row.difference = is_point ? *row.finding.value - row.claim.low : off;
  constexpr double kRounding = 1e-9;
  const bool met = std::abs(off) <= row.tolerance + kRounding * (1 + std::abs(row.claim.high));
  row.verdict = met ? Verdict::met : Verdict::not_met;
}

}  // namespace

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::met: return "met";
    case Verdict::not_met: return "not met";
    case Verdict::not_covered: return "not covered";
  }
  return "not covered";
}

Result<ReproduceTable> reproduce(Studies studies, const std::string& claims_toml,
                                 const std::string& claims_path) {
  ISOJOULE_TRY(ClaimFile file, parse_claims(claims_toml, claims_path));
  ReproduceTable table;
  table.sources = std::move(file.sources);
  for (Claim& claim : file.claims) {
    ReproduceRow row;
    row.claim = std::move(claim);
    const ClaimKind* kind = row.claim.covered ? find_claim_kind(row.claim.kind) : nullptr;
    if (kind == nullptr) {
      row.finding.reason = row.claim.reason;
    } else {
      row.finding = kind->find(row.claim, studies);
      if (row.claim.unit.empty()) row.claim.unit = kind->unit;
      set_tolerance(row, *kind);
      if (row.finding.value) judge(row);
    }
    table.met += row.verdict == Verdict::met;
    table.not_met += row.verdict == Verdict::not_met;
    table.not_covered += row.verdict == Verdict::not_covered;
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace isojoule
