// Phases that are too short for the power source, and how often they would have to be repeated to
// be seen.
//
// A source resolves no less than r, the longest of the time over which a reading is an average, the
// time between two new readings of its own, and the time between two readings as they are taken. A
// phase is too short
//   - where no reading falls into it,
//   - where it is shorter than 2 r: then every reading in it holds what lies beside it, or
//   - where its edges and the power between its readings (causes `edges` and `sampling`) make up
//     more than 10 % of its energy at k = 2.
//
// So often repeated one after the other, it would be known to 10 % as far as these two go. Below 2
// r nobody knows the power's step at its edges. Where all of the power begins and ends there, each
// edge may lie half of r off, so together r in the length: L = r / 10 %. Above 2 r the budget tells
// what the edges cost, which does not grow with the length, and what lies between readings, which
// grows with its root: f times as long, e / f and s / sqrt(f) of the energy are left.
#pragma once

#include <optional>
#include <string>

#include "data/run.h"
#include "data/trace.h"

namespace isojoule {

inline constexpr double kVisiblePercent = 10;  // at k = 2

struct Resolution {
  enum class Limit : std::uint8_t {
    window,  // a reading is an average over it
    update,  // the source has news no more often
    period,  // it was read no more often
  };
  Second time{0};
  Limit limit = Limit::period;
  Second source{0};  // what the source alone would resolve
};
// Of the rails that make up the total the coarsest. Nothing where there is no total, or the trace
// has none of its rails.
std::optional<Resolution> resolution_of(const Trace& trace);

struct TooShort {
  PhaseKind phase = PhaseKind::inference;
  Second length{0};
  Resolution resolution;
  std::optional<double> blur_percent;  // edges and sampling at k = 2, where there is an energy
  double factor = 2;                   // so many times as long it would be seen
  std::int64_t repetitions = 2;        // the same, in whole
  Second needed() const { return length * static_cast<double>(repetitions); }
};
// Nothing for a phase that is long enough, or has no length.
std::optional<TooShort> too_short(const Phase& phase, const PhaseEnergy* energy,
                                  const Resolution& resolution);
// The same where only the budget is known: by the last of the three rules.
std::optional<TooShort> too_short(const Phase& phase, const PhaseEnergy* energy);

// How many inferences such an inference phase would need, in whole batches; `made` in the one that
// was too short.
std::int64_t inferences_needed(const TooShort& phase, std::int64_t made, std::int64_t batch);

// "inference took 12.0 ms, and the power source averages over 53.8 ms: 45 inferences or more (0.54
// s) give 10 %". `inferences` 0: not known; then so many times.
std::string words_of(const TooShort& phase, std::int64_t inferences, std::int64_t batch);

}  // namespace isojoule
