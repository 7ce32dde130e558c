// Where a prediction is asked for: which model, which job, and at which clocks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/paths.h"
#include "predict/energy_model.h"

namespace isojoule {

// What a board can be set to, ascending; empty: it has no such clock, or none is known.
struct PointChoices {
  std::vector<double> cpu_hz, gpu_hz, memory_hz, cores;
  std::string source;  // for people: "the board's tables", "the clocks that were measured"
};
// From the knobs of the board, a twin's where the board itself is not here; from the model's own
// points where neither is known (a model from somebody's table).
PointChoices point_choices(const Paths& paths, const std::string& board, bool simulated,
                           const EnergyModel& model);
PointChoices measured_choices(const EnergyModel& model);

// An axis of OperatingPoint.
struct PointAxis {
  const char* axis;   // of a setting
  const char* range;  // in EnergyModel::ranges
  const char* title;  // for people: "GPU"
  double OperatingPoint::*value;
  std::vector<double> PointChoices::*choices;
};
inline constexpr PointAxis kPointAxes[] = {
    {"gpu_frequency", "gpu_frequency", "GPU", &OperatingPoint::gpu_hz, &PointChoices::gpu_hz},
    {"cpu_frequency", "cpu_frequency", "CPU", &OperatingPoint::cpu_hz, &PointChoices::cpu_hz},
    {"memory_frequency", "memory_frequency", "memory", &OperatingPoint::memory_hz,
     &PointChoices::memory_hz},
    {"cpu_online", "cores", "cores", &OperatingPoint::cores, &PointChoices::cores}};
// Whether runs of different or at least known values of this axis were learnt from.
bool is_learnt(const EnergyModel& model, const PointAxis& axis);
// Beyond the clocks or cores that runs were measured at. Does not allocate.
bool is_outside(const EnergyModel& model, const OperatingPoint& point);

// The words of --setting and --job put together.
struct AskedSetting {
  Setting knobs;  // of the board
  Setting job;    // engine axes, the batch aside
  std::optional<std::int64_t> batch;
};
// Errors: parse; invalid (no axis, a batch that is no whole number above 0); unsupported (a
// governor or a power mode, which moves clocks as it likes: with the remedy).
Result<AskedSetting> asked_setting(const std::vector<std::string>& words);

struct PredictPlace {
  OperatingPoint point;
  std::vector<std::string> notes;  // which clocks were taken, and why
  bool highest = false;            // nothing was named: the board's highest clocks
};
// Clocks that were not named are the board's highest; memory clock and cores the highest that runs
// were measured at. A clock that the board does not have becomes the nearest one, with a note.
// Errors: out_of_range (far from every clock: a unit is missing), unsupported (an axis that this
// model has not learnt; which there are).
Result<PredictPlace> place_of(const Setting& knobs, const PointChoices& choices,
                              const EnergyModel& model);

// "GPU 1300.5 MHz, CPU 2035.2 MHz, 6 cores"
std::string to_string(const OperatingPoint& point);

// Where one of `choices` lies that is nearest; it must not be empty.
double nearest_choice(const std::vector<double>& choices, double value);

}  // namespace isojoule
