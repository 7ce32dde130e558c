// The layers that take most of a batch, of every point that was profiled.
#include <algorithm>

#include "report/table.h"
#include "report/text/format.h"
#include "report/text/section.h"

namespace isojoule::text_report {
namespace {

constexpr std::size_t kMostLayers = 8;
constexpr std::size_t kMostProfiles = 6;
constexpr std::size_t kNameWidth = 36;

std::string shortened(const std::string& name) {
  return name.size() <= kNameWidth ? name : name.substr(0, kNameWidth - 3) + "...";
}

std::string millijoules(const MeasuredEnergy& energy) {
  if (!energy.value) return "absent";
  return with_uncertainty(
      {energy.value->value() * 1e3, energy.uncertainty.value_or(Joule(0)).value() * 1e3, 0, 1});
}

std::string table_of(const ProfiledPoint& profile) {
  std::vector<LayerEnergy> rows = profile.layers.rows;
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.share > b.share; });
  Table table;
  for (const char* header : {"layer", "operation", "device"})
    table.add_column(header, Table::Align::left);
  for (const char* header : {"time ms", "share %", "mJ/batch"}) table.add_column(header);
  for (std::size_t i = 0; i < std::min(kMostLayers, rows.size()); ++i)
    table.add_row({shortened(rows[i].layer.name), rows[i].layer.operation.substr(0, 12),
                   rows[i].layer.device, significant(rows[i].layer.time.value() * 1e3, 3),
                   fixed(rows[i].share * 100, 1), millijoules(rows[i].gross)});
  std::string text = "Layers: " + profile.network + ", " + in_words(profile.setting) + "; the " +
                     grouped(static_cast<std::int64_t>(std::min(kMostLayers, rows.size()))) +
                     " that take most of " + grouped(static_cast<std::int64_t>(rows.size())) + "\n";
  return text + table.to_text();
}

}  // namespace

std::string layers(const StudySummary& summary) {
  if (summary.profiles.empty()) return "";
  std::string text;
  for (std::size_t i = 0; i < std::min(kMostProfiles, summary.profiles.size()); ++i)
    text += table_of(summary.profiles[i]);
  text += wrapped(
      "Shares of time under the engine's profiler; energy as if power were the same in all layers, "
      "with what that may be wrong by in the uncertainty (k = 1)." +
          std::string(summary.profiles.size() > kMostProfiles ? " The JSON has the other points."
                                                              : ""),
      2);
  return text;
}

}  // namespace isojoule::text_report
