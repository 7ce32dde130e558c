// isojoule-twin-mount: what `isojoule twin mount` runs.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>

#include "app/arguments.h"
#include "app/mount/file_system.h"
#include "app/mount_words.h"
#include "app/target.h"

namespace {

using namespace isojoule;

Status mount(const MountWords& words, const MountOptions& where) {
  ISOJOULE_TRY(const Paths paths, find_paths());
  TargetOptions options;
  options.board = std::string(kTwinPrefix) + words.board;
  options.release = words.release;
  options.seed = words.seed;
  ISOJOULE_TRY(const auto target, open_target(paths, options));
  const std::string title = target->board.file.title, release = target->board.release.name;
  Job job;
  if (!words.network.empty()) {
    ISOJOULE_TRY(job.model_path, network_file(*target, paths, words.network));
    job.network = words.network;
    job.batch = words.batch;
    job.inferences = 100'000;
  }
  // So that whoever reads the tree can tell that no board is behind it.
  target->twin->tree().add_text(kTwinMark, fmt::format("simulated {} {}\n", words.board, release),
                                0444);
  LiveTwin live(std::move(target->twin));
  if (!words.network.empty()) ISOJOULE_CHECK(live.keep_busy(std::move(job)));
  return serve(live, where, [&] {
    if (!where.background)
      fmt::print("simulated {} (L4T {}) at {}; Ctrl-C unmounts it\n", title, release, where.folder);
    std::fflush(stdout);
  });
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Serves a twin's tree in real time: other programs read and write it as they would a "
      "board's.",
      "isojoule twin mount");
  MountWords words;
  add_mount_options(app, words);
  if (const auto ended = parse_arguments(app, argc, argv)) return *ended;
  if (words.board.starts_with(kTwinPrefix))  // as --board names it
    words.board.erase(0, kTwinPrefix.size());
  const auto status =
      mount(words, {.folder = words.folder, .background = words.background, .own = words.own});
  if (status) return 0;
  std::fprintf(stderr, "%s\n", to_string(status.error()).c_str());
  return 2;
}
