// The table of claims as text and as JSON.
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "report/reproduce.h"

namespace isojoule {
namespace {

// Shown so, not in hertz.
struct Shown {
  double scale = 1;
  std::string unit;
};
Shown shown_as(const std::string& unit) {
  if (unit == "Hz") return {1e-6, " MHz"};
  if (unit == "%") return {1, " %"};
  return {1, unit.empty() ? "" : " " + unit};
}

std::string number(double value) {
  const double size = std::abs(value);
  if (size == std::floor(size) && size < 1e6) return fmt::format("{:.0f}", value);
  return size >= 100 ? fmt::format("{:.1f}", value) : fmt::format("{:.2f}", value);
}

std::string claimed_text(const Claim& claim) {
  if (!claim.has_figure) return "-";
  const Shown shown = shown_as(claim.unit);
  std::string text = claim.relation == Relation::at_most    ? "at most "
                     : claim.relation == Relation::at_least ? "at least "
                                                            : "";
  text += fmt::format("{:g}", claim.low * shown.scale);
  if (claim.high != claim.low) text += fmt::format(" to {:g}", claim.high * shown.scale);
  return text + shown.unit;
}

std::string measured_text(const ReproduceRow& row) {
  const Finding& finding = row.finding;
  if (!finding.value) return "-";
  const Shown shown = shown_as(row.claim.unit);
  if (finding.low != finding.high)
    return number(finding.low * shown.scale) + " to " + number(finding.high * shown.scale) +
           shown.unit;
  std::string text = number(*finding.value * shown.scale);
  if (finding.uncertainty > 0) text += " ± " + number(finding.uncertainty * shown.scale);
  return text + shown.unit;
}

std::string difference_text(const ReproduceRow& row) {
  if (!row.difference) return "-";
  const Shown shown = shown_as(row.claim.unit);
  const double value = *row.difference * shown.scale;
  return (value > 0 ? "+" : "") + number(value) + shown.unit;
}

std::string verdict_text(const ReproduceRow& row) {
  std::string text(name_of(row.verdict));
  if (row.verdict == Verdict::not_covered) return text + ": " + row.finding.reason;
  if (!row.tolerance_text.empty())
    text += fmt::format(" ({}{})", row.claim.kind == "best_gpu_frequency" ? "" : "within ",
                        row.tolerance_text);
  if (!row.finding.note.empty()) text += "; " + row.finding.note;
  if (!row.claim.note.empty()) text += "; " + row.claim.note;
  if (row.finding.simulated) text += "; simulated";
  return text;
}

// Columns are counted in characters, not bytes: "±" is one.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

using Line = std::array<std::string, 5>;

std::string heading_of(const Claim& claim) {
  return claim.source + (claim.board.empty() ? "" : ", " + claim.board);
}

std::string lines_text(const std::vector<Line>& lines) {
  std::array<std::size_t, 5> widths{};
  for (const Line& line : lines)
    for (std::size_t i = 0; i + 1 < line.size(); ++i)
      widths[i] = std::max(widths[i], width_of(line[i]));
  std::string text;
  for (const Line& line : lines) {
    text += "  ";
    for (std::size_t i = 0; i + 1 < line.size(); ++i)
      text += line[i] + std::string(widths[i] - width_of(line[i]) + 2, ' ');
    text += line.back() + "\n";
  }
  return text;
}

std::string what_of(const Claim& claim) {
  return claim.what +
         (claim.networks.size() == 1 && claim.what.find(claim.networks[0]) == std::string::npos
              ? ", " + claim.networks[0]
              : "");
}

std::string key_suffix(const std::string& unit) {
  if (unit == "%") return "_percent";
  if (unit == "Hz") return "_hz";
  if (unit == "W") return "_w";
  if (unit == "s") return "_s";
  if (unit == "J") return "_j";
  return "";
}

std::string_view name_of_relation(Relation relation) {
  switch (relation) {
    case Relation::about: return "about";
    case Relation::at_most: return "at most";
    case Relation::at_least: return "at least";
  }
  return "about";
}

nlohmann::json to_json(const ReproduceRow& row) {
  const Claim& claim = row.claim;
  const Finding& finding = row.finding;
  const std::string unit = key_suffix(claim.unit);
  nlohmann::json json = {{"id", claim.id},
                         {"source", claim.source},
                         {"where", claim.where},
                         {"board", claim.board},
                         {"kind", claim.kind},
                         {"what", claim.what},
                         {"networks", claim.networks},
                         {"relation", name_of_relation(claim.relation)},
                         {"verdict", name_of(row.verdict)},
                         {"reason", finding.reason},
                         {"note", finding.note},
                         {"study", finding.study},
                         {"simulated", finding.simulated}};
  if (!claim.other_board.empty()) json["other_board"] = claim.other_board;
  const auto or_null = [](bool there, double value) {
    return there ? nlohmann::json(value) : nlohmann::json();
  };
  json["claimed_low" + unit] = or_null(claim.has_figure, claim.low);
  json["claimed_high" + unit] = or_null(claim.has_figure, claim.high);
  const bool there = finding.value.has_value();
  json["measured" + unit] = or_null(there, finding.value.value_or(0));
  json["uncertainty" + unit] = or_null(there && finding.uncertainty > 0, finding.uncertainty);
  json["measured_low" + unit] = or_null(there, finding.low);
  json["measured_high" + unit] = or_null(there, finding.high);
  json["difference" + unit] = or_null(row.difference.has_value(), row.difference.value_or(0));
  json["tolerance" + unit] = or_null(there, row.tolerance);
  return json;
}

}  // namespace

std::string to_text(const ReproduceTable& table) {
  std::string text;
  for (const ClaimSource& source : table.sources) text += source.id + ": " + source.title + "\n";
  const Line header = {"claim", "claimed", "measured", "difference", "verdict"};
  std::string heading;
  std::vector<Line> lines;
  for (const ReproduceRow& row : table.rows) {
    if (heading_of(row.claim) != heading) {
      text += lines_text(lines);
      heading = heading_of(row.claim);
      text += "\n" + heading + "\n";
      lines = {header};
    }
    lines.push_back({what_of(row.claim), claimed_text(row.claim), measured_text(row),
                     difference_text(row), verdict_text(row)});
  }
  text += lines_text(lines);
  return text + fmt::format("\n{} met, {} not met, {} not covered\n", table.met, table.not_met,
                            table.not_covered);
}

nlohmann::json to_json(const ReproduceTable& table) {
  nlohmann::json json = {
      {"schema", 1},      {"sources", nlohmann::json::array()}, {"claims", nlohmann::json::array()},
      {"met", table.met}, {"not_met", table.not_met},           {"not_covered", table.not_covered}};
  for (const ClaimSource& source : table.sources)
    json["sources"].push_back({{"id", source.id}, {"title", source.title}});
  for (const ReproduceRow& row : table.rows) json["claims"].push_back(to_json(row));
  return json;
}

}  // namespace isojoule
