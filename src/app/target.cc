#include "app/target.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>

#include "app/calibration_store.h"
#include "base/text.h"
#include "workload/zoo.h"

namespace isojoule {
namespace {

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

Result<std::uint64_t> silicon_number(const std::string& text, const std::string& board) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (read.ec == std::errc() && read.ptr == end) return number;
  return fail(ErrorKind::invalid,
              "--board " + board + ": '" + text + "' is not the number of a piece of silicon",
              "Write a whole number behind '#', 0 for the nominal board: " +
                  board.substr(0, board.find('#')) + "#7");
}

Result<std::unique_ptr<Target>> open_twin(const Paths& paths, const TargetOptions& options) {
  if (!options.sysroot.empty())
    return fail(ErrorKind::invalid,
                "--board " + options.board + " is a simulated board, --sysroot another tree",
                "Name one of the two", options.sysroot);
  ISOJOULE_TRY(const TwinName name, parse_twin_name(options.board));
  ISOJOULE_TRY(const BoardFile file, known_board(paths, name.board));
  auto target = std::make_unique<Target>();
  const std::string release = options.release.empty() ? file.releases.back().name : options.release;
  ISOJOULE_TRY(target->twin, make_twin(file, {release,
                                              options.seed,
                                              options.noise,
                                              !options.as_user,
                                              name.variant,
                                              name.silicon,
                                              {options.pace, options.interrupted}}));
  FileTree& tree = tree_for(*target, target->twin->tree(), options);
  ISOJOULE_TRY(target->board, open_board(file, release, tree, target->twin->clock()));
  target->board.variant = name.variant;
  target->board.simulated = true;
  target->board.begin_run = [twin = target->twin.get()](std::uint64_t seed) {
    twin->begin_run(seed);
  };
  return target;
}

// The system that the tree shows, which a mounted twin's is not this machine's.
std::string system_title(FileTree& tree) {
  const auto kernel = read_line(tree, "/proc/sys/kernel/osrelease");
  utsname own{};
  if (::uname(&own) != 0) return kernel ? "Linux " + *kernel : "Linux";
  const bool is_own = !kernel || *kernel == own.release;
  return is_own ? std::string(own.sysname) + " " + own.release + " " + own.machine
                : "Linux " + *kernel;
}

// intel_pstate, amd-pstate, amd-pstate-epp: drivers without a table.
std::string release_by_driver(FileTree& tree) {
  const auto driver = read_line(tree, "/sys/devices/system/cpu/cpufreq/policy0/scaling_driver");
  return driver && driver->find("pstate") != std::string::npos ? "pstate" : "acpi-cpufreq";
}

// A machine that is no board of ours: what is found there. It runs networks even without any power
// source; the energy is then absent, with every place that was looked at.
Result<Board> any_machine(const Paths& paths, FileTree& tree, Clock& clock,
                          const std::string& release) {
  ISOJOULE_TRY(BoardFile file, load_board(paths.boards, kAnyMachine));
  file.title = system_title(tree);
  const std::string name = release.empty() ? release_by_driver(tree) : release;
  ISOJOULE_TRY(Board board, open_board(file, name, tree, clock));
  if (!board.sensors.empty()) return board;
  board.problems.push_back(
      {ErrorKind::unmeasured, "no power source that this version can read",
       "the device-tree's compatible strings, " + join(power_places(tree), ", "),
       "Run on a supported board, or use --board twin:NAME for a simulated one"});
  return board;
}

// Where nothing is said, the helper is used if it is there and there is need of it.
std::string helper_socket(const TargetOptions& options) {
  if (options.helper == "none") return {};
  if (!options.helper.empty()) return options.helper;
  std::error_code code;
  const bool is_there = std::filesystem::exists(helper::kDefaultSocket, code);
  return is_there && options.sysroot.empty() && ::geteuid() != 0 ? helper::kDefaultSocket : "";
}

// A helper that was not asked for by name may fail: the reason is then one of the board's problems.
Status use_helper(Target& target, const TargetOptions& options, std::vector<Error>& problems) {
  const std::string socket = helper_socket(options);
  if (socket.empty()) return {};
  auto connected = helper::ClientTree::connect(socket, *target.own_tree);
  if (connected) {
    target.helper = std::move(*connected);
  } else if (options.helper.empty()) {
    problems.push_back(connected.error());
    problems.back().what = "the helper cannot be used: " + problems.back().what;
    if (problems.back().kind == ErrorKind::permission_denied)
      problems.back().remedy = "Become a member of the group isojoule, and log in anew";
  } else {
    return tl::unexpected<Error>(connected.error());
  }
  return {};
}

Status check_detected(const Paths& paths, FileTree& tree, const std::string& wanted) {
  if (wanted.empty()) return {};
  ISOJOULE_TRY([[maybe_unused]] const BoardFile known, known_board(paths, wanted));
  const auto detected = detect_board(paths.boards, tree);
  if (detected && detected->board == wanted) return {};
  const bool is_any = !detected && detected.error().kind == ErrorKind::not_found;
  if (is_any && wanted == kAnyMachine) return {};
  return fail(
      ErrorKind::not_found,
      "this machine is no " + wanted + (detected ? " but a " + detected->board : std::string()),
      "Use --board twin:" + wanted + " for its simulated twin");
}

Result<std::unique_ptr<Target>> open_machine(const Paths& paths, const TargetOptions& options) {
  auto target = std::make_unique<Target>();
  target->own_tree = make_real_file_tree(options.sysroot);
  target->own_clock = make_real_clock();
  std::vector<Error> problems;
  ISOJOULE_CHECK(use_helper(*target, options, problems));
  FileTree& tree = tree_for(*target, target->helper ? *target->helper : *target->own_tree, options);
  ISOJOULE_CHECK(check_detected(paths, tree, options.board));
  ISOJOULE_TRY(target->board, open_detected(paths, tree, *target->own_clock, options.release));
  Board& board = target->board;
  board.simulated = target->own_tree->exists(kTwinMark);
  board.problems.insert(board.problems.end(), problems.begin(), problems.end());
  if (target->helper && target->helper->board() != board.file.name)
    return fail(ErrorKind::invalid,
                "the helper at " + target->helper->socket() + " serves a " +
                    target->helper->board() + ", this is a " + board.file.name,
                "Name the helper of this tree, or --helper none");
  return target;
}

}  // namespace

