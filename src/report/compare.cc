#include "report/compare.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

namespace isojoule {
namespace {

// One study, read and grouped.
struct Opened {
  std::vector<Run> runs;
  std::vector<RunGroup> groups;
  std::string name;
};

Result<Opened> open(StudyFile& study) {
  Opened opened;
  ISOJOULE_TRY(opened.runs, study.runs());
  opened.groups = groups_of(opened.runs);
  opened.name = "study '" + study.info().name + "'";
  return opened;
}

// Of those that fleets' studies name.
bool are_several_boards(const Opened& a, const Opened& b) {
  std::set<std::string> boards;
  for (const Opened* opened : {&a, &b})
    for (const Run& run : opened->runs)
      if (!run.on_board.empty()) boards.insert(run.on_board);
  return boards.size() > 1;
}

// Power is no sum over inferences; the others are, where every run says how many it made.
bool is_per_inference(RunQuantity quantity, const RunGroup& a, const RunGroup& b) {
  if (quantity == RunQuantity::power) return false;
  const auto counts = [](const Run* run) {
    return run->state != RunState::complete || run->inferences > 0;
  };
  return std::all_of(a.runs.begin(), a.runs.end(), counts) &&
         std::all_of(b.runs.begin(), b.runs.end(), counts);
}

// What the runs of a pair share: their block, or in a fleet's study their board.
using PairOf = std::function<std::int64_t(const Run& run)>;

std::size_t shared_pairs(const RunGroup& a, const RunGroup& b, const PairOf& pair_of) {
  std::set<std::int64_t> of_a, of_both;
  for (const Run* run : a.runs) of_a.insert(pair_of(*run));
  for (const Run* run : b.runs)
    if (of_a.contains(pair_of(*run))) of_both.insert(pair_of(*run));
  return of_both.size();
}

std::vector<std::string> boards_of_both(const RunGroup& a, const RunGroup& b) {
  std::set<std::string> boards;
  for (const RunGroup* group : {&a, &b})
    for (const Run* run : group->runs) boards.insert(run->on_board);
  return {boards.begin(), boards.end()};
}

ComparedSide side_of(const RunGroup& group, std::size_t study, RunQuantity quantity,
                     bool per_inference, const PairOf& pair_of, std::vector<ComparedRun>& values) {
  ComparedSide side{
      study, group.network, group.baseline, group.setting, words_of(group), 0, 0, "", std::nullopt,
      {}};
  double sum = 0;
  for (const Run* run : group.runs) {
    std::string why;
    const auto value = value_of(*run, quantity, &why);
    if (!value) {
      side.without_value += 1;
      if (side.why_absent.empty()) side.why_absent = why;
      continue;
    }
    const double factor = per_inference ? 1 / static_cast<double>(run->inferences) : 1;
    values.push_back({pair_of(*run), scaled(*value, factor)});
    sum += values.back().value.value;
  }
  side.runs = static_cast<std::int64_t>(values.size());
  if (!values.empty()) side.mean = sum / static_cast<double>(values.size());
  if (const auto repeats = describe_repeats(group.runs, quantity))
    side.outliers = repeats->outliers;
  return side;
}

// A pair, the second against the first or the other way round.
ComparedSettings compare_groups(const RunGroup& a, const RunGroup& b, const CompareResult& result,
                                bool second_against_first) {
  const bool two = result.studies.size() > 1;
  std::vector<ComparedRun> first, second;
  ComparedSettings pair;
  PairOf pair_of = [](const Run& run) { return run.block; };
  bool one_sensor = result.same_board;
  if (const auto boards = boards_of_both(a, b); !two && boards.size() > 1) {
    const PairOf board_of = [boards](const Run& run) {
      return std::lower_bound(boards.begin(), boards.end(), run.on_board) - boards.begin();
    };
    const std::size_t blocks = shared_pairs(a, b, pair_of), both = shared_pairs(a, b, board_of);
    pair.by_board = both > blocks;
    if (pair.by_board) pair_of = board_of;
    one_sensor = one_sensor && std::max(blocks, both) > 1;  // else not paired
  }
  pair.a = side_of(a, 0, result.quantity, result.per_inference, pair_of, first);
  pair.b = side_of(b, two ? 1 : 0, result.quantity, result.per_inference, pair_of, second);
  const ComparisonOptions options = {.one_sensor = one_sensor, .may_pair = !two};
  pair.comparison = second_against_first ? compare_settings(second, first, options)
                                         : compare_settings(first, second, options);
  for (const ComparedSide* side : {&pair.b, &pair.a})
    if (!side->mean)
      pair.comparison.reason = std::string(side == &pair.a ? "A" : "B") + ": " + side->why_absent;
  return pair;
}

Status compare_pair(const Opened& first, const Opened& second, const CompareRequest& request,
                    CompareResult& result) {
  ISOJOULE_TRY(const RunGroup* a,
               select_group(first.groups, request.a.empty() ? request.b : request.a,
                            request.network, "--a", first.name));
  ISOJOULE_TRY(const RunGroup* b,
               select_group(second.groups, request.b.empty() ? request.a : request.b,
                            request.network, "--b", second.name));
  if (a == b)
    return fail(ErrorKind::invalid, "--a and --b are the same runs: " + words_of(*a),
                "Name two settings");
  result.per_inference = is_per_inference(result.quantity, *a, *b);
  result.pairs.push_back(compare_groups(*a, *b, result, false));
  return {};
}

const RunGroup* same_group(const std::vector<RunGroup>& groups, const RunGroup& wanted) {
  const auto found = std::find_if(groups.begin(), groups.end(), [&](const RunGroup& group) {
    return group.network == wanted.network && group.baseline == wanted.baseline &&
           group.setting == wanted.setting;
  });
  return found == groups.end() ? nullptr : &*found;
}

std::string full_words(const RunGroup& group) {
  return "network=" + group.network + " " + words_of(group);
}

void summarise_all(CompareResult& result) {
  std::vector<std::optional<double>> p;
  std::vector<double> logs;
  for (const ComparedSettings& pair : result.pairs) {
    p.push_back(pair.comparison.p);
    if (pair.a.mean && pair.b.mean && *pair.a.mean > 0 && *pair.b.mean > 0)
      logs.push_back(std::log1p(pair.comparison.percent / 100));
  }
  const std::vector<bool> holds = holds_together(p);
  for (std::size_t i = 0; i < holds.size(); ++i) result.pairs[i].holds_together = holds[i];
  if (logs.size() < 2) return;
  result.all_percent = 100 * std::expm1(mean_of(logs));
  if (const auto interval = student_interval(logs); interval.bounds)
    result.all_interval =
        Interval{100 * std::expm1(interval.bounds->low), 100 * std::expm1(interval.bounds->high)};
}

Status compare_all(const Opened& first, const Opened& second, const CompareRequest& request,
                   CompareResult& result) {
  const auto is_wanted = [&request](const RunGroup& group) {
    return request.network.empty() || group.network == request.network;
  };
  result.of_all = true;
  std::vector<std::pair<const RunGroup*, const RunGroup*>> shared;
  for (const RunGroup& group : first.groups) {
    if (!is_wanted(group)) continue;
    if (const RunGroup* other = same_group(second.groups, group))
      shared.emplace_back(&group, other);
    else
      result.only_in_a.push_back(full_words(group));
  }
  for (const RunGroup& group : second.groups)
    if (is_wanted(group) && same_group(first.groups, group) == nullptr)
      result.only_in_b.push_back(full_words(group));
  if (shared.empty())
    return fail(ErrorKind::invalid,
                first.name + " and " + second.name + " have no setting in common" +
                    (request.network.empty() ? "" : " with network '" + request.network + "'"),
                "Name a setting of each with --a and --b");
  result.per_inference = std::all_of(shared.begin(), shared.end(), [&](const auto& pair) {
    return is_per_inference(result.quantity, *pair.first, *pair.second);
  });
  for (const auto& [a, b] : shared) result.pairs.push_back(compare_groups(*a, *b, result, true));
  summarise_all(result);
  return {};
}

}  // namespace

Result<CompareResult> compare_runs(StudyFile& first, StudyFile* second,
                                   const CompareRequest& request) {
  CompareResult result;
  result.quantity = request.quantity;
  result.studies.push_back(first.info());
  ISOJOULE_TRY(const Opened a, open(first));
  const bool names_none = request.a.empty() && request.b.empty();
  if (second == nullptr) {
    if (request.a.empty() || request.b.empty())
      return fail(ErrorKind::invalid, "one study, and not both of --a and --b",
                  "Name two of its settings, as --a \"" +
                      (a.groups.empty() ? "batch=16" : words_of(a.groups.front())) + "\" --b \"" +
                      (a.groups.empty() ? "batch=32" : words_of(a.groups.back())) +
                      "\", or a second study");
    ISOJOULE_CHECK(compare_pair(a, a, request, result));
    return result;
  }
  result.studies.push_back(second->info());
  result.same_board = !request.other_board && first.info().board == second->info().board;
  ISOJOULE_TRY(const Opened b, open(*second));
  if (are_several_boards(a, b)) result.same_board = false;
  if (names_none)
    ISOJOULE_CHECK(compare_all(a, b, request, result));
  else
    ISOJOULE_CHECK(compare_pair(a, b, request, result));
  return result;
}

}  // namespace isojoule
