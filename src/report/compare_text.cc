// The answer of `isojoule compare` as text and as JSON.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "report/compare.h"
#include "report/summary_json.h"
#include "report/table.h"

namespace isojoule {
namespace {

using nlohmann::json;

// Two digits of the interval's half width, between none and three behind the point.
int digits_for(double half) {
  if (!(half > 0)) return 1;
  return std::clamp(1 - static_cast<int>(std::floor(std::log10(half))), 0, 3);
}
int digits_of(const SettingComparison& comparison) {
  const auto& interval = comparison.percent_interval;
  return interval ? digits_for((interval->high - interval->low) / 2) : 1;
}

std::string significant(double value) {
  const double size = std::abs(value);
  if (!(size > 0) || !std::isfinite(size)) return fmt::format("{}", value);
  const int digits = 3 - static_cast<int>(std::floor(std::log10(size)));
  return fmt::format("{:.{}f}", value, std::max(0, digits));
}

// "62.53 mJ/inference"
std::string value_text(double value, const CompareResult& result) {
  std::string unit(unit_of(result.quantity));
  if (value != 0 && std::abs(value) < 1) {
    value *= 1e3;
    unit = "m" + unit;
  }
  return significant(value) + " " + unit + (result.per_inference ? "/inference" : "");
}

// "4.2 % less energy", "takes 3 % more time"
struct Verb {
  const char* verb;
  const char* thing;
};
Verb verb_of(RunQuantity quantity) {
  switch (quantity) {
    case RunQuantity::energy: return {"uses", "energy"};
    case RunQuantity::net_energy: return {"uses", "energy net of idle"};
    case RunQuantity::latency: return {"takes", "time"};
    case RunQuantity::power: return {"draws", "power"};
  }
  return {"uses", ""};
}

// A standard uncertainty in percent.
std::string share_text(double percent) {
  return percent < 0.005 ? "0 %" : fmt::format("{:.2g} %", percent);
}

std::string p_text(double p) { return p < 0.0001 ? "< 0.0001" : fmt::format("= {:.2g}", p); }

// "+0.17": never "-0.00".
std::string plus_or_minus(double value, int digits) {
  std::string text = fmt::format("{:+.{}f}", value, digits);
  if (text.find_first_of("123456789") == std::string::npos) text[0] = '+';
  return text;
}

std::string range_text(const Interval& interval, int digits) {
  return plus_or_minus(interval.low, digits) + " to " + plus_or_minus(interval.high, digits) + " %";
}

std::string study_line(const CompareResult& result, std::size_t i) {
  const StudyInfo& info = result.studies[i];
  std::string text = result.studies.size() == 1 ? "Study  " : i == 0 ? "A of   " : "B of   ";
  text += info.name;
  if (!info.created.empty()) text += ", begun " + info.created;
  text += ", " + info.board;
  if (info.simulated) text += ", SIMULATED: a twin's result";
  return text + "\n";
}

std::string side_text(const char* name, const ComparedSide& side, const CompareResult& result) {
  std::string text = side.network + ": " + side.words + "; " +
                     (side.mean ? value_text(*side.mean, result) : "absent: " + side.why_absent) +
                     fmt::format(", {} run{}", side.runs, side.runs == 1 ? "" : "s");
  if (side.without_value > 0 && side.mean)
    text += fmt::format(" ({} more without: {})", side.without_value, side.why_absent);
  return std::string(name) + "      " + wrapped(text, 7).substr(7);
}

std::string causes_text(const NamedOutlier& outlier) {
  std::string text;
  for (const std::string& cause : outlier.causes) text += (text.empty() ? "" : ", ") + cause;
  return text.empty() ? "no cause known" : text;
}

std::string outliers_text(const char* name, const ComparedSide& side) {
  std::string text;
  for (const NamedOutlier& outlier : side.outliers)
    text +=
        wrapped(fmt::format("Outlier: run {} of {} (block {}{}) lies {:+.1f} % from the median: "
                            "{}. It is in the figures.",
                            outlier.run, name, outlier.block,
                            outlier.on_board.empty() ? "" : " on " + outlier.on_board,
                            outlier.deviation_percent, causes_text(outlier)),
                2);
  return text;
}

std::string design_text(const SettingComparison& comparison, bool by_board) {
  const char* things = by_board ? "boards" : "blocks";
  if (comparison.is_paired) {
    std::string text = fmt::format("Paired: {} {}, each with both", comparison.blocks, things);
    if (comparison.left_out > 0)
      text += fmt::format("; {} run{} of {} with only one of them left out", comparison.left_out,
                          comparison.left_out == 1 ? "" : "s", things);
    return text + ".";
  }
  return fmt::format(
      "Not paired ({} and {} runs that share no two blocks): Welch's test, so what moved between "
      "them counts as spread or as difference.",
      comparison.first_runs, comparison.second_runs);
}

std::string uncertainty_text(const SettingComparison& comparison, bool same_board) {
  if (!comparison.percent_interval) return "";
  std::string text = "Standard uncertainty of the ratio: " + share_text(comparison.random_percent) +
                     " random, " + share_text(comparison.systematic_percent) + " systematic";
  if (!same_board) {
    text += ": two boards, so each has its own gain";
  } else if (comparison.gain_percent > 0) {
    text += "; the gain's " + share_text(comparison.gain_percent) +
            " is the same error in both and cancels, if one power chip measured both";
  }
  return text + ".";
}

std::string tests_text(const SettingComparison& comparison) {
  if (!comparison.p) return "";
  std::string text = "p " + p_text(*comparison.p) + " (t)";
  if (comparison.sign_p) text += ", " + p_text(*comparison.sign_p) + " (permutation of signs)";
  if (comparison.bca.bounds)
    text += fmt::format("; {} bootstrap of the ratio: {}",
                        comparison.bca.method == "bca" ? "BCa" : "percentile",
                        range_text(*comparison.bca.bounds, digits_of(comparison)));
  else if (comparison.is_paired)
    text += "; no bootstrap: " + comparison.bca.note;
  return text + ".";
}

std::string pair_text(const CompareResult& result) {
  const ComparedSettings& pair = result.pairs.front();
  const SettingComparison& comparison = pair.comparison;
  std::string text = side_text("A", pair.a, result) + side_text("B", pair.b, result) + "\n";
  text += wrapped(verdict_sentence(comparison, result.quantity, "A", "B"), 0);
  for (const std::string& line :
       {comparison.percent_interval ? design_text(comparison, pair.by_board) : std::string(),
        uncertainty_text(comparison, result.same_board), tests_text(comparison)})
    text += wrapped(line, 2);
  return text + outliers_text("A", pair.a) + outliers_text("B", pair.b);
}

std::string row_verdict(const ComparedSettings& pair) {
  if (pair.comparison.verdict == Difference::unknown) return "not known";
  if (pair.comparison.verdict == Difference::not_shown) return "not shown";
  const std::string text(name_of(pair.comparison.verdict));
  return pair.holds_together ? text : text + " (alone)";
}

// "cpu 710.4MHz, gpu 307.2MHz, batch 16": without what is the same in all rows, and without the
// governors that make a baseline.
std::string row_words(const ComparedSide& side, const Setting& common) {
  std::string text = side.baseline;
  for (const auto& [axis, value] : side.setting.values()) {
    if (const Value* same = common.find(axis); same != nullptr && *same == value) continue;
    if (!side.baseline.empty() && !is_engine_axis(axis)) continue;
    std::string word = word_of(axis, value);
    word[axis.size()] = ' ';
    if (const std::size_t at = axis.rfind("_frequency"); at != std::string::npos)
      word.erase(at, axis.size() - at);
    text += (text.empty() ? "" : ", ") + word;
  }
  return text.empty() ? "-" : text;
}

Setting common_setting(const CompareResult& result) {
  const Setting& first = result.pairs.front().a.setting;
  Setting common = first;
  for (const ComparedSettings& pair : result.pairs)
    for (const auto& [axis, value] : first.values())
      if (const Value* own = pair.a.setting.find(axis); own == nullptr || *own != value)
        common.erase(axis);
  return common;
}

std::string table_text(const CompareResult& result) {
  constexpr std::size_t kWidest = 44;
  const Setting common = common_setting(result);
  const std::string& network = result.pairs.front().a.network;
  const bool one_network =
      std::all_of(result.pairs.begin(), result.pairs.end(),
                  [&network](const auto& pair) { return pair.a.network == network; });
  std::string all = one_network ? network : "";
  for (const auto& [axis, value] : common.values())
    all += (all.empty() ? "" : ", ") + word_of(axis, value);
  Table table;
  table.add_column("setting", Table::Align::left);
  for (const char* header : {"A", "B", "change %", "95 %"}) table.add_column(header);
  table.add_column("", Table::Align::left);
  for (const ComparedSettings& pair : result.pairs) {
    const SettingComparison& comparison = pair.comparison;
    const int digits = digits_of(comparison);
    std::string words = row_words(pair.a, common);
    if (!one_network) words = pair.a.network + ": " + words;
    if (words.size() > kWidest) words = words.substr(0, kWidest - 3) + "...";
    std::string change, interval;
    if (pair.a.mean && pair.b.mean) change = plus_or_minus(comparison.percent, digits);
    if (comparison.percent_interval) {
      interval = range_text(*comparison.percent_interval, digits);
      interval.erase(interval.size() - 2);  // the header has the unit
    }
    table.add_row({words, pair.a.mean ? significant(*pair.a.mean) : "absent",
                   pair.b.mean ? significant(*pair.b.mean) : "absent", change, interval,
                   row_verdict(pair)});
  }
  return (all.empty() ? "" : wrapped(all, 0)) + table.to_text();
}

std::string names_text(const std::string& which, const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 4;
  if (names.empty()) return "";
  std::string text =
      fmt::format("{} setting{} only in {}: ", names.size(), names.size() == 1 ? "" : "s", which);
  for (std::size_t i = 0; i < std::min(kMost, names.size()); ++i)
    text += (i == 0 ? "" : "; ") + names[i];
  return wrapped(text + (names.size() > kMost ? "; ..." : "") + ".", 2);
}

std::string reasons_text(const CompareResult& result) {
  std::map<std::string, std::size_t> reasons;
  for (const ComparedSettings& pair : result.pairs)
    if (pair.comparison.verdict == Difference::unknown) reasons[pair.comparison.reason] += 1;
  std::string text;
  for (const auto& [reason, count] : reasons)
    text += wrapped(
        fmt::format("Not known at {} setting{}: {}.", count, count == 1 ? "" : "s", reason), 2);
  return text;
}

std::string all_text(const CompareResult& result) {
  std::string text = wrapped(
      fmt::format("{} per {}: mean of the runs. B against A with its 95 % interval, by Welch's "
                  "test: two studies share no blocks, so what moved between them (the room, the "
                  "board) is part of the difference.",
                  result.quantity == RunQuantity::power     ? "Watts"
                  : result.quantity == RunQuantity::latency ? "Seconds"
                                                            : "Joules",
                  result.per_inference ? "inference" : "run"),
      2);
  std::size_t shown = 0, together = 0, known = 0;
  for (const ComparedSettings& pair : result.pairs) {
    known += pair.comparison.verdict != Difference::unknown ? 1 : 0;
    shown +=
        pair.comparison.verdict == Difference::less || pair.comparison.verdict == Difference::more;
    together += pair.holds_together ? 1 : 0;
  }
  text += wrapped(
      fmt::format(
          "{} of {} settings differ, each looked at alone; by chance {:.1f} would. {} hold{} "
          "among all of them (Holm).",
          shown, known, 0.05 * static_cast<double>(known), together, together == 1 ? "s" : ""),
      2);
  if (result.all_percent) {
    std::string mean = "Mean over the settings: " + plus_or_minus(*result.all_percent, 2) + " %";
    if (result.all_interval)
      mean += fmt::format(" (95 %: {}, by how much the settings differ among themselves)",
                          range_text(*result.all_interval, 2));
    text += wrapped(mean + ".", 2);
  }
  if (!result.same_board)
    text += wrapped("Two boards: the gain of each is in the intervals.", 2);
  else if (!result.pairs.empty() && result.pairs.front().comparison.gain_percent > 0)
    text += wrapped(fmt::format("The gain's {:.2g} % cancels if both studies were made on one "
                                "board; otherwise give --other-board.",
                                result.pairs.front().comparison.gain_percent),
                    2);
  return text + reasons_text(result) + names_text("A", result.only_in_a) +
         names_text("B", result.only_in_b);
}

template <typename T>
json or_null(const std::optional<T>& value) {
  return value ? json(*value) : json(nullptr);
}
json finite(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }
json low_of(const std::optional<Interval>& interval) {
  return interval ? json(interval->low) : json(nullptr);
}
json high_of(const std::optional<Interval>& interval) {
  return interval ? json(interval->high) : json(nullptr);
}

std::string suffix_of(RunQuantity quantity) {
  return quantity == RunQuantity::power ? "_w" : quantity == RunQuantity::latency ? "_s" : "_j";
}

json side_json(const ComparedSide& side, const CompareResult& result) {
  json outliers = json::array();
  for (const NamedOutlier& outlier : side.outliers) {
    outliers.push_back({{"run", outlier.run},
                        {"block", outlier.block},
                        {"deviation_percent", outlier.deviation_percent},
                        {"causes", outlier.causes}});
    if (!outlier.on_board.empty()) outliers.back()["on_board"] = outlier.on_board;
  }
  return {{"study", result.studies[side.study].name},
          {"network", side.network},
          {"baseline", side.baseline.empty() ? json(nullptr) : json(side.baseline)},
          {"setting", to_json(side.setting)},
          {"words", side.words},
          {"runs", side.runs},
          {"without_value", side.without_value},
          {"why_absent", side.why_absent},
          {"mean" + suffix_of(result.quantity), or_null(side.mean)},
          {"outliers", std::move(outliers)}};
}

json comparison_json(const SettingComparison& comparison, RunQuantity quantity) {
  const std::string unit = suffix_of(quantity);
  const bool has_both = comparison.first_runs > 0 && comparison.second_runs > 0;
  return {{"verdict", name_of(comparison.verdict)},
          {"reason", comparison.reason},
          {"paired", comparison.is_paired},
          {"blocks", comparison.blocks},
          {"left_out", comparison.left_out},
          {"level", comparison.level},
          {"percent", has_both ? json(comparison.percent) : json(nullptr)},
          {"percent_low", low_of(comparison.percent_interval)},
          {"percent_high", high_of(comparison.percent_interval)},
          {"difference" + unit, has_both ? json(comparison.difference) : json(nullptr)},
          {"difference_low" + unit, low_of(comparison.difference_interval)},
          {"difference_high" + unit, high_of(comparison.difference_interval)},
          {"random_percent", comparison.random_percent},
          {"systematic_percent", comparison.systematic_percent},
          {"gain_percent", comparison.gain_percent},
          {"freedom", finite(comparison.freedom)},
          {"p", or_null(comparison.p)},
          {"sign_p", or_null(comparison.sign_p)},
          {"bca_percent_low", low_of(comparison.bca.bounds)},
          {"bca_percent_high", high_of(comparison.bca.bounds)},
          {"bca_note", comparison.bca.note},
          {"detectable_percent", or_null(comparison.detectable_percent)},
          {"power", comparison.power}};
}

json all_json(const CompareResult& result) {
  if (!result.all_percent) return nullptr;
  return {{"settings", result.pairs.size()},
          {"percent", *result.all_percent},
          {"percent_low", low_of(result.all_interval)},
          {"percent_high", high_of(result.all_interval)},
          {"level", kUsualLevel}};
}

}  // namespace

std::string verdict_sentence(const SettingComparison& comparison, RunQuantity quantity,
                             const std::string& first, const std::string& second) {
  const Verb verb = verb_of(quantity);
  const int digits = digits_of(comparison);
  const auto& interval = comparison.percent_interval;
  switch (comparison.verdict) {
    case Difference::less:
    case Difference::more: {
      const bool less = comparison.verdict == Difference::less;
      const double near = std::abs(less ? interval->high : interval->low),
                   far = std::abs(less ? interval->low : interval->high);
      return fmt::format("{} {} {:.{}f} % {} {} than {} ({:.0f} %: {:.{}f} to {:.{}f} %).", first,
                         verb.verb, std::abs(comparison.percent), digits, less ? "less" : "more",
                         verb.thing, second, 100 * comparison.level, near, digits, far, digits);
    }
    case Difference::not_shown:
      return fmt::format(
          "No difference shown: the interval of {} against {} goes from {} ({:.0f} %). A "
          "difference "
          "of {:.{}f} % or more would have been seen with these {}, in {:.0f} of 10 such studies.",
          first, second, range_text(*interval, digits), 100 * comparison.level,
          *comparison.detectable_percent, digits,
          comparison.is_paired
              ? fmt::format("{} blocks", comparison.blocks)
              : fmt::format("{} and {} runs", comparison.first_runs, comparison.second_runs),
          10 * comparison.power);
    case Difference::unknown: break;
  }
  std::string text = "Nothing can be said: " + comparison.reason + ".";
  if (comparison.first_runs > 0 && comparison.second_runs > 0)
    text +=
        fmt::format(" As measured, {} lies {:+.2f} % from {}.", first, comparison.percent, second);
  return text;
}

std::string to_text(const CompareResult& result) {
  std::string text;
  for (std::size_t i = 0; i < result.studies.size(); ++i) text += study_line(result, i);
  if (!result.of_all) return text + pair_text(result);
  return text + "\n" + table_text(result) + all_text(result);
}

json to_json(const CompareResult& result) {
  json studies = json::array();
  bool simulated = false;
  for (const StudyInfo& info : result.studies) {
    studies.push_back({{"name", info.name}, {"board", info.board}, {"created", info.created}});
    simulated = simulated || info.simulated;
  }
  json root = {{"schema", 1},
               {"quantity", name_of(result.quantity)},
               {"per", result.per_inference ? "inference" : "run"},
               {"simulated", simulated},
               {"same_board", result.same_board},
               {"studies", std::move(studies)}};
  if (!result.of_all) {
    const ComparedSettings& pair = result.pairs.front();
    root["a"] = side_json(pair.a, result);
    root["b"] = side_json(pair.b, result);
    root["a_against_b"] = comparison_json(pair.comparison, result.quantity);
    if (pair.by_board) root["a_against_b"]["paired_by"] = "board";
    return root;
  }
  json rows = json::array();
  for (const ComparedSettings& pair : result.pairs)
    rows.push_back({{"a", side_json(pair.a, result)},
                    {"b", side_json(pair.b, result)},
                    {"b_against_a", comparison_json(pair.comparison, result.quantity)},
                    {"holds_together", pair.holds_together}});
  root["settings"] = std::move(rows);
  root["only_in_a"] = result.only_in_a;
  root["only_in_b"] = result.only_in_b;
  root["all"] = all_json(result);
  return root;
}

}  // namespace isojoule
