// isojoule-twin-mount: what `isojoule twin mount` runs.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>

#include "app/arguments.h"
#include "app/mount/file_system.h"
#include "app/target.h"

namespace {

using namespace isojoule;

struct Request {
  std::string board, release, network;
  std::int64_t batch = 1;
  std::uint64_t seed = 1;
  bool quiet = false;
  MountOptions mount;
};

void add_options(CLI::App& app, Request& request) {
  app.add_option("BOARD", request.board, "a board, or BOARD/VARIANT (see `isojoule list boards`)")
      ->required();
  app.add_option("DIR", request.mount.folder, "an empty folder")->required();
  app.add_option("--release", request.release, "L4T release whose nodes it shows; the newest");
  app.add_option("--seed", request.seed, "of noise and of numbers that differ from boot to boot")
      ->capture_default_str();
  app.add_option(
      "--model", request.network,
      "keep the board busy with this network of the zoo (or an ONNX file), again and again");
  app.add_option("--batch", request.batch, "its batch size")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{4096}))
      ->capture_default_str();
  app.add_flag("--own", request.mount.own, "the files belong to you instead of root");
  app.add_flag("--background", request.mount.background, "return to the shell once it is mounted");
}

Status mount(const Request& request) {
  ISOJOULE_TRY(const Paths paths, find_paths());
  TargetOptions options;
  options.board = std::string(kTwinPrefix) + request.board;
  options.release = request.release;
  options.seed = request.seed;
  ISOJOULE_TRY(const auto target, open_target(paths, options));
  const std::string title = target->board.file.title, release = target->board.release.name;
  Job job;
  if (!request.network.empty()) {
    ISOJOULE_TRY(job.model_path, network_file(*target, paths, request.network));
    job.network = request.network;
    job.batch = request.batch;
    job.inferences = 100'000;
  }
  // So that whoever reads the tree can tell that no board is behind it.
  target->twin->tree().add_text(kTwinMark, fmt::format("simulated {} {}\n", request.board, release),
                                0444);
  LiveTwin live(std::move(target->twin));
  if (!request.network.empty()) ISOJOULE_CHECK(live.keep_busy(std::move(job)));
  return serve(live, request.mount, [&] {
    if (!request.mount.background)
      fmt::print("simulated {} (L4T {}) at {}; Ctrl-C unmounts it\n", title, release,
                 request.mount.folder);
    std::fflush(stdout);
  });
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Serves a twin's tree in real time: other programs read and write it as they would a "
      "board's.",
      "isojoule twin mount");
  Request request;
  add_options(app, request);
  if (const auto ended = parse_arguments(app, argc, argv)) return *ended;
  if (request.board.starts_with(kTwinPrefix))  // as --board names it
    request.board.erase(0, kTwinPrefix.size());
  const auto status = mount(request);
  if (status) return 0;
  std::fprintf(stderr, "%s\n", to_string(status.error()).c_str());
  return 2;
}
