// Every figure of a study's page as SVG and PDF with its numbers as CSV, in a folder, for papers.
//
// The page's own code draws them, in a program of its own (isojoule-figures): the core links
// neither a JavaScript engine nor librsvg, and survives what happens in them.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/quantity.h"

namespace isojoule {

inline constexpr double kSingleColumnMm = 85;
inline constexpr double kDoubleColumnMm = 178;
// Narrower the figures' parts would cover each other; wider is no page.
inline constexpr double kLeastWidthMm = 65, kMostWidthMm = 600;

struct FigureOptions {
  double width_mm = kSingleColumnMm;
  std::vector<std::string> only = {};      // figures' ids, e.g. "heat-map"; empty: all
  std::vector<std::string> networks = {};  // empty: all
  std::string command = {};                // what the user typed, for the index
  Duration patience{60'000'000'000};       // for one figure
};

struct FigureFiles {
  std::vector<std::string> paths;  // SVG, PDF and CSV of each figure, and the index, in order
  std::vector<std::string>
      absent;  // "heat-map (alexnet, batch 8): why", of those with nothing to draw
};

// `program`: isojoule-figures. `study_json`: what the report `json` writes. A fault in the middle
// leaves the figures before it, each whole, and in the index.
// Errors: unsupported (the program is not there), invalid (options; the folder has files of
// others), those of writing, engine, timeout, internal (a figure has a fault).
Result<FigureFiles> write_figures(const std::string& program, const std::string& study_json,
                                  const std::string& folder, const FigureOptions& options);

// "85", "single", "double" as millimetres. Errors: invalid, out_of_range.
Result<double> figure_width_mm(const std::string& text);

}  // namespace isojoule
