// The constants of one twin, from boards/<name>/twin.toml. Each has a physical meaning, a unit and
// a source (a data sheet, a kernel file, or "fitted to claim ..."); constant_fields() is the one
// table of them: the file is read, written, bounded and fitted by it.
#pragma once

#include <array>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/quantity.h"

namespace isojoule::twin {

// At most two a network: how well its kernels use the GPU (or the cores), and what the CPU does an
// inference.
struct NetworkConstants {
  double kernel_efficiency = 0.4;         // share of the GPU's peak MAC rate in full tiles, 0..1
  double cpu_cycles_per_inference = 1e6;  // pre- and post-processing, Python
};

// Where the power goes. A rail is a sum of shares of these: `feeds = ["soc", "memory"]` with
// `share = 0.4` (of both) or `shares = [1, 0.4]` in a [[rail]]; 1 where neither is said. "ddr" is
// another word for "memory": a board with a rail for its DRAM chips alone gives that rail and the
// SoC's (controller, interface) shares that add up to 1. "cv": the vision accelerators.
enum class Component : std::uint8_t { cpu, gpu, memory, soc, board, cv };
inline constexpr std::size_t component_count = 6;
using Shares = std::array<double, component_count>;  // 0..1, by Component
std::string_view name_of(Component component);

// One clock domain's voltage: `minimum_v` up to the knee, then linear to `maximum_v` at the highest
// clock. The shape of the Tegra DVFS tables (drivers/clk/tegra/clk-dfll.c, tegra210-dvfs.c).
struct VoltageCurve {
  double minimum_v = 0.8;
  double maximum_v = 1.1;
  double knee_hz = 0;
};

// The kernels of a board whose networks run on its CPU cores: a thread a core that is online.
struct CpuKernels {
  double macs_per_cycle = 8;  // a core's peak in its vector units
  double lanes = 4;           // element operations a cycle and core: what is no matrix product
  double tile_rows = 8;       // of the inner product's register block; the last one is padded
  double tile_columns = 8;
  double dispatch_us = 5;       // a kernel: threads are woken and waited for
  double bytes_per_cycle = 8;   // memory requests that one core makes at its clock
  double overlap = 0.8;         // share of the shorter of compute and memory time that hides
  double serial_share = 0.02;   // of a kernel's cycles on one core that no further core shortens
  double vector_activity = 1;   // a core in such a kernel, against one that runs scalar code
  double stall_activity = 0.4;  // a core that waits for memory or for the others
};

// What another number format changes on the GPU. mac_rate 0: its matrix units do not have it.
struct PrecisionConstants {
  double mac_rate = 0;       // of gpu.macs_per_cycle
  double mac_energy = 1;     // of gpu.mac_pj
  double element_bytes = 4;  // of a weight or activation
};
enum class Precision : std::uint8_t { fp32, fp16, int8 };
inline constexpr std::array<std::string_view, 3> precision_names{"fp32", "fp16", "int8"};

// What a choice of the program around the network changes, in shares of what the twin does where
// nothing is chosen; twin/execution.h says what that is.
struct GraphConstants {
  double static_kernel_share = 1;      // of a kernel's time, in a graph compiled ahead
  double static_cycles_per_layer = 0;  // CPU: traced, optimised and compiled ahead
  double cpp_kernel_share = 1;  // of a kernel's time, without an interpreter between launches
  double cpp_cycles_share = 1;  // of cpu_cycles_per_inference without the interpreter
  double cpp_input_share = 1;   // of a batch's wait for inputs without the interpreter's lock
  double gc_share = 0;          // of cpu_cycles_per_inference and the wait: the garbage collector
  double lazy_share = 0;        // of initialisation_cycles that is put off to the first inference
  double eager_share = 1;       // of those where all is loaded at once
};

// One deep-learning accelerator (DLA). It has a clock of its own, computes whole atoms of channels
// and keeps activations in its SRAM while they fit. twin/dla.h has the equations.
struct DlaConstants {
  double cores = 0;              // 0: the board has none
  double maximum_hz = 1.4e9;     // without a cap
  double macs_per_cycle = 2048;  // INT8, dense
  double fp16_rate = 0.5;        // of it
  double efficiency = 0.8;       // share of that in whole atoms
  double atom_inputs = 64;       // channels x kernel positions that one operation takes
  double atom_outputs = 32;      // output channels that one operation makes
  double depthwise_macs_per_cycle = 64;
  double lanes = 32;            // element operations a cycle (pooling, resizing, addition)
  double resize_lanes = 8;      // of a resize: an interpolation is a convolution there
  double layer_cycles = 4000;   // of the DLA: its blocks are set up for a layer
  double sram_mb = 1;           // 2^20 byte
  double bytes_per_cycle = 32;  // to the DRAM at its clock
  double memory_gbps = 40;      // at most, at the memory's highest clock
  double overlap = 0.9;         // share of the shorter of compute and memory time that hides
  double submit_cycles = 3e5;   // CPU: a task is handed over and its end noticed
  double reformat_cycles_per_byte = 4;  // CPU: inputs and outputs to and from its layout
  double reformat_serial_share = 0.3;   // of it that no further core shortens
  double wait_activity = 0.05;          // of a core that sleeps until the task's end
  double clock_nf = 0.5;
  double mac_pj = 0.3;      // at maximum_v
  double leakage_w = 0.05;  // of a powered DLA, at maximum_v and reference_c
  VoltageCurve voltage{0.6, 0.9, 0};
};

struct Constants {
  std::string board;
  std::vector<Hertz> cpu_frequencies;  // ascending
  std::vector<Hertz> gpu_frequencies;  // empty: the board has none, its networks run on the CPU
  std::vector<std::string> cpu_governors;
  std::vector<std::string> gpu_governors;
  std::string default_cpu_governor;
  std::string default_gpu_governor;
  int cores = 4;
  std::vector<std::string> rails;       // names, the order of rail indexes
  std::vector<Shares> rail_components;  // what each rail feeds
  std::vector<double> rail_voltages;    // V, of [[rail]] voltage_v; 0 or missing: supply_voltage_v
  std::vector<std::string> thermal_zones;  // names
  double supply_voltage_v = 5;
  std::map<std::string, NetworkConstants> networks;
  NetworkConstants other_networks;  // for a network that is not in the table
  bool has_gpu() const { return !gpu_frequencies.empty(); }
  std::string variants;  // the file's text from its first [variant.NAME] on, kept over a rewrite

