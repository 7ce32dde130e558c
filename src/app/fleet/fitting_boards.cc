#include <algorithm>
#include <map>

#include "app/fleet/fleet_study.h"
#include "experiment/experiment.h"

namespace isojoule {
namespace {

// What the plan becomes on boards of a card: cards of a fleet are mostly the same.
class PlanOnBoards {
 public:
  explicit PlanOnBoards(Plan plan) : plan_(std::move(plan)) { plan_.protocol.repeats = 1; }

  // Rails and one repeat's settings as text: boards with the same can share blocks.
  const Result<std::string>& of(const fleet::BoardCard& card) {
    const std::string key = key_of(card);
    const auto known = known_.find(key);
    if (known != known_.end()) return known->second;
    return known_.emplace(key, make(card)).first->second;
  }

 private:
  static std::string key_of(const fleet::BoardCard& card) {
    std::string key = card.board + '\n' + card.total;
    for (const Rail& rail : card.rails) key += ',' + rail.name;
    for (const fleet::CardKnob& knob : card.knobs) {
      key += '\n' + knob.axis;
      for (const Value& value : knob.values) key += ' ' + to_string(value);
    }
    return key;
  }

  Result<std::string> make(const fleet::BoardCard& card) const {
    ISOJOULE_TRY(const Board board, fleet::described_board(card));
    ISOJOULE_TRY(const auto runs, order_runs(plan_, board));
    std::string text = card.total;
    for (const Rail& rail : card.rails) text += ',' + rail.name;
    for (const PlannedRun& run : runs)
      text += '\n' + run.network + ' ' + run.baseline + ' ' + to_string(run.setting);
    return text;
  }

  Plan plan_;
  std::map<std::string, Result<std::string>> known_;
};

// "" = it has all that are needed.
std::string lacking_engine(const fleet::BoardCard& card, const std::vector<std::string>& engines) {
  for (const std::string& name : engines) {
    const auto same = [&](const fleet::CardEngine& engine) { return engine.name == name; };
    if (std::none_of(card.engines.begin(), card.engines.end(), same))
      return "it has no engine '" + name + "'";
  }
  return {};
}

using AlikeBoards = std::map<std::string, std::vector<fleet::Member>>;  // by what the plan becomes

// The largest group; of several, that of the first name, so that everybody chooses the same.
std::string most_common(const AlikeBoards& alike) {
  const auto better = [](const auto& a, const auto& b) {
    if (a.second.size() != b.second.size()) return a.second.size() < b.second.size();
    return a.second.front().card.name > b.second.front().card.name;
  };
  const auto most = std::max_element(alike.begin(), alike.end(), better);
  return most == alike.end() ? "" : most->first;
}

}  // namespace

Plan axis_by_axis(const Plan& plan) {
  Plan result = plan;
  result.grids.clear();
  for (const PlanGrid& grid : plan.grids) {
    if (grid.axes.empty()) result.grids.push_back(grid);
    for (const PlanAxis& axis : grid.axes) {
      result.grids.push_back(grid);
      result.grids.back().axes = {axis};
    }
  }
  return result;
}

FittingBoards fitting_boards(const std::vector<fleet::Member>& boards, const Plan& plan,
                             const std::vector<std::string>& engines,
                             const fleet::BoardCard* like) {
  FittingBoards result;
  PlanOnBoards on_boards(plan);
  AlikeBoards alike;
  for (const fleet::Member& member : boards) {
    const std::string lacking = lacking_engine(member.card, engines);
    const auto& settings = on_boards.of(member.card);
    if (!lacking.empty())
      result.left_out.push_back(member.card.name + ": " + lacking);
    else if (!settings)
      result.left_out.push_back(member.card.name + ": " + settings.error().what);
    else
      alike[*settings].push_back(member);
  }
  const std::string chosen =
      like != nullptr ? on_boards.of(*like).value_or("") : most_common(alike);
  for (const auto& [settings, members] : alike) {
    if (settings == chosen) {
      result.boards = members;
      continue;
    }
    for (const fleet::Member& member : members)
      result.left_out.push_back(member.card.name +
                                ": its values or rails are not those that the study's other "
                                "boards have");
  }
  std::sort(result.left_out.begin(), result.left_out.end());
  return result;
}

}  // namespace isojoule
