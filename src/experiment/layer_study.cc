#include "experiment/layer_study.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace isojoule {
namespace {

// ---- clocks -------------------------------------------------------------------------------------

// `count` of the sorted values, evenly by place, the highest among them.
std::vector<Value> spread(const std::vector<double>& values, std::int64_t count) {
  const auto last = static_cast<double>(values.size() - 1);
  std::vector<Value> result;
  for (std::int64_t i = 0; i < count; ++i) {
    const double place =
        count == 1 ? last : last * static_cast<double>(i) / static_cast<double>(count - 1);
    const Value value = values[static_cast<std::size_t>(std::llround(place))];
    if (result.empty() || result.back() != value) result.push_back(value);
  }
  return result;
}

ClockGrid at_highest(const std::vector<ClockTable>& tables) {
  ClockGrid grid{"highest clocks", {}, {}};
  for (const ClockTable& table : tables) grid.fixed.set(table.axis, table.hertz.back());
  return grid;
}

// Along each axis, the others at their highest. The highest of all is in the first grid only.
std::vector<ClockGrid> cross(const std::vector<ClockTable>& tables, std::int64_t count) {
  std::vector<ClockGrid> grids;
  for (const ClockTable& turned : tables) {
    PlanAxis axis{turned.axis, false, spread(turned.hertz, count)};
    if (!grids.empty()) axis.values.pop_back();
    if (axis.values.empty()) continue;
    ClockGrid grid{"along " + turned.axis, {axis}, {}};
    for (const ClockTable& table : tables)
      if (table.axis != turned.axis) grid.fixed.set(table.axis, table.hertz.back());
    grids.push_back(std::move(grid));
  }
  return grids;
}

ClockGrid corners(const std::vector<ClockTable>& tables) {
  ClockGrid grid{"corners", {}, {}};
  for (const ClockTable& table : tables)
    grid.axes.push_back({table.axis, false, spread(table.hertz, 2)});
  return grid;
}

// ---- the plan's text ----------------------------------------------------------------------------

constexpr double kPhase = 1.0;      // s: so long an inference phase should be at the highest clocks
constexpr double kOverhead = 5e-4;  // s an inference: of a quick engine
constexpr double kMacRate = 100e9;  // a second: of boards between a TX2 and a Xavier NX
constexpr double kByteRate = 20e9;
constexpr double kInputRate = 1e9;  // bytes of inputs, which the CPU makes ready and copies
// Of a run, for the estimate: process start and graph initialisation on a Jetson, clocks that are
// not the highest.
constexpr double kStart = 4, kSlower = 2;
constexpr double kSettle = 0.5, kIdle = 1;  // s

struct LayerGroup {  // networks with the same number of inferences
  std::map<std::string, std::vector<std::string>> names;  // by kind
  double seconds = 0;                                     // of an inference, all of them together
};

double seconds_of(const std::vector<LayerSpec>& layers) {
  double inputs = 1;
  for (const std::int64_t size : layers.front().input()) inputs *= static_cast<double>(size);
  double seconds =
      kOverhead + 4 * inputs * static_cast<double>(layers.front().inputs()) / kInputRate;
  for (const LayerSpec& layer : layers)
    seconds += static_cast<double>(layer.macs()) / kMacRate +
               4 * static_cast<double>(layer.parameters() + layer.activations()) / kByteRate;
  return seconds;
}

std::int64_t inferences_for(double seconds) {
  constexpr std::int64_t kCounts[] = {20, 50, 100, 200, 500, 1000};
  for (const std::int64_t count : kCounts)
    if (static_cast<double>(count) * seconds >= kPhase) return count;
  return 2000;
}

const char* comment_of(const std::string& kind) {
  if (kind == "sequence")
    return "several in a row, each of them alone as well: does energy add up?";
  if (kind == "identity") return "what a network costs that does next to nothing";
  return nullptr;
}

class LayerPlan {
 public:
  explicit LayerPlan(const LayerStudyOptions& options) : options_(options) {
    std::sort(options_.batches.begin(), options_.batches.end());
    if (options_.clocks.empty()) options_.clocks.push_back({"as they are", {}, {}});
  }

  Result<LayerStudy> write() {
    ISOJOULE_CHECK(check());
    ISOJOULE_TRY(const auto networks, choose_layers(options_));
    for (const auto& [kind, members] : networks) {
      study_.networks[kind] = std::ssize(members);
      for (const auto& layers : members) {
        LayerGroup& group = groups_[inferences_for(seconds_of(layers))];
        group.names[kind].push_back(name_of(layers));
        group.seconds += seconds_of(layers);
      }
    }
    std::string grids;
    for (const ClockGrid& clocks : options_.clocks)
      for (const auto& [inferences, group] : groups_) grids += grid(clocks, inferences, group);
    study_.hours = seconds_ / 3600;
    study_.toml = head() + grids;
    return std::move(study_);
  }

 private:
  Status check() const {
    if (options_.batches.empty() || options_.batches.front() < 1)
      return fail(ErrorKind::out_of_range, "no batch, or one below 1", "Give batches from 1");
    if (options_.repeats < 1)
      return fail(ErrorKind::out_of_range, fmt::format("{} repeats", options_.repeats),
                  "Give at least 1");
    return {};
  }

