// A finished study as metrics, one set of samples a run: for a textfile collector or a push.
// Uncertainties are standard (k = 1). What was not measured has no sample. The text is held in
// memory: a collector wants few runs (--run), a study's traces are not in it.
#include <algorithm>
#include <cmath>

#include "data/distinct_names.h"
#include "report/export_parts.h"
#include "report/exposition.h"

namespace isojoule {
namespace {

using Type = Exposition::Type;

Labels with(const Labels& base, const Labels& more) {
  Labels all = base;
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

class RunMetrics {
 public:
  RunMetrics(const StudyInfo& info, Exposition& out) : info_(info), out_(out) {}

  void add(const Run& run) {
    const auto engine = run.setting.text("engine");
    base_ = {{"study", info_.name},           {"board", info_.board},
             {"network", run.network},        {"engine", engine.value_or(info_.engine)},
             {"run", std::to_string(run.id)}, {"simulated", info_.simulated ? "true" : "false"}};
    if (!run.on_board.empty()) base_.emplace_back("on_board", run.on_board);
    add_info(run);
    for (const Phase& phase : run.phases)
      gauge("isojoule_phase_seconds", "Duration of a phase.")
          .add(with(base_, {{"phase", std::string(name_of(phase.kind))}}),
               exact_seconds(phase.end - phase.begin));
    std::map<PhaseKind, DistinctNames> rails;
    for (const PhaseEnergy& energy : run.energies)
      add_energy(run, energy, rails[energy.phase].take(energy.rail));
    add_inferences(run);
    add_windows(run);
    add_conditions(run);
  }

 private:
  Exposition::Metric& gauge(const char* name, const char* help) {
    return out_.metric(name, Type::gauge, help);
  }
  Exposition::Metric& counter(const char* name, const char* help) {
    return out_.metric(name, Type::counter, help);
  }
  static void add(Exposition::Metric& metric, const Labels& labels,
                  const std::optional<Joule>& value, double divisor = 1) {
    if (value) metric.add(labels, value->value() / divisor);
  }

  void add_info(const Run& run) {
    gauge("isojoule_run_info", "What a run was; join it by the label run. Always 1.")
        .add(with(base_, {{"setting", to_string(run.setting)},
                          {"baseline", run.baseline},
                          {"state", std::string(name_of(run.state))},
                          {"wall_time", run.wall_time}}),
             1);
  }

  void add_energy(const Run& run, const PhaseEnergy& energy, const std::string& rail_name) {
    const Labels labels =
        with(base_, {{"phase", std::string(name_of(energy.phase))}, {"rail", rail_name}});
    add(counter("isojoule_energy_joules_total", "Energy of a phase, gross."), labels,
        energy.gross.value);
    add(gauge("isojoule_energy_uncertainty_joules", "Its standard uncertainty (k = 1)."), labels,
        energy.gross.uncertainty);
    add(gauge("isojoule_net_energy_joules", "Energy of a phase without the idle power."), labels,
        energy.net.value);
    add(gauge("isojoule_net_energy_uncertainty_joules", "Its standard uncertainty (k = 1)."),
        labels, energy.net.uncertainty);
    const double seconds = energy.duration.value();
    if (seconds > 0) {
      add(gauge("isojoule_power_watts", "Mean power in a phase."), labels, energy.gross.value,
          seconds);
      add(gauge("isojoule_power_uncertainty_watts", "Its standard uncertainty (k = 1)."), labels,
          energy.gross.uncertainty, seconds);
    }
    if (energy.phase != PhaseKind::inference || run.inferences <= 0) return;
    const Labels rail = with(base_, {{"rail", rail_name}});
    const auto count = static_cast<double>(run.inferences);
    add(gauge("isojoule_inference_energy_joules", "Energy of one inference, gross."), rail,
        energy.gross.value, count);
    add(gauge("isojoule_inference_energy_uncertainty_joules", "Its standard uncertainty (k = 1)."),
        rail, energy.gross.uncertainty, count);
  }

  void add_inferences(const Run& run) {
    counter("isojoule_inferences_total", "Inferences of the inference phase.")
        .add(base_, static_cast<double>(run.inferences));
    const Phase* phase = run.phase(PhaseKind::inference);
    if (phase != nullptr && run.inferences > 0)
      gauge("isojoule_inference_seconds", "Time of one inference: the phase over its inferences.")
          .add(base_,
               exact_seconds(phase->end - phase->begin) / static_cast<double>(run.inferences));
    if (run.batches.empty()) return;
    std::vector<double> seconds;
    double sum = 0;
    for (const BatchMark& batch : run.batches) {
      seconds.push_back(exact_seconds(batch.end - batch.begin));
      sum += seconds.back();
    }
    std::sort(seconds.begin(), seconds.end());
    Exposition::Metric& metric =
        out_.metric("isojoule_batch_seconds", Type::summary, "Time of a batch.");
    const std::pair<const char*, double> quantiles[] = {{"0.5", 0.5}, {"0.9", 0.9}, {"0.99", 0.99}};
    for (const auto& [text, quantile] : quantiles)
      metric.add(with(base_, {{"quantile", text}}), at_quantile(seconds, quantile));
    metric.add("_sum", base_, sum);
    metric.add("_count", base_, static_cast<double>(seconds.size()));
  }

  // The least time that so many of them do not exceed.
  static double at_quantile(const std::vector<double>& sorted, double q) {
    const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(sorted.size())));
    return sorted[std::max<std::size_t>(rank, 1) - 1];
  }

