#include <fmt/format.h>

#include "app/guard_place.h"
#include "board/restore.h"
#include "cli/command.h"

namespace isojoule::cli {
namespace {

Result<int> restore(const std::string& sysroot) {
  ISOJOULE_TRY(const Paths paths, find_paths());
  TargetOptions target;
  target.sysroot = sysroot;
  const GuardOptions place = guard_options(paths, target, "isojoule restore");
  BoardLock lock;
  if (!place.lock.empty()) {
    ISOJOULE_TRY(lock, BoardLock::take(place.lock, place.command));
  }
  const auto tree = make_real_file_tree(sysroot);
  ISOJOULE_TRY(const RestoreOutcome outcome, restore_journal(*tree, place.journal));
  switch (outcome.kind) {
    case RestoreOutcome::Kind::nothing:
      fmt::print("nothing to restore: no program has left this board otherwise ({} is not there)\n",
                 place.journal);
      break;
    case RestoreOutcome::Kind::stale:
      for (const std::string& path : outcome.written) fmt::print("wrote {}\n", path);
      fmt::print(
          "{}: the board was restarted since {} set it ({}), and the kernel has {}; the old "
          "journal was removed\n",
          outcome.written.empty() ? "nothing to restore" : "what outlived the restart is back",
          outcome.command.empty() ? "a program" : outcome.command, outcome.since,
          outcome.written.empty() ? "forgotten" : "forgotten the rest");
      break;
    case RestoreOutcome::Kind::done:
      for (const std::string& path : outcome.written) fmt::print("wrote {}\n", path);
      fmt::print("{} is as it was before {} ({} nodes were written)\n", outcome.board,
                 outcome.command.empty() ? "the program that died" : outcome.command,
                 outcome.written.size());
      break;
  }
  return kDone;
}

}  // namespace

void add_restore(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand(
      "restore", "Put the board back as it was before a program died, or before 'apply'");
  auto sysroot = std::make_shared<std::string>();
  command->add_option("--sysroot", *sysroot, "Folder that stands for / (a mounted twin)")
      ->check(CLI::ExistingDirectory);
  command->callback(
      [sysroot, &program] { program.action = [sysroot] { return restore(*sysroot); }; });
}

// What BoardGuard starts beside a program that sets the board; not for people.
void add_keeper(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand("keeper", "")->group("");
  auto options = std::make_shared<KeeperOptions>();
  command->add_option("--root", options->root);
  command->add_option("--journal", options->journal)->required();
  command->add_option("--lock", options->lock);
  command->add_option("--process", options->process)->required();
  command->add_option("--start", options->process_start)->required();
  command->callback([options, &program] {
    program.ignores_signals = true;
    program.action = [options]() -> Result<int> {
      ISOJOULE_CHECK(keep(*options));
      return kDone;
    };
  });
}

}  // namespace isojoule::cli
