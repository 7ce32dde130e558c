#include "app/govern/service_board.h"

#include "app/named_cost.h"
#include "app/target.h"
#include "base/text_file.h"
#include "twin/power.h"
#include "twin/silicon.h"
#include "twin/variant.h"

namespace isojoule {
namespace {

using twin::Constants;

constexpr std::int64_t kLargestBatch = 64;

SearchAxis clock_axis(const std::string& name, const std::vector<Hertz>& table) {
  SearchAxis axis{name, {}, true};
  for (const Hertz f : table) axis.values.emplace_back(f.value());
  return axis;
}

Result<SearchSpace> clocks_of(const Constants& constants) {
  std::vector<SearchAxis> axes{clock_axis("cpu_frequency", constants.cpu_frequencies)};
  if (constants.has_gpu()) axes.push_back(clock_axis("gpu_frequency", constants.gpu_frequencies));
  return SearchSpace::grid(std::move(axes));
}

twin::PowerState idle_state(const Constants& c, Hertz cpu, std::size_t gpu) {
  twin::PowerState state;
  state.cpu_hz = cpu.value();
  state.gpu_hz = c.has_gpu() ? c.gpu_frequencies[gpu].value() : 0;
  state.online_cores = c.cores;
  state.temperature_c = c.reference_c;
  return state;
}

void add_truth(ServiceBoard& board, GridPoint p) {
  const Constants& c = *board.constants;
  const std::size_t gpu = board.gpu_level(p);
  const Hertz cpu = c.cpu_frequencies[board.cpu_level(p)];
  const twin::PowerState idle = idle_state(c, cpu, gpu);
  board.truth.idle_w(p) = twin::total(component_power(c, idle));
  for (std::int64_t n = 1; n <= board.batch; ++n) {
    const twin::ResidentNetwork& network = *board.batches[static_cast<std::size_t>(n - 1)];
    const twin::BatchWork& work = network.works->front();
    const auto options = work_options(network.job.execution, c);
    double seconds = 0, joules = 0;
    for (const twin::Stage& stage : batch_stages(work, network.job.network_constants, c, options)) {
      const twin::StageLoad load = stage_load(work, c, stage, cpu, gpu, c.cores);
      twin::PowerState state = idle;
      state.cpu_activity = load.cpu_activity;
      state.gpu_busy = load.gpu_busy;
      state.macs_per_s = load.macs_per_s;
      state.bytes_per_s = load.bytes_per_s;
      seconds += load.seconds;
      joules += load.seconds * twin::total(component_power(c, state));
    }
    board.truth.seconds(p, n) = seconds;
    board.truth.joules(p, n) = joules;
  }
}

Result<Constants> twin_constants(const Paths& paths, const std::string& board, std::string& name) {
  if (!board.starts_with(kTwinPrefix))
    return fail(ErrorKind::unsupported,
                "only a twin's service can be simulated, not '" + board + "'",
                "--board twin:jetson-nano");
  ISOJOULE_TRY(const TwinName parts, parse_twin_name(board));
  name = board.substr(kTwinPrefix.size());
  const std::string& variant = parts.variant;
  const std::string path = paths.boards + "/" + parts.board + "/twin.toml";
  auto text = read_text_file(path);
  if (!text && text.error().kind == ErrorKind::not_found)
    text.error().remedy = "'isojoule twin' lists the boards that have a twin";
  if (!text) return tl::unexpected<Error>(text.error());
  const auto known = twin::variants_in(*text);
  if (!variant.empty() && !known.contains(variant))
    return fail(ErrorKind::not_found,
                "the twin of " + parts.board + " has no variant '" + variant + "'",
                "Leave '/" + variant + "' away");
  ISOJOULE_TRY(Constants constants, twin::parse_constants(*text, path, variant));
  if (parts.silicon > 0) twin::apply(twin::silicon_of(parts.silicon), constants);
  return constants;
}

}  // namespace

std::size_t ServiceBoard::cpu_level(GridPoint p) const {
  return static_cast<std::size_t>(space->levels(p)[0]);
}
std::size_t ServiceBoard::gpu_level(GridPoint p) const {
  return space->axes().size() > 1 ? static_cast<std::size_t>(space->levels(p)[1]) : 0;
}

Result<ServiceBoard> open_service_board(const Paths& paths, const std::string& board,
                                        const std::string& network, std::int64_t batch) {
  if (batch < 1 || batch > kLargestBatch)
    return fail(ErrorKind::out_of_range, "batches of that size are not simulated",
                "--batch takes 1 to 64");
  ServiceBoard out;
  ISOJOULE_TRY(Constants constants, twin_constants(paths, board, out.name));
  out.network = network;
  out.batch = batch;
  out.constants = std::make_shared<const Constants>(std::move(constants));
  const Constants& c = *out.constants;
  ISOJOULE_TRY(SearchSpace space, clocks_of(c));
  out.space = std::make_shared<const SearchSpace>(std::move(space));
  out.highest = out.space->size() - 1;
  const auto own = c.networks.find(network);
  for (std::int64_t n = 1; n <= batch; ++n) {
    ISOJOULE_TRY(NetworkCost cost, named_cost(paths, network, CostOptions(n)));
    twin::SimulatedJob job;
    job.cost = std::move(cost);
    job.network = network;
    job.batch = n;
    job.network_constants = own == c.networks.end() ? c.other_networks : own->second;
    job.execution.static_graph = c.compiled;
    out.batches.push_back(make_resident(c, job));
  }
  out.truth = BatchTruth(out.space->size(), batch);
  for (GridPoint p = 0; p < out.space->size(); ++p) add_truth(out, p);
  return out;
}

}  // namespace isojoule
