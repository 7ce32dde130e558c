// kill_rounds: 1,000 deaths and more, on a mounted twin.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdlib>

#include "kill/rounds.h"
#include "whole/mounted_twin.h"

int main(int argc, char** argv) {
  using namespace isojoule;
  CLI::App app("Kills programs that set a board, a mounted twin, at random moments of it.");
  kill::Rounds rounds;
  std::string board = "jetson-nano";
  std::string release;
  app.add_option("--rounds", rounds.rounds, "deaths")->capture_default_str();
  app.add_option("--seed", rounds.seed, "of moments, signals and settings")->capture_default_str();
  app.add_option("--limit", rounds.limit_s, "seconds to be restored in")->capture_default_str();
  app.add_option("--board", board, "the twin")->capture_default_str();
  app.add_option("--release", release, "its release");
  CLI11_PARSE(app, argc, argv);
  const test::Workplace place;
  ::setenv("ISOJOULE_STATE", place.path("state").c_str(), 1);
  if (const std::string why = test::MountedTwin::why_not(); !why.empty()) {
    fmt::print("skipped: {}\n", why);
    return 77;
  }
  std::vector<std::string> more;
  if (!release.empty()) more = {"--release", release};
  const test::MountedTwin twin(place, board, more);
  if (!twin.mounted()) {
    fmt::print("{}\n", twin.log());
    return 1;
  }
  rounds.root = twin.root();
  rounds.program = test::program_path();
  const kill::Outcome outcome = kill::run_rounds(rounds);
  fmt::print("{}: {} of {} trees restored byte for byte, slowest {:.0f} ms", board, outcome.made,
             rounds.rounds, outcome.slowest_s * 1e3);
  for (const auto& [signal, count] : outcome.by_signal) fmt::print(", {} x {}", count, signal);
  fmt::print("; {} died before their first setting\n", outcome.died_early);
  if (outcome.fault.empty()) return 0;
  fmt::print("FAULT: {}\n", outcome.fault);
  return 1;
}
