// What trtexec (TensorRT 8.0 to 10.x) says on its standard output and error. Formats by version:
// docs/engines/trtexec.md. A value that is not there is absent, never zero.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/trtexec/log_line.h"

namespace isojoule::trtexec {

// One line of the performance summary, in milliseconds.
struct Statistics {
  std::optional<double> minimum, maximum, mean, median;
  std::map<double, double> percentiles;  // 99 -> milliseconds; before 8.5 that one alone
};

struct Summary {
  std::optional<double> throughput_qps;  // queries: batches, whatever their size
  std::optional<Statistics> latency;     // copy to the device, computing, copy back
  std::optional<Statistics> end_to_end;  // with the wait for the batch before; up to 8.2
  std::optional<Statistics> enqueue, copy_in, compute, copy_out;
  std::optional<double> walltime_s, compute_total_s;
};

struct Device {
  std::optional<std::string> name;  // "Xavier", "Orin"
  std::optional<std::string> compute_capability;
  std::optional<double> multiprocessors, clock_ghz, memory_mib;
};

struct PlacedLayer {
  std::string name;
  std::string operation;  // "CONVOLUTION"; empty where the version does not say
};

// A row of the printed table of layers.
struct ProfileRow {
  std::string name;
  double total_ms = 0, average_ms = 0;
  std::optional<double> median_ms;  // since 8.4
};

struct Log {
  std::optional<Version> version;
  std::string command;
  Verdict verdict = Verdict::none;  // of the last banner; running: it never said how it ended
  Device device;
  std::string dla_core;       // "0", "1"; empty: not on a DLA
  bool gpu_fallback = false;  // layers that the DLA cannot do may run on the GPU
  std::optional<Summary> summary;
  std::string why_no_summary;  // where it is absent
  std::optional<double> built_s, loaded_s, deserialised_s, engine_mib;
  std::optional<double> warmup_queries, timed_queries;
  // Coefficient of variation of the computing time, where trtexec (since 8.4) found it unstable.
  std::optional<double> unstable_percent;
  bool bound_by_enqueue = false, bound_by_copies = false, graph_ignored = false,
       lazy_loading_off = false;
  bool layers_placed = false;  // the two lists were printed; one of them may be empty
  std::vector<PlacedLayer> dla_layers, gpu_layers;
  std::optional<double> profiled_iterations;
  std::vector<ProfileRow> profile;    // without the total
  std::vector<std::string> errors;    // lines of severity error, and those of CUDA and the loader
  std::vector<std::string> warnings;  // both: the first kLogLinesKept
};
inline constexpr std::size_t kLogLinesKept = 100;

// Takes the lines one by one, so that a log can be read as it is written. Lines after the end of
// one run and before the next (the user's shell, say) do no harm.
class LogReader {
 public:
  void line(std::string_view text);
  // What is known so far, with the reason where there is no summary.
  Log log() const;

 private:
  void banner(const Banner& banner);
  void text_of(const LogLine& line);
  bool section(std::string_view text);
  bool device(std::string_view text);
  bool engine(std::string_view text);
  bool summary(std::string_view text);
  bool layer(std::string_view text);
  bool profile_row(std::string_view text);
  void warning(std::string_view text);

  enum class Section { other, summary, profile_header, profile, dla, gpu };
  Section section_ = Section::other;
  bool names_last_ = false, has_median_ = false;  // columns of the table of layers
  bool not_reported_ = false, skipped_ = false, after_error_ = false;
  Log log_;
};

Log parse_log(std::string_view text);

}  // namespace isojoule::trtexec
