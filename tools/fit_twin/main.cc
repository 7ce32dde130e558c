// isojoule-fit-twin: holds a twin's constants against the published figures, and fits them.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "fit.h"
#include "twin/claims_studies.h"
#include "workload/zoo.h"

namespace isojoule::twin {
namespace {

// What the fit may move on every board, with bounds that make physical sense. Data-sheet numbers,
// tiles, the kernel's periods (but the GPU governor's window) and temperatures are not among them.
std::vector<Parameter> common_parameters() {
  return {{"gpu.overlap", 0, 1},
          {"gpu.idle_share", 0.05, 0.6},
          {"gpu.clock_nf", 0.3, 30, true},
          {"gpu.mac_pj", 0.3, 12, true},
          {"gpu.leakage_w", 0.05, 1.5},
          {"gpu.sampling_ms", 8, 100, true},
          {"gpu.minimum_v", 0.55, 0.9},
          {"gpu.launch_cycles", 1e4, 2e5, true},
          {"gpu.kernel_gap_us", 0.5, 30, true},
          {"memory.efficiency", 0.3, 0.9},
          {"memory.cache_miss_share", 0, 1},
          {"memory.pj_per_byte", 30, 160, true},
          {"cpu.core_nf", 0.1, 1, true},
          {"cpu.spin_activity", 0.3, 1},
          {"cpu.uncore_nf", 0.01, 0.4, true},
          {"cpu.leakage_w", 0.03, 1},
          {"cpu.knee_hz", 100e6, 1400e6},
          {"cpu.minimum_v", 0.55, 0.95},
          {"cpu.schedutil_margin", 1.03, 1.25},
          {"power.board_w", 0.3, 3.5},
          {"power.governor_guard_band", 0, 0.06},
          {"process.input_mbps", 100, 10000, true},
          {"alexnet.kernel_efficiency", 0.05, 0.95},
          {"resnet-18.kernel_efficiency", 0.05, 0.95},
          {"mobilenet-v2.kernel_efficiency", 0.05, 0.95},
          {"alexnet.cpu_cycles_per_inference", 3e4, 2e7, true},
          {"resnet-18.cpu_cycles_per_inference", 3e4, 2e7, true},
          {"mobilenet-v2.cpu_cycles_per_inference", 3e4, 2e7, true}};
}

// Those of one board, which replace common ones of the same key.
std::vector<Parameter> own_parameters(const std::string& board) {
  if (board == "jetson-nano")  // 20 nm, FP32: more energy a MAC
    return {{"gpu.knee_hz", 300e6, 700e6}, {"gpu.mac_pj", 5, 35, true}};
  if (board == "jetson-xavier-nx") return {{"gpu.knee_hz", 400e6, 900e6}};
  return {{"gpu.knee_hz", 350e6, 800e6},
          {"power.budget_w", 8, 25},
          {"power.budget_hysteresis_w", 0.05, 1.5}};
}

std::vector<Parameter> parameters_of(const std::string& board) {
  std::vector<Parameter> out = common_parameters();
  for (const Parameter& own : own_parameters(board)) {
    std::erase_if(out, [&](const Parameter& p) { return p.key == own.key; });
    out.push_back(own);
  }
  return out;
}

class Costs {
 public:
  const NetworkCost& operator()(const std::string& network, std::int64_t batch) {
    const auto key = std::make_pair(network, batch);
    const auto found = known_.find(key);
    if (found != known_.end()) return found->second;
    auto model = zoo_model(network, {.batch = batch, .weights = false});
    auto cost = model ? network_cost_of_bytes(*model, batch, network)
                      : Result<NetworkCost>(tl::unexpected(model.error()));
    if (!cost) {
      fmt::print(stderr, "{}\n", to_string(cost.error()));
      std::exit(2);
    }
    return known_.emplace(key, std::move(*cost)).first->second;
  }

