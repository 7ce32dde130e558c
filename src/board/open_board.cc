// A board file on a tree: what is there is opened, what is not is a problem.
#include <algorithm>

#include "base/text.h"
#include "board/board.h"
#include "board/discover.h"
#include "board/throttle.h"

namespace isojoule {
namespace {

constexpr const char* kThermal = "/sys/class/thermal";

// The entry of `folder` whose file `file` says `text`. An entry without the file is passed over.
Result<std::string> entry_with(const std::string& folder, const std::string& file,
                               const std::string& text, FileTree& tree) {
  ISOJOULE_TRY(const auto names, tree.list(folder));
  for (const auto& name : names) {
    const auto there = read_line(tree, folder + "/" + name + "/" + file);
    if (there && *there == text) return folder + "/" + name;
  }
  return fail(ErrorKind::not_found, folder + ": no entry has '" + text + "' in " + file, {},
              folder + "/*/" + file);
}

void open_sensors(Board& board) {
  for (const auto& chip : board.release.chips) {
    auto sensor = open_sensor(chip, *board.tree);
    if (!sensor) {
      board.problems.push_back(std::move(sensor.error()));
      continue;
    }
    const auto& problems = (*sensor)->problems();
    board.problems.insert(board.problems.end(), problems.begin(), problems.end());
    board.sensors.push_back(std::move(*sensor));
  }
}

// Options that are paths lie in numbered folders too (the fan's control beside its pwm). The knob
// goes without one that leads nowhere, which is to be known: its absence is returned.
std::vector<Error> resolve_options(KnobSpec& spec, FileTree& tree) {
  std::vector<Error> missing;
  for (auto& [key, text] : spec.options) {
    if (text.find('[') == std::string::npos) continue;
    auto path = resolve_path(text, tree);
    if (path) {
      text = std::move(*path);
      continue;
    }
    path.error().what = "knob " + spec.axis + ", options." + key + ": " + path.error().what;
    missing.push_back(std::move(path.error()));
  }
  return missing;
}

void open_knobs(Board& board) {
  for (auto& spec : board.release.knobs) {
    // A part that leads nowhere stays as it is: the knob then says what it misses.
    for (auto& node : spec.nodes)
      if (auto path = resolve_path(node, *board.tree)) node = std::move(*path);
    auto missing = resolve_options(spec, *board.tree);
    auto knob = open_knob(spec, *board.tree);
    if (!knob) {
      board.problems.push_back(std::move(knob.error()));
      continue;
    }
    board.knobs.push_back(std::move(*knob));
    for (auto& error : missing) board.problems.push_back(std::move(error));
  }
}

void find_thermal_zones(Board& board) {
  for (const auto& zone : board.file.thermal) {
    std::vector<std::string> names = {zone.name};
    names.insert(names.end(), zone.also.begin(), zone.also.end());
    Result<std::string> folder = fail(ErrorKind::not_found, zone.name);
    for (const auto& name : names)
      if (!folder) folder = entry_with(kThermal, "type", name, *board.tree);
    if (folder) {
      board.thermal_paths[zone.name] = *folder + "/temp";
      continue;
    }
    folder.error().what = "thermal zone " + zone.name + ": " + folder.error().what;
    board.problems.push_back(std::move(folder.error()));
  }
}

// Resolves the paths of watches or throttles; those that lead nowhere are left out.
Result<std::string> where_it_is(const WatchSpec& spec, FileTree& tree) {
  return resolve_path(spec.path, tree);
}
Result<std::string> where_it_is(const ThrottleSpec& spec, FileTree& tree) {
  if (spec.command.empty()) return resolve_path(spec.path, tree);
  ISOJOULE_CHECK(read_throttle(tree, spec));
  return std::string();
}

template <typename Spec>
void resolve_specs(std::vector<Spec>& specs, const char* what, Board& board) {
  std::vector<Spec> there;
  for (auto& spec : specs) {
    auto path = where_it_is(spec, *board.tree);
    if (path && !path->empty() && !board.tree->exists(*path))
      path = fail(ErrorKind::not_found, *path + ": no such file", {}, "look up");
    if (path) {
      spec.path = *path;
      there.push_back(std::move(spec));
      continue;
    }
    path.error().what = std::string(what) + " " + spec.name + ": " + path.error().what;
    board.problems.push_back(std::move(path.error()));
  }
  specs = std::move(there);
}

}  // namespace

Result<std::string> resolve_path(const std::string& path, FileTree& tree) {
  if (tree.exists(path)) return path;
  std::string resolved;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t begin = path.find_first_not_of('/', at);
    if (begin == std::string::npos) break;
    // A text in brackets may contain slashes.
    const std::size_t close = path[begin] == '[' ? path.find(']', begin) : begin;
    const std::size_t end =
        close == std::string::npos ? path.size() : std::min(path.find('/', close), path.size());
    const std::string part = path.substr(begin, end - begin);
    const std::size_t equals = part.find('=');
    at = end;
    if (part.front() != '[' || part.back() != ']' || equals == std::string::npos) {
      resolved += "/" + part;
      continue;
    }
    const std::string file = part.substr(1, equals - 1);
    const std::string text = part.substr(equals + 1, part.size() - equals - 2);
    ISOJOULE_TRY(resolved, entry_with(resolved, file, text, tree));
  }
  return resolved;
}

Knob* Board::knob(const std::string& axis) const {
  for (const auto& knob : knobs)
    if (knob->axis().name == axis) return knob.get();
  return nullptr;
}

std::optional<Calibration> Board::calibration_of(const ChannelInfo& channel) const {
  const auto found = calibrations.find(channel.sensor);
  return found == calibrations.end() ? std::nullopt : std::optional(found->second);
}

Result<Board> open_board(const BoardFile& file, const std::string& release, FileTree& tree,
                         Clock& clock) {
  std::vector<std::string> names;
  const BoardRelease* chosen = nullptr;
  for (const auto& candidate : file.releases) {
    names.push_back(candidate.name);
    if (release.empty() || candidate.name == release) chosen = &candidate;  // the newest is last
  }
  if (chosen == nullptr)
    return fail(ErrorKind::not_found, file.name + ": release '" + release + "' is not known",
                unknown_name_remedy(release, names));
  Board board;
  board.file = file;
  board.release = *chosen;
  board.tree = &tree;
  board.clock = &clock;
  std::vector<FoundSource> found;
  if (board.release.discover) found = add_found(board.file, board.release, tree);
  open_sensors(board);
  open_knobs(board);
  if (board.release.discover) choose_total(board, found);
  find_thermal_zones(board);
  resolve_specs(board.release.watches, "watch", board);
  resolve_specs(board.release.throttles, "throttle indicator", board);
  return board;
}

}  // namespace isojoule
