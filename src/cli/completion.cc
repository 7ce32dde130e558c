#include "cli/completion.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "workload/zoo.h"

namespace isojoule::cli {
namespace {

// In single quotes of sh, bash and zsh.
std::string in_quotes(std::string_view text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

// fish has its own rules there.
std::string in_fish_quotes(std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') result += '\\';
    result += c;
  }
  return result + "'";
}

// Names of the zoo are in the program; asking for their table would count every network anew.
std::vector<std::string> known_values(const OptionEntry& option) {
  if (option.source != "zoo list") return option.choices;
  std::vector<std::string> names;
  for (const ZooNetwork& network : zoo()) names.emplace_back(network.name);
  return names;
}

// "list engines" -> "engines"; empty where nobody has to be asked.
std::string asked(const OptionEntry& option) {
  return option.source.starts_with("list ") ? option.source.substr(5) : "";
}

// What a help says before its first full stop or semicolon: a line of a menu is short.
std::string in_short(const std::string& help) {
  const auto end = std::min(help.find("; "), help.find(". "));
  return help.substr(0, std::min(end, help.find('\n')));
}

std::vector<std::string> option_names(const CommandEntry& command) {
  std::vector<std::string> names;
  for (const OptionEntry& option : command.options)
    if (!option.positional) names.insert(names.end(), option.names.begin(), option.names.end());
  return names;
}

std::vector<std::string> valued_names(const CommandEntry& command) {
  std::vector<std::string> names;
  for (const OptionEntry& option : command.options)
    if (!option.positional && option.takes_value && !option.value_optional)
      names.insert(names.end(), option.names.begin(), option.names.end());
  return names;
}

std::vector<std::string> command_names(const CommandEntry& command) {
  std::vector<std::string> names;
  for (const CommandEntry& below : command.commands)
    if (!below.hidden) names.push_back(below.path.back());
  return names;
}

// A command's positionals as one: what any of them may be, if that is known.
std::string positional_action(const CommandEntry& command,
                              std::string (*action)(const OptionEntry&)) {
  for (const OptionEntry& option : command.options)
    if (option.positional)
      if (std::string text = action(option); !text.empty()) return text;
  return "";
}

// ---- bash ---------------------------------------------------------------------------------------

// Sets `words`, the candidates; files otherwise (complete -o default).
std::string bash_action(const OptionEntry& option) {
  if (const std::string what = asked(option); !what.empty())
    return fmt::format("words=$(_isojoule_ask {})", what);
  const auto values = known_values(option);
  return values.empty() ? "" : "words=" + in_quotes(join(values, " "));
}

constexpr const char* kBashHead =
    R"sh(# Completion of isojoule for bash, written by 'isojoule manual --format bash'.
# shellcheck shell=bash disable=SC2207

# The first words of what 'isojoule list WHAT' prints; a board is a twin's name, too.
_isojoule_ask() {
  "$_isojoule_program" list "$1" 2> /dev/null | sed -n 's/^\([^ ]\{1,\}\).*/\1/p' |
    if [[ $1 == boards ]]; then sed 's/.*/& twin:&/'; else cat; fi
}

# Sets options, valued (options that a value follows) and commands of the command "$1".
_isojoule_command() {
  options='' valued='' commands=''
  case $1 in
)sh";

constexpr const char* kBashTail = R"sh(  esac
}

_isojoule() {
  local line=${COMP_LINE:0:COMP_POINT} current path='' previous='' word words='' options valued commands typed
  local _isojoule_program=${COMP_WORDS[0]}
  # COMP_WORDS is cut at ':' and '=', which are part of our words.
  read -r -a typed <<< "${line//\\/\\\\}"
  [[ $line == *[[:space:]] ]] && typed+=('')
  current=${typed[${#typed[@]} - 1]}
  _isojoule_command ''
  for word in "${typed[@]:1:${#typed[@]} - 2}"; do
    if [[ $word == -- ]]; then return; fi  # another program's words
    if [[ -n $previous ]]; then
      previous=''
    elif [[ " $valued " == *" $word "* ]]; then
      previous=$word
    elif [[ " $commands " == *" $word "* ]]; then
      path+=${path:+ }$word
      _isojoule_command "$path"
    fi
  done
  if [[ $current == --*=* ]]; then
    previous=${current%%=*} current=${current#*=}
  fi
  if [[ -n $previous ]]; then
    _isojoule_values "$path" "$previous"
  elif [[ $current == -* ]]; then
    words=$options
  elif [[ -n $commands ]]; then
    words=$commands
  else
    _isojoule_values "$path" ''
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  # What stands before the last ':' or '=' is there already, where these cut words.
  local cut=${current%"${current##*[:=]}"} mark
  for mark in : =; do
    [[ $cut != *"$mark" || $COMP_WORDBREAKS == *"$mark"* ]] || cut=''
  done
  COMPREPLY=("${COMPREPLY[@]#"$cut"}")
}
complete -o default -F _isojoule isojoule
)sh";

// ---- zsh ----------------------------------------------------------------------------------------

std::string zsh_action(const OptionEntry& option) {
  if (const std::string what = asked(option); !what.empty())
    return fmt::format("_isojoule_ask {}", what);
  const auto values = known_values(option);
  if (!values.empty()) return "compadd -- " + join(values, " ");
  return option.value == "DIR" ? "_files -/" : "";
}

// "name:what it is", with colons of the name escaped.
std::string zsh_line(const std::string& name, const std::string& help) {
  return "    " + in_quotes(name + ":" + in_short(help)) + "\n";
}

constexpr const char* kZshHead = R"sh(#compdef isojoule
# Completion of isojoule for zsh, written by 'isojoule manual --format zsh'.

_isojoule_ask() {
  local -a names
  names=(${(f)"$($_isojoule_program list $1 2> /dev/null | sed -n 's/^\([^ ]\{1,\}\).*/\1/p')"})
  [[ $1 == boards ]] && names+=(twin:${^names})
  compadd -a names
}

# Sets options, valued and commands of the command "$1".
_isojoule_command() {
  options=() valued='' commands=()
  case $1 in
)sh";

constexpr const char* kZshTail = R"sh(  esac
}

_isojoule() {
  local _isojoule_program=$words[1] current=$words[CURRENT] at_path='' previous='' word valued
  local -a options commands
  _isojoule_command ''
  for word in ${words[2,CURRENT-1]}; do
    if [[ $word == -- ]]; then _files; return; fi
    if [[ -n $previous ]]; then
      previous=''
    elif [[ " $valued " == *" $word "* ]]; then
      previous=$word
    elif [[ -n ${(M)commands:#$word:*} ]]; then
      at_path+=${at_path:+ }$word
      _isojoule_command "$at_path"
    fi
  done
  if [[ -z $previous && $current == --*=* ]]; then
    previous=${current%%=*}
    compset -P '*='
  fi
  if [[ -n $previous ]]; then
    _isojoule_values "$at_path" "$previous"
  elif [[ $current == -* ]]; then
    _describe -o option options
  elif (( $#commands )); then
    _describe command commands
  else
    _isojoule_values "$at_path" ''
  fi
}

if [[ $funcstack[1] == _isojoule ]]; then _isojoule "$@"; else compdef _isojoule isojoule; fi
)sh";

std::string zsh_command(const CommandEntry& command) {
  std::string text = fmt::format("    {})\n  options=(\n", in_quotes(joined_path(command, ' ')));
  for (const OptionEntry& option : command.options)
    if (!option.positional)
      for (const std::string& name : option.names) text += zsh_line(name, option.help);
  text +=
      fmt::format("  )\n  valued={}\n  commands=(\n", in_quotes(join(valued_names(command), " ")));
  for (const CommandEntry& below : command.commands)
    if (!below.hidden) text += zsh_line(below.path.back(), below.summary);
  return text + "  ) ;;\n";
}

// ---- bash and zsh
// -------------------------------------------------------------------------------

std::string values_cases(const CommandEntry& program, std::string (*action)(const OptionEntry&),
                         const char* otherwise) {
  std::string text = "\n# What the option \"$2\" of the command \"$1\" may be, or its arguments.\n";
  text += "_isojoule_values() {\n  case $1:$2 in\n";
  for (const CommandEntry* command : shown_commands(program)) {
    const std::string path = joined_path(*command, ' ');
    for (const OptionEntry& option : command->options) {
      const std::string act = option.positional ? "" : action(option);
      if (act.empty()) continue;
      std::vector<std::string> patterns;
      for (const std::string& name : option.names) patterns.push_back(in_quotes(path + ":" + name));
      text += fmt::format("    {}) {} ;;\n", join(patterns, " | "), act);
    }
    if (const std::string act = positional_action(*command, action); !act.empty())
      text += fmt::format("    {}) {} ;;\n", in_quotes(path + ":"), act);
  }
  return text + fmt::format("    *) {} ;;\n", otherwise);
}

// ---- fish
// ---------------------------------------------------------------------------------------

std::string fish_values(const OptionEntry& option) {
  if (const std::string what = asked(option); !what.empty())
    return fmt::format(" -a '(__isojoule_ask {})'", what);
  const auto values = known_values(option);
  return values.empty() ? "" : " -a " + in_fish_quotes(join(values, " "));
}

std::string fish_option(const std::string& start, const OptionEntry& option) {
  std::string line = start;
  for (const std::string& name : option.names)
    line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  if (option.takes_value && !option.value_optional) line += " -r";
  const std::string values = option.takes_value ? fish_values(option) : "";
  // Where values are known, files are none of them; a network may be a file, too.
  if (!values.empty() && option.source != "zoo list") line += " -f";
  return line + values + " -d " + in_fish_quotes(in_short(option.help)) + "\n";
}

constexpr const char* kFishHead =
    R"sh(# Completion of isojoule for fish, written by 'isojoule manual --format fish'.

function __isojoule_ask
    set -l names (command isojoule list $argv[1] 2> /dev/null | string match -r '^\S+')
    printf '%s\n' $names
    test "$argv[1]" = boards; and printf 'twin:%s\n' $names
end

# Is the command line that of the command "$argv"? The first words that are no options count.
function __isojoule_at
    set -l words (commandline -opc)
    set -e words[1]
    contains -- -- $words; and return 1
    set -l path
    for word in $words
        set -l longer (string trim -- "$path $word")
        contains -- "$longer" $__isojoule_paths; and set path $longer
    end
    test "$path" = "$argv[1]"
end

)sh";

std::string fish_command(const CommandEntry& command) {
  const std::string start =
      fmt::format("complete -c isojoule -n \"__isojoule_at '{}'\"", joined_path(command, ' '));
  std::string text;
  for (const CommandEntry& below : command.commands)
    if (!below.hidden)
      text += fmt::format("{} -f -a {} -d {}\n", start, below.path.back(),
                          in_fish_quotes(in_short(below.summary)));
  for (const OptionEntry& option : command.options)
    if (!option.positional) text += fish_option(start, option);
  if (const std::string values = positional_action(command, fish_values); !values.empty())
    text += start + values + "\n";
  return text;
}

}  // namespace

std::string bash_completion(const CommandEntry& program) {
  std::string text = kBashHead;
  for (const CommandEntry* command : shown_commands(program))
    text += fmt::format("    {})\n      options={}\n      valued={}\n      commands={} ;;\n",
                        in_quotes(joined_path(*command, ' ')),
                        in_quotes(join(option_names(*command), " ")),
                        in_quotes(join(valued_names(*command), " ")),
                        in_quotes(join(command_names(*command), " ")));
  return text + "  esac\n}\n" + values_cases(program, bash_action, "words=''") + kBashTail;
}

std::string zsh_completion(const CommandEntry& program) {
  std::string text = kZshHead;
  for (const CommandEntry* command : shown_commands(program)) text += zsh_command(*command);
  return text + "  esac\n}\n" + values_cases(program, zsh_action, "_files") + kZshTail;
}

std::string fish_completion(const CommandEntry& program) {
  std::string text = kFishHead;
  text += "set -g __isojoule_paths";
  for (const CommandEntry* command : shown_commands(program))
    if (!command->path.empty()) text += " " + in_fish_quotes(joined_path(*command, ' '));
  text += "\n\n";
  for (const CommandEntry* command : shown_commands(program)) text += fish_command(*command);
  return text;
}

}  // namespace isojoule::cli
