#include "app/tune/run_probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "app/measure_once.h"
#include "app/tune/tune_words.h"
#include "engine/memory_note.h"

namespace isojoule {
namespace {

std::optional<double> seconds_of(const std::optional<Second>& value) {
  if (!value || !(value->value() > 0)) return {};
  return value->value();
}

std::optional<double> mean_batch(const Run& run) {
  double sum = 0;
  for (const BatchMark& batch : run.batches) sum += (batch.end - batch.begin).seconds().value();
  if (run.batches.empty() || !(sum > 0)) return {};
  return sum / static_cast<double>(run.batches.size());
}

// Mean power of the phases that have an energy, times how long finding out took.
double joules_of(const Run& run, double took_s) {
  double joules = 0, seconds = 0;
  for (const PhaseEnergy& energy : run.energies) {
    if (energy.rail != "total" || !energy.gross.value) continue;
    joules += energy.gross.value->value();
    seconds += energy.duration.value();
  }
  return seconds > 0 ? joules / seconds * took_s : 0;
}

// As the engine's session has noted it.
std::optional<double> peak_memory(const Run& run) {
  const auto note = run.notes.find(kPeakMemoryNote);
  if (note == run.notes.end()) return {};
  const std::string& text = note->second;
  std::int64_t bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (error != std::errc() || end != text.data() + text.size() || bytes <= 0) return {};
  return static_cast<double>(bytes);
}

}  // namespace

Metrics metrics_of(const Run& run) {
  Metrics metrics;
  const Phase* const inference = run.phase(PhaseKind::inference);
  if (inference == nullptr || run.inferences < 1) return metrics;
  const double seconds = inference->duration().value();
  const auto inferences = static_cast<double>(run.inferences);
  if (!(seconds > 0)) return metrics;
  at(metrics, Metric::time) = seconds / inferences;
  const double batch = run.setting.number("batch").value_or(1);
  // An engine that marks no batches has them in its inference phase one after the other.
  at(metrics, Metric::latency) = mean_batch(run).value_or(seconds * batch / inferences);
  at(metrics, Metric::latency_p95) = seconds_of(batch_quantile(run, 0.95));
  at(metrics, Metric::latency_p99) = seconds_of(batch_quantile(run, 0.99));
  const PhaseEnergy* const energy = run.energy(PhaseKind::inference);
  if (energy != nullptr && energy->gross.value && energy->gross.value->value() > 0) {
    at(metrics, Metric::energy) = energy->gross.value->value() / inferences;
    at(metrics, Metric::power) = energy->gross.value->value() / seconds;
  }
  at(metrics, Metric::memory) = peak_memory(run);
  for (const auto* zones : {&run.temperature_start_c, &run.temperature_end_c})
    for (const auto& [zone, celsius] : *zones) {
      auto& most = at(metrics, Metric::temperature);
      most = std::max(most.value_or(celsius), celsius);
    }
  return metrics;
}

std::string why_no_memory(const Run& run) {
  const auto note = run.notes.find(kNoPeakMemoryNote);
  return note != run.notes.end() ? note->second : "the run has no word on it";
}

std::string failure_of(const Run& run) {
  if (run.state == RunState::failed) return run.failure;
  if (run.state == RunState::throttled) return "the board throttled";
  if (run.counters[Counter::clock_not_reached] == 0 &&
      run.counters[Counter::setting_not_reached] == 0)
    return "";
  std::string text;
  for (const KnobResult& knob : run.knobs)
    if (knob.requested != knob.achieved)
      text += fmt::format("{}{}: asked for {}, reads {}", text.empty() ? "" : "; ", knob.axis,
                          value_words(knob.axis, knob.requested),
                          value_words(knob.axis, knob.achieved));
  return text.empty() ? "a knob is not where it was asked to be" : text;
}

Probe probe_of(const Run& run, const TuneNotes& notes, GridPoint point) {
  Probe probe;
  probe.point = point;
  probe.failure = failure_of(run);
  probe.definite = !probe.failure.empty() && notes.definite;
  if (probe.failure.empty()) probe.metrics = metrics_of(run);
  probe.seconds = notes.took_s;
  probe.joules = joules_of(run, notes.took_s);
  return probe;
}

}  // namespace isojoule
