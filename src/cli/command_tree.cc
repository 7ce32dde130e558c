#include "cli/command_tree.h"

#include <algorithm>

#include "base/text.h"
#include "cli/command.h"
#include "cli/command_notes.h"

namespace isojoule::cli {
namespace {

// CLI11 has the checks of a value in its type's name: "TEXT:{static,dynamic}", "INT:INT in [1 -
// 9]".
std::vector<std::string> choices_of(const std::string& type) {
  const auto begin = type.find('{');
  const auto end = type.find('}', begin == std::string::npos ? 0 : begin);
  std::vector<std::string> choices;
  if (begin == std::string::npos || end == std::string::npos) return choices;
  std::string word;
  for (std::size_t at = begin + 1; at <= end; ++at) {
    if (type[at] != ',' && type[at] != '}') {
      word += type[at];
      continue;
    }
    choices.push_back(word.substr(0, word.find("->")));  // of a transformer: word->number
    word.clear();
  }
  return choices;
}

std::string limits_of(const std::string& type) {
  const auto begin = type.find(" in [");
  const auto end = type.find(']', begin == std::string::npos ? 0 : begin);
  if (begin == std::string::npos || end == std::string::npos) return "";
  std::string limits = type.substr(begin + 5, end - begin - 5);
  if (const auto dash = limits.find(" - "); dash != std::string::npos)
    limits.replace(dash, 3, " to ");
  return limits;
}

std::string value_of(const std::string& type) {
  if (type.find(":DIR") != std::string::npos) return "DIR";
  if (type.find(":FILE") != std::string::npos) return "FILE";
  const std::string word = type.substr(0, type.find_first_of(": ["));
  return word == "UINT" ? "INT" : word.empty() ? "VALUE" : word;
}

// A help that names the command with the values ("See 'isojoule list engines'") says where they
// are; the board's option is the same everywhere.
std::string source_of(const OptionEntry& option) {
  const auto named = [&option](std::string_view name) {
    return std::find(option.names.begin(), option.names.end(), name) != option.names.end();
  };
  if (named("--board") || named("BOARD")) return "list boards";
  for (const std::string_view start : {"isojoule list ", "isojoule zoo list"}) {
    const auto at = option.help.find(start);
    if (at == std::string::npos) continue;
    const auto end = option.help.find_first_of("'`,;) ", at + start.size());
    return option.help.substr(at + 9, end == std::string::npos ? end : end - at - 9);
  }
  return "";
}

std::vector<std::string> names_of(const std::set<CLI::Option*>& options) {
  std::vector<std::string> names;
  for (const CLI::Option* option : options) names.push_back(option->get_name());
  std::sort(names.begin(), names.end());  // the set is sorted by address
  return names;
}

OptionEntry entry_of(const CLI::Option& option) {
  OptionEntry entry;
  for (const std::string& name : option.get_snames()) entry.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) entry.names.push_back("--" + name);
  entry.positional = entry.names.empty();
  if (entry.positional) entry.names.push_back(option.get_name(true));
  entry.takes_value = option.get_items_expected_max() > 0;
  entry.value_optional = entry.takes_value && option.get_items_expected_min() == 0;
  entry.repeats = option.get_items_expected_max() > 1;
  entry.required = option.get_required();
  entry.help = option.get_description();
  if (entry.takes_value) {
    const std::string type = option.get_type_name();
    entry.value = value_of(type);
    entry.limits = limits_of(type);
    entry.choices = choices_of(type);
    entry.standard = option.get_default_str();
    if (entry.choices.empty()) entry.source = source_of(entry);
  }
  entry.variable = option.get_envname();
  entry.group = option.get_group();
  entry.needs = names_of(option.get_needs());
  entry.excludes = names_of(option.get_excludes());
  return entry;
}

CommandEntry entry_of(const CLI::App& app, std::vector<std::string> path) {
  CommandEntry entry;
  entry.summary = app.get_description();
  entry.hidden = !path.empty() && app.get_group().empty();
  entry.needs_command = app.get_require_subcommand_min() > 0;
  entry.takes_program = path.size() == 1 && takes_program(path.front());
  for (const CLI::Option* option : app.get_options())
    if (!option->get_group().empty()) entry.options.push_back(entry_of(*option));
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    std::vector<std::string> below = path;
    below.push_back(command->get_name());
    entry.commands.push_back(entry_of(*command, std::move(below)));
  }
  entry.path = std::move(path);
  for (const CommandNote& note : command_notes())
    if (note.command == joined_path(entry, ' ')) entry.examples.push_back({note.line, note.says});
  return entry;
}

void gather(const CommandEntry& command, std::vector<const CommandEntry*>& all) {
  if (command.hidden) return;
  all.push_back(&command);
  for (const CommandEntry& below : command.commands) gather(below, all);
}

}  // namespace

CommandEntry command_tree(const CLI::App& app) { return entry_of(app, {}); }

std::vector<const CommandEntry*> shown_commands(const CommandEntry& program) {
  std::vector<const CommandEntry*> all;
  gather(program, all);
  return all;
}

const CommandEntry* find_command(const CommandEntry& program,
                                 const std::vector<std::string>& path) {
  const CommandEntry* at = &program;
  for (const std::string& name : path) {
    const auto next =
        std::find_if(at->commands.begin(), at->commands.end(),
                     [&name](const CommandEntry& below) { return below.path.back() == name; });
    if (next == at->commands.end()) return nullptr;
    at = &*next;
  }
  return at;
}

std::string joined_path(const CommandEntry& command, char with) {
  return join(command.path, std::string(1, with));
}

std::string full_name(const CommandEntry& command) {
  return command.path.empty() ? "isojoule" : "isojoule " + joined_path(command, ' ');
}

}  // namespace isojoule::cli
