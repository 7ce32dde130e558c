#include "app/probe.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "app/calibration_store.h"
#include "app/guard_place.h"
#include "board/restore.h"
#include "board/throttle.h"

namespace isojoule {
namespace {

// Between the two readings of an energy counter that give a power.
constexpr Duration kCounterTime = Duration::milliseconds(250);

std::string line_or_nothing(FileTree& tree, const char* path) {
  const auto text = tree.read(path);
  return text ? trimmed(text->substr(0, text->find('\n'))) : std::string();
}

std::string system_of(FileTree& tree) {
  const std::string release = line_or_nothing(tree, "/proc/sys/kernel/osrelease");
  return release.empty() ? "" : "Linux " + release;
}

// How often the source has something new: what it says itself, else once a window.
std::optional<double> new_readings(const ChannelInfo& info) {
  const double period =
      info.update_period > Second(0) ? info.update_period.value() : info.window.value();
  if (period <= 0) return std::nullopt;
  return 1 / period;
}

// One step of the power: dP = U dI + I dU for a chip that measures both.
Watt quantum_of(const ProbedRail& rail) {
  if (rail.info.kind != ChannelKind::voltage_current)
    return std::max(rail.info.power_quantum,
                    Watt(rail.info.kind == ChannelKind::power ? rail.info.step_a : 0));
  if (!rail.voltage || !rail.current) return Watt(0);
  const Ampere step = std::max(rail.info.current_quantum, Ampere(rail.info.step_b));
  return *rail.voltage * step;
}

// Two readings of every channel of one sensor, a while apart.
class ChannelProbe {
 public:
  ChannelProbe(Sensor& sensor, const Board& board)
      : sensor_(sensor),
        board_(board),
        clock_(*board.clock),
        first_(sensor.channels().size()),
        second_(sensor.channels().size()) {
    sensor_.read(clock_, first_);
  }
  void read_again() { sensor_.read(clock_, second_); }
  bool has_counter() const {
    const auto& all = sensor_.channels();
    return std::any_of(all.begin(), all.end(), [](const ChannelInfo& info) {
      return info.kind == ChannelKind::energy_counter;
    });
  }
  void fill(std::vector<ProbedRail>& rails) const {
    for (std::size_t i = 0; i < first_.size(); ++i) rails.push_back(probed(i));
  }

 private:
  ProbedRail probed(std::size_t i) const;
  void take_counter(ProbedRail& rail, std::size_t i) const;

