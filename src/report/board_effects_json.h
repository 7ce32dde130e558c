// Statistics over a fleet's boards as JSON, "board_effects" of the study's answers:
//
// [{"network", "job", "batch", "settings", "runs", "left_out", "why_left_out", "why_absent",
//   "components": {"board": PART, "interaction": PART, "block": PART, "error": PART},
//   "error_in_interaction", "gain_percent",
//   "interaction_test": {"f" | null, "p" | null, "freedom", "error_freedom", "note"},
//   "boards": [{"board", "settings", "runs", "effect_percent" | null, "effect_u_percent" | null,
//               "raw_percent" | null, "best": {"setting", "probability", "loss_percent",
//               "measured"} | null}],
//   "best": {"why_absent", "setting" | null, "rivals", "share_best", "share_best_low",
//            "share_best_high", "share_within", "share_within_low", "share_within_high",
//            "loss_median_percent", "loss_90_percent", "loss_most_percent"},
//   "savings": [{"baseline", "mean_percent", "low_percent" | null, "high_percent" | null,
//                "spread_percent" | null, "least_percent", "most_percent",
//                "boards": [{"board", "saving_percent", "blocks"}]}],
//   "needed": {"why_absent", "repeats", "widths": [{"half_width_percent", "energy" | null,
//              "difference" | null, "saving" | null}], "best" | null, "best_reach", "best_note"},
//   "outliers": [{"board", "kind", "percent", "usual_percent", "score", "threshold", "sentence"}],
//   "others": [{"quantity", "components"}]}]
//
// PART: {"percent" | null, "low_percent" | null, "high_percent" | null, "method", "note"}: a
// standard deviation with its 95 % interval; a high of null beside a low: there is no upper bound.
// Uncertainties are standard (k = 1); probabilities and shares lie in 0..1.
#pragma once

#include <nlohmann/json.hpp>
#include <span>

#include "report/board_effects.h"

namespace isojoule {

nlohmann::json to_json(std::span<const BoardEffects> effects);

}  // namespace isojoule
