// `isojoule compare`: two settings of a study, one setting of two studies, or all settings that two
// studies share.
//
// As JSON ("schema": 1; docs/statistics.md says what each figure means):
// {"schema", "quantity": "energy", "per": "inference" | "run", "simulated", "same_board",
//  "studies": [{"name", "board", "created"}, ..],
//  "a": SIDE, "b": SIDE, "a_against_b": COMPARISON}                     two settings; or
//  "settings": [{"a": SIDE, "b": SIDE, "b_against_a": COMPARISON, "holds_together": bool}],
//  "only_in_a": [words], "only_in_b": [words],
//  "all": {"settings", "percent", "percent_low", "percent_high", "level"} | null}   two studies
// SIDE: {"study", "network", "baseline": null | "..", "setting": {..}, "words", "runs",
//        "without_value", "why_absent", "mean_j" (mean_s, mean_w) | null, "outliers": [{"run",
//        "block", "deviation_percent", "causes": [..]}]}
// COMPARISON: {"verdict": "less" | "more" | "not_shown" | "unknown", "reason", "paired", "blocks",
//        "left_out", "level", "percent", "percent_low", "percent_high", "difference_j",
//        "difference_low_j", "difference_high_j", "random_percent", "systematic_percent",
//        "gain_percent", "freedom", "p", "sign_p", "bca_percent_low", "bca_percent_high",
//        "bca_note", "detectable_percent", "power"}; what there is not is null.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "data/study_file.h"
#include "report/select.h"
#include "trace/comparison.h"
#include "trace/repeats.h"

namespace isojoule {

struct CompareRequest {
  std::string a, b;     // words of the settings; both empty: all that two studies share
  std::string network;  // "": whichever has the words
  RunQuantity quantity = RunQuantity::energy;
  bool other_board = false;  // the two studies were made on two boards of one kind
};

struct ComparedSide {
  std::size_t study = 0;  // 0, 1
  std::string network, baseline;
  Setting setting;
  std::string words;
  std::int64_t runs = 0, without_value = 0;
  std::string why_absent;  // of the first run without
  std::optional<double> mean;
  std::vector<NamedOutlier> outliers;
};

struct ComparedSettings {
  ComparedSide a, b;
  SettingComparison comparison;  // A against B; of all settings of two studies B against A
  bool holds_together = false;   // among all rows (Holm)
  // Of a fleet's study, where more boards than blocks have both: the pairs are boards, and
  // `comparison.blocks` counts these.
  bool by_board = false;
};

struct CompareResult {
  RunQuantity quantity = RunQuantity::energy;
  bool per_inference = false;  // values are divided by the inferences of their run
  bool same_board = true;
  std::vector<StudyInfo> studies;  // one or two
  bool of_all = false;             // a table, B against A; otherwise one pair, A against B
  std::vector<ComparedSettings> pairs;
  std::vector<std::string> only_in_a, only_in_b;
  // The mean of all rows' changes, its interval from how much they differ; where there are several.
  std::optional<double> all_percent;
  std::optional<Interval> all_interval;
};

// `second` may be null. Errors besides those of reading: what select_group() says; invalid where
// one study is given without both settings, where both are the same runs, and where two studies
// have no setting in common.
Result<CompareResult> compare_runs(StudyFile& first, StudyFile* second,
                                   const CompareRequest& request);

std::string to_text(const CompareResult& result);
nlohmann::json to_json(const CompareResult& result);

// "A uses 4.2 % less energy than B (95 %: 3.1 to 5.4 % less)." or the honest other thing.
std::string verdict_sentence(const SettingComparison& comparison, RunQuantity quantity,
                             const std::string& first, const std::string& second);

}  // namespace isojoule
