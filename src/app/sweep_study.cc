#include "app/sweep_study.h"

#include <unistd.h>

#include <filesystem>
#include <set>

#include "app/board_study.h"
#include "app/engines.h"
#include "app/guard_place.h"
#include "app/live_metrics.h"
#include "base/hash.h"
#include "base/text.h"
#include "base/text_file.h"

namespace isojoule {
namespace {

// What must be the same for a study to go on: plan, board, release, engines, and the networks'
// bytes.
Result<std::string> identity(const Plan& plan, const Target& target, const EngineUses& engines) {
  std::string text = plan.text + '\0' + target.board.file.name + '\0' + target.board.release.name;
  std::map<std::string, std::string> hashes;  // by path: engines read the same files
  for (const auto& [name, use] : engines) {
    text += '\0' + use.engine->name();
    for (const auto& [network, path] : use.model_paths) {
      if (path.empty())
        return fail(
            ErrorKind::unsupported,
            "engine " + use.engine->name() + " runs no networks: no study can be made of it",
            "Measure the program alone: isojoule measure -- PROGRAM ARGUMENTS");
      std::string& hash = hashes[path];
      if (hash.empty()) {
        ISOJOULE_TRY(const std::string bytes, read_text_file(path));
        hash = content_hash(bytes);
      }
      text += '\0' + network + '\0' + hash;
    }
  }
  return content_hash(text);
}

// "onnxruntime", or "libtorch, onnxruntime" where the plan turns it.
std::string engine_names(const EngineUses& engines) {
  std::set<std::string> names;
  for (const auto& [name, use] : engines) names.insert(use.engine->name());
  return join({names.begin(), names.end()}, ", ");
}

StudyInfo describe(const Plan& plan, const Target& target, const EngineUses& engines,
                   const SweepRequest& request, std::string hash, std::int64_t planned) {
  StudyInfo info = board_study_info(plan.name, target.board, request.command);
  info.plan_toml = plan.text;
  info.plan_hash = std::move(hash);
  info.engine = engine_names(engines);
  info.planned_runs = planned;
  info.protocol_json = protocol_json(plan.protocol);
  return info;
}

Result<std::unique_ptr<StudyFile>> open_or_create(const std::string& path, const StudyInfo& info,
                                                  bool& created) {
  std::error_code code;
  created = !std::filesystem::exists(path, code);
  if (created) return StudyFile::create(path, info);
  ISOJOULE_TRY(auto study, StudyFile::open(path, StudyFile::Mode::write));
  if (study->info().plan_hash != info.plan_hash)
    return fail(ErrorKind::invalid,
                path + ": the study there was made with another plan, board, release or network",
                "Give another file with -o, or go on with the plan that it was begun with");
  return study;
}

// A study that failed before its first run leaves no file behind.
void remove_if_empty(std::unique_ptr<StudyFile>& study, const std::string& path) {
  const auto runs = study->sequences();
  if (!runs || !runs->empty()) return;
  study.reset();
  std::error_code code;
  std::filesystem::remove(path, code);
}

}  // namespace

Result<SweepResult> sweep_study(const Paths& paths, const SweepRequest& request,
                                const std::atomic<bool>& interrupted,
                                const std::function<void(const Progress&)>& progress) {
  ISOJOULE_TRY(const std::string text, read_text_file(request.plan_path));
  ISOJOULE_TRY(const Plan plan, parse_plan(text, request.plan_path));
  TargetOptions options = request.target;
  options.seed = plan.protocol.seed;
  ISOJOULE_TRY(const auto target, open_target(paths, options));
  if (!plan.board.empty() && plan.board != target->board.file.name)
    return fail(ErrorKind::invalid,
                request.plan_path + ": the plan is for board '" + plan.board + "', not '" +
                    target->board.file.name + "'",
                "Use --board " + std::string(target->twin ? "twin:" : "") + plan.board +
                    ", or remove `board` from the plan");
  ISOJOULE_TRY(const auto planned, order_runs(plan, target->board));
  ISOJOULE_TRY(
      const OpenedEngines engines,
      open_engines(*target, paths, planned, engine_of(request.engine, plan), plan.options));
  ISOJOULE_TRY(std::string hash, identity(plan, *target, engines.uses));
  const StudyInfo info = describe(plan, *target, engines.uses, request, std::move(hash),
                                  static_cast<std::int64_t>(planned.size()));
  LiveMetrics live(target->board, engine_names(engines.uses), request.metrics);
  ISOJOULE_CHECK(live.begin());
  bool created = false;
  ISOJOULE_TRY(auto study, open_or_create(request.study_path, info, created));
  // A twin's nodes die with the process, so its journal lies beside the study; a real board's lies
  // in one place, where the next program finds it.
  GuardOptions guard = guard_options(paths, request.target, *target, request.command);
  if (target->twin) guard.journal = request.study_path + ".journal";
  auto swept = sweep(plan, target->board, engines.uses, *study, guard, interrupted, progress,
                     live.session());
  if (!swept && created) remove_if_empty(study, request.study_path);
  if (swept) swept->caution = caution_of(*target);
  return swept;
}

}  // namespace isojoule