  // Windows of one name are one series.
  void add_windows(const Run& run) {
    std::map<std::string, std::pair<double, double>> by_name;  // count, seconds
    for (const Window& window : run.windows) {
      auto& [count, seconds] = by_name[window.name];
      count += 1;
      seconds += exact_seconds(window.end - window.begin);
    }
    for (const auto& [name, sums] : by_name) {
      const Labels labels = with(base_, {{"window", name}});
      counter("isojoule_windows_total", "Windows that the program named so.")
          .add(labels, sums.first);
      counter("isojoule_window_seconds_total", "Their durations, added up.")
          .add(labels, sums.second);
    }
    // Where one of them has no energy, a sum would be of something else: then there is none.
    std::map<std::pair<std::string, std::string>, std::optional<double>> joules;
    std::map<std::int64_t, DistinctNames> rails;
    for (const WindowEnergy& energy : run.window_energies) {
      const auto place = static_cast<std::size_t>(energy.window);
      if (energy.window < 0 || place >= run.windows.size()) continue;
      const std::string rail = rails[energy.window].take(energy.rail);
      auto& sum = joules.try_emplace({run.windows[place].name, rail}, 0.0).first->second;
      if (!energy.gross.value)
        sum.reset();
      else if (sum)
        *sum += energy.gross.value->value();
    }
    for (const auto& [key, sum] : joules)
      if (sum)
        counter("isojoule_window_energy_joules_total",
                "Their energy, gross, added up; absent where one has none.")
            .add(with(base_, {{"window", key.first}, {"rail", key.second}}), *sum);
  }

  void add_conditions(const Run& run) {
    const auto zones = [&](const std::map<std::string, double>& celsius, const char* when) {
      for (const auto& [zone, value] : celsius)
        gauge("isojoule_temperature_celsius", "Of a thermal zone, at a run's start and end.")
            .add(with(base_, {{"zone", zone}, {"when", when}}), value);
    };
    zones(run.temperature_start_c, "start");
    zones(run.temperature_end_c, "end");
    for (const CounterInfo& info : all_counters())
      if (const std::uint64_t count = run.counters[info.counter]; count != 0)
        counter("isojoule_data_faults_total",
                "What went wrong with a run's data; see 'isojoule list counters'.")
            .add(with(base_, {{"counter", std::string(info.name)},
                              {"severity", std::string(name_of(info.severity))}}),
                 static_cast<double>(count));
  }

  const StudyInfo& info_;
  Exposition& out_;
  Labels base_;
};

Status stream(StudyFile& study, const Selection& selection, Sink& sink) {
  ISOJOULE_TRY(const auto ids, chosen_runs(study, selection));
  const StudyInfo& info = study.info();
  Exposition out;
  out.metric("isojoule_study_info", Type::gauge, "What the study was made on and with. Always 1.")
      .add({{"study", info.name},
            {"board", info.board},
            {"release", info.release},
            {"engine", info.engine},
            {"version", info.program_version},
            {"created", info.created},
            {"simulated", info.simulated ? "true" : "false"}},
           1);
  RunMetrics metrics(info, out);
  for (const std::int64_t id : ids) {
    ISOJOULE_TRY(const Run run, study.run(id));
    metrics.add(run);
  }
  return sink.write(out.text());
}

}  // namespace

const ReportKind& report_kind_prometheus() {
  static const ReportKind kind = {"prometheus", ".prom",
                                  "metrics of finished runs in Prometheus' text format", nullptr,
                                  stream};
  return kind;
}

}  // namespace isojoule
