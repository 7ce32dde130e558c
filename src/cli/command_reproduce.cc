#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "app/paths.h"
#include "base/text.h"
#include "base/text_file.h"
#include "cli/command.h"
#include "data/study_file.h"
#include "report/reproduce.h"
#include "report/summary.h"

namespace isojoule::cli {
namespace {

struct ReproduceRequest {
  std::vector<std::string> studies;
  std::string claims;
  bool json = false;
};

// The claims' files that come with the program, or the one that the user names.
Result<std::vector<std::string>> claim_files(const ReproduceRequest& request) {
  if (!request.claims.empty()) return std::vector<std::string>{request.claims};
  ISOJOULE_TRY(const Paths paths, find_paths());
  std::vector<std::string> files;
  std::error_code code;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(paths.studies) / "claims", code))
    if (entry.path().extension() == ".toml") files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  if (files.empty())
    return fail(ErrorKind::not_found, "no file with claims", "Name one with --claims",
                paths.studies + "/claims");
  return files;
}

Result<int> run_reproduce(const ReproduceRequest& request) {
  std::vector<StudySummary> summaries;
  for (const std::string& path : request.studies) {
    ISOJOULE_TRY(const auto study, StudyFile::open(path, StudyFile::Mode::read));
    ISOJOULE_TRY(StudySummary summary, summarise(*study));
    summaries.push_back(std::move(summary));
  }
  std::vector<const StudySummary*> pointers;
  for (const StudySummary& summary : summaries) pointers.push_back(&summary);
  ISOJOULE_TRY(const auto files, claim_files(request));
  nlohmann::json tables = nlohmann::json::array();
  for (const std::string& file : files) {
    ISOJOULE_TRY(const std::string text, read_text_file(file));
    ISOJOULE_TRY(const ReproduceTable table, reproduce(pointers, text, file));
    if (request.json)
      tables.push_back(to_json(table));
    else
      fmt::print("{}", to_text(table));
  }
  if (request.json) fmt::print("{}\n", tables.size() == 1 ? tables[0].dump(2) : tables.dump(2));
  return kDone;
}

}  // namespace

void add_reproduce(CLI::App& app, Program& program) {
  auto* command =
      app.add_subcommand("reproduce", "Published claims beside what studies made here say");
  auto request = std::make_shared<ReproduceRequest>();
  command->add_option("FILE", request->studies, "Study files, of one board or several")->required();
  command->add_option("--claims", request->claims,
                      "A file of claims (default: those that come along)");
  command->add_flag("--json", request->json, "Print JSON, units in the keys");
  command->callback(
      [request, &program] { program.action = [request] { return run_reproduce(*request); }; });
}

}  // namespace isojoule::cli
