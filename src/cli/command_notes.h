// What pages say of commands beyond their definitions: examples, and what holds for all of them.
#pragma once

#include <CLI/CLI.hpp>
#include <span>
#include <string_view>

namespace isojoule::cli {

// An example of a command; tests/docs sees that the program still takes every line.
struct CommandNote {
  std::string_view command;  // "zoo export"
  const char* line;
  const char* says;
};
std::span<const CommandNote> command_notes();  // a command's own lie together, in their order

// What is the same for every command: exit statuses, variables, files.
struct ProgramNote {
  const char* name;
  const char* says;
};
std::span<const ProgramNote> exit_statuses();
std::span<const ProgramNote> environment_variables();  // that no option names
std::span<const ProgramNote> program_files();

// The examples below --help of their commands.
void add_examples(CLI::App& app);

}  // namespace isojoule::cli
