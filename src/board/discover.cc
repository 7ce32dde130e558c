#include "board/discover.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"

namespace isojoule {
namespace {

// Where two kinds cover the same, the one that is updated more often counts.
constexpr std::array<std::string_view, 7> kPreference = {
    "rapl", "ina3221", "rpi_pmic", "tegrastats", "hwmon", "nvml", "power_supply"};

int rank(const std::string& type) {
  const auto found = std::find(kPreference.begin(), kPreference.end(), type);
  return static_cast<int>(found - kPreference.begin());
}

// A name that can stand in a total's expression and in a column of a file: some come from labels.
std::string safe_name(std::string name) {
  for (char& c : name) {
    const bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!is_word && std::string_view("_.:#-").find(c) == std::string_view::npos) c = '_';
  }
  return name;
}

std::string free_name(const std::string& wanted, const std::string& type,
                      const std::set<std::string>& taken) {
  if (!taken.contains(wanted)) return wanted;
  const std::string with_type = type + ":" + wanted;
  std::string name = with_type;
  for (int n = 2; taken.contains(name); ++n) name = with_type + "#" + std::to_string(n);
  return name;
}

// Its rails under names that no other rail has. The channels follow; by what name the source finds
// them is its own affair (their labels).
void rename(FoundSource& source, const BoardFile& file) {
  std::set<std::string> taken;
  for (const Rail& rail : file.rails) taken.insert(rail.name);
  std::map<std::string, std::string> renamed;
  for (std::size_t i = 0; i < source.rails.size(); ++i) {
    Rail& rail = source.rails[i];
    const std::string old = rail.name;
    rail.name = free_name(safe_name(old), source.spec.type, taken);
    taken.insert(rail.name);
    renamed.emplace(old, rail.name);
    if (i < source.spec.channels.size()) source.spec.channels[i].rail = rail.name;
  }
  for (Rail& rail : source.rails) {
    const auto found = renamed.find(rail.parent);
    rail.parent = found != renamed.end() ? found->second : safe_name(rail.parent);
  }
}

void add_knobs(BoardRelease& release, FileTree& tree) {
  std::set<std::string> axes;
  for (const KnobSpec& knob : release.knobs) axes.insert(knob.axis);
  for (const KnobKind& kind : knob_kinds()) {
    if (kind.discover == nullptr) continue;
    for (KnobSpec& knob : kind.discover(tree))
      if (axes.insert(knob.axis).second) release.knobs.push_back(std::move(knob));
  }
}

// The channels that give a reading now, by rail.
std::set<std::string> live_rails(Board& board) {
  std::set<std::string> rails;
  for (const auto& sensor : board.sensors) {
    std::vector<RawReading> readings(sensor->channels().size());
    sensor->read(*board.clock, readings);
    for (std::size_t i = 0; i < readings.size(); ++i)
      if (readings[i].state == ReadingState::ok) rails.insert(sensor->channels()[i].rail);
  }
  return rails;
}

bool feeds(const BoardFile& file, const std::string& parent, const std::string& child) {
  std::string at = child;
  for (std::size_t steps = 0; steps <= file.rails.size() && !at.empty(); ++steps) {
    const auto found = std::find_if(file.rails.begin(), file.rails.end(),
                                    [&](const Rail& rail) { return rail.name == at; });
    if (found == file.rails.end()) return false;
    at = found->parent;
    if (at == parent) return true;
  }
  return false;
}

struct Root {
  std::string rail;
  const FoundSource* source;
};

// The live rails of one kind of source at one coverage, without those that another of them feeds.
std::vector<Root> roots(const Board& board, const std::vector<FoundSource>& sources,
                        Coverage coverage, std::string_view type,
                        const std::set<std::string>& live) {
  std::vector<Root> all;
  for (const FoundSource& source : sources) {
    if (source.coverage != coverage || source.spec.type != type) continue;
    for (const auto& channel : source.spec.channels)
      if (live.contains(channel.rail)) all.push_back({channel.rail, &source});
  }
  std::vector<Root> result;
  for (const Root& root : all) {
    const bool is_inside = std::any_of(all.begin(), all.end(), [&](const Root& other) {
      return feeds(board.file, other.rail, root.rail);
    });
    if (!is_inside) result.push_back(root);
  }
  return result;
}

// Whether another one may have the same power in it.
bool may_overlap(const Root& root, const std::vector<Root>& all) {
  if (root.source->overlap == Overlap::none) return false;
  return std::any_of(all.begin(), all.end(), [&](const Root& other) {
    if (other.rail == root.rail) return false;
    return root.source->overlap == Overlap::in_kind || other.source == root.source;
  });
}

void say_left_out(Board& board, const std::vector<std::string>& rails) {
  board.problems.push_back(
      {ErrorKind::no_data,
       "no total has " + join(rails, ", ") + ": whether one of them contains another is not known",
       "",
       "Each is measured by itself. Name a board, or write a board file that "
       "says which rail feeds which"});
}

std::string_view meaning(Coverage coverage) {
  switch (coverage) {
    case Coverage::machine: return "the whole machine";
    case Coverage::package:
      return "the processor packages; disks, network, display and the power supply's loss are not "
             "in "
             "it";
    case Coverage::part: return "the parts that are measured; the rest of the machine is not in it";
  }
  return "";
}

}  // namespace

void add_source(FoundSource& source, BoardFile& file, BoardRelease& release) {
  rename(source, file);
  file.rails.insert(file.rails.end(), source.rails.begin(), source.rails.end());
  release.chips.push_back(source.spec);
}

std::vector<FoundSource> add_found(BoardFile& file, BoardRelease& release, FileTree& tree) {
  std::vector<FoundSource> sources;
  for (const SensorKind& kind : sensor_kinds()) {
    if (kind.discover == nullptr) continue;
    for (FoundSource& source : kind.discover(tree)) sources.push_back(std::move(source));
  }
  std::stable_sort(sources.begin(), sources.end(), [](const FoundSource& a, const FoundSource& b) {
    return rank(a.spec.type) < rank(b.spec.type);
  });
  for (FoundSource& source : sources) add_source(source, file, release);
  add_knobs(release, tree);
  return sources;
}

void choose_total(Board& board, const std::vector<FoundSource>& sources) {
  const std::set<std::string> live = live_rails(board);
  for (const Coverage coverage : {Coverage::machine, Coverage::package, Coverage::part}) {
    for (const std::string_view type : kPreference) {
      const auto all = roots(board, sources, coverage, type, live);
      std::vector<std::string> rails, left_out;
      for (const Root& root : all) (may_overlap(root, all) ? left_out : rails).push_back(root.rail);
      if (!left_out.empty()) say_left_out(board, left_out);
      if (rails.empty()) continue;
      board.file.total = join(rails, " + ");
      board.file.quirks.push_back("The total, " + board.file.total + ", is " +
                                  std::string(meaning(coverage)) +
                                  " (source: found on this machine)");
      return;
    }
  }
}

}  // namespace isojoule
