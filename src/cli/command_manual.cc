// isojoule manual: the commands' pages, man pages and completions, out of the definitions.
#include <fmt/format.h>

#include <filesystem>

#include "base/file_tree.h"
#include "base/text.h"
#include "base/text_file.h"
#include "cli/command.h"
#include "cli/command_page.h"
#include "cli/command_tree.h"
#include "cli/completion.h"

namespace isojoule::cli {
namespace {

struct ManualRequest {
  std::vector<std::string> command;
  std::string format = "markdown";
  std::string folder;
};

// A format is a page a command, or one file of them all.
struct ManualFormat {
  const char* name;
  std::string (*page)(const CommandEntry&);
  std::string (*page_name)(const CommandEntry&);  // nullptr: one file
  const char* file;
};

constexpr ManualFormat kFormats[] = {
    {"markdown", markdown_page, markdown_name, nullptr},
    {"man", man_page, man_name, nullptr},
    {"bash", bash_completion, nullptr, "isojoule.bash"},
    {"zsh", zsh_completion, nullptr, "_isojoule"},
    {"fish", fish_completion, nullptr, "isojoule.fish"},
    {"json", json_of_commands, nullptr, "isojoule.json"},
};

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  for (const ManualFormat& format : kFormats) names.emplace_back(format.name);
  return names;
}

const ManualFormat& format_of(const std::string& name) {
  for (const ManualFormat& format : kFormats)
    if (name == format.name) return format;
  return kFormats[0];  // the argument's check lets no other through
}

Status write_all(const CommandEntry& program, const ManualFormat& format,
                 const std::string& folder) {
  std::error_code code;
  std::filesystem::create_directories(folder, code);
  if (code) return tl::unexpected<Error>(error_from_errno(code.value(), folder, "make"));
  if (format.page_name == nullptr)
    return write_text_file(folder + "/" + format.file, format.page(program));
  for (const CommandEntry* command : shown_commands(program))
    ISOJOULE_CHECK(
        write_text_file(folder + "/" + format.page_name(*command), format.page(*command)));
  return {};
}

std::vector<std::string> names_below(const CommandEntry& program) {
  std::vector<std::string> names;
  for (const CommandEntry* command : shown_commands(program))
    if (!command->path.empty()) names.push_back(joined_path(*command, ' '));
  return names;
}

Result<int> run_manual(const ManualRequest& request, const CLI::App& app) {
  const CommandEntry program = command_tree(app);
  const ManualFormat& format = format_of(request.format);
  const CommandEntry* command = find_command(program, request.command);
  if (command == nullptr) {
    const std::string name = join(request.command, " ");
    return fail(ErrorKind::not_found, "there is no command '" + name + "'",
                unknown_name_remedy(name, names_below(program)));
  }
  if (format.page_name == nullptr && !request.command.empty())
    return fail(ErrorKind::invalid, request.format + " is of all commands together",
                "Leave the command away");
  if (!request.folder.empty()) {
    if (!request.command.empty())
      return fail(ErrorKind::invalid, "a folder gets the pages of all commands",
                  "Leave the command or -o away");
    ISOJOULE_CHECK(write_all(program, format, request.folder));
    return kDone;
  }
  fmt::print("{}", format.page(*command));
  return kDone;
}

}  // namespace

void add_manual(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand(
      "manual", "Print the commands' pages, man pages and completions for shells");
  auto request = std::make_shared<ManualRequest>();
  command->add_option("COMMAND", request->command,
                      "The page of this command, e.g. zoo export (default: the whole program's)");
  command
      ->add_option("--format", request->format,
                   "A page a command: markdown, man; one file of all: completion for bash, zsh "
                   "or fish; json: the definitions")
      ->check(CLI::IsMember(format_names()))
      ->capture_default_str();
  command->add_option("-o,--output", request->folder,
                      "Write the pages of all commands, or the file, into this folder");
  command->callback([request, &app, &program] {
    program.action = [request, &app] { return run_manual(*request, app); };
  });
}

}  // namespace isojoule::cli
