#include "trial.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cmath>
#include <filesystem>

#include "board/journal.h"
#include "experiment/experiment.h"
#include "twin/twin.h"

namespace isojoule::faults {
namespace {

constexpr std::int64_t kBatch = 16;
// A source of one new reading a second has more than fifty in it.
constexpr double kLongEnough_s = 80;

// Another value than the present one, so that the knob's nodes are really written. Power modes
// change other knobs' nodes, and would hide what those do.
Setting every_knob_turned(const Board& board) {
  Setting setting;
  for (const auto& knob : board.knobs) {
    const auto& values = knob->values();
    if (values.size() < 2 || knob->axis().name == "power_mode") continue;
    const auto now = knob->get();
    const Value& last = values[values.size() - 2];
    setting.set(knob->axis().name, now && *now == last ? values.back() : last);
  }
  return setting;
}

class Trial {
 public:
  Trial(Board& board, Engine& engine, std::string model_path, std::int64_t inferences)
      : board_(board),
        engine_(engine),
        model_path_(std::move(model_path)),
        inferences_(inferences) {}

  void run(Observed& observed) {
    const std::string journal =
        (std::filesystem::temp_directory_path() /
         ("isojoule-fault-matrix-" + std::to_string(::getpid()) + ".journal"))
            .string();
    std::filesystem::remove(journal);
    auto guard = BoardGuard::take(board_, journal);
    if (!guard) {
      observed.guard = guard.error();
      return;
    }
    measure_once(observed);
    if (const auto status = (*guard)->restore(); !status) observed.restore = status.error();
    std::filesystem::remove(journal);
  }

 private:
  void measure_once(Observed& observed) {
    Job job;
    job.model_path = model_path_;
    job.network = "alexnet";
    job.batch = kBatch;
    job.inferences = inferences_;
    job.warmup_batches = 2;
    Protocol protocol;
    PlannedRun planned;
    planned.network = job.network;
    planned.setting = every_knob_turned(board_);
    const std::atomic<bool> interrupted{false};
    auto measured = measure(board_, engine_, job, protocol, planned, interrupted);
    if (measured)
      observed.run = std::move(measured->run);
    else
      observed.error = measured.error();
  }

