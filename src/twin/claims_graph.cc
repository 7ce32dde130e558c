#include "twin/claims_run.h"
#include "twin/claims_studies.h"

namespace isojoule::twin {
namespace {

constexpr std::int64_t kBatch = 32;
constexpr std::int64_t kBatches = 9;  // and the first inference: ten

RunFigures run(const Constants& c, const CostOf& cost_of, const Execution& execution) {
  const auto network = c.networks.find("alexnet");
  SimulatedJob job{cost_of("alexnet", kBatch),
                   "alexnet",
                   kBatch,
                   kBatches,
                   0,
                   network == c.networks.end() ? c.other_networks : network->second};
  job.execution = execution;
  return simulated_run(c, job, 1, [](Simulation&) {});
}

double percent(double now, double before) { return 100 * (now / before - 1); }

}  // namespace

std::vector<Claim> graph_claims(const Constants& nano, const CostOf& cost_of) {
  const RunFigures usual = run(nano, cost_of, {});
  Execution with_graph, eager, cpp, no_gc;
  with_graph.static_graph = true;
  eager.eager = true;
  cpp.cpp = true;
  no_gc.garbage_collection = false;
  const RunFigures compiled = run(nano, cost_of, with_graph);
  const double all = usual.joules_until_end();
  std::vector<Claim> claims;
  const auto add = [&](std::string name, std::string section, double stated, double tolerance,
                       double value) {
    claims.push_back(
        {std::move(name), "%", std::move(section), stated, stated, tolerance, 1, value});
  };
  add("static graph: loading energy", "5.10", 25, 3,
      percent(compiled.loading_joules(), usual.loading_joules()));
  add("static graph: energy after ten batches", "5.10", -8.5, 1,
      percent(compiled.joules_until_end(), all));
  add("Python over C++: energy", "5.11", 16, 1.5,
      percent(all, run(nano, cost_of, cpp).joules_until_end()));
  add("eager instead of lazy loading: energy", "5.11", -1.82, 0.5,
      percent(run(nano, cost_of, eager).joules_until_end(), all));
  add("garbage collection off: energy", "5.11", -1.65, 0.5,
      percent(run(nano, cost_of, no_gc).joules_until_end(), all));
  return claims;
}

}  // namespace isojoule::twin
