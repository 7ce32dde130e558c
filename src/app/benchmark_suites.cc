#include "app/benchmark_suites.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "app/recorded_grid.h"
#include "app/recorded_table.h"
#include "app/twin_grid.h"
#include "base/text.h"
#include "base/text_file.h"
#include "workload/zoo.h"

namespace isojoule {
namespace {

constexpr SuiteMaker kSuites[] = {
    {"jetson-nano", "twin, CPU x GPU clock, least energy", "jetson-nano"},
    {"jetson-xavier-nx", "twin, CPU x GPU clock, least energy", "jetson-xavier-nx"},
    {"jetson-orin-nx", "twin, CPU x GPU clock, least energy", "jetson-orin-nx"},
    {"jetson-nano-limit", "the same, the slower half excluded", "jetson-nano", 0.5, false},
    {"jetson-xavier-nx-limit", "the same, the slower half excluded", "jetson-xavier-nx", 0.5,
     false},
    {"jetson-orin-nx-limit", "the same, the slower half excluded", "jetson-orin-nx", 0.5, false},
    {"jetson-xavier-nx-large", "twin, CPU, GPU and memory clock, cores, batch", "jetson-xavier-nx",
     1, true},
    {"zeus-v100", "measured: training, batch x power limit (Zeus, NSDI'23)", ""},
    {"zeus-a40", "measured: training, batch x power limit (Zeus, NSDI'23)", ""},
    {.name = "rtx-a4000",
     .what = "measured: a kernel over graphics clocks (Kernel Tuner's tutorial)",
     .board = "",
     .file = "kernel_tuner/synthetic_fp32_cache_NVIDIA_RTX_A4000.json",
     .axis = "nvml_gr_clock",
     .latency = "time",
     .power = "nvml_power"},
    {"jetson-tx2", "twin, CPU x GPU clock; constants were chosen here", "jetson-tx2", 1, false,
     SuiteRole::developed},
    {"jetson-agx-xavier", "twin, CPU x GPU clock; constants were chosen here", "jetson-agx-xavier",
     1, false, SuiteRole::developed},
    {"jetson-orin-nano", "twin, CPU x GPU clock; constants were chosen here", "jetson-orin-nano", 1,
     false, SuiteRole::developed},
    {"jetson-agx-orin", "twin, CPU x GPU clock; constants were chosen here", "jetson-agx-orin", 1,
     false, SuiteRole::developed},
    {"jetson-tx2-limit", "the same, the slower half excluded; constants were chosen here",
     "jetson-tx2", 0.5, false, SuiteRole::developed},
    {"jetson-agx-xavier-limit", "the same, the slower half excluded; constants were chosen here",
     "jetson-agx-xavier", 0.5, false, SuiteRole::developed},
    {"jetson-orin-nano-limit", "the same, the slower half excluded; constants were chosen here",
     "jetson-orin-nano", 0.5, false, SuiteRole::developed},
    {"jetson-agx-orin-limit", "the same, the slower half excluded; constants were chosen here",
     "jetson-agx-orin", 0.5, false, SuiteRole::developed},
    {"jetson-tx2-large",
     "twin, CPU, GPU and memory clock, cores, batch; constants were chosen here", "jetson-tx2", 1,
     true, SuiteRole::developed},
};

// A plan's axes for every setting of the two clocks, or for a space of several thousands.
TwinGridRequest clocks_of(const SuiteMaker& maker, const BenchmarkRequest& request) {
  TwinGridRequest grid;
  grid.board = maker.board;
  grid.networks = request.networks;
  grid.axes = {{"cpu_frequency", true, {}}, {"gpu_frequency", true, {}}};
  if (!maker.large) {
    grid.fixed.set("batch", 1.0);
    return grid;
  }
  grid.axes.push_back({"memory_frequency", true, {}});
  grid.axes.push_back({"batch", false, {1.0, 4.0, 16.0}});
  grid.axes.push_back({"cpu_online", false, {2.0, 4.0}});
  return grid;
}

bool anything_runs(const TruthGrid& grid) {
  return std::any_of(grid.truth.begin(), grid.truth.end(), [](const Metrics& metrics) {
    return at(metrics, Metric::energy).has_value();
  });
}

std::vector<std::string> networks_of_zoo() {
  std::vector<std::string> names;
  for (const ZooNetwork& network : zoo()) names.emplace_back(network.name);
  return names;
}

// For `isojoule tune --recorded`, and for whoever judges an optimiser of their own.
Status keep_grid(const TruthGrid& grid, const BenchmarkRequest& request, const SuiteMaker& maker) {
  if (request.grids_folder.empty()) return {};
  std::string name = std::string(maker.large ? "large-" : "") + grid.name;
  std::replace(name.begin(), name.end(), '/', '_');
  return write_text_file(request.grids_folder + "/" + name + ".csv", grid_csv(grid));
}

Result<std::vector<TruthGrid>> twin_suite(const SuiteMaker& maker, const Paths& paths,
                                          const BenchmarkRequest& request,
                                          const std::atomic<bool>& interrupted,
                                          TwinTruths& truths) {
  const std::string key = fmt::format("{}{}", maker.board, maker.large ? " large" : "");
  if (const auto made = truths.find(key); made != truths.end()) return made->second;
  TwinGridRequest wanted = clocks_of(maker, request);
  if (wanted.networks.empty())
    wanted.networks = maker.large
                          ? std::vector<std::string>{"mobilenet-v2", "resnet-18", "yolov4-tiny"}
                          : networks_of_zoo();
  ISOJOULE_TRY(auto grids, twin_grids(paths, wanted, interrupted));
  for (const TruthGrid& grid : grids) ISOJOULE_CHECK(keep_grid(grid, request, maker));
  truths[key] = grids;
  return grids;
}

Result<std::vector<TruthGrid>> measured_suite(const SuiteMaker& maker,
                                              const BenchmarkRequest& request) {
  RecordedRequest wanted;
  wanted.path = fmt::format("{}/{}", request.measured_folder, maker.file);
  wanted.axes = {std::string(maker.axis)};
  wanted.latency = maker.latency;
  wanted.power = maker.power;
  wanted.energy = maker.energy;
  ISOJOULE_TRY(RecordedGrid recorded, recorded_grid(wanted));
  std::vector<TruthGrid> grids;
  grids.push_back(std::move(recorded.grid));
  return grids;
}

// One grid a data set, network and optimiser of the training runs that Zeus' authors published.
Result<std::vector<TruthGrid>> recorded_suite(const SuiteMaker& maker, const Paths& paths) {
  const std::string gpu(maker.name.substr(maker.name.find('-') + 1));
  RecordedRequest request;
  request.path = fmt::format("{}/recorded/zeus/summary_power_{}.csv", paths.studies, gpu);
  request.axes = {"batch_size", "power_limit"};
  request.energy = "average_power*time_per_epoch";
  request.latency = "time_per_epoch";
  ISOJOULE_TRY(const RecordedTable table, read_recorded_table(request.path));
  constexpr std::array kKeys = {"dataset", "network", "optimizer"};
  std::set<std::vector<std::string>> workloads;
  for (const auto& row : table.rows) {
    std::vector<std::string> words;
    for (const char* key : kKeys) {
      ISOJOULE_TRY(const std::size_t column, table.column(key));
      words.push_back(row.cells[column]);
    }
    workloads.insert(std::move(words));
  }
  std::vector<TruthGrid> grids;
  for (const auto& words : workloads) {
    request.where.clear();
    for (std::size_t i = 0; i < kKeys.size(); ++i) request.where.emplace_back(kKeys[i], words[i]);
    ISOJOULE_TRY(RecordedGrid recorded, recorded_grid(request));
    recorded.grid.name = gpu + "/" + join(words, "/");
    grids.push_back(std::move(recorded.grid));
  }
  return grids;
}

}  // namespace

std::span<const SuiteMaker> all_suites() { return kSuites; }

std::vector<std::string> benchmark_suite_names() {
  std::vector<std::string> names;
  for (const SuiteMaker& maker : kSuites) names.emplace_back(maker.name);
  return names;
}

Result<std::vector<const SuiteMaker*>> benchmark_suites(const BenchmarkRequest& request) {
  std::vector<const SuiteMaker*> makers;
  const auto is_here = [&](const SuiteMaker& maker) {
    return maker.file.empty() || !request.measured_folder.empty();
  };
  for (const SuiteMaker& maker : kSuites)
    if (request.suites.empty() && maker.role == SuiteRole::judged && is_here(maker))
      makers.push_back(&maker);
  for (const std::string& name : request.suites) {
    const auto* const found =
        std::find_if(std::begin(kSuites), std::end(kSuites),
                     [&](const SuiteMaker& maker) { return maker.name == name; });
    if (found == std::end(kSuites))
      return fail(ErrorKind::not_found, "no set of grids is named '" + name + "'",
                  unknown_name_remedy(name, benchmark_suite_names()));
    if (!is_here(*found))
      return fail(ErrorKind::invalid, "the measurements of " + name + " do not come along",
                  "Say where they are: --measured FOLDER");
    makers.push_back(found);
  }
  return makers;
}

Result<BenchmarkSuite> make_suite(const SuiteMaker& maker, const Paths& paths,
                                  const BenchmarkRequest& request,
                                  const std::atomic<bool>& interrupted, TwinTruths& truths,
                                  std::vector<std::string>& notes) {
  BenchmarkSuite suite;
  suite.name = maker.name;
  suite.what = maker.what;
  suite.options.budget = request.budget;
  suite.options.seeds = request.seeds;
  suite.options.noise = {request.noise, request.noise};
  suite.options.threads = request.threads;
  suite.options.allowed_share = maker.allowed_share;
  ISOJOULE_TRY(auto grids, !maker.file.empty() ? measured_suite(maker, request)
                           : maker.board.empty()
                               ? recorded_suite(maker, paths)
                               : twin_suite(maker, paths, request, interrupted, truths));
  for (TruthGrid& grid : grids) {
    if (anything_runs(grid))
      suite.grids.push_back(std::move(grid));
    else
      notes.push_back(
          fmt::format("{}: {} is left out: no setting can run it", maker.name, grid.name));
  }
  if (suite.grids.empty())
    return fail(ErrorKind::no_data, fmt::format("{} has no grid", maker.name),
                "Name other networks");
  return suite;
}

}  // namespace isojoule
