#include "app/fleet/agent_options.h"

#include <algorithm>
#include <set>

namespace isojoule::agent {
namespace {

const std::set<std::string> kReads = {"input.path", "input.vocabulary"};
const std::set<std::string> kWrites = {"save_outputs", "save_module", "keep_engine", "timing_cache",
                                       "engine_cache"};
const std::set<std::string> kCommands = {"trtexec", "arguments"};

bool is_below(const std::string& file, const std::string& folder) {
  return file.starts_with(folder.ends_with("/") ? folder : folder + "/");
}

// A file of the study, or a folder of some.
bool came_with_study(const std::string& path, const OptionPlaces& places) {
  return std::any_of(places.files.begin(), places.files.end(), [&](const auto& file) {
    return file.first == path || is_below(file.first, path);
  });
}

tl::unexpected<Error> refused(const std::string& option, const std::string& value,
                              const std::string& why, const std::string& remedy) {
  return fail(ErrorKind::permission_denied, "option " + option + "='" + value + "' " + why, remedy);
}

tl::unexpected<Error> not_allowed(const std::string& option, const std::string& value) {
  return refused(option, value, "runs or loads what the plan names",
                 "Start the agent with --allow-command, if everybody who can publish studies may "
                 "run programs on it");
}

}  // namespace

OptionUse use_of_option(const std::string& name, const std::string& value) {
  if (kReads.contains(name)) return OptionUse::reads;
  if (kWrites.contains(name)) return OptionUse::writes;
  if (kCommands.contains(name)) return OptionUse::commands;
  const bool looks_like_path =
      value.find('/') != std::string::npos || value.starts_with("~") || value.starts_with("..");
  return looks_like_path ? OptionUse::reads : OptionUse::value;
}

std::string place_of_file(const std::string& path) {
  std::string place;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t slash = std::min(path.find('/', begin), path.size());
    const std::string part = path.substr(begin, slash - begin);
    begin = slash + 1;
    if (part.empty() || part == ".") continue;
    place += (place.empty() ? "" : "/") + (part == ".." ? std::string("up") : part);
  }
  return place.empty() ? "file" : place;
}

Result<std::map<std::string, std::string>> options_here(
    const std::map<std::string, std::string>& options, const OptionPlaces& places) {
  std::map<std::string, std::string> here;
  for (const auto& [name, value] : options) {
    switch (use_of_option(name, value)) {
      case OptionUse::value: here[name] = value; break;
      case OptionUse::reads:
        if (!came_with_study(value, places))
          return refused(name, value, "names a file that did not come with the study",
                         "Name a file that is there where the study is published");
        here[name] = places.files_folder + "/" + place_of_file(value);
        break;
      case OptionUse::writes:
        here[name] =
            places.written + "/" + name + "-" + place_of_file(value.substr(value.rfind('/') + 1));
        break;
      case OptionUse::commands:
        if (!places.allow_command) return not_allowed(name, value);
        here[name] = value;
        break;
    }
  }
  return here;
}

Status check_option_axes(const Setting& setting, bool allow_command) {
  for (const auto& [axis, value] : setting.values()) {
    if (!is_option_axis(axis)) continue;
    const std::string name = option_of(axis), text = to_string(value);
    const OptionUse use = use_of_option(name, text);
    if (use == OptionUse::value || (use == OptionUse::commands && allow_command)) continue;
    if (use == OptionUse::commands) return not_allowed(name, text);
    return refused(name, text, "names a file, and as an axis it can name none on another machine",
                   "Give it in the plan's [options]");
  }
  return {};
}

}  // namespace isojoule::agent
