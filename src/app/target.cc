#include "app/target.h"

#include <sys/utsname.h>

#include <filesystem>

#include "base/text.h"
#include "workload/zoo.h"

namespace isojoule {
namespace {

constexpr std::string_view kTwinPrefix = "twin:";

// Where power is looked for on a machine that is no known board; each is named in the reason why
// energy is absent.
constexpr std::string_view kPowerPlaces[] = {
    "/sys/bus/i2c/drivers/ina3221x",
    "/sys/bus/i2c/drivers/ina3221",
};

Result<BoardFile> known_board(const Paths& paths, const std::string& name) {
  const auto names = board_names(paths.boards);
  if (std::find(names.begin(), names.end(), name) == names.end())
    return fail(ErrorKind::not_found, "board '" + name + "' is not known",
                unknown_name_remedy(name, names), paths.boards);
  return load_board(paths.boards, name);
}

Result<std::unique_ptr<Target>> open_twin(const Paths& paths, const TargetOptions& options) {
  const std::string name_and_variant = options.board.substr(kTwinPrefix.size());
  const std::size_t slash = std::min(name_and_variant.find('/'), name_and_variant.size());
  const std::string name = name_and_variant.substr(0, slash);
  const std::string variant = name_and_variant.substr(std::min(slash + 1, name_and_variant.size()));
  ISOJOULE_TRY(const BoardFile file, known_board(paths, name));
  auto target = std::make_unique<Target>();
  const std::string release = options.release.empty() ? file.releases.back().name : options.release;
  ISOJOULE_TRY(target->twin, make_twin(file, {release, options.seed, true, true, variant}));
  ISOJOULE_TRY(target->board,
               open_board(file, release, target->twin->tree(), target->twin->clock()));
  target->board.variant = variant;
  target->board.simulated = true;
  target->board.begin_run = [twin = target->twin.get()](std::uint64_t seed) {
    twin->begin_run(seed);
  };
  return target;
}

// A machine that is no board of ours still runs networks: without knobs, and without energy unless
// a power source is found.
Board plain_machine(FileTree& tree, Clock& clock) {
  Board board;
  utsname system{};
  board.file.name = "this-machine";
  board.file.title = ::uname(&system) == 0
                         ? std::string(system.sysname) + " " + system.release + " " + system.machine
                         : "this machine";
  board.tree = &tree;
  board.clock = &clock;
  std::vector<std::string> tried = {"the device-tree's compatible strings"};
  for (const auto place : kPowerPlaces)
    tried.push_back(std::string(place) +
                    (tree.exists(place) ? " (there, but of no known board)" : ""));
  board.problems.push_back(
      {ErrorKind::unmeasured, "no power source that this version can read", join(tried, ", "),
       "Run on a supported board, or use --board twin:NAME for a simulated one"});
  return board;
}

Result<std::unique_ptr<Target>> open_machine(const Paths& paths, const TargetOptions& options) {
  auto target = std::make_unique<Target>();
  target->own_tree = make_real_file_tree(options.sysroot);
  target->own_clock = make_real_clock();
  if (!options.board.empty()) {
    ISOJOULE_TRY([[maybe_unused]] const BoardFile known, known_board(paths, options.board));
  }
  const auto detected = detect_board(paths.boards, *target->own_tree);
  if (!options.board.empty() && (!detected || detected->board != options.board))
    return fail(ErrorKind::not_found,
                "this machine is no " + options.board +
                    (detected ? " but a " + detected->board : std::string()),
                "Use --board twin:" + options.board + " for its simulated twin");
  if (!detected) {
    if (detected.error().kind != ErrorKind::not_found)
      return tl::unexpected<Error>(detected.error());
    target->board = plain_machine(*target->own_tree, *target->own_clock);
    return target;
  }
  ISOJOULE_TRY(const BoardFile file, load_board(paths.boards, detected->board));
  std::string release = options.release.empty() ? detected->release : options.release;
  if (release.empty()) release = file.releases.back().name;
  ISOJOULE_TRY(target->board, open_board(file, release, *target->own_tree, *target->own_clock));
  target->board.variant = detected->variant;
  return target;
}

}  // namespace

Result<std::unique_ptr<Target>> open_target(const Paths& paths, const TargetOptions& options) {
  if (options.board.rfind(kTwinPrefix, 0) == 0) return open_twin(paths, options);
  return open_machine(paths, options);
}

Status use_engine(Target& target, const Paths& paths, const std::string& name) {
  if (target.twin) return {};
  ISOJOULE_TRY(target.own_engine, open_engine(name, paths.workers, *target.board.clock));
  return {};
}

Result<std::string> network_file(const Target& target, const Paths& paths,
                                 const std::string& name_or_path) {
  if (!target.twin || !in_zoo(name_or_path)) return resolve_network(name_or_path, paths.cache);
  std::error_code code;
  std::filesystem::create_directories(paths.cache, code);
  const std::string path = paths.cache + "/" + name_or_path + "-shapes.onnx";
  ZooOptions options;
  options.dynamic_batch = true;
  options.weights = false;
  ISOJOULE_CHECK(write_zoo_model(name_or_path, options, path));
  return path;
}

}  // namespace isojoule
