#include "app/engines.h"

#include "workload/zoo.h"

namespace isojoule {
namespace {

class Opening {
 public:
  Opening(Target& target, const Paths& paths, const std::string& by_default,
          const std::map<std::string, std::string>& options,
          const std::map<std::string, std::string>& files)
      : target_(target), paths_(paths), by_default_(by_default), options_(options), files_(files) {}

  Status take(const PlannedRun& run) {
    const std::string name = run.setting.text("engine").value_or("");
    const bool is_new = opened_.uses.find(name) == opened_.uses.end();
    EngineUse& use = opened_.uses[name];
    if (is_new) ISOJOULE_CHECK(open(name, use));
    const EngineKind* kind = kinds_[name];
    if (kind != nullptr) ISOJOULE_CHECK(check_engine_axes(*kind, run.setting));
    if (use.model_paths.contains(run.network)) return {};
    use.job_options[run.network] = options_;
    if (kind != nullptr && !kind->runs_networks) {
      use.model_paths[run.network] = "";
      return {};
    }
    ISOJOULE_TRY(use.model_paths[run.network], file_of(run.network, kind));
    if (kind != nullptr && !kind->makes_inputs)
      use.job_options[run.network].merge(zoo_job_options(run.network));
    return {};
  }

  OpenedEngines take_all() { return std::move(opened_); }

 private:
  Result<std::string> file_of(const std::string& network, const EngineKind* kind) {
    if (const auto here = files_.find(network); here != files_.end()) return here->second;
    return network_file(target_, paths_, network, kind == nullptr ? 0 : kind->opset);
  }

  Status open(const std::string& name, EngineUse& use) {
    ISOJOULE_TRY(const EngineKind* kind, find_engine(name.empty() ? by_default_ : name));
    if (target_.twin) {
      if (!kind->runs_networks)
        return fail(ErrorKind::unsupported, "the board is simulated: a program cannot run there",
                    "Leave --board away, or name a network with --model");
      if (!name.empty())
        return fail(ErrorKind::invalid, "a twin has an engine of its own, not '" + name + "'",
                    "Leave axis 'engine' away; graph, implementation, accelerator and precision "
                    "act on a twin");
      use.engine = &target_.twin->engine();
      return {};
    }
    kinds_[name] = kind;
    ISOJOULE_TRY(auto engine, kind->open(paths_.workers, *target_.board.clock));
    use.engine = engine.get();
    opened_.owned.push_back(std::move(engine));
    return {};
  }

  Target& target_;
  const Paths& paths_;
  const std::string& by_default_;
  const std::map<std::string, std::string>& options_;
  const std::map<std::string, std::string>& files_;
  std::map<std::string, const EngineKind*> kinds_;
  OpenedEngines opened_;
};

}  // namespace

std::string engine_of(const std::string& said, const Plan& plan) {
  if (!said.empty()) return said;
  return plan.engine.empty() ? "onnxruntime" : plan.engine;
}

Result<OpenedEngines> open_engines(Target& target, const Paths& paths,
                                   const std::vector<PlannedRun>& runs,
                                   const std::string& by_default,
                                   const std::map<std::string, std::string>& options,
                                   const std::map<std::string, std::string>& files) {
  Opening opening(target, paths, by_default, options, files);
  for (const PlannedRun& run : runs) ISOJOULE_CHECK(opening.take(run));
  return opening.take_all();
}

}  // namespace isojoule
