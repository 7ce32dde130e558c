// One file a command: each adds itself to the program's arguments and says what it does when
// chosen.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/arguments.h"
#include "base/error.h"

namespace isojoule::cli {

// Exit statuses, the same for every command.
enum Exit : int {
  kDone = 0,
  kFailed = 1,                // the work itself failed: the engine, a run
  kBadInput = kBadArguments,  // arguments, files, names
  kUnmeasured = 3,            // it ran, but nothing here can measure its energy
  kInterrupted = 130,
};

// What the chosen command does; set by its callback, run by main.
using Action = std::function<Result<int>()>;

struct Program {
  std::string command_line;               // as typed, to be stored with a study
  std::vector<std::string> words;         // the same in words, without the program's name
  std::vector<std::string> after_dashes;  // of measure, monitor, govern: what stands behind --
  Action action;
  const std::atomic<bool>* interrupted = nullptr;  // set by Ctrl-C
  bool ignores_signals = false;                    // the keeper's; it was started so
};

void add_zoo(CLI::App& app, Program& program);
void add_cost(CLI::App& app, Program& program);
void add_energy(CLI::App& app, Program& program);
void add_fit(CLI::App& app, Program& program);
void add_predict(CLI::App& app, Program& program);
void add_measure(CLI::App& app, Program& program);
void add_monitor(CLI::App& app, Program& program);
void add_agent(CLI::App& app, Program& program);
void add_sweep(CLI::App& app, Program& program);
void add_study(CLI::App& app, Program& program);
void add_show(CLI::App& app, Program& program);
void add_report(CLI::App& app, Program& program);
void add_export(CLI::App& app, Program& program);
void add_reproduce(CLI::App& app, Program& program);
void add_compare(CLI::App& app, Program& program);
void add_twin(CLI::App& app, Program& program);
void add_probe(CLI::App& app, Program& program);
void add_apply(CLI::App& app, Program& program);
void add_restore(CLI::App& app, Program& program);
void add_keeper(CLI::App& app, Program& program);
void add_session(CLI::App& app, Program& program);
void add_list(CLI::App& app, Program& program);
void add_tune(CLI::App& app, Program& program);
void add_govern(CLI::App& app, Program& program);
void add_status(CLI::App& app, Program& program);
void add_fleet(CLI::App& app, Program& program);
void add_calibrate(CLI::App& app, Program& program);
void add_benchmark_optimisers(CLI::App& app, Program& program);
void add_manual(CLI::App& app, Program& program);

// Commands behind whose dashes (--) stands a program with arguments of its own.
inline bool takes_program(std::string_view command) {
  return command == "measure" || command == "monitor" || command == "govern";
}

}  // namespace isojoule::cli
