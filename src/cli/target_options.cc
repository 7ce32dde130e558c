#include "cli/target_options.h"

namespace isojoule::cli {

void add_target_options(CLI::App& command, TargetOptions& target) {
  command.add_option("--board", target.board,
                     "twin:NAME (or twin:NAME/VARIANT, twin:NAME#7 for the seventh piece of "
                     "silicon) for a simulated "
                     "board, NAME to insist on a real one (default: this machine)");
  command.add_option("--release", target.release,
                     "Software release of the board (default: detected; on a twin the newest)");
  command
      .add_option("--sysroot", target.sysroot,
                  "Folder whose sys/, proc/ and etc/ stand for the machine's own (a mounted twin)")
      ->check(CLI::ExistingDirectory);
  command
      .add_option("--helper", target.helper,
                  "Socket of isojouled, which does what you may not; \"none\": without (default: "
                  "the usual one where it runs and you are not root)")
      ->envname("ISOJOULE_HELPER");
  command.add_flag("!--no-calibration", target.calibrated,
                   "Leave out what 'isojoule calibrate' found of this board's rails");
}

void add_pace_option(CLI::App& command, TargetOptions& target) {
  command
      .add_option("--pace", target.pace,
                  "Of a simulated board: its time passes at most so many times as fast as the real "
                  "one; results are the same (default: as fast as it can)")
      ->type_name("FACTOR")
      ->check(CLI::PositiveNumber);
}

}  // namespace isojoule::cli
