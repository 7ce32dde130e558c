#include "cli/command_page.h"

#include <fmt/format.h>

#include <cctype>
#include <nlohmann/json.hpp>
#include <span>

#include "base/text.h"
#include "cli/command_notes.h"
#include "isojoule/version.h"

namespace isojoule::cli {
namespace {

using Json = nlohmann::ordered_json;

// Markdown's own characters, and those of HTML, in words of a help.
std::string markdown(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '&')
      result += "&amp;";
    else if (std::string_view("\\`*_[]|#").find(c) != std::string_view::npos)
      result += std::string("\\") + c;
    else
      result += c;
  }
  return result;
}

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

std::string sentence(std::string text) {
  if (!text.empty() && text.back() != '.') text += ".";
  return text;
}

// Within a line; names such as "ONNX" keep their first letter.
std::string first_word_small(std::string text) {
  if (text.size() > 1 && (std::islower(static_cast<unsigned char>(text[1])) != 0 || text[1] == ' '))
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

void add_markdown_options(const CommandEntry& command, bool positional, std::string& page) {
  std::string group;
  for (const OptionEntry& option : command.options) {
    if (option.positional != positional) continue;
    const std::string heading = positional ? "Arguments" : option.group;
    if (heading != group) page += fmt::format("\n## {}\n\n", group = heading);
    page += fmt::format("- `{}`{}<br>{}\n", option_line(option),
                        option.required ? " (required)" : "", markdown(option_text(option)));
  }
}

void add_markdown_notes(std::span<const ProgramNote> notes, const char* heading,
                        std::string& page) {
  page += fmt::format("\n## {}\n\n", heading);
  for (const ProgramNote& note : notes)
    page += fmt::format("- `{}`: {}\n", note.name, markdown(note.says));
}

// ---- man ----------------------------------------------------------------------------------------

// One code point of UTF-8 beyond ASCII; `at` is moved to its last byte. Text of the program's own.
std::string roff_character(std::string_view text, std::size_t& at) {
  const auto first = static_cast<unsigned char>(text[at]);
  const int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
  unsigned code = first & (0x3FU >> more);
  for (int i = 0; i < more && at + 1 < text.size(); ++i)
    code = code << 6 | (static_cast<unsigned char>(text[++at]) & 0x3FU);
  return fmt::format("\\[u{:04X}]", code);
}

// As it stands, quotes and dashes too, so that what is shown can be typed.
std::string roff(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (static_cast<unsigned char>(c) >= 0x80)
      result += roff_character(text, at);
    else if (c == '\\')
      result += "\\e";
    else if (c == '-')
      result += "\\-";
    else if (c == '\'')
      result += "\\(aq";
    else if (c == '`')
      result += "\\(ga";
    else if (c == '^')
      result += "\\(ha";
    else if (c == '~')
      result += "\\(ti";
    else
      result += c;
  }
  return !result.empty() && result[0] == '.' ? "\\&" + result : result;
}

std::string man_title(const CommandEntry& command) {
  return command.path.empty() ? "isojoule" : "isojoule-" + joined_path(command, '-');
}

std::string tagged(const std::string& tag, const std::string& text) {
  return fmt::format(".TP\n\\fB{}\\fR\n{}\n", roff(tag), roff(text));
}

void add_man_options(const CommandEntry& command, bool positional, std::string& page) {
  std::string group;
  for (const OptionEntry& option : command.options) {
    if (option.positional != positional) continue;
    const std::string heading = positional ? "ARGUMENTS" : upper(option.group);
    if (heading != group) page += fmt::format(".SH \"{}\"\n", roff(group = heading));
    page +=
        tagged(option_line(option) + (option.required ? " (required)" : ""), option_text(option));
  }
}

void add_man_notes(std::span<const ProgramNote> notes, const char* heading, std::string& page) {
  page += fmt::format(".SH \"{}\"\n", heading);
  for (const ProgramNote& note : notes) page += tagged(note.name, note.says);
}

std::string man_references(const CommandEntry& command) {
  std::vector<std::string> names;
  const auto reference = [](const std::string& name) {
    return fmt::format("\\fB{}\\fR(1)", roff(name));
  };
  for (std::size_t above = 0; above < command.path.size(); ++above) {
    CommandEntry parent;
    parent.path.assign(command.path.begin(), command.path.begin() + static_cast<long>(above));
    names.push_back(reference(man_title(parent)));
  }
  for (const CommandEntry& below : command.commands)
    if (!below.hidden) names.push_back(reference(man_title(below)));
  return join(names, ",\n") + "\n";
}

Json json_of(const OptionEntry& option) {
  Json root = {{"names", option.names},
               {"help", option.help},
               {"positional", option.positional},
               {"takes_value", option.takes_value},
               {"value_optional", option.value_optional},
               {"repeats", option.repeats},
               {"required", option.required},
               {"group", option.group}};
  const auto add = [&root](const char* key, const auto& value) {
    if (!value.empty()) root[key] = value;
  };
  add("value", option.value);
  add("limits", option.limits);
  add("choices", option.choices);
  add("values_of", option.source);
  add("default", option.standard);
  add("variable", option.variable);
  add("needs", option.needs);
  add("excludes", option.excludes);
  return root;
}