  Sensor& sensor_;
  const Board& board_;
  Clock& clock_;
  std::vector<RawReading> first_, second_;
};

void ChannelProbe::take_counter(ProbedRail& rail, std::size_t i) const {
  const double seconds = static_cast<double>(second_[i].time_ns - first_[i].time_ns) * 1e-9;
  if (second_[i].state != ReadingState::ok || seconds <= 0) {
    rail.why_absent = "the counter gave only one reading";
    return;
  }
  // Modulo 2^32, as the integrator takes it (trace/integrate.cc).
  const auto steps = static_cast<std::int32_t>(static_cast<std::uint32_t>(second_[i].a) -
                                               static_cast<std::uint32_t>(first_[i].a));
  rail.power = Watt(steps * rail.info.step_a / seconds);
}

ProbedRail ChannelProbe::probed(std::size_t i) const {
  ProbedRail rail;
  rail.info = sensor_.channels()[i];
  rail.info.calibration = board_.calibration_of(rail.info);
  rail.sensor = rail.info.sensor;
  rail.rail.name = rail.info.rail;
  rail.new_readings_hz = new_readings(rail.info);
  const RawReading& reading = first_[i];
  if (reading.state != ReadingState::ok) {
    rail.why_absent = reading.state == ReadingState::no_data ? "the source has nothing to say now"
                                                             : "the source cannot be read";
    return rail;
  }
  switch (rail.info.kind) {
    case ChannelKind::voltage_current:
      rail.voltage = Volt(reading.a * rail.info.step_a);
      rail.current = Ampere(reading.b * rail.info.step_b);
      rail.power = *rail.voltage * *rail.current;
      break;
    case ChannelKind::power: rail.power = Watt(reading.a * rail.info.step_a); break;
    case ChannelKind::energy_counter: take_counter(rail, i); break;
  }
  rail.quantum = quantum_of(rail);
  if (const auto& known = rail.info.calibration; known && rail.power)
    rail.power = *rail.power * known->gain + known->offset;
  return rail;
}

void add_with_children(const std::vector<Rail>& tree, const std::string& parent,
                       std::vector<ProbedRail>& measured, std::vector<ProbedRail>& out) {
  for (const Rail& rail : tree) {
    if (rail.parent != parent) continue;
    const auto found = std::find_if(measured.begin(), measured.end(), [&](const ProbedRail& one) {
      return one.rail.name == rail.name;
    });
    ProbedRail entry;
    if (found != measured.end()) {
      entry = std::move(*found);
      measured.erase(found);
    } else {
      entry.why_absent = "no source gives it";
    }
    entry.rail = rail;
    out.push_back(std::move(entry));
    add_with_children(tree, rail.name, measured, out);
  }
}

std::vector<ProbedRail> probe_rails(Board& board) {
  std::vector<ChannelProbe> probes;
  for (const auto& sensor : board.sensors) probes.emplace_back(*sensor, board);
  if (std::any_of(probes.begin(), probes.end(),
                  [](const auto& one) { return one.has_counter(); })) {
    board.clock->sleep_for(kCounterTime);
    for (auto& one : probes) one.read_again();
  }
  std::vector<ProbedRail> measured, rails;
  for (const auto& one : probes) one.fill(measured);
  add_with_children(board.file.rails, "", measured, rails);
  // A source's own second view of a rail, or one without a place in the tree.
  for (auto& rest : measured) rails.push_back(std::move(rest));
  return rails;
}

std::optional<Watt> total_of(const std::string& total, const std::vector<ProbedRail>& rails) {
  if (total.empty()) return std::nullopt;
  const auto names = rails_of_total(total);
  if (!names) return std::nullopt;
  Watt sum(0);
  for (const auto& name : *names) {
    const auto found = std::find_if(rails.begin(), rails.end(),
                                    [&](const ProbedRail& one) { return one.rail.name == name; });
    if (found == rails.end() || !found->power) return std::nullopt;
    sum += *found->power;
  }
  return sum;
}

ProbedKnob probe_knob(Knob& knob, FileTree& tree, std::vector<MissingRight>& rights) {
  ProbedKnob probed;
  probed.axis = knob.axis();
  probed.values = knob.values();
  if (auto now = knob.get())
    probed.now = std::move(*now);
  else
    probed.why = now.error().what;
  const auto nodes = knob.save();
  if (!nodes) {
    probed.why = nodes.error().what;
    return probed;
  }
  probed.settable = !nodes->empty();
  for (const SavedNode& node : *nodes) {
    if (tree.may_write(node.path)) continue;
    probed.settable = false;
    if (probed.why.empty()) probed.why = node.path + " may not be written";
    rights.push_back({node.path, Access::write, "knob " + knob.axis().name});
  }
  return probed;
}

void probe_knobs(Board& board, ProbeResult& result) {
  for (const auto& knob : board.knobs) {
    ProbedKnob probed = probe_knob(*knob, *board.tree, result.rights);
    for (const KnobSpec& spec : board.release.knobs)
      if (spec.axis == probed.axis.name) probed.type = spec.type;
    result.knobs.push_back(std::move(probed));
  }
}

// What was there when the board was opened and fails now is said, not left out.
template <typename T>
std::optional<T> kept(Result<T> value, ProbeResult& result) {
  if (value) return *value;
  result.problems.push_back(value.error());
  return std::nullopt;
}

void probe_state(Board& board, ProbeResult& result) {
  for (const auto& [name, path] : board.thermal_paths)
    if (const auto value = kept(read_integer(*board.tree, path), result))
      result.temperatures_c[name] = static_cast<double>(*value) * 1e-3;
  for (const ThrottleSpec& spec : board.release.throttles)
    if (const auto value = kept(read_throttle(*board.tree, spec), result))
      result.throttles[spec.name] = *value;
  for (const WatchSpec& spec : board.release.watches)
    if (const auto value = kept(read_integer(*board.tree, spec.path), result))
      result.watches[spec.name] = static_cast<double>(*value) * spec.scale;
}

void probe_engines(const Target& target, const Paths& paths, ProbeResult& result) {
  if (target.twin) {
    result.engines.push_back({target.twin->engine().name(), true, {{"simulated", "yes"}}, {}});
    return;
  }
  for (const EngineKind& kind : engine_kinds()) {
    if (!kind.runs_networks) continue;  // there is nothing to look for
    ProbedEngine engine;
    engine.name = kind.name;
    auto details = describe_engine(engine.name, paths.workers);
    engine.found = details.has_value();
    if (details)
      engine.details = std::move(*details);
    else
      engine.why = to_string(details.error());
    result.engines.push_back(std::move(engine));
  }
}

void add_refusals(const RefusalTree& refusals, ProbeResult& result) {
  std::set<std::string> known;
  for (const auto& right : result.rights) known.insert(right.path);
  for (const auto& [path, access] : refusals.refusals())
    if (known.insert(path).second) result.rights.push_back({path, access, {}});
  std::stable_sort(result.rights.begin(), result.rights.end(),
                   [](const MissingRight& a, const MissingRight& b) { return a.path < b.path; });
  const auto same = [](const MissingRight& a, const MissingRight& b) { return a.path == b.path; };
  result.rights.erase(std::unique(result.rights.begin(), result.rights.end(), same),
                      result.rights.end());
}

// What another program has not put back.
void add_left_behind(const GuardOptions& place, ProbeResult& result) {
  if (place.journal.empty()) return;
  const auto left = left_behind(place.journal);
  if (!left) return result.problems.push_back(left.error());
  if (!*left) return;
  const LeftBehind& one = **left;
  const std::string who =
      (one.command.empty() ? "a program" : one.command) + " (" + one.since + ")";
  result.problems.push_back(
      {one.held ? ErrorKind::busy : ErrorKind::not_reached,
       one.held ? "the board is held by " + who : who + " died and left the board as it set it",
       one.kept_from.empty() ? place.journal : "its keeper: " + one.kept_from,
       one.held ? "To undo it: isojoule restore" : "Run isojoule restore"});
}

}  // namespace

Result<ProbeResult> probe(const Paths& paths, const TargetOptions& options) {
  TargetOptions noting = options;
  noting.note_refusals = true;
  ISOJOULE_TRY(const auto target, open_target(paths, noting));
  Board& board = target->board;
  ProbeResult result;
  result.board = board.file.name;
  result.title = board.file.title;
  for (const BoardVariant& variant : board.file.variants)
    if (variant.name == board.variant) result.title = variant.title;
  result.variant = board.variant;
  result.release = board.release.name;
  result.system = system_of(*board.tree);
  result.l4t = line_or_nothing(*board.tree, "/etc/nv_tegra_release");
  result.simulated = board.simulated;
  if (target->helper) result.helper = target->helper->socket();
  result.total = board.file.total;
  result.rails = probe_rails(board);
  result.total_power = total_of(result.total, result.rails);
  result.problems = board.problems;
  for (Error& doubt : calibration_problems(board)) result.problems.push_back(std::move(doubt));
  add_left_behind(guard_options(paths, options, *target, ""), result);
  probe_knobs(board, result);
  probe_state(board, result);
  probe_engines(*target, paths, result);
  result.quirks = board.file.quirks;
  add_refusals(*target->refusals, result);
  if (!result.rights.empty()) result.rules = rules_for(result.rights, *board.tree);
  return result;
}

}  // namespace isojoule
