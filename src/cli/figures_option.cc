#include "cli/figures_option.h"

#include <fmt/format.h>

#include "app/figures/write_figures.h"
#include "app/paths.h"

namespace isojoule::cli {

void add_figures_options(CLI::App& command, FiguresRequest& request) {
  auto* folder = command.add_option("--figures", request.folder,
                                    "A folder for the figures of papers: each as SVG, PDF and CSV");
  command
      .add_option("--width", request.width,
                  "Width of these figures: millimetres, single (85) or double (178)")
      ->capture_default_str()
      ->needs(folder);
  command.add_option("--only", request.only, "These figures alone, e.g. heat-map,surface")
      ->delimiter(',')
      ->needs(folder);
  command
      .add_option("--network", request.networks, "Figures of this network alone; may be repeated")
      ->needs(folder);
}

Status report_figures(const FiguresRequest& request, const std::string& study_json,
                      const std::string& command_line) {
  FigureOptions options;
  options.only = request.only;
  options.networks = request.networks;
  options.command = command_line;
  ISOJOULE_TRY(options.width_mm, figure_width_mm(request.width));
  ISOJOULE_TRY(const Paths paths, find_paths());
  ISOJOULE_TRY(const FigureFiles files, write_figures(paths.workers + "/isojoule-figures",
                                                      study_json, request.folder, options));
  for (const auto& line : files.absent) fmt::print(stderr, "no figure: {}\n", line);
  for (const auto& path : files.paths) fmt::print("{}\n", path);
  return {};
}

}  // namespace isojoule::cli