 private:
  std::map<std::pair<std::string, std::int64_t>, NetworkCost> known_;
};

struct Twin {
  std::string path;
  Constants constants;
  std::map<std::string, std::string> notes;
};

Result<Twin> read_twin(const std::string& boards, const std::string& board,
                       const std::string& variant = {}) {
  Twin twin{boards + "/" + board + "/twin.toml", {}, {}};
  std::ifstream file(twin.path);
  if (!file)
    return fail(ErrorKind::not_found, twin.path + " cannot be opened", "name a board of --boards");
  std::ostringstream text;
  text << file.rdbuf();
  ISOJOULE_TRY(twin.constants, parse_constants(text.str(), twin.path, variant));
  twin.notes = constant_notes(text.str());
  return twin;
}

std::string stated(const Claim& claim) {
  if (claim.high >= 1e3 && claim.low == 0) return "-";
  if (claim.low == claim.high) return fmt::format("{:.4g}", claim.low);
  return fmt::format("{:.4g} .. {:.4g}", claim.low, claim.high);
}

void print_claims(const std::vector<Claim>& claims, bool markdown) {
  const char* row =
      markdown ? "| {} | {} | {} | {} | {} | {} |\n" : "{:58} {:>6} {:>14} {:>9} {:10} {}\n";
  fmt::print(fmt::runtime(row), "claim", "source", "stated", "twin", "unit", "");
  if (markdown) fmt::print("|---|---|---|---|---|---|\n");
  for (const Claim& claim : claims) {
    // What the report does not state has no verdict.
    const bool shown_only = stated(claim) == "-" || claim.source == "own";
    fmt::print(fmt::runtime(row), claim.name, claim.source, stated(claim),
               fmt::format("{:.4g}", claim.value), claim.unit,
               shown_only ? "" : (claim.met() ? "met" : "not met"));
  }
}

Status write_twin(const Twin& twin) {
  std::ofstream file(twin.path + ".new");
  file << format_constants(twin.constants, twin.notes);
  file.close();
  if (!file || std::rename((twin.path + ".new").c_str(), twin.path.c_str()) != 0)
    return fail(ErrorKind::io, twin.path + " cannot be written", "check its folder's permissions");
  return {};
}

struct Options {
  std::string boards = "boards", board;
  bool fit = false, markdown = false, time = false;
  std::vector<std::string> keep, set;
  FitOptions fit_options;
};

Status set_values(const Options& options, Constants& constants) {
  for (const std::string& one : options.set) {
    const auto equals = one.find('=');
    double* value = parameter_of(constants, one.substr(0, equals));
    if (value == nullptr || equals == std::string::npos)
      return fail(ErrorKind::invalid, one + " is no KEY=NUMBER of twin.toml",
                  "see the file's keys");
    *value = std::stod(one.substr(equals + 1));
  }
  return {};
}

// Those that the fit does not move: of the graph's initialisation, and of the paper on the AGX
// Orin.
Result<std::vector<Claim>> further_claims(const Options& options, const Twin& twin,
                                          const CostOf& cost_of) {
  if (options.board == "jetson-nano") return graph_claims(twin.constants, cost_of);
  if (options.board != "jetson-agx-orin") return std::vector<Claim>();
  ByMode modes;
  for (const char* mode : {"15w", "30w", "50w", "maxn"}) {
    ISOJOULE_TRY(Twin one, read_twin(options.boards, options.board, mode));
    ISOJOULE_CHECK(set_values(options, one.constants));
    modes[mode] = std::move(one.constants);
  }
  return agx_orin_claims(modes, cost_of);
}

Status run(const Options& options) {
  Costs costs;
  const CostOf cost_of = std::ref(costs);
  ISOJOULE_TRY(Twin twin, read_twin(options.boards, options.board));
  ISOJOULE_CHECK(set_values(options, twin.constants));
  std::map<std::string, double> nano;
  if (options.board != "jetson-nano") {
    if (auto other = read_twin(options.boards, "jetson-nano"))
      nano = default_energies(other->constants, cost_of);
  }
  auto misfit_of = [&](const Constants& c) { return misfit(evaluate_claims(c, cost_of, nano)); };
  if (options.fit) {
    std::vector<Parameter> parameters = parameters_of(options.board);
    std::erase_if(parameters, [&](const Parameter& p) {
      return std::find(options.keep.begin(), options.keep.end(), p.key) != options.keep.end();
    });
    fmt::print("misfit before: {:.4f}\n", misfit_of(twin.constants));
    twin.constants = fit(twin.constants, parameters, misfit_of, options.fit_options);
    for (const Parameter& p : parameters) twin.notes.try_emplace(p.key, "fitted");
    for (const auto& [name, network] : twin.constants.networks)
      twin.notes.try_emplace("network." + name, "fitted");
    ISOJOULE_CHECK(write_twin(twin));
  }
  const auto begin = std::chrono::steady_clock::now();
  auto claims = evaluate_claims(twin.constants, cost_of, nano);
  ISOJOULE_TRY(auto more, further_claims(options, twin, cost_of));
  claims.insert(claims.end(), more.begin(), more.end());
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  print_claims(claims, options.markdown);
  if (!options.markdown)
    fmt::print("misfit: {:.4f}, evaluated in {:.1f} ms\n", misfit(claims), took.count() * 1e3);
  return {};
}

}  // namespace
}  // namespace isojoule::twin

int main(int argc, char** argv) {
  using namespace isojoule::twin;
  Options options;
  CLI::App app{"Holds a twin's constants against the published figures; --fit moves them."};
  app.add_option("board", options.board, "folder below --boards")->required();
  app.add_option("--boards", options.boards, "folder of the boards")->capture_default_str();
  app.add_flag("--fit", options.fit, "fit and write twin.toml");
  app.add_flag("--markdown", options.markdown, "the table as in docs/twins.md");
  app.add_flag("!--local", options.fit_options.global, "only improve the present constants");
  app.add_option("--seconds", options.fit_options.seconds, "time for the fit")
      ->capture_default_str();
  app.add_option("--seed", options.fit_options.seed, "of the global search")->capture_default_str();
  app.add_option("--keep", options.keep, "constants that the fit leaves alone");
  app.add_option("--set", options.set, "KEY=NUMBER before anything else");
  CLI11_PARSE(app, argc, argv);
  const auto status = run(options);
  if (status) return 0;
  fmt::print(stderr, "{}\n", isojoule::to_string(status.error()));
  return 2;
}
