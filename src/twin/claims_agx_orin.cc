#include <algorithm>
#include <array>

#include "twin/claims_run.h"
#include "twin/claims_studies.h"

namespace isojoule::twin {
namespace {

// Table I of the paper. GPU and memory as nvpmodel's configuration of L4T 35.5 and 36 has them.
struct Mode {
  std::string_view name;
  int cores;
  double cpu_hz, gpu_hz, dla_hz, memory_share;
};
constexpr std::array<Mode, 4> kModes{{{"15w", 4, 1113.6e6, 408e6, 614.4e6, 2133.0 / 3199},
                                      {"30w", 8, 1728e6, 612e6, 1369.6e6, 1},
                                      {"50w", 12, 1497.6e6, 816e6, 1369.6e6, 1},
                                      {"maxn", 12, 2201.6e6, 1300.5e6, 1600e6, 1}}};
constexpr double kLowestCpu = 729.6e6;
constexpr std::size_t kRails = 3;  // VDD_GPU_SOC, VDD_CPU_CV, VIN_SYS_5V0

// Clocks stand at their mode's highest, as the paper gives them; an idle GPU is switched off.
// What a run changes of its mode; 0: nothing.
struct Change {
  double cpu_hz = 0, gpu_hz = 0, dla_hz = 0;
  int cores = 0;
};

class Paper {
 public:
  Paper(const ByMode& constants, const CostOf& cost_of)
      : constants_(constants), cost_of_(cost_of) {}

  std::vector<Claim> all() {
    processor();
    accelerators();
    split();
    modes();
    lowest_mode();
    return std::move(claims_);
  }

 private:
  const Mode& mode(std::string_view name) const {
    return *std::find_if(kModes.begin(), kModes.end(),
                         [&](const Mode& one) { return one.name == name; });
  }

  RunFigures run(const std::string& network, std::string_view mode_name, bool on_dla,
                 const Change& change = {}, const std::vector<std::string>& gpu_operators = {}) {
    const Constants& c = constants_.at(std::string(mode_name));
    const auto known = c.networks.find(network);
    SimulatedJob job{cost_of_(network, 1),
                     network,
                     1,
                     100,
                     1,
                     known == c.networks.end() ? c.other_networks : known->second};
    job.warmup_time = Duration::milliseconds(1000);
    job.execution.precision = Precision::int8;
    job.execution.static_graph = job.execution.eager = job.execution.cpp = true;
    job.execution.on_dla = on_dla;
    job.execution.gpu_operators = gpu_operators;
    return simulated_run(c, job, kRails, [&](Simulation& simulation) {
      const Mode& m = mode(mode_name);
      simulation.set_governor(Domain::cpu, "performance");
      simulation.set_governor(Domain::gpu, "performance");
      simulation.set_online_cores(change.cores > 0 ? change.cores : m.cores);
      limit(simulation, Domain::cpu, kLowestCpu, m.cpu_hz, change.cpu_hz);
      limit(simulation, Domain::gpu, 306e6, m.gpu_hz, change.gpu_hz);
      simulation.set_dla_frequency(0, Hertz(change.dla_hz > 0 ? change.dla_hz : m.dla_hz));
      simulation.set_memory_share(m.memory_share);
      simulation.set_railgating(true, Duration::milliseconds(500));
    });
  }

  static void limit(Simulation& simulation, Domain domain, double low, double high, double fixed) {
    simulation.set_limits(domain, Hertz(fixed > 0 ? fixed : low), Hertz(fixed > 0 ? fixed : high));
  }

  void add(std::string name, const std::string& finding, double low, double high, double tolerance,
           double value, std::string unit = "%") {
    claims_.push_back(
        {std::move(name), std::move(unit), "finding " + finding, low, high, tolerance, 1, value});
  }

  static double change(double now, double before) { return 100 * (now / before - 1); }

  // Least against most energy of several runs.
  static double spread(const std::vector<RunFigures>& runs) {
    double least = runs.front().joules(), most = least;
    for (const RunFigures& one : runs) {
      least = std::min(least, one.joules());
      most = std::max(most, one.joules());
    }
    return 100 * (1 - least / most);
  }

  void processor() {
    for (const bool on_dla : {true, false}) {
      const std::string where = on_dla ? "DLA" : "GPU";
      const auto slow = run(kNetwork, "maxn", on_dla, {.cpu_hz = kLowestCpu});
      const auto fast = run(kNetwork, "maxn", on_dla, {.cpu_hz = 2201.6e6});
      const auto few = run(kNetwork, "maxn", on_dla, {.cores = 4});
      const auto many = run(kNetwork, "maxn", on_dla);
      const double low = on_dla ? -20 : -1, high = on_dla ? -0.5 : 1;
      add(where + ": latency from 729.6 to 2201.6 MHz of the CPU", "1", low, high, 1,
          change(fast.seconds(), slow.seconds()));
      add(where + ": latency from 4 to 12 cores", "1", low, high, on_dla ? 0 : 1,
          change(many.seconds(), few.seconds()));
    }
  }

