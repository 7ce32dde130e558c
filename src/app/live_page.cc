#include "app/live_page.h"

#include "isojoule/version.h"
#include "report/exposition.h"

namespace isojoule {
namespace {

constexpr PhaseKind kPhases[] = {PhaseKind::idle,
                                 PhaseKind::process_start,
                                 PhaseKind::load,
                                 PhaseKind::graph_initialisation,
                                 PhaseKind::inputs,
                                 PhaseKind::first_inference,
                                 PhaseKind::warm_up,
                                 PhaseKind::inference,
                                 PhaseKind::post_processing,
                                 PhaseKind::profiling,
                                 PhaseKind::tear_down};

class Page {
 public:
  Page(const LiveSession::State& state, const LiveLabels& labels)
      : state_(state),
        base_({{"board", labels.board}, {"simulated", labels.simulated ? "true" : "false"}}) {}

  std::string text(const LiveLabels& labels, bool running) {
    out_.gauge("isojoule_session_info", "What the session is made with. Always 1.")
        .add(with(base_, {{"engine", labels.engine}, {"version", ISOJOULE_VERSION}}), 1);
    out_.gauge("isojoule_session_running", "1 while the session runs, 0 when it is over.")
        .add(base_, running ? 1 : 0);
    out_.gauge("isojoule_session_start_time_seconds", "When it began, in seconds since 1970, UTC.")
        .add(base_, labels.start_unix_s);
    add_rails(running);
    add_present(running);
    add_runs();
    return out_.text();
  }

 private:
  void add_rails(bool running) {
    for (const LiveSession::RailState& rail : state_.rails) {
      const Labels labels = with(base_, {{"rail", rail.rail}});
      if (running && rail.power_w)  // afterwards nobody knows
        out_.gauge("isojoule_power_watts", "Of a rail's last reading.").add(labels, *rail.power_w);
      add_energy(rail);
      out_.counter("isojoule_readings_total", "Readings of a rail.")
          .add(labels, static_cast<double>(rail.readings));
    }
  }

  // By phase, "none" between two runs; what is summed over the phases is the session's.
  void add_energy(const LiveSession::RailState& rail) {
    if (rail.readings == 0) return;
    std::map<std::string, double> phases = rail.phase_energy_j;
    if (phases.empty()) phases["none"] = rail.energy_j;
    for (const auto& [phase, joules] : phases)
      out_.counter("isojoule_energy_joules_total",
                   "Of a rail since the session began, while it was sampled, by phase.")
          .add(with(base_, {{"rail", rail.rail}, {"phase", phase}}), joules);
  }

  void add_present(bool running) {
    for (const PhaseKind phase : kPhases)
      out_.gauge("isojoule_phase_active", "1 in the phase that the present run is in.")
          .add(with(base_, {{"phase", std::string(name_of(phase))}}),
               running && state_.phase == phase ? 1 : 0);
    if (!running || state_.sequence < 0) return;
    out_.gauge("isojoule_run_active_info", "The run that is being made. Always 1.")
        .add(with(base_, {{"network", state_.network},
                          {"setting", state_.setting},
                          {"baseline", state_.baseline},
                          {"sequence", std::to_string(state_.sequence)}}),
             1);
  }

  void add_runs() {
    out_.gauge("isojoule_runs_planned", "Runs of the plan.")
        .add(base_, static_cast<double>(state_.planned));
    out_.gauge("isojoule_runs_already_there", "Of these, runs that the study had at the start.")
        .add(base_, static_cast<double>(state_.already_there));
    const std::pair<const char*, std::int64_t> states[] = {
        {"complete", state_.complete}, {"failed", state_.failed}, {"throttled", state_.throttled}};
    for (const auto& [name, count] : states)
      out_.counter("isojoule_runs_total", "Runs made in this session, by how they ended.")
          .add(with(base_, {{"state", name}}), static_cast<double>(count));
    out_.counter("isojoule_batches_total", "Batches made, those of runs that are made again too.")
        .add(base_, static_cast<double>(state_.batches));
    out_.counter("isojoule_inferences_total", "Inferences of the runs made.")
        .add(base_, static_cast<double>(state_.inferences));
    if (state_.inference_s)
      out_.gauge("isojoule_inference_seconds", "Time of one inference in the last run.")
          .add(base_, *state_.inference_s);
    for (const auto& [fault, count] : state_.faults) {
      const CounterInfo& info = info_of(fault);
      out_.counter("isojoule_data_faults_total",
                   "What went wrong with the runs' data; see 'isojoule list counters'.")
          .add(with(base_, {{"counter", std::string(info.name)},
                            {"severity", std::string(name_of(info.severity))}}),
               static_cast<double>(count));
    }
  }

  const LiveSession::State& state_;
  Labels base_;
  Exposition out_;
};

}  // namespace

std::string live_page(const LiveSession::State& state, const LiveLabels& labels, bool running) {
  return Page(state, labels).text(labels, running);
}

}  // namespace isojoule
