#include "trace/total.h"

#include <algorithm>
#include <cmath>

#include "base/file_tree.h"
#include "trace/combine.h"

namespace isojoule {
namespace {

// "ina3221 6-0040 channel 0" -> "ina3221 6-0040": channels of one chip share its reference.
std::string chip_of(const std::string& sensor) { return sensor.substr(0, sensor.find(" channel")); }

MeasuredEnergy absent(std::string why) { return {std::nullopt, std::nullopt, std::move(why)}; }

// The place of a rail among the channels; their number where it is none of them.
std::size_t channel_of(const Trace& trace, const std::string& rail) {
  const auto found =
      std::find_if(trace.channels.begin(), trace.channels.end(),
                   [&rail](const Channel& channel) { return channel.info.rail == rail; });
  return static_cast<std::size_t>(found - trace.channels.begin());
}

// Energy of the channels `places` minus `scale` times that of the idle phase.
MeasuredEnergy net_of(const Trace& trace, const std::vector<std::size_t>& places,
                      std::span<const PhaseEnergy> rows, std::span<const PhaseEnergy> idle,
                      double scale) {
  double joules = 0, random_square = 0;
  CauseBudget gain_by_chip, calibration_by_meter;
  for (const std::size_t i : places) {
    const ChannelInfo& info = trace.channels[i].info;
    const double net = rows[i].gross.value->value() - scale * idle[i].gross.value->value();
    joules += net;
    // Of a calibration only the slope is left. It may be off by more than the line is at any one
    // power, because slope and offset make up for one another there.
    if (info.calibration)
      calibration_by_meter[info.calibration->meter] +=
          std::abs(net / info.calibration->gain) * info.calibration->gain_uncertainty;
    else
      gain_by_chip[chip_of(info.sensor)] += net * info.gain_uncertainty;
    for (const auto& [cause, u] : rows[i].budget_j)
      if (!is_common_to_repeats(cause)) random_square += u * u;
    for (const auto& [cause, u] : idle[i].budget_j)
      if (!is_common_to_repeats(cause)) random_square += u * scale * u * scale;
  }
  const double gain = root_of_squares(gain_by_chip);
  const double calibration = root_of_squares(calibration_by_meter);
  return {Joule(joules), Joule(std::sqrt(random_square + gain * gain + calibration * calibration)),
          ""};
}

}  // namespace

double root_of_squares(const CauseBudget& budget) {
  double square = 0;
  for (const auto& [cause, joules] : budget) square += joules * joules;
  return std::sqrt(square);
}

double calibration_uncertainty_j(const Calibration& calibration, double joules, double length_s) {
  const double told = (joules - calibration.offset.value() * length_s) / calibration.gain;
  const double gain = told * calibration.gain_uncertainty;
  const double offset = length_s * calibration.offset_uncertainty.value();
  return std::sqrt(
      std::max(0.0, gain * gain + offset * offset + 2 * calibration.correlation * gain * offset));
}

std::vector<std::string> rails_in(const std::string& expression) {
  std::vector<std::string> rails;
  for (std::size_t at = 0; at <= expression.size();) {
    const std::size_t plus = std::min(expression.find('+', at), expression.size());
    if (std::string rail = trimmed(std::string_view(expression).substr(at, plus - at));
        !rail.empty())
      rails.push_back(std::move(rail));
    at = plus + 1;
  }
  return rails;
}

void add_total(const Trace& trace, std::span<PhaseEnergy> rows) {
  PhaseEnergy& total = rows[trace.channels.size()];
  const std::vector<std::string> rails = rails_in(trace.total);
  if (rails.empty()) {
    total.gross = absent(trace.channels.empty()
                             ? "no power source gave readings"
                             : "the board file states no expression for the module's total");
    return;
  }
  double joules = 0;
  CauseBudget gain_by_chip, calibration_by_meter, squares;
  for (const std::string& rail : rails) {
    const std::size_t i = channel_of(trace, rail);
    const bool is_there = i < trace.channels.size();
    if (!is_there || !rows[i].gross.value) {
      total.gross = absent("rail " + rail + " of the total: " +
                           (is_there ? rows[i].gross.why_absent : "it gave no reading at all"));
      return;
    }
    joules += rows[i].gross.value->value();
    const ChannelInfo& info = trace.channels[i].info;
    for (const auto& [cause, u] : rows[i].budget_j)
      if (cause == "gain")
        gain_by_chip[chip_of(info.sensor)] += u;
      else if (cause == "calibration")
        calibration_by_meter[info.calibration->meter] += u;
      else
        squares[cause] += u * u;
  }
  for (const auto& [cause, square] : squares) total.budget_j[cause] = std::sqrt(square);
  if (!gain_by_chip.empty()) total.budget_j["gain"] = root_of_squares(gain_by_chip);
  if (!calibration_by_meter.empty())
    total.budget_j["calibration"] = root_of_squares(calibration_by_meter);
  total.gross = {Joule(joules), Joule(root_of_squares(total.budget_j)), ""};
}

void subtract_idle(const Trace& trace, std::span<PhaseEnergy> rows,
                   std::span<const PhaseEnergy> idle) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    PhaseEnergy& row = rows[i];
    if (!row.gross.value) {
      row.net = absent(row.gross.why_absent);
    } else if (row.phase == PhaseKind::idle) {
      row.net = absent("this is the idle phase");
    } else if (idle.empty()) {
      row.net = absent("there is no idle phase");
    } else if (!idle[i].gross.value) {
      row.net = absent("the idle power is not known: " + idle[i].gross.why_absent);
    } else {
      std::vector<std::size_t> places = {i};
      if (i == trace.channels.size()) {
        places.clear();
        for (const std::string& rail : rails_in(trace.total))
          places.push_back(channel_of(trace, rail));
      }
      row.net = net_of(trace, places, rows, idle, row.duration / idle[i].duration);
    }
  }
}

}  // namespace isojoule