  Board& board_;
  Engine& engine_;
  std::string model_path_;
  std::int64_t inferences_;
};

std::set<std::string> found_on(const Board& board) {
  std::set<std::string> names;
  if (!board.release.discover) return names;
  for (const auto& sensor : board.sensors)
    for (const ChannelInfo& channel : sensor->channels()) names.insert(channel.rail);
  for (const auto& knob : board.knobs) names.insert(knob->axis().name);
  return names;
}

std::string first_new_problem(const Observed& clean, const Observed& faulty) {
  for (const Error& problem : faulty.problems) {
    const bool is_old = std::any_of(clean.problems.begin(), clean.problems.end(),
                                    [&](const Error& old) { return old.what == problem.what; });
    if (!is_old) return "problem: " + std::string(name_of(problem.kind));
  }
  return {};
}

std::string raised_counters(const Run& clean, const Run& faulty) {
  std::string names;
  for (const CounterInfo& info : all_counters())
    if (faulty.counters[info.counter] > clean.counters[info.counter])
      names += (names.empty() ? "" : ", ") + std::string(info.name);
  return names;
}

// Whether both are absent, or agree within what their uncertainties allow.
bool same_energy(const MeasuredEnergy& a, const MeasuredEnergy& b) {
  if (a.value.has_value() != b.value.has_value()) return false;
  if (!a.value) return true;
  const double u = std::hypot(a.uncertainty.value_or(Joule(0)).value(),
                              b.uncertainty.value_or(Joule(0)).value());
  return std::abs((*a.value - *b.value).value()) <= 3 * u + 1e-9;
}

// The first thing that differs; "" if nothing does. The setting itself may differ where a fault
// changed what a knob offers; achieved values are then compared with what was asked.
std::string difference(const Run& clean, const Run& faulty) {
  for (const KnobResult& knob : faulty.knobs)
    if (knob.requested != knob.achieved) {
      const auto same = std::any_of(clean.knobs.begin(), clean.knobs.end(), [&](const auto& one) {
        return one.axis == knob.axis && one.requested == knob.requested &&
               one.achieved == knob.achieved;
      });
      if (!same) return knob.axis;
    }
  if (!(clean.setting == faulty.setting)) return "setting";
  if (clean.energies.size() != faulty.energies.size()) return "energies";
  for (std::size_t i = 0; i < clean.energies.size(); ++i)
    if (!same_energy(clean.energies[i].gross, faulty.energies[i].gross))
      return clean.energies[i].rail;
  return {};
}

}  // namespace

std::span<const Column> columns() {
  static const std::array<Column, 9> all = {{
      {"EIO", Fault::error(EIO)},          // the bus or the chip does not answer
      {"ENODATA", Fault::error(ENODATA)},  // a channel that was switched off
      {"EACCES", Fault::error(EACCES)},
      {"ENOENT", Fault::error(ENOENT)},  // a driver was unbound, a core went offline
      {"empty", Fault::empty()},
      {"garbage", Fault::garbage()},
      {"frozen", Fault::frozen()},
      {"ignored write", Fault::ignored_write()},
      {"hang of 2 s", Fault::hang()},
  }};
  return all;
}

Result<Observed> observe(const BoardFile& file, const std::string& release,
                         const std::string& model_path, std::int64_t inferences,
                         const std::optional<Injection>& injection) {
  TwinOptions options;
  options.release = release;
  ISOJOULE_TRY(const auto twin, make_twin(file, options));
  FaultyTree faulty(twin->tree(), twin->clock());
  if (injection) faulty.fail(injection->path, injection->fault);
  AccessLog tree(faulty);
  ISOJOULE_TRY(Board board, open_board(file, release, tree, twin->clock()));
  board.begin_run = [&](std::uint64_t seed) { twin->begin_run(seed); };
  Observed observed;
  observed.problems = board.problems;
  observed.found = found_on(board);
  Trial(board, twin->engine(), model_path, inferences).run(observed);
  observed.uses = tree.uses();
  return observed;
}

std::int64_t enough_inferences(const Observed& clean) {
  const Phase* phase = clean.run ? clean.run->phase(PhaseKind::inference) : nullptr;
  if (phase == nullptr || !(phase->duration() > Second(0))) return kFirstInferences;
  const double factor = kLongEnough_s / phase->duration().value();
  return static_cast<std::int64_t>(std::ceil(std::max(1.0, factor))) * kFirstInferences;
}

Judgement judge(const Observed& clean, const Observed& faulty) {
  if (const std::string problem = first_new_problem(clean, faulty); !problem.empty())
    return {Verdict::noticed, problem};
  if (clean.found != faulty.found) return {Verdict::noticed, "not found"};
  if (faulty.guard)
    return {Verdict::noticed, "refused: " + std::string(name_of(faulty.guard->kind))};
  if (faulty.error) return {Verdict::noticed, "error: " + std::string(name_of(faulty.error->kind))};
  if (!faulty.run || !clean.run) return {Verdict::silent, "no run"};
  if (faulty.run->state == RunState::failed && clean.run->state != RunState::failed)
    return {Verdict::noticed, "run failed"};
  if (const std::string names = raised_counters(*clean.run, *faulty.run); !names.empty())
    return {Verdict::noticed, names};
  if (faulty.restore)
    return {Verdict::noticed, "restore: " + std::string(name_of(faulty.restore->kind))};
  if (const std::string what = difference(*clean.run, *faulty.run); !what.empty())
    return {Verdict::silent, what};
  return {Verdict::harmless, {}};
}

}  // namespace isojoule::faults
