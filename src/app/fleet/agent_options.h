// Options of an engine that name files, on a board that another machine sent the plan to: what is
// read must have come with the study, what is written lies in the agent's folder, and what is run
// or loaded needs --allow-command.
#pragma once

#include <map>
#include <string>

#include "base/error.h"
#include "data/plan.h"
#include "data/setting.h"

namespace isojoule::agent {

enum class OptionUse : std::uint8_t {
  value,    // no file
  reads,    // input.path, input.vocabulary
  writes,   // save_outputs, save_module, keep_engine, timing_cache, engine_cache
  commands  // trtexec (a program), arguments (words for it, which may load libraries)
};
// By the option's name; one that is not known and looks like a path (with a / in it, or beginning
// with ~) is taken for one that is read.
OptionUse use_of_option(const std::string& name, const std::string& value);

struct OptionPlaces {
  // Files of the study, by path in the plan, as they lie here.
  std::map<std::string, std::string> files;
  std::string files_folder;  // where they lie as the plan's paths say, see place_of_file()
  std::string written;       // folder of what is written
  bool allow_command = false;
};

// Where a file of the plan lies below a folder: relative, without any way out of it.
// "/data/a.jpg" -> "data/a.jpg", "../x" -> "up/x".
std::string place_of_file(const std::string& path);

// The plan's options as they are on this board. Errors: permission_denied with the option, and
// what would let it pass.
Result<std::map<std::string, std::string>> options_here(
    const std::map<std::string, std::string>& options, const OptionPlaces& places);
// An option as an axis cannot be led elsewhere (its value is what the run is called by), so it may
// name no file. Errors: permission_denied.
Status check_option_axes(const Setting& setting, bool allow_command);

}  // namespace isojoule::agent