  void accelerators() {
    std::vector<RunFigures> gpu, dla;
    for (const Hertz f : constants_.at("maxn").gpu_frequencies)
      gpu.push_back(run(kNetwork, "maxn", false, {.gpu_hz = f.value()}));
    for (const double f : {614.4e6, 1228.8e6, 1369.6e6, 1600e6})
      dla.push_back(run(kNetwork, "maxn", true, {.dla_hz = f}));
    add("GPU: energy over its clock", "2", 45, 45, 5, spread(gpu));
    add("DLA: energy over its clock", "2", 10, 10, 5, spread(dla));
    add("DLA: latency from 1369.6 to 1600 MHz", "2", -3, 0, 2,
        change(dla[3].seconds(), dla[2].seconds()));
    add("DLA: latency from 614.4 to 1369.6 MHz", "2", -60, -20, 0,
        change(dla[2].seconds(), dla[0].seconds()));
  }

  void split() {
    const auto deep_gpu = run("deeplabv3", "15w", false), deep_dla = run("deeplabv3", "15w", true);
    add("DeepLabV3 split: power against the GPU", "3", -3, -3, 5,
        change(deep_dla.watts(), deep_gpu.watts()));
    add("DeepLabV3 split: latency against the GPU", "3", 28, 28, 10,
        change(deep_dla.seconds(), deep_gpu.seconds()));
    const auto gpu = run("unet", "15w", false), dla = run("unet", "15w", true);
    const auto both = run("unet", "15w", true, {}, {"Resize"});
    add("UNet split: power against the GPU", "3", -60, -60, 10, change(both.watts(), gpu.watts()));
    add("UNet split: latency against the GPU", "3", 300, 300, 50,
        change(both.seconds(), gpu.seconds()));
    add("UNet split: power against the DLA", "3", 1, 1, 5, change(both.watts(), dla.watts()));
    add("UNet split: latency against the DLA", "3", -28, -28, 5,
        change(both.seconds(), dla.seconds()));
  }

  void modes() {
    const auto gpu = run("inception", "30w", false), dla = run("inception", "30w", true);
    add("Inception at 30 W: DLA's latency against the GPU's", "4", -100, 0, 0,
        change(dla.seconds(), gpu.seconds()));
    add("Inception at 30 W: DLA's energy against the GPU's", "4", -100, 0, 0,
        change(dla.joules(), gpu.joules()));
    const auto at30 = run("mobilenet-ssd", "30w", true), at50 = run("mobilenet-ssd", "50w", true);
    add("MobileNet-SSD on the DLA: latency of 50 W against 30 W", "5", -100, 0, 0,
        change(at50.seconds(), at30.seconds()));
    add("MobileNet-SSD on the DLA: power of 50 W against 30 W", "5", -100, 0, 0,
        change(at50.watts(), at30.watts()));
    add("MobileNet-SSD on the DLA: energy of 50 W against 30 W", "5", -100, 0, 0,
        change(at50.joules(), at30.joules()));
  }

  void lowest_mode() {
    for (const char* network : {"mobilenet-ssd", "inception", "mobilenet-v2", "resnet-50", "unet",
                                "resnet-34-ssd", "deeplabv3"}) {
      const std::string name = network;
      const auto gpu = run(name, "15w", false), dla = run(name, "15w", true);
      if (name == "mobilenet-ssd") {
        add("MobileNet-SSD at 15 W: DLA's power against the GPU's", "6", -10, -10, 5,
            change(dla.watts(), gpu.watts()));
        add("MobileNet-SSD at 15 W: DLA's latency against the GPU's", "6", 50, 50, 10,
            change(dla.seconds(), gpu.seconds()));
      }
      const bool dla_wins = name == "inception" || name == "resnet-50";
      if (dla_wins)
        add(name + " at 15 W: DLA's energy-delay product against the GPU's", "7", -100, 0, 0,
            change(dla.edp(), gpu.edp()));
      add(name + " at 15 W: DLA's latency against the GPU's", "7", dla_wins ? -100 : 0,
          dla_wins ? 0 : 1000, 0, change(dla.seconds(), gpu.seconds()));
      claims_.push_back(
          {name + " at 15 W on the GPU", "ms", "", 0, 1e6, 0, 0, 1e3 * gpu.seconds() / 100});
      claims_.push_back({name + " at 15 W on the GPU", "W", "", 0, 1e6, 0, 0, gpu.watts()});
      claims_.push_back(
          {name + " at 15 W on the DLA", "ms", "", 0, 1e6, 0, 0, 1e3 * dla.seconds() / 100});
      claims_.push_back({name + " at 15 W on the DLA", "W", "", 0, 1e6, 0, 0, dla.watts()});
    }
  }

  static constexpr const char* kNetwork = "resnet-50";
  const ByMode& constants_;
  const CostOf& cost_of_;
  std::vector<Claim> claims_;
};

}  // namespace

std::vector<Claim> agx_orin_claims(const ByMode& constants, const CostOf& cost_of) {
  return Paper(constants, cost_of).all();
}

}  // namespace isojoule::twin
