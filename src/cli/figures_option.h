// --figures of `isojoule report`, and what belongs to it.
#pragma once

#include "cli/command.h"

namespace isojoule::cli {

struct FiguresRequest {
  std::string folder;  // "": no figures
  std::string width = "single";
  std::vector<std::string> only, networks;
};

void add_figures_options(CLI::App& command, FiguresRequest& request);
// Writes the figures of a study and prints the files' names. `study_json`: of the report `json`.
Status report_figures(const FiguresRequest& request, const std::string& study_json,
                      const std::string& command_line);

}  // namespace isojoule::cli