Json json_of(const CommandEntry& command) {
  Json root = {{"command", joined_path(command, ' ')},
               {"summary", command.summary},
               {"hidden", command.hidden},
               {"needs_command", command.needs_command},
               {"takes_program", command.takes_program},
               {"options", Json::array()},
               {"commands", Json::array()},
               {"examples", Json::array()}};
  for (const OptionEntry& option : command.options) root["options"].push_back(json_of(option));
  for (const CommandEntry& below : command.commands) root["commands"].push_back(json_of(below));
  for (const CommandExample& example : command.examples)
    root["examples"].push_back({{"line", example.line}, {"says", example.says}});
  return root;
}

}  // namespace

std::string usage_line(const CommandEntry& command) {
  std::string line = full_name(command) + " [OPTIONS]";
  for (const OptionEntry& option : command.options) {
    if (!option.positional) continue;
    const std::string word = option.names[0] + (option.repeats ? "..." : "");
    line += option.required ? " " + word : " [" + word + "]";
  }
  if (!command.commands.empty()) line += command.needs_command ? " COMMAND" : " [COMMAND]";
  if (command.takes_program) line += " [-- PROGRAM ARGUMENTS]";
  return line;
}

std::string option_line(const OptionEntry& option) {
  std::string line = join(option.names, ", ");
  if (option.positional || !option.takes_value) return line + (option.repeats ? " ..." : "");
  const std::string value =
      option.choices.empty() ? option.value : "{" + join(option.choices, ",") + "}";
  line += option.value_optional ? " [" + value + "]" : " " + value;
  return line + (option.repeats ? " ..." : "");
}

std::string option_text(const OptionEntry& option) {
  std::string text = sentence(option.help);
  if (!option.limits.empty()) text += " From " + option.limits + ".";
  if (!option.standard.empty()) text += " Default: " + option.standard + ".";
  if (!option.variable.empty()) text += " Variable: " + option.variable + ".";
  if (!option.needs.empty()) text += " With " + join(option.needs, ", ") + " only.";
  if (!option.excludes.empty()) text += " Not with " + join(option.excludes, ", ") + ".";
  return text;
}

std::string markdown_name(const CommandEntry& command) {
  return command.path.empty() ? "index.md" : joined_path(command, '-') + ".md";
}

std::string man_name(const CommandEntry& command) { return man_title(command) + ".1"; }

std::string markdown_page(const CommandEntry& command) {
  std::string page = fmt::format("# {}\n\n{}\n\n```text\n{}\n```\n", full_name(command),
                                 markdown(sentence(command.summary)), usage_line(command));
  if (!command.commands.empty()) page += "\n## Commands\n\n";
  for (const CommandEntry& below : command.commands)
    if (!below.hidden)
      page += fmt::format("- [{}]({}): {}\n", full_name(below), markdown_name(below),
                          markdown(first_word_small(below.summary)));
  add_markdown_options(command, true, page);
  add_markdown_options(command, false, page);
  if (!command.examples.empty()) page += "\n## Examples\n\n```sh\n";
  for (const CommandExample& example : command.examples)
    page += fmt::format("# {}\n{}\n", example.says, example.line);
  if (!command.examples.empty()) page += "```\n";
  if (command.path.empty()) {
    add_markdown_notes(exit_statuses(), "Exit status", page);
    add_markdown_notes(environment_variables(), "Environment", page);
    add_markdown_notes(program_files(), "Files", page);
  }
  return page;
}

std::string man_page(const CommandEntry& command) {
  std::string page = fmt::format(
      ".TH \"{}\" \"1\" \"\" \"isojoule {}\" \"isojoule\"\n.nh\n.SH NAME\n{} \\- {}\n.SH SYNOPSIS\n"
      "\\fB{}\\fR\n.SH DESCRIPTION\n{}\n",
      roff(upper(man_title(command))), ISOJOULE_VERSION, roff(man_title(command)),
      roff(first_word_small(command.summary)), roff(usage_line(command)),
      roff(sentence(command.summary)));
  if (!command.commands.empty()) page += ".SH COMMANDS\n";
  for (const CommandEntry& below : command.commands)
    if (!below.hidden) page += tagged(full_name(below), below.summary);
  add_man_options(command, true, page);
  add_man_options(command, false, page);
  if (!command.examples.empty()) page += ".SH EXAMPLES\n";
  for (const CommandExample& example : command.examples) page += tagged(example.line, example.says);
  add_man_notes(exit_statuses(), "EXIT STATUS", page);
  if (command.path.empty()) {
    add_man_notes(environment_variables(), "ENVIRONMENT", page);
    add_man_notes(program_files(), "FILES", page);
  }
  return page + ".SH \"SEE ALSO\"\n" + man_references(command);
}

std::string json_of_commands(const CommandEntry& program) {
  Json root = json_of(program);
  root["schema"] = 1;
  root["version"] = ISOJOULE_VERSION;
  return root.dump(2) + "\n";
}

}  // namespace isojoule::cli
