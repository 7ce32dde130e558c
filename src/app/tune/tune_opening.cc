#include "app/tune/tune_opening.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "app/board_study.h"
#include "base/hash.h"
#include "base/text_file.h"
#include "experiment/apply.h"

namespace isojoule {
namespace {

Result<std::string> identity_of(const TuneMemory& memory, const Target& target,
                                const OpenedEngines& engines) {
  std::string text = "tune" + target.board.file.name + '\0' + target.board.release.name + '\0' +
                     to_string(memory.fixed) + '\0' + std::to_string(memory.inferences);
  for (const SearchAxis& axis : memory.axes) {
    text += '\0' + axis.name;
    for (const Value& value : axis.values) text += '\0' + to_string(value);
  }
  for (const auto& [name, use] : engines.uses) {
    text += '\0' + use.engine->name();
    for (const auto& [network, path] : use.model_paths) {
      if (path.empty())
        return fail(ErrorKind::unsupported,
                    "engine " + use.engine->name() + " runs no networks: nothing to tune",
                    "Take another engine: 'isojoule list engines'");
      ISOJOULE_TRY(const std::string bytes, read_text_file(path));
      text += '\0' + network + '\0' + content_hash(bytes);
    }
  }
  return content_hash(text);
}

// What a command did not say is as the study remembers.
template <typename T>
void take_over(const std::optional<T>& said, const T& remembered, const std::string& name, T& into,
               std::vector<std::string>& notes) {
  into = said.value_or(remembered);
  if (said && *said != remembered)
    notes.push_back("the study was begun with another " + name +
                    ": its probes count all the same, and are ranked anew");
}

class TuneOpener {
 public:
  TuneOpener(const Paths& paths, const TuneRequest& request) : paths_(paths), request_(request) {
    at_.protocol.repeats = 1;
    at_.protocol.idle = Duration::milliseconds(1000);
  }

  Result<TuneOpening> make() {
    TargetOptions options = request_.target;
    options.seed = static_cast<std::uint64_t>(request_.seed.value_or(1));
    ISOJOULE_TRY(at_.target, open_target(paths_, options));
    ISOJOULE_TRY(TuneAxes axes, tune_axes(board(), request_.space));
    TuneMemory fresh;
    fresh.network = request_.network;
    fresh.inferences = request_.inferences;
    fresh.axes = std::move(axes.axes);
    fresh.fixed = std::move(axes.fixed);
    ISOJOULE_TRY(at_.space, SearchSpace::grid(fresh.axes, fresh.fixed));
    ISOJOULE_CHECK(check_no_contradiction(board(), at_.space->setting(0)));
    ISOJOULE_CHECK(open_engines_of_all());
    ISOJOULE_TRY(const std::string hash, identity_of(fresh, *at_.target, at_.engines));
    ISOJOULE_CHECK(open_study(fresh, hash));
    ISOJOULE_TRY(at_.goal, tune_goal(at_.asked.minimise, at_.asked.limits));
    return std::move(at_);
  }

 private:
  Board& board() { return at_.target->board; }

  Status open_engines_of_all() {
    std::map<std::string, Setting> distinct;  // of engine axes
    for (GridPoint point = 0; point < at_.space->size(); ++point) {
      const Setting part = engine_part(at_.space->setting(point));
      distinct.emplace(to_string(part), part);
    }
    at_.engine_parts = distinct.size();
    std::vector<PlannedRun> planned;
    for (auto& [text, part] : distinct) {
      planned.emplace_back();
      planned.back().network = request_.network;
      planned.back().setting = part;
    }
    ISOJOULE_TRY(at_.engines,
                 open_engines(*at_.target, paths_, planned, request_.engine, request_.options));
    return {};
  }

  StudyInfo describe(const TuneMemory& memory, const std::string& hash) {
    StudyInfo info = board_study_info("tune", board(), request_.command);
    info.plan_toml = to_toml(memory);
    info.plan_hash = hash;
    info.engine = at_.engines.uses.begin()->second.engine->name();
    info.planned_runs = 0;  // as many as it takes
    info.protocol_json = protocol_json(at_.protocol);
    return info;
  }

  // As far as it shows before anything runs.
  Status check_measurable(const Goal& goal) {
    for (const Metric metric : goal.metrics()) {
      if ((metric == Metric::energy || metric == Metric::power) && board().sensors.empty())
        return fail(ErrorKind::unmeasured,
                    fmt::format("nothing here measures {}: {} has no power source that can be read",
                                name_of(metric), board().file.name),
                    "isojoule probe says where it was looked for; --minimise latency needs none");
    }
    return {};
  }

  Status open_study(TuneMemory memory, const std::string& hash) {
    std::error_code code;
    at_.created = !std::filesystem::exists(request_.study_path, code);
    if (at_.created) {
      memory.minimise = request_.minimise.value_or(memory.minimise);
      memory.limits = request_.limits.value_or(memory.limits);
      memory.optimiser = request_.optimiser.value_or(memory.optimiser);
      memory.seed = request_.seed.value_or(memory.seed);
      // Before a file is there: what is wrong with the words leaves none behind.
      ISOJOULE_TRY(const Goal goal, tune_goal(memory.minimise, memory.limits));
      ISOJOULE_CHECK(check_measurable(goal));
      ISOJOULE_CHECK(find_optimiser(memory.optimiser));
      at_.protocol.seed = static_cast<std::uint64_t>(memory.seed);
      ISOJOULE_TRY(at_.study, StudyFile::create(request_.study_path, describe(memory, hash)));
      at_.asked = std::move(memory);
      return {};
    }
    ISOJOULE_TRY(at_.study, StudyFile::open(request_.study_path, StudyFile::Mode::write));
    ISOJOULE_TRY(const TuneMemory before, tune_memory(at_.study->info(), request_.study_path));
    if (at_.study->info().plan_hash != hash)
      return fail(ErrorKind::invalid,
                  request_.study_path +
                      ": the study there is of another board, network, engine or of other axes",
                  "Give another file with -o, or the axes and network that it was begun with");
    at_.asked = before;
    take_over(request_.minimise, before.minimise, "cost", at_.asked.minimise, at_.notes);
    take_over(request_.limits, before.limits, "limit", at_.asked.limits, at_.notes);
    take_over(request_.optimiser, before.optimiser, "optimiser", at_.asked.optimiser, at_.notes);
    take_over(request_.seed, before.seed, "seed", at_.asked.seed, at_.notes);
    at_.protocol.seed = static_cast<std::uint64_t>(before.seed);
    return {};
  }

  const Paths& paths_;
  const TuneRequest& request_;
  TuneOpening at_;
};

}  // namespace

Result<TuneOpening> open_tune(const Paths& paths, const TuneRequest& request) {
  return TuneOpener(paths, request).make();
}

Setting governors_setting(const Board& board, const Setting& setting, const Setting& fixed) {
  Setting made = engine_part(setting);
  for (const auto& [axis, value] : fixed.values()) {
    const Knob* const knob = board.knob(axis);
    if (knob != nullptr && knob->axis().unit != Unit::hertz) made.set(axis, value);
  }
  for (const auto& [axis, governor] : board.file.default_governors)
    if (board.knob(axis) != nullptr) made.set(axis, governor);
  return made;
}

}  // namespace isojoule
