#include "app/fleet/study_files.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "app/target.h"
#include "engine/engine.h"
#include "fleet/object.h"
#include "tensor/input_files.h"

namespace isojoule {
namespace {

constexpr std::size_t kMostFiles = 1024;  // of a study's record (fleet/message_studies.cc)

// Every value that the plan's grids give an axis, as text.
std::set<std::string> words_of_axis(const Plan& plan, const std::string& axis) {
  std::set<std::string> words;
  for (const PlanGrid& grid : plan.grids) {
    if (const Value* fixed = grid.fixed.find(axis)) words.insert(to_string(*fixed));
    for (const PlanAxis& turned : grid.axes)
      if (turned.name == axis)
        for (const Value& value : turned.values) words.insert(to_string(value));
  }
  return words;
}

// What an option is set to anywhere in the plan: for all runs, or as an axis.
std::set<std::string> words_of_option(const Plan& plan, const std::string& option) {
  std::set<std::string> words = words_of_axis(plan, "option." + option);
  if (const auto found = plan.options.find(option); found != plan.options.end())
    words.insert(found->second);
  return words;
}

Status find_engines(const Plan& plan, const std::string& engine, bool simulated, StudyFiles& into,
                    int& opset) {
  std::set<std::string> names = words_of_axis(plan, "engine");
  if (simulated && !names.empty())
    return fail(ErrorKind::invalid, "a twin has an engine of its own, not '" + *names.begin() + "'",
                "Leave axis 'engine' away; graph, implementation, accelerator and precision act on "
                "a twin");
  if (names.empty()) names.insert(engine);
  for (const std::string& name : names) {
    ISOJOULE_TRY(const EngineKind* kind, find_engine(name));
    if (simulated && !kind->runs_networks)
      return fail(ErrorKind::unsupported, "the boards are simulated: a program cannot run there",
                  "Name another engine with --engine");
    into.needs_command = into.needs_command || !kind->runs_networks;
    if (kind->opset != 0) opset = opset == 0 ? kind->opset : std::min(opset, kind->opset);
    if (!simulated) into.engines.push_back(name);
  }
  return {};
}

// A folder or a list is several files, each by the path that the option's value leads to.
Status find_inputs(const std::string& value, StudyFiles& into) {
  namespace fs = std::filesystem;
  ISOJOULE_TRY(const InputKind kind, kind_of_path(value));
  ISOJOULE_TRY(const InputFiles found, find_input_files(value, kind));
  std::error_code unknown;
  if (!fs::is_directory(value, unknown)) into.files[value] = value;
  if (!found.one_file)
    for (const std::string& path : found.paths) into.files[path] = path;
  return {};
}

}  // namespace

Result<StudyFiles> find_study_files(const Paths& paths, const Plan& plan, const std::string& engine,
                                    bool simulated) {
  StudyFiles result;
  int opset = 0;
  ISOJOULE_CHECK(find_engines(plan, engine, simulated, result, opset));
  if (!result.needs_command)
    for (const PlanGrid& grid : plan.grids)
      for (const std::string& network : grid.networks) {
        if (result.networks.contains(network)) continue;
        ISOJOULE_TRY(result.networks[network], network_file(simulated, paths, network, opset));
      }
  if (simulated) return result;  // a twin reads no inputs
  for (const std::string& value : words_of_option(plan, "input.path"))
    ISOJOULE_CHECK(find_inputs(value, result));
  for (const std::string& value : words_of_option(plan, "input.vocabulary"))
    result.files[value] = value;
  if (result.files.size() > kMostFiles)
    return fail(ErrorKind::unsupported,
                "the plan's inputs are " + std::to_string(result.files.size()) +
                    " files, and a fleet's study takes " + std::to_string(kMostFiles),
                "Name a folder or list of fewer files");
  return result;
}

namespace {

Status hash_all(const std::map<std::string, std::string>& paths,
                std::map<std::string, fleet::ObjectName>& into) {
  for (const auto& [name, path] : paths) {
    fleet::ObjectName& object = into[name];
    object.writer = kPlanWriter;
    ISOJOULE_TRY(object.hash, fleet::sha256_of_file(path, &object.bytes));
  }
  return {};
}

Status put_all(fleet::Bus& bus, const std::map<std::string, std::string>& paths,
               const std::map<std::string, fleet::ObjectName>& objects) {
  for (const auto& [name, path] : paths) {
    ISOJOULE_TRY(const fleet::ObjectName put, fleet::put_file(bus, kPlanWriter, path));
    if (put != objects.at(name))
      return fail(ErrorKind::damaged, path + " changed while the study was being published",
                  "Begin again when nobody writes it");
  }
  return {};
}

}  // namespace

Result<StudyObjects> hash_study_files(const StudyFiles& files) {
  StudyObjects objects;
  ISOJOULE_CHECK(hash_all(files.networks, objects.networks));
  ISOJOULE_CHECK(hash_all(files.files, objects.files));
  return objects;
}

Status put_study_files(fleet::Bus& bus, const StudyFiles& files, const StudyObjects& objects) {
  ISOJOULE_CHECK(put_all(bus, files.networks, objects.networks));
  return put_all(bus, files.files, objects.files);
}

}  // namespace isojoule
