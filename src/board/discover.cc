#include "board/discover.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"

namespace isojoule {
namespace {

// Where two kinds cover the same, the one that is updated more often counts.
constexpr std::array<std::string_view, 5> kPreference = {"rapl", "ina3221", "hwmon", "nvml",
                                                         "power_supply"};

int rank(const std::string& type) {
  const auto found = std::find(kPreference.begin(), kPreference.end(), type);
  return static_cast<int>(found - kPreference.begin());
}

bool has_rail(const BoardFile& file, const std::string& name) {
  return std::any_of(file.rails.begin(), file.rails.end(),
                     [&](const Rail& rail) { return rail.name == name; });
}

// Its rails under names that no other source has.
void rename(FoundSource& source, const BoardFile& file) {
  std::map<std::string, std::string> renamed;
  for (Rail& rail : source.rails) {
    if (!has_rail(file, rail.name)) continue;
    const std::string old = rail.name;
    rail.name = source.spec.type + ":" + old;
    for (int n = 2; has_rail(file, rail.name); ++n)
      rail.name = source.spec.type + ":" + old + "#" + std::to_string(n);
    renamed[old] = rail.name;
  }
  for (Rail& rail : source.rails)
    if (const auto found = renamed.find(rail.parent); found != renamed.end())
      rail.parent = found->second;
  for (auto& channel : source.spec.channels)
    if (const auto found = renamed.find(channel.rail); found != renamed.end()) {
      if (channel.label.empty()) channel.label = channel.rail;
      channel.rail = found->second;
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

// The live rails of one kind of source at one coverage, without those that another of them feeds.
std::vector<std::string> roots(const Board& board, const std::vector<FoundSource>& sources,
                               Coverage coverage, std::string_view type,
                               const std::set<std::string>& live) {
  std::vector<std::string> rails;
  for (const FoundSource& source : sources) {
    if (source.coverage != coverage || source.spec.type != type) continue;
    for (const auto& channel : source.spec.channels)
      if (live.contains(channel.rail)) rails.push_back(channel.rail);
  }
  std::vector<std::string> result;
  for (const std::string& rail : rails) {
    const bool is_inside = std::any_of(rails.begin(), rails.end(), [&](const std::string& other) {
      return feeds(board.file, other, rail);
    });
    if (!is_inside && std::find(result.begin(), result.end(), rail) == result.end())
      result.push_back(rail);
  }
  return result;
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

std::vector<FoundSource> add_found(BoardFile& file, BoardRelease& release, FileTree& tree) {
  std::vector<FoundSource> sources;
  for (const SensorKind& kind : sensor_kinds()) {
    if (kind.discover == nullptr) continue;
    for (FoundSource& source : kind.discover(tree)) sources.push_back(std::move(source));
  }
  std::stable_sort(sources.begin(), sources.end(), [](const FoundSource& a, const FoundSource& b) {
    return rank(a.spec.type) < rank(b.spec.type);
  });
  for (FoundSource& source : sources) {
    rename(source, file);
    file.rails.insert(file.rails.end(), source.rails.begin(), source.rails.end());
    release.chips.push_back(source.spec);
  }
  add_knobs(release, tree);
  return sources;
}

void choose_total(Board& board, const std::vector<FoundSource>& sources) {
  const std::set<std::string> live = live_rails(board);
  for (const Coverage coverage : {Coverage::machine, Coverage::package, Coverage::part}) {
    for (const std::string_view type : kPreference) {
      const auto rails = roots(board, sources, coverage, type, live);
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