  // ---- the GPU's kernels ----
  double gpu_macs_per_cycle = 128;  // peak of the units that matrix products use
  double gpu_lanes = 128;           // CUDA cores: everything that is no matrix product
  double tile_rows = 128;           // a matrix product's tile; the last one is padded
  double tile_columns = 64;
  double kernel_gap_us = 5;    // GPU idle between two kernels
  double launch_cycles = 3e4;  // CPU work to launch a kernel, ahead of the GPU
  double gpu_unit_share = 1;   // of the GPU's units (TPCs) that its mask leaves on
  CpuKernels cpu_kernels;      // only where there is no GPU
  // ---- what a job may choose ----
  std::array<PrecisionConstants, 3> precisions;  // by Precision
  std::array<std::string, 3> precision_reasons;  // why one with mac_rate 0 is not there
  bool has_precisions() const {
    return precisions[0].mac_rate > 0 || precisions[1].mac_rate > 0 || precisions[2].mac_rate > 0;
  }
  bool has_graph = false;  // [graph] is there
  bool compiled = false;   // graph.own = "static": the constants are those of a compiled engine
  GraphConstants graph;
  DlaConstants dla;
  bool has_dla() const { return dla.cores > 0; }
  // ---- memory ----
  double memory_peak_gbps = 25.6;   // 1e9 byte/s
  double memory_efficiency = 0.7;   // share of the peak that kernels reach
  double gpu_bytes_per_cycle = 64;  // what the GPU can request at its own clock
  double element_bytes = 4;         // precision of weights and activations on the GPU
  double cache_miss_share = 0.3;    // of the tiles' operand traffic that reaches the DRAM
  double overlap = 0.3;             // share of the shorter of compute and memory time that hides
  double memory_pj_per_byte = 60;   // DRAM, its interface and controller
  double memory_idle_w = 0;         // of soc_w: what the clocked memory draws without traffic
  // ---- power, at the module's input (regulators' losses included) ----
  double board_w = 0.8;
  double soc_w = 0.8;
  double graphics_w = 0;  // a graphics unit that runs no network; only where has_gpu() is false
  double cv_w = 0;        // vision accelerators, powered but idle
  VoltageCurve cpu_voltage{0.8, 1.1, 0};
  VoltageCurve gpu_voltage{0.8, 1.1, 0};
  double cpu_core_nf = 0.4;        // switched capacitance of a busy core: P = C V^2 f
  double cpu_spin_activity = 0.6;  // a core that polls for the GPU, against a working one
  double cpu_uncore_nf = 0.05;     // cluster clock, always
  double cpu_leakage_w = 0.2;      // of all cores at maximum_v and reference temperature
  double gpu_clock_nf = 2;         // clocks and control of a busy GPU
  double gpu_idle_share = 0.2;     // of gpu_clock_nf while no kernel runs
  double gpu_gated_share = 1;      // of the idle GPU's power while it is railgated
  double gpu_mac_pj = 5;           // a MAC at maximum_v, padding too
  double gpu_leakage_w = 0.3;
  double governor_guard_band = 0.02;  // extra voltage while a governor may move the clock
  double voltage_leakage_exponent = 2;
  // ---- temperature ----
  double ambient_c = 25;
  double thermal_resistance_k_per_w = 3;
  double thermal_time_constant_s = 60;
  double leakage_per_k = 0.004;  // relative, about reference_c
  double reference_c = 45;
  double trip_c = 97;  // passive throttling begins
  // ---- the power governance of the Ampere boards: 0 = none ----
  double power_budget_w = 0;
  double power_budget_window_ms = 100;
  double power_budget_period_ms = 20;
  double power_budget_hysteresis_w = 0.3;
  // ---- control loops ----
  double schedutil_rate_limit_ms = 2;
  double schedutil_margin = 1.25;
  double pelt_half_life_ms = 32;
  double tick_ms = 4;
  double cpu_sampling_ms = 20;  // ondemand, conservative, interactive
  double gpu_sampling_ms = 50;
  // ---- the process ----
  double storage_mbps = 90;            // 1e6 byte/s: the model file
  double input_mbps = 500;             // inputs of a batch; the CPU waits (iowait)
  double load_cycles_per_byte = 2;     // parsing and copying the model
  double initialisation_cycles = 3e9;  // CUDA context, libraries, kernels' choice
  double start_share = 0.4;            // of them before the model is read: program and libraries
  double input_cycles_per_byte = 2;    // decoding and scaling a batch's inputs, once
  double tear_down_cycles = 2e8;
  double memory_gb = 3.9;   // 1e9 byte that programs may use
  double runtime_gb = 1.5;  // system, CUDA context and libraries
  // ---- run-to-run variation, relative standard deviations ----
  double run_variation = 0.006;
  double batch_variation = 0.004;
};

// One number of Constants: key in the file ("gpu.clock_nf" = table gpu, key clock_nf).
struct ConstantField {
  std::string_view key;
  std::string_view unit;
  std::string_view meaning;
  double& (*of)(Constants&);
  double lower;  // physically sensible bounds, checked when the file is read
  double upper;
  bool optional = false;  // may be missing in the file: then as Constants begins
  bool of_gpu() const { return key.starts_with("gpu."); }
  bool of_cpu_kernels() const { return key.starts_with("kernels."); }
  bool of_dla() const { return key.starts_with("dla."); }
};
std::span<const ConstantField> constant_fields();

// Errors: parse (line and column), invalid (which key and its bounds, a table not ascending, a
// default governor that is not listed).
// `variant`: merged over the rest (twin/variant.h); one that the file does not have changes
// nothing. In a file that a fit shall rewrite, the [variant.NAME] tables come last.
Result<Constants> parse_constants(const std::string& toml, const std::string& path,
                                  const std::string& variant = {});

// The file's text; `notes` adds "source" remarks by key ("fitted to ..."), kept over a rewrite.
std::string format_constants(const Constants& constants,
                             const std::map<std::string, std::string>& notes);
// The remarks behind the values of a file that format_constants wrote.
std::map<std::string, std::string> constant_notes(const std::string& toml);

}  // namespace isojoule::twin
