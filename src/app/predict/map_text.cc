// The energy map of a prediction in characters: the clock with more values goes down the page.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/predict/predict_text.h"
#include "report/text/format.h"

namespace isojoule {
namespace {

// How far above the least: sign and colour (of the 256 of xterm, from viridis) of a band.
struct Band {
  double most_percent;
  const char* sign;
  const char* words;
  int background, foreground;
};
constexpr Band kBands[] = {{0, "*", "least", 226, 16},       {2, "+", "to 2 %", 148, 16},
                           {5, "·", "to 5 %", 71, 16},       {10, " ", "to 10 %", 36, 16},
                           {25, "░", "to 25 %", 31, 231},    {50, "▒", "to 50 %", 60, 231},
                           {INFINITY, "▓", "above", 53, 231}};

const Band& band_of(double energy, double least) {
  const double percent = 100 * (energy / least - 1);
  for (const Band& band : kBands)
    if (percent <= band.most_percent) return band;
  return kBands[std::size(kBands) - 1];
}

// At most `most` of `count` indices, both ends among them.
std::vector<std::size_t> thinned(std::size_t count, std::size_t most) {
  std::vector<std::size_t> indices;
  const std::size_t taken = std::min(count, most);
  for (std::size_t i = 0; i < taken; ++i)
    indices.push_back(taken < 2 ? 0 : (i * (count - 1) + (taken - 1) / 2) / (taken - 1));
  return indices;
}

void keep_in(std::vector<std::size_t>& indices, std::size_t wanted) {
  if (std::find(indices.begin(), indices.end(), wanted) != indices.end() || indices.size() < 3)
    return;
  auto nearest = std::min_element(
      indices.begin() + 1, indices.end() - 1, [wanted](std::size_t a, std::size_t b) {
        const auto far = [wanted](std::size_t i) { return i > wanted ? i - wanted : wanted - i; };
        return far(a) < far(b);
      });
  *nearest = wanted;
  std::sort(indices.begin(), indices.end());
}

// The map turned so that the clock with fewer values goes across.
struct MapView {
  const ExpectedMap& map;
  bool gpu_down;
  const std::vector<double>& down() const { return gpu_down ? map.gpu_hz : map.cpu_hz; }
  const std::vector<double>& across() const { return gpu_down ? map.cpu_hz : map.gpu_hz; }
  const ExpectedCell& at(std::size_t row, std::size_t column) const {
    return gpu_down ? map.at(row, column) : map.at(column, row);
  }
  const char* down_name() const { return gpu_down ? "GPU MHz" : "CPU MHz"; }
  const char* across_name() const { return gpu_down ? "CPU MHz" : "GPU MHz"; }
};

struct Extremes {
  double least = INFINITY, most = 0;
  std::size_t row = 0, column = 0;  // of the least
};
Extremes extremes_of(const MapView& view) {
  Extremes result;
  for (std::size_t row = 0; row < view.down().size(); ++row)
    for (std::size_t column = 0; column < view.across().size(); ++column) {
      const double energy = view.at(row, column).energy_j;
      result.most = std::max(result.most, energy);
      if (view.at(row, column).outside || energy >= result.least) continue;
      result.least = energy;
      result.row = row;
      result.column = column;
    }
  if (!std::isfinite(result.least)) result.least = result.most;  // all outside
  return result;
}

std::string cell_text(const ExpectedCell& cell, const ScaledUnit& scale, double least,
                      bool colours) {
  const Band& band = band_of(std::max(cell.energy_j, least), least);
  const std::string number = text_report::significant(cell.energy_j * scale.factor, 3);
  // Outside of the measured clocks nothing is promised.
  if (cell.outside) return fmt::format("{:>5}?", number);
  if (!colours) return fmt::format("{:>5}{}", number, band.sign);
  return fmt::format("\x1b[48;5;{};38;5;{}m{:>6}\x1b[0m", band.background, band.foreground,
                     number + (band.most_percent > 0 ? "" : "*"));
}

std::string legend_text(bool colours, bool any_outside, bool thinned_out) {
  std::string text = "Above the least:";
  for (const Band& band : kBands)
    text += colours ? fmt::format(" \x1b[48;5;{};38;5;{}m {} \x1b[0m", band.background,
                                  band.foreground, band.words)
                    : fmt::format(" {}'{}' {}", band.most_percent > 0 ? " " : "", band.sign,
                                  band.words);
  text += "\n";
  if (any_outside) text += "?: outside of the clocks that were measured.\n";
  if (thinned_out) text += "Some clocks are left out here; --csv and --json have all.\n";
  return text;
}

}  // namespace

std::string expected_map_text(const ExpectedMap& map, const ExpectedBest& best, bool colours) {
  // 9 columns of clocks at the left and 7 a cell, within 100.
  constexpr std::size_t kMostAcross = 13, kMostDown = 40;
  const MapView view{map, map.gpu_hz.size() >= map.cpu_hz.size()};
  const Extremes extremes = extremes_of(view);
  auto rows = thinned(view.down().size(), kMostDown);
  auto columns = thinned(view.across().size(), kMostAcross);
  keep_in(rows, extremes.row);
  keep_in(columns, extremes.column);
  const ScaledUnit scale = scaled_unit(extremes.least, "J");
  std::string text =
      fmt::format("Expected {} an inference, batch {}: {} down, {} across\n         ", scale.name,
                  map.batch, view.down_name(), view.across_name());
  for (const std::size_t column : columns) {
    const double clock = view.across()[column];
    text += fmt::format("{:>6} ", clock > 0 ? fmt::format("{:.0f}", clock * 1e-6) : "");
  }
  text.erase(text.find_last_not_of(' ') + 1);
  text += "\n";
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
    const double clock = view.down()[*row];
    text += fmt::format("{:>9}", clock > 0 ? text_report::megahertz(clock) : "");
    for (const std::size_t column : columns)
      text += " " + cell_text(view.at(*row, column), scale, extremes.least, colours);
    text.erase(text.find_last_not_of(' ') + 1);
    text += "\n";
  }
  const bool thinned_out =
      rows.size() < view.down().size() || columns.size() < view.across().size();
  return text + legend_text(colours, best.left_out > 0, thinned_out);
}

}  // namespace isojoule
