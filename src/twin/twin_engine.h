// The engine of a twin: a process that exists only in the simulation.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "base/clock.h"
#include "cost/cost.h"
#include "engine/engine.h"
#include "twin/constants.h"
#include "twin/simulation.h"

namespace isojoule::twin {

// Keeps references; must outlive its sessions. One session at a time: starting a second gives
// `busy`.
class TwinEngine final : public Engine {
 public:
  // What a network costs: network_cost(), or a test's own.
  using CostFunction =
      std::function<Result<NetworkCost>(const std::string& model_path, std::int64_t batch)>;

  TwinEngine(Simulation& simulation, Clock& clock, const Constants& constants, CostFunction cost);

 private:
  friend class TwinSession;
  const std::string& do_name() const override { return name_; }
  // Errors: invalid (batch, inferences), busy, unsupported (what the board does not have, with the
  // reason), those of the cost function.
  Result<std::unique_ptr<Session>> do_start(const Job& job) override;
  // Costs are kept by path and batch: a study starts the same job thousands of times. A model file
  // that changes meanwhile is not noticed.
  Result<const NetworkCost*> cost_of(const Job& job);
  Status note_placement(const SimulatedJob& job, std::deque<Event>& notes) const;
  const NetworkConstants& constants_of(const std::string& network) const;

  std::string name_ = "twin";
  Simulation& simulation_;
  Clock& clock_;
  const Constants& constants_;
  CostFunction cost_;
  std::map<std::pair<std::string, std::int64_t>, NetworkCost> costs_;
  bool busy_ = false;
};

}  // namespace isojoule::twin