Result<TwinName> parse_twin_name(const std::string& board) {
  TwinName name;
  std::string text = board.substr(std::min(kTwinPrefix.size(), board.size()));
  if (const std::size_t hash = text.find('#'); hash != std::string::npos) {
    ISOJOULE_TRY(name.silicon, silicon_number(text.substr(hash + 1), board));
    text.resize(hash);
  }
  const std::size_t slash = std::min(text.find('/'), text.size());
  name.board = text.substr(0, slash);
  name.variant = text.substr(std::min(slash + 1, text.size()));
  return name;
}

Result<Board> open_detected(const Paths& paths, FileTree& tree, Clock& clock,
                            const std::string& release) {
  const auto detected = detect_board(paths.boards, tree);
  if (!detected) {
    if (detected.error().kind != ErrorKind::not_found)
      return tl::unexpected<Error>(detected.error());
    return any_machine(paths, tree, clock, release);
  }
  ISOJOULE_TRY(const BoardFile file, load_board(paths.boards, detected->board));
  std::string name = release.empty() ? detected->release : release;
  if (name.empty()) name = file.releases.back().name;
  ISOJOULE_TRY(Board board, open_board(file, name, tree, clock));
  board.variant = detected->variant;
  return board;
}

Result<std::unique_ptr<Target>> open_target(const Paths& paths, const TargetOptions& options) {
  ISOJOULE_TRY(auto target, options.board.starts_with(kTwinPrefix) ? open_twin(paths, options)
                                                                   : open_machine(paths, options));
  if (options.calibrated) ISOJOULE_CHECK(use_calibrations(paths, target->board));
  return target;
}

std::string caution_of(const Target& target) {
  if (!target.board.simulated || target.twin) return {};
  return "the network runs on this machine, and the power is that of a simulated board that does "
         "not know of it: a trial of the program, not of the board (--board twin:" +
         target.board.file.name + " runs it there)";
}

Result<std::string> network_file(const Target& target, const Paths& paths,
                                 const std::string& name_or_path, int opset) {
  return network_file(target.twin != nullptr, paths, name_or_path, opset);
}

Result<std::string> network_file(bool simulated, const Paths& paths,
                                 const std::string& name_or_path, int opset) {
  if (!simulated || !in_zoo(name_or_path)) return resolve_network(name_or_path, paths.cache, opset);
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
