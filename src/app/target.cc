#include "app/target.h"

#include <sys/utsname.h>

#include <filesystem>

#include "base/text.h"
#include "workload/zoo.h"

namespace isojoule {
namespace {

constexpr std::string_view kTwinPrefix = "twin:";

// The board file of a machine that no other one describes.
constexpr const char* kAnyMachine = "generic-linux";

// Where power is looked for on such a machine; each is named in the reason why energy is absent.
constexpr std::string_view kPowerPlaces[] = {
    "/sys/class/powercap",           "/sys/class/hwmon",
    "/sys/class/power_supply",       "/sys/bus/i2c/drivers/ina3221",
    "/sys/bus/i2c/drivers/ina3221x", "/dev/nvidiactl"};

std::vector<std::string> power_places(FileTree& tree) {
  std::vector<std::string> places;
  for (const auto place : kPowerPlaces)
    places.push_back(std::string(place) +
                     (tree.exists(place) ? " (there, but with nothing that can be read)" : ""));
  return places;
}

Result<BoardFile> known_board(const Paths& paths, const std::string& name) {
  const auto names = board_names(paths.boards);
  if (std::find(names.begin(), names.end(), name) == names.end())
    return fail(ErrorKind::not_found, "board '" + name + "' is not known",
                unknown_name_remedy(name, names), paths.boards);
  return load_board(paths.boards, name);
}

FileTree& tree_for(Target& target, FileTree& tree, const TargetOptions& options) {
  if (!options.note_refusals) return tree;
  target.refusals = std::make_unique<RefusalTree>(tree);
  return *target.refusals;
}

Result<std::unique_ptr<Target>> open_twin(const Paths& paths, const TargetOptions& options) {
  const std::string name_and_variant = options.board.substr(kTwinPrefix.size());
  const std::size_t slash = std::min(name_and_variant.find('/'), name_and_variant.size());
  const std::string name = name_and_variant.substr(0, slash);
  const std::string variant = name_and_variant.substr(std::min(slash + 1, name_and_variant.size()));
  ISOJOULE_TRY(const BoardFile file, known_board(paths, name));
  auto target = std::make_unique<Target>();
  const std::string release = options.release.empty() ? file.releases.back().name : options.release;
  ISOJOULE_TRY(target->twin,
               make_twin(file, {release, options.seed, true, !options.as_user, variant}));
  FileTree& tree = tree_for(*target, target->twin->tree(), options);
  ISOJOULE_TRY(target->board, open_board(file, release, tree, target->twin->clock()));
  target->board.variant = variant;
  target->board.simulated = true;
  target->board.begin_run = [twin = target->twin.get()](std::uint64_t seed) {
    twin->begin_run(seed);
  };
  return target;
}

// A machine that is no board of ours: what is found there. It runs networks even without any power
// source; the energy is then absent, with every place that was looked at.
Result<Board> any_machine(const Paths& paths, FileTree& tree, Clock& clock) {
  ISOJOULE_TRY(BoardFile file, load_board(paths.boards, kAnyMachine));
  utsname system{};
  if (::uname(&system) == 0)
    file.title = std::string(system.sysname) + " " + system.release + " " + system.machine;
  ISOJOULE_TRY(Board board, open_board(file, file.releases.front().name, tree, clock));
  if (!board.sensors.empty()) return board;
  board.problems.push_back(
      {ErrorKind::unmeasured, "no power source that this version can read",
       "the device-tree's compatible strings, " + join(power_places(tree), ", "),
       "Run on a supported board, or use --board twin:NAME for a simulated one"});
  return board;
}

Result<std::unique_ptr<Target>> open_machine(const Paths& paths, const TargetOptions& options) {
  auto target = std::make_unique<Target>();
  target->own_tree = make_real_file_tree(options.sysroot);
  target->own_clock = make_real_clock();
  FileTree& tree = tree_for(*target, *target->own_tree, options);
  if (!options.board.empty()) {
    ISOJOULE_TRY([[maybe_unused]] const BoardFile known, known_board(paths, options.board));
  }
  const auto detected = detect_board(paths.boards, tree);
  if (!options.board.empty() && (!detected || detected->board != options.board))
    return fail(ErrorKind::not_found,
                "this machine is no " + options.board +
                    (detected ? " but a " + detected->board : std::string()),
                "Use --board twin:" + options.board + " for its simulated twin");
  if (!detected) {
    if (detected.error().kind != ErrorKind::not_found)
      return tl::unexpected<Error>(detected.error());
    ISOJOULE_TRY(target->board, any_machine(paths, tree, *target->own_clock));
    target->board.simulated = target->own_tree->exists(kTwinMark);
    return target;
  }
  ISOJOULE_TRY(const BoardFile file, load_board(paths.boards, detected->board));
  std::string release = options.release.empty() ? detected->release : options.release;
  if (release.empty()) release = file.releases.back().name;
  ISOJOULE_TRY(target->board, open_board(file, release, tree, *target->own_clock));
  target->board.variant = detected->variant;
  target->board.simulated = target->own_tree->exists(kTwinMark);
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
