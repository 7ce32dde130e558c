#include <unistd.h>

#include <cerrno>
#include <memory>

#include "app/mount_words.h"
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
      "mount", "Serve a twin's tree in real time: other programs read and write it as a board's");
  auto options = std::make_shared<MountWords>();
  add_mount_options(*mounting, *options);  // checked here, handed on as they were typed
  mounting->callback([options, &program] {
    program.action = [&program] {
      const auto& words = program.words;  // twin mount ...
      return mount({words.begin() + 2, words.end()});
    };
  });
}

}  // namespace isojoule::cli
