#include "app/fleet/agent_card.h"

#include <set>

#include "base/wall_time.h"
#include "fleet/name.h"
#include "isojoule/version.h"

namespace isojoule::agent {
namespace {

// Of an engine that is missing, and of a rail that gives nothing, the reason is a problem.
void add_problems(const ProbeResult& found, fleet::BoardCard& card) {
  for (const Error& problem : found.problems) card.problems.push_back(to_string(problem));
  for (const ProbedRail& rail : found.rails)
    if (!rail.why_absent.empty())
      card.problems.push_back("rail " + rail.rail.name + ": " + rail.why_absent);
  for (const ProbedKnob& knob : found.knobs)
    if (!knob.settable)
      card.problems.push_back("knob " + knob.axis.name + " cannot be set: " + knob.why);
}

}  // namespace

fleet::BoardCard card_of(const ProbeResult& found) {
  fleet::BoardCard card;
  card.board = found.board;
  card.title = found.title;
  card.release = found.release;
  card.variant = found.variant;
  card.simulated = found.simulated;
  card.total = found.total;
  std::set<std::string> sensors, rails;
  for (const ProbedRail& rail : found.rails) {
    if (rails.insert(rail.rail.name).second) card.rails.push_back(rail.rail);
    if (!rail.sensor.empty()) sensors.insert(rail.sensor);
  }
  card.sensors.assign(sensors.begin(), sensors.end());
  for (const ProbedKnob& knob : found.knobs)
    if (knob.settable) card.knobs.push_back({knob.axis.name, knob.values});
  for (const ProbedEngine& engine : found.engines)
    if (engine.found) card.engines.push_back({engine.name, engine.details});
  add_problems(found, card);
  card.protocol = fleet::kProtocol;
  card.version = ISOJOULE_VERSION;
  card.since = wall_time_now();
  return card;
}

}  // namespace isojoule::agent
