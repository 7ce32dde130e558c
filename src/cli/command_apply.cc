#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "app/pin.h"
#include "base/own_program.h"
#include "cli/command.h"
#include "cli/target_options.h"

namespace isojoule::cli {
namespace {

// How late a signal may be seen while the setting is held.
constexpr Duration kSlice = Duration::milliseconds(50);
constexpr double kMostHold_s = 366.0 * 24 * 3600;

struct ApplyArguments {
  TargetOptions target;
  std::vector<std::string> words;
  std::optional<double> hold_s;
  bool dry_run = false;
  bool systemd = false;
  std::string output;
};

std::string text_of(const std::string& axis, const Value& value) {
  const auto* number = std::get_if<double>(&value);
  if (number == nullptr || unit_of_axis(axis) != Unit::hertz) return to_string(value);
  return fmt::format("{:g} MHz", *number * 1e-6);
}

void print(const std::vector<PinnedKnob>& knobs, bool dry_run) {
  for (const PinnedKnob& knob : knobs) {
    if (dry_run) {
      fmt::print("{}: {} -> {}, through\n", knob.axis, text_of(knob.axis, knob.before),
                 text_of(knob.axis, knob.requested));
      for (const std::string& node : knob.nodes) fmt::print("  {}\n", node);
      continue;
    }
    fmt::print("{:<28} {:>14} -> {:>14}{}\n", knob.axis, text_of(knob.axis, knob.before),
               text_of(knob.axis, knob.achieved),
               knob.reached ? "" : "  NOT REACHED: asked " + text_of(knob.axis, knob.requested));
  }
}

bool all_reached(const std::vector<PinnedKnob>& knobs) {
  return std::all_of(knobs.begin(), knobs.end(), [](const auto& knob) { return knob.reached; });
}

// Until the time is over or a signal comes.
void wait(double seconds, Clock& clock, const std::atomic<bool>& interrupted) {
  const Instant end = clock.now() + Duration::from(Second(seconds));
  while (clock.now() < end && !interrupted.load(std::memory_order_relaxed))
    clock.sleep_until(std::min(end, clock.now() + kSlice));
}

Result<int> write_unit(const ApplyArguments& arguments) {
  const std::string program = own_program();
  std::vector<std::string> words = arguments.words;
  for (const auto& [option, value] : {std::pair("--board", arguments.target.board),
                                      std::pair("--release", arguments.target.release)})
    if (!value.empty() && !value.starts_with(kTwinPrefix))
      words.push_back(std::string(option) + "=" + value);
  const std::string unit = systemd_unit(program.empty() ? "isojoule" : program, words);
  if (arguments.output.empty()) {
    fmt::print("{}", unit);
    return kDone;
  }
  std::ofstream file(arguments.output);
  file << unit;
  file.close();
  if (!file) return tl::unexpected<Error>(error_from_errno(errno, arguments.output, "write"));
  fmt::print("{}: written; systemctl daemon-reload, then systemctl enable --now {}\n",
             arguments.output, std::filesystem::path(arguments.output).filename().string());
  return kDone;
}

Result<int> apply(const ApplyArguments& arguments, const Program& program) {
  ISOJOULE_TRY(const Paths paths, find_paths());
  ISOJOULE_TRY(const auto target, open_target(paths, arguments.target));
  Board& board = target->board;
  ISOJOULE_TRY(const Setting setting, wanted_setting(board, arguments.words));
  if (arguments.systemd || arguments.dry_run) {
    ISOJOULE_TRY(const auto knobs, rehearse(board, setting));
    if (arguments.systemd) return write_unit(arguments);
    print(knobs, true);
    return kDone;
  }
  if (target->helper && !arguments.hold_s)
    return fail(ErrorKind::unsupported,
                "the helper puts the board back as soon as this program ends",
                "Hold it for a time (--for 10m), or set it as root", "apply");
  GuardOptions options = guard_options(paths, arguments.target, *target, program.command_line);
  options.take_over_held = true;
  ISOJOULE_TRY(const auto guard, BoardGuard::take(board, options));
  const auto knobs = pin(board, setting);
  if (!knobs) return tl::unexpected<Error>(guard->restore_after(knobs.error()));
  if (*program.interrupted)
    return tl::unexpected<Error>(guard->restore_after(
        {ErrorKind::interrupted, "interrupted: nothing is held", "apply", ""}));
  if (board.simulated) fmt::print("SIMULATED\n");
  print(*knobs, false);
  std::fflush(stdout);
  if (arguments.hold_s || target->twin) {
    wait(arguments.hold_s.value_or(0), *board.clock, *program.interrupted);
    ISOJOULE_CHECK(guard->restore());
    fmt::print("the board is as it was before\n");
  } else {
    ISOJOULE_CHECK(guard->hold());
    fmt::print("it stays so until `isojoule restore`, or a restart\n");
  }
  return all_reached(*knobs) ? kDone : kFailed;
}

}  // namespace

void add_apply(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand(
      "apply", "Set the board: AXIS=VALUE..., a TOML file with a [setting], maximum or minimum");
  auto arguments = std::make_shared<ApplyArguments>();
  command
      ->add_option(
          "SETTING", arguments->words,
          "cpu_frequency=1.479GHz, gpu_governor=userspace, ...; a file; or the name maximum "
          "(what jetson_clocks does) or minimum")
      ->required();
  add_target_options(*command, arguments->target);
  auto* hold = command
                   ->add_option("--for", arguments->hold_s,
                                "Hold it so long, in the foreground, then restore: 30s, 5m, 2h")
                   ->transform(CLI::AsNumberWithUnit(
                       std::map<std::string, double>{{"s", 1}, {"m", 60}, {"h", 3600}},
                       CLI::AsNumberWithUnit::CASE_SENSITIVE))
                   ->check(CLI::Range(1e-3, kMostHold_s, "1ms to 366 days"));
  command->add_flag("--dry-run", arguments->dry_run,
                    "Only say what would be set, and through which nodes");
  auto* systemd =
      command
          ->add_flag("--systemd", arguments->systemd,
                     "Print a systemd unit that does it at boot of this board, or of the one "
                     "that --sysroot shows")
          ->excludes(hold);
  command->add_option("-o,--output", arguments->output, "Write the unit there")->needs(systemd);
  command->callback([arguments, &program] {
    program.action = [arguments, &program] { return apply(*arguments, program); };
  });
}

}  // namespace isojoule::cli
