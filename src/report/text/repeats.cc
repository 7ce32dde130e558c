// What the repeats say: spread, outliers with their causes, drift over the blocks.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/table.h"
#include "report/text/format.h"
#include "report/text/section.h"

namespace isojoule::text_report {
namespace {

constexpr std::size_t kMostPoints = 16;
constexpr std::size_t kMostOutliers = 10;

std::string name_of(const Point& point) {
  std::string name = point.network + ", ";
  if (point.baseline.empty()) return name + in_words(point.setting);
  name += point.baseline;
  if (const auto batch = point.setting.number("batch")) name += ", batch " + fixed(*batch, 0);
  return name;
}

// The least of each grid and what it is compared with; where there is no grid, the points.
std::vector<const Point*> points_to_tell(const StudySummary& summary) {
  std::vector<const Point*> points;
  for (const Minimum& minimum : summary.minima) {
    points.push_back(&minimum.best);
    if (!minimum.comparisons.empty()) points.push_back(&minimum.comparisons.front().point);
  }
  if (summary.minima.empty())
    for (const Point& point : summary.points) points.push_back(&point);
  std::erase_if(points,
                [](const Point* point) { return !point->repeats || point->repeats->count < 2; });
  if (points.size() > kMostPoints) points.resize(kMostPoints);
  return points;
}

std::string interval_text(const ConfidenceInterval& interval) {
  if (!interval.bounds) return "-";
  const double half = (interval.bounds->high - interval.bounds->low) / 2;
  const int digits = half > 0 ? std::max(0, 1 - static_cast<int>(std::floor(std::log10(half)))) : 2;
  return fixed(interval.bounds->low, digits) + " to " + fixed(interval.bounds->high, digits);
}

std::string table_of(const std::vector<const Point*>& points) {
  const std::string& network = points.front()->network;
  const bool one = std::all_of(points.begin(), points.end(),
                               [&](const Point* point) { return point->network == network; });
  Table table;
  table.add_column("setting", Table::Align::left);
  for (const char* header : {"n", "spread %", "mean J, 95 %", "median J, 95 %", "for 1 %"})
    table.add_column(header);
  for (const Point* point : points) {
    constexpr std::size_t kWidest = 43;
    const RepeatStatistics& repeats = *point->repeats;
    std::string name = name_of(*point);
    if (one) name = name.substr(network.size() + 2);
    if (name.size() > kWidest) name = name.substr(0, kWidest - 3) + "...";
    table.add_row({name, grouped(repeats.count), fixed(repeats.spread_percent, 2),
                   interval_text(repeats.mean_interval), interval_text(repeats.median_interval),
                   repeats.further ? grouped(*repeats.further) : "-"});
  }
  return table.to_text();
}

std::string spread_text(const StudySummary& summary) {
  std::vector<double> spreads;
  std::size_t wide = 0;
  double criterion = 0;
  for (const Point& point : summary.points) {
    if (!point.repeats || point.repeats->count < 2) continue;
    spreads.push_back(point.repeats->spread_percent);
    wide += point.repeats->within_criterion ? 0 : 1;
    criterion = point.repeats->criterion_percent;
  }
  std::sort(spreads.begin(), spreads.end());
  const auto count = [](std::size_t number) { return grouped(static_cast<std::int64_t>(number)); };
  std::string text = count(spreads.size()) + (spreads.size() == 1 ? " setting" : " settings") +
                     " with repeats; they spread by " + fixed(spreads.front(), 2) + " to " +
                     fixed(spreads.back(), 2) + " % (half of them by at most " +
                     fixed(quantile_of(spreads, 0.5), 2) + " %). ";
  text += wide == 0 ? "None spreads" : count(wide) + (wide == 1 ? " spreads" : " spread");
  text += fmt::format(" wider than the criterion of {:g} %.", criterion);
  return wrapped(text, 2);
}

std::string outliers_text(const StudySummary& summary) {
  std::string text;
  std::size_t count = 0;
  for (const Point& point : summary.points) {
    if (!point.repeats) continue;
    for (const NamedOutlier& outlier : point.repeats->outliers) {
      if (++count > kMostOutliers) continue;
      std::string causes;
      for (const std::string& cause : outlier.causes)
        causes += (causes.empty() ? "" : ", ") + cause;
      text += wrapped(
          fmt::format("Outlier: run {} ({}; block {}{}) lies {:+.1f} % from its median: {}.",
                      outlier.run, name_of(point), outlier.block,
                      outlier.on_board.empty() ? "" : " on " + outlier.on_board,
                      outlier.deviation_percent, causes.empty() ? "no cause known" : causes),
          2);
    }
  }
  if (count > kMostOutliers)
    text += wrapped(
        fmt::format("... and {} outliers more: --json names all.", count - kMostOutliers), 2);
  return text.empty() ? text : text + wrapped("Outliers are in the means; none is dropped.", 2);
}

std::string drift_text(const DriftTest& drift) {
  if (!drift.why_absent.empty()) return wrapped("Drift: not tested, " + drift.why_absent + ".", 2);
  const auto per_hour = [&drift] {
    return drift.trend_percent_per_hour
               ? fmt::format(", {:+.2g} % per hour", *drift.trend_percent_per_hour)
               : std::string();
  };
  const std::string p = drift.p < 0.001 ? "< 0.001" : fmt::format("= {:.2g}", drift.p);
  const std::string trend =
      fmt::format("{:+.2f} % (95 %: {:+.2f} to {:+.2f} %) from the first run to the last",
                  drift.trend_percent, drift.trend_interval.low, drift.trend_interval.high);
  const std::string tested =
      fmt::format("{} runs of {} settings in {} blocks", drift.runs, drift.settings, drift.blocks);
  if (!drift.shown)
    return wrapped("Drift: none shown (p " + p + "; " + tested + "); trend " + trend + ".", 2);
  if (drift.is_jump)
    return wrapped(
        fmt::format("Drift: a jump of {:+.2f} % at run {} of the order (block {}), p {} "
                    "({}). Compare settings within blocks.",
                    drift.jump_percent, drift.jump_sequence, drift.jump_block, p, tested),
        2);
  return wrapped("Drift: a trend of " + trend + per_hour() + ", p " + p + " (" + tested +
                     "). Compare settings within blocks.",
                 2);
}

}  // namespace

std::string repeats(const StudySummary& summary) {
  const bool any =
      std::any_of(summary.points.begin(), summary.points.end(),
                  [](const Point& point) { return point.repeats && point.repeats->count > 1; });
  if (!any) return "";
  std::string text = "What the repeats say\n";
  const auto points = points_to_tell(summary);
  if (!points.empty()) text += table_of(points);
  text += spread_text(summary) + outliers_text(summary) + drift_text(summary.drift);
  return text + wrapped(
                    "Intervals: of the spread alone; Student's t for the mean, BCa bootstrap for "
                    "the median. for 1 %: so many repeats more until the mean is known to 1 %.",
                    2);
}

}  // namespace isojoule::text_report
