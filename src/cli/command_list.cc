#include <fmt/format.h>

#include "app/paths.h"
#include "base/clock.h"
#include "base/text.h"
#include "board/board.h"
#include "cli/command.h"
#include "data/counter.h"
#include "engine/engine.h"
#include "import/import.h"
#include "optimise/optimiser.h"
#include "predict/predictor.h"
#include "report/report.h"
#include "workload/zoo.h"

namespace isojoule::cli {
namespace {

template <typename Kinds>
void print_kinds(const Kinds& kinds) {
  for (const auto& kind : kinds) fmt::print("{:<14} {}\n", kind.name, kind.help);
}

Result<int> list_boards() {
  ISOJOULE_TRY(const Paths paths, find_paths());
  for (const std::string& name : board_names(paths.boards)) {
    ISOJOULE_TRY(const BoardFile board, load_board(paths.boards, name));
    std::vector<std::string> releases;
    for (const BoardRelease& release : board.releases) releases.push_back(release.name);
    const bool is_jetson = !board.releases.empty() && !board.releases.front().l4t.empty();
    fmt::print("{:<28} {} ({}{})\n", name, board.title, is_jetson ? "L4T " : "",
               join(releases, ", "));
    for (const BoardVariant& variant : board.variants)
      fmt::print("{:<28} {}\n", name + "/" + variant.name, variant.title);
  }
  return kDone;
}

template <typename Belongs>
void print_reports(Belongs belongs) {
  for (const ReportKind& kind : report_kinds())
    if (belongs(kind) != nullptr)
      fmt::print("{:<14} {:<16} {}\n", kind.name, kind.extension, kind.help);
}

// An engine whose worker is not there cannot be used; that is said here, not only when it is asked.
Result<int> list_engines() {
  ISOJOULE_TRY(const Paths paths, find_paths());
  const auto clock = make_real_clock();
  for (const EngineKind& kind : engine_kinds()) {
    fmt::print("{:<14} {}\n", kind.name, kind.help);
    const auto engine = kind.open(paths.workers, *clock);
    if (!engine) fmt::print("{:<14} not usable here: {}\n", "", engine.error().what);
  }
  return kDone;
}

Result<int> list_counters() {
  for (const CounterInfo& info : all_counters())
    fmt::print("{:<27} {:<10} {}. {}\n", info.name, name_of(info.severity), info.meaning,
               info.remedy);
  return kDone;
}

Result<int> list_imports() {
  for (const ImportKind& kind : import_kinds()) {
    fmt::print("{:<14} {}\n", kind.name, kind.help);
    for (const ImportOption& option : kind.options)
      fmt::print("{:<14}   {:<12} {}\n", "", option.name, option.help);
  }
  return kDone;
}

Result<int> list_predictors() {
  for (const PredictorKind& kind : predictor_kinds())
    fmt::print("{:<14} {}\n{:<14} {}\n", kind.name, kind.summary, "", kind.source);
  return kDone;
}

Result<int> list_optimisers() {
  for (const OptimiserKind& kind : optimiser_kinds())
    fmt::print("{:<14} {}\n{:<14} {}\n", kind.name, kind.summary, "", kind.source);
  return kDone;
}

Result<int> list(const std::string& what) {
  if (what == "boards") return list_boards();
  if (what == "counters") return list_counters();
  if (what == "sensors") print_kinds(sensor_kinds());
  if (what == "knobs") print_kinds(knob_kinds());
  if (what == "engines") return list_engines();
  if (what == "reports") print_reports([](const ReportKind& kind) { return kind.render; });
  if (what == "exports") print_reports([](const ReportKind& kind) { return kind.stream; });
  if (what == "imports") return list_imports();
  if (what == "predictors") return list_predictors();
  if (what == "optimisers") return list_optimisers();
  return kDone;
}

}  // namespace

void add_list(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand("list", "The parts that this program has");
  auto what = std::make_shared<std::string>();
  command
      ->add_option("WHAT", *what,
                   "boards, sensors, knobs, engines, imports, predictors, optimisers, reports, "
                   "exports or counters")
      ->required()
      ->check(CLI::IsMember({"boards", "sensors", "knobs", "engines", "imports", "predictors",
                             "optimisers", "reports", "exports", "counters"}));
  command->callback([what, &program] { program.action = [what] { return list(*what); }; });
}

}  // namespace isojoule::cli
