// The program's commands as data, read from the definitions that --help is printed from: what
// pages, man pages and shell completions are made of.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace isojoule::cli {

// An option, a flag, or an argument without dashes.
struct OptionEntry {
  std::vector<std::string> names;  // "-o", "--output"; of a positional its name alone
  bool positional = false;
  bool takes_value = false;
  bool value_optional = false;  // --per-layer, or --per-layer 20
  bool repeats = false;         // may have several values
  bool required = false;
  std::string value;                 // what stands for the value: TEXT, COLUMN, FILE, DIR
  std::string limits;                // "1 to 65536", where the definition has them
  std::vector<std::string> choices;  // all that it may be; empty: not known beforehand
  std::string source;                // "list engines", "zoo list": the command that names them
  std::string standard;              // value without the option; empty: none, or in the help
  std::string variable;              // of the environment, which gives the value instead
  std::string group;                 // heading of --help; "Options" for most
  std::string help;
  std::vector<std::string> needs, excludes;  // other options' names
};

struct CommandExample {
  std::string line;  // as typed, from "isojoule" on
  std::string says;  // what it does
};

struct CommandEntry {
  std::vector<std::string> path;  // {"zoo", "list"}; empty: the program itself
  std::string summary;
  bool hidden = false;         // not for people: the program starts it itself
  bool needs_command = false;  // nothing is done without a subcommand
  bool takes_program = false;  // behind -- stands a program with arguments of its own
  std::vector<OptionEntry> options;
  std::vector<CommandEntry> commands;  // in the order of --help
  std::vector<CommandExample> examples;
};

// The whole tree. `app` may have been parsed; only its definitions are read.
CommandEntry command_tree(const CLI::App& app);

// All of them in one row, the program first, each before its subcommands, without hidden ones.
std::vector<const CommandEntry*> shown_commands(const CommandEntry& program);
// nullptr: there is none of that path.
const CommandEntry* find_command(const CommandEntry& program, const std::vector<std::string>& path);

std::string full_name(const CommandEntry& command);               // "isojoule zoo list"
std::string joined_path(const CommandEntry& command, char with);  // "zoo-list"; "" of the program

}  // namespace isojoule::cli
