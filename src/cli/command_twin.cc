#include <unistd.h>

#include <cerrno>

#include "app/paths.h"
#include "base/file_tree.h"
#include "cli/command.h"

namespace isojoule::cli {
namespace {

// The program that serves the tree links libfuse3 and is one of its own; this one becomes it.
Result<int> mount(const std::vector<std::string>& words) {
  ISOJOULE_TRY(const Paths paths, find_paths());
  const std::string program = paths.workers + "/isojoule-twin-mount";
  if (::access(program.c_str(), X_OK) != 0)
    return fail(ErrorKind::unsupported, "this isojoule was built without FUSE",
                "Install libfuse3-dev (or the package of isojoule) and build again", program);
  std::vector<char*> arguments = {const_cast<char*>(program.c_str())};
  for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::execv(program.c_str(), arguments.data());
  return tl::unexpected<Error>(error_from_errno(errno, program, "execute"));
}

}  // namespace

void add_twin(CLI::App& app, Program& program) {
  auto* command =
      app.add_subcommand("twin", "A simulated board as files that any program can read");
  command->require_subcommand(1);
  auto* mounting = command->add_subcommand(
      "mount", "Serve a twin's tree in real time: twin mount BOARD DIR [--release R] [--model M]");
  mounting->set_help_flag();  // the program's own help says more
  mounting->prefix_command();
  mounting->callback([mounting, &program] {
    program.action = [words = mounting->remaining()] { return mount(words); };
  });
}

}  // namespace isojoule::cli