  std::string head() const {
    std::string text =
        fmt::format("# Single layers, as isojoule study layers --count {} --seed {} chose them:\n",
                    options_.count, options_.seed);
    for (const auto& [kind, count] : study_.networks)
      text += fmt::format("#   {:<10} {:>4}  {}\n", kind, count, summary_of(kind));
    text += fmt::format(
        "# {} runs. Of a real board about {:.1f} hours, if a process starts in {} s.\n"
        "# Grids differ in clocks and in the number of inferences: small layers need more of them\n"
        "# for a phase of about {} s, which a power chip can see.\n",
        study_.runs, study_.hours, kStart, kPhase);
    text += "name = \"layers\"\n";
    if (!options_.board.empty()) text += fmt::format("board = \"{}\"\n", options_.board);
    text += fmt::format(
        "\n[protocol]\nrepeats = {}\nwarmup_batches = 3\nsampling_period_ms = 50\n"
        "settle_ms = {:.0f}\nidle_ms = {:.0f}\nseed = {}\nkeep_traces = false\n",
        options_.repeats, kSettle * 1e3, kIdle * 1e3, options_.seed);
    return text;
  }

  static std::string summary_of(const std::string& kind) {
    if (const char* comment = comment_of(kind)) return comment;
    const LayerKind* known = find_layer_kind(kind);
    return known == nullptr ? "" : std::string(known->summary);
  }

  std::string grid(const ClockGrid& clocks, std::int64_t inferences, const LayerGroup& group) {
    std::string text =
        fmt::format("\n[[grid]]\nname = \"{}, {} inferences\"\ninferences = {}\nnetworks = [\n",
                    clocks.name, inferences, inferences);
    std::int64_t count = 0;
    for (const auto& [kind, names] : group.names) {
      text += fmt::format("  # {}: {}\n", kind, summary_of(kind));
      for (const std::string& name : names) text += fmt::format("  \"{}\",\n", name);
      count += std::ssize(names);
    }
    text += "]\n" + axes(clocks) + fixed(clocks);
    std::int64_t settings = std::ssize(options_.batches);
    for (const PlanAxis& axis : clocks.axes) settings *= std::ssize(axis.values);
    const auto repeats = static_cast<double>(settings * options_.repeats);
    study_.runs += count * settings * options_.repeats;
    seconds_ += repeats * (static_cast<double>(count) * (kStart + kSettle + kIdle) +
                           static_cast<double>(inferences) * group.seconds * kSlower);
    return text;
  }

  static std::string number(const Value& value) {
    return fmt::format("{:.0f}", std::get<double>(value));
  }

  std::string axes(const ClockGrid& clocks) const {
    std::vector<std::string> words;
    if (options_.batches.size() > 1)
      words.push_back(fmt::format("batch = [{}]", fmt::join(options_.batches, ", ")));
    for (const PlanAxis& axis : clocks.axes) {
      std::vector<std::string> values;
      for (const Value& value : axis.values) values.push_back(number(value));
      words.push_back(fmt::format("{}_hz = [{}]", axis.name, fmt::join(values, ", ")));
    }
    return words.empty() ? "" : fmt::format("axes = {{ {} }}\n", fmt::join(words, ", "));
  }

  std::string fixed(const ClockGrid& clocks) const {
    std::vector<std::string> words;
    if (options_.batches.size() == 1)
      words.push_back(fmt::format("batch = {}", options_.batches.front()));
    for (const auto& [axis, value] : clocks.fixed.values())
      words.push_back(fmt::format("{}_hz = {}", axis, number(value)));
    return words.empty() ? "" : fmt::format("fixed = {{ {} }}\n", fmt::join(words, ", "));
  }

  LayerStudyOptions options_;
  LayerStudy study_;
  std::map<std::int64_t, LayerGroup> groups_;  // by inferences
  double seconds_ = 0;
};

}  // namespace

Result<std::vector<ClockGrid>> clock_grids(std::vector<ClockTable> tables,
                                           const std::string& choice) {
  std::erase_if(tables, [](const ClockTable& table) { return table.hertz.empty(); });
  for (ClockTable& table : tables) std::sort(table.hertz.begin(), table.hertz.end());
  if (tables.empty() || choice == "none") return std::vector<ClockGrid>{};
  if (choice == "cross") return cross(tables, 3);
  if (choice == "corners") return std::vector<ClockGrid>{corners(tables)};
  if (choice == "highest") return std::vector<ClockGrid>{at_highest(tables)};
  std::int64_t count = 0;
  const char* const end = choice.data() + choice.size();
  if (const auto [at, code] = std::from_chars(choice.data(), end, count);
      at != end || code != std::errc() || choice.empty())
    return fail(ErrorKind::invalid, "no choice of clocks is '" + choice + "'",
                "Give cross, corners, highest, none, or how many along each axis");
  if (count < 1 || count > 1000)
    return fail(ErrorKind::out_of_range, choice + " clocks along each axis",
                "Give a number from 1 to 1000");
  return cross(tables, count);
}

Result<LayerStudy> layer_study(const LayerStudyOptions& options) {
  return LayerPlan(options).write();
}

}  // namespace isojoule
