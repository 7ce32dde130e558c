#include "app/tune/tune_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/predict/predict_text.h"
#include "base/text.h"
#include "report/text/format.h"

namespace isojoule {
namespace {

constexpr std::size_t kPlotRows = 9, kPlotColumns = 72;

// Which row of the plot a cost is in, 0 at the top.
std::size_t plot_row(double cost, double least, double most) {
  const double share = std::log(cost / least) / std::log(most / least);
  const auto row = std::lround((1 - share) * static_cast<double>(kPlotRows - 1));
  return static_cast<std::size_t>(std::clamp<long>(row, 0, kPlotRows - 1));
}

}  // namespace

std::string cost_text(double cost, const CostFunction& function) {
  const std::string unit = function.unit();
  return unit.empty() ? text_report::significant(cost, 4) : amount_text(cost, unit.c_str());
}

std::string metric_text(Metric metric, double value) {
  if (metric == Metric::temperature) return fmt::format("{:.1f} C", value);
  return amount_text(value, std::string(unit_of(metric)).c_str());
}

std::string share_text(double share) {
  const double percent = 100 * share;
  if (percent == 0) return "0 %";
  if (percent >= 1000) return fmt::format("{:.3g} times", share);
  if (std::abs(percent) >= 10) return fmt::format("{:.0f} %", percent);
  return fmt::format("{:.{}f} %", percent, std::abs(percent) >= 1 ? 1 : 2);
}

std::string value_words(const std::string& axis, const Value& value) {
  const auto* number = std::get_if<double>(&value);
  if (number != nullptr && unit_of_axis(axis) == Unit::hertz)
    return text_report::megahertz(*number) + " MHz";
  return to_string(value);
}

std::string setting_words(const SearchSpace& space, GridPoint point) {
  std::vector<std::string> words;
  const auto levels = space.levels(point);
  for (std::size_t a = 0; a < levels.size(); ++a) {
    const SearchAxis& axis = space.axes()[a];
    words.push_back(axis.name + " " +
                    value_words(axis.name, axis.values[static_cast<std::size_t>(levels[a])]));
  }
  return join(words, ", ");
}

std::string cost_plot(const std::vector<PlottedProbe>& probes, const CostFunction& function) {
  double least = INFINITY, most = 0;
  std::size_t known = 0;
  for (const PlottedProbe& probe : probes) {
    if (!probe.cost || !(*probe.cost > 0)) continue;
    least = std::min(least, *probe.cost);
    most = std::max(most, *probe.cost);
    ++known;
  }
  if (known < 2 || !(most > least)) return "";
  const std::size_t columns = std::min(kPlotColumns, probes.size());
  std::vector<std::string> rows(kPlotRows, std::string(columns, ' '));
  const auto mark = [&](std::size_t probe, const std::optional<double>& cost, char sign) {
    if (!cost || !(*cost > 0)) return;
    rows[plot_row(std::clamp(*cost, least, most), least, most)][probe * columns / probes.size()] =
        sign;
  };
  for (std::size_t i = 0; i < probes.size(); ++i) mark(i, probes[i].least, '-');
  for (const bool met : {false, true})
    for (std::size_t i = 0; i < probes.size(); ++i)
      if (probes[i].met == met) mark(i, probes[i].cost, met ? 'o' : '#');
  std::string text;
  for (std::size_t row = 0; row < kPlotRows; ++row) {
    const double share = 1 - static_cast<double>(row) / (kPlotRows - 1);
    const bool labelled = row % 4 == 0;
    text += fmt::format("{:>12} |{}\n",
                        labelled ? cost_text(least * std::pow(most / least, share), function) : "",
                        rows[row]);
    while (text.size() > 1 && text[text.size() - 2] == ' ') text.erase(text.size() - 2, 1);
  }
  text += fmt::format("{:>12} +{}\n", "", std::string(columns, '-'));
  const bool broken =
      std::any_of(probes.begin(), probes.end(), [](const auto& probe) { return !probe.met; });
  text += fmt::format("{:>14}1 to {} probes: 'o' measured{}, '-' recommended\n", "", probes.size(),
                      broken ? ", '#' beyond a limit" : "");
  return text;
}

std::string limits_text(const Goal& goal, const Metrics& metrics) {
  std::string text;
  for (const LimitState& state : limit_states(goal, metrics)) {
    if (state.value && state.beyond == 0) continue;
    text += fmt::format("  {}: {}\n", state.limit->text,
                        state.value ? fmt::format("{}, {} beyond it",
                                                  metric_text(state.limit->metric, *state.value),
                                                  share_text(state.beyond))
                                    : std::string("not measured"));
  }
  return text;
}

}  // namespace isojoule
