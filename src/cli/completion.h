// Completions for shells, of every command's options, choices and subcommands. What is not in the
// program (the boards) and what this machine decides (engines) the scripts ask 'isojoule list' for.
#pragma once

#include <string>

#include "cli/command_tree.h"

namespace isojoule::cli {

std::string bash_completion(const CommandEntry& program);  // needs no bash-completion
std::string zsh_completion(const CommandEntry& program);   // to be named _isojoule, in $fpath
std::string fish_completion(const CommandEntry& program);

}  // namespace isojoule::cli
