#include "app/fleet/agent_fit.h"

#include <algorithm>

#include "app/engines.h"
#include "app/fleet/agent_options.h"
#include "app/fleet/fleet_study.h"
#include "base/text.h"
#include "experiment/experiment.h"
#include "fleet/name.h"

namespace isojoule::agent {
namespace {

constexpr const char* kCommandEngine = "command";

Fit refused(std::string why) { return {Fitness::refused, std::move(why)}; }

std::string type_text(const std::string& board, bool simulated) {
  return (simulated ? "a simulated " : "a real ") + board;
}

Fit needs_command(const std::string& name) {
  return refused("its engine runs a program of the plan, and the agent of " + name +
                 " was started without --allow-command");
}

// Every engine that the plan names, by axis or as its own.
std::set<std::string> engines_of(const fleet::StudyRecord& study, const Plan& plan) {
  std::set<std::string> names = {engine_of(study.engine, plan)};
  const auto take = [&names](const Value& value) {
    if (const auto* text = std::get_if<std::string>(&value)) names.insert(*text);
  };
  for (const PlanGrid& grid : plan.grids) {
    for (const PlanAxis& axis : grid.axes)
      if (axis.name == "engine") std::for_each(axis.values.begin(), axis.values.end(), take);
    if (const Value* fixed = grid.fixed.find("engine")) take(*fixed);
  }
  return names;
}

Fit engine_fit(const fleet::StudyRecord& study, const Plan& plan, const BoardFacts& facts) {
  const auto engines = engines_of(study, plan);
  if (engines.contains(kCommandEngine) && !facts.allow_command) return needs_command(facts.name);
  if (facts.simulated) return {};  // a twin brings its own
  for (const std::string& engine : engines)
    if (engine != kCommandEngine && !facts.engines.contains(engine))
      return refused("engine " + engine + " is not here; found: " +
                     (facts.engines.empty()
                          ? "none"
                          : join({facts.engines.begin(), facts.engines.end()}, ", ")));
  return {};
}

Fit rails_fit(const fleet::StudyRecord& study, const BoardFacts& facts) {
  if (study.total != facts.total)
    return refused("its total is '" + study.total + "', this board's is '" + facts.total + "'");
  for (const std::string& rail : study.rails)
    if (!facts.rails.contains(rail)) return refused("rail " + rail + " gives no readings here");
  return {};
}

}  // namespace

Fit fit_of(const fleet::StudyRecord& study, const BoardFacts& facts) {
  const bool is_named =
      std::find(study.boards.begin(), study.boards.end(), facts.name) != study.boards.end();
  if (!study.boards.empty() && !is_named) return {Fitness::not_for_it, "not one of its boards"};
  if (study.board != facts.board || study.simulated != facts.simulated) {
    const std::string why = "it is for " + type_text(study.board, study.simulated) + ", this is " +
                            type_text(facts.board, facts.simulated);
    return {is_named ? Fitness::refused : Fitness::not_for_it, why};
  }
  if (study.protocol > fleet::kProtocol)
    return refused("it needs protocol " + std::to_string(study.protocol) +
                   " of the fleet, and this agent speaks " + std::to_string(fleet::kProtocol));
  if (study.needs_command && !facts.allow_command) return needs_command(facts.name);
  return rails_fit(study, facts);
}

Fit fit_of(const fleet::StudyRecord& study, const Plan& plan, const Board& board,
           const BoardFacts& facts) {
  if (!plan.board.empty() && plan.board != facts.board)
    return refused("its plan is for board '" + plan.board + "'");
  if (const Fit fit = engine_fit(study, plan, facts); fit.fitness != Fitness::fits) return fit;
  OptionPlaces places;
  for (const auto& [path, object] : study.files) places.files[path] = "";
  places.allow_command = facts.allow_command;
  if (const auto options = options_here(plan.options, places); !options)
    return refused(to_string(options.error()));
  // Once is enough to see whether the board has the values; of a search each axis by itself.
  Plan once = study.open_end ? axis_by_axis(plan) : plan;
  once.protocol.repeats = 1;
  if (const auto runs = order_runs(once, board); !runs) return refused(to_string(runs.error()));
  return {};
}

}  // namespace isojoule::agent
