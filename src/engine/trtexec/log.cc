#include "engine/trtexec/log.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "engine/trtexec/number.h"

namespace isojoule::trtexec {
namespace {

// The rest of `text` after `start`, where it begins with that.
std::optional<std::string_view> after(std::string_view text, std::string_view start) {
  if (!text.starts_with(start)) return std::nullopt;
  return trimmed_view(text.substr(start.size()));
}

bool number_after(std::string_view text, std::string_view start, std::optional<double>& out) {
  const auto rest = after(text, start);
  if (!rest) return false;
  if (const auto number = leading_number(*rest)) out = number;
  return true;
}

// "min = 2.05 ms, max = 2.59 ms, ..., percentile(99%) = 2.58 ms"
Statistics read_statistics(std::string_view text) {
  Statistics read;
  while (!text.empty()) {
    const std::size_t comma = text.find(", ");
    const std::string_view part = text.substr(0, comma);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 2);
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view key = trimmed_view(part.substr(0, equals));
    const std::optional<double> value = leading_number(part.substr(equals + 1));
    if (!value) continue;
    if (key == "min") read.minimum = value;
    if (key == "max") read.maximum = value;
    if (key == "mean") read.mean = value;
    if (key == "median") read.median = value;
    if (const auto share = after(key, "percentile("))
      if (const auto percent = leading_number(*share)) read.percentiles[*percent] = *value;
  }
  return read;
}

// "8.5.2"; "8001" in 8.0.
std::optional<Version> version_of_words(std::string_view words) {
  if (words.find('.') == std::string_view::npos) return version_of_number(words);
  Version version;
  for (int* part : {&version.major, &version.minor, &version.patch}) {
    const auto [end, error] = std::from_chars(words.data(), words.data() + words.size(), *part);
    if (error != std::errc()) return std::nullopt;
    words.remove_prefix(static_cast<std::size_t>(end - words.data()));
    if (words.starts_with('.')) words.remove_prefix(1);
  }
  return version;
}

// What comes without prefix and still tells of a failure: the checks of CUDA calls, the C++
// runtime, the dynamic loader.
bool is_bare_error(std::string_view text) {
  for (const std::string_view start :
       {"Cuda failure", "CUDA failure", "terminate called", "Assertion failed", "ERROR:"})
    if (text.starts_with(start)) return true;
  return text.find("error while loading shared libraries") != std::string_view::npos;
}

void keep(std::vector<std::string>& lines, std::string_view text) {
  if (lines.size() < kLogLinesKept && !text.empty()) lines.emplace_back(text);
}

bool is_upper_word(std::string_view word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// "CONVOLUTION: conv1 + relu" (since 8.4), "conv1 + relu" (before).
PlacedLayer read_layer(std::string_view text) {
  PlacedLayer layer;
  const std::size_t colon = text.find(": ");
  if (colon != std::string_view::npos && is_upper_word(text.substr(0, colon))) {
    layer.operation = text.substr(0, colon);
    text.remove_prefix(colon + 2);
  }
  layer.name = trimmed_view(text);
  return layer;
}

}  // namespace

void LogReader::banner(const Banner& banner) {
  log_.verdict = banner.verdict;
  if (banner.version) log_.version = banner.version;
  if (!banner.command.empty()) log_.command = banner.command;
  section_ = Section::other;
}

bool LogReader::section(std::string_view text) {
  const bool placed = text.find("Layers Running on ") != std::string_view::npos;
  if (!text.starts_with("=== ") && !placed) return false;
  section_ = Section::other;
  if (text.starts_with("=== Performance summary")) {
    section_ = Section::summary;
    log_.summary = Summary();
  } else if (text.starts_with("=== Profile (")) {
    section_ = Section::profile_header;
    log_.profile.clear();
    number_after(text, "=== Profile (", log_.profiled_iterations);
  } else if (placed) {
    section_ = text.find("on DLA") != std::string_view::npos ? Section::dla : Section::gpu;
    (section_ == Section::dla ? log_.dla_layers : log_.gpu_layers).clear();
    log_.layers_placed = true;
  }
  return true;
}

bool LogReader::device(std::string_view text) {
  if (const auto name = after(text, "Selected Device: ")) return log_.device.name = *name, true;
  if (const auto version = after(text, "Compute Capability: "))
    return log_.device.compute_capability = *version, true;
  if (number_after(text, "SMs: ", log_.device.multiprocessors)) return true;
  if (number_after(text, "Compute Clock Rate: ", log_.device.clock_ghz)) return true;
  if (number_after(text, "Application Compute Clock Rate: ", log_.device.clock_ghz)) return true;
  if (number_after(text, "Device Global Memory: ", log_.device.memory_mib)) return true;
  if (const auto core = after(text, "DLACore:")) {
    log_.dla_core = core->substr(0, core->find('('));
    log_.gpu_fallback = core->find("With GPU fallback") != std::string_view::npos;
    return true;
  }
  return false;
}

bool LogReader::engine(std::string_view text) {
  if (const auto words = after(text, "TensorRT version: ")) {
    if (!log_.version) log_.version = version_of_words(*words);
    return true;
  }
  if (text.starts_with("The e2e network timing is not reported")) return not_reported_ = true;
  if (text.starts_with("Skipped inference phase")) return skipped_ = true;
  if (text.starts_with("Timing trace has ")) {
    number_after(text, "Timing trace has ", log_.timed_queries);
    return true;
  }
  return number_after(text, "Engine built in ", log_.built_s) ||
         number_after(text, "Engine loaded in ", log_.loaded_s) ||
         number_after(text, "Engine deserialized in ", log_.deserialised_s) ||
         number_after(text, "Created engine with size: ", log_.engine_mib) ||
         number_after(text, "Warmup completed ", log_.warmup_queries);
}

bool LogReader::summary(std::string_view text) {
  if (section_ != Section::summary) return false;
  Summary& summary = *log_.summary;
  if (number_after(text, "Throughput: ", summary.throughput_qps)) return true;
  if (number_after(text, "Total Host Walltime: ", summary.walltime_s)) return true;
  if (number_after(text, "Total GPU Compute Time: ", summary.compute_total_s)) return true;
  const std::pair<std::string_view, std::optional<Statistics>*> rows[] = {
      {"Latency: ", &summary.latency},          {"End-to-End Host Latency: ", &summary.end_to_end},
      {"Enqueue Time: ", &summary.enqueue},     {"H2D Latency: ", &summary.copy_in},
      {"GPU Compute Time: ", &summary.compute}, {"D2H Latency: ", &summary.copy_out}};
  for (const auto& [start, place] : rows)
    if (const auto rest = after(text, start)) return *place = read_statistics(*rest), true;
  return false;
}

bool LogReader::layer(std::string_view text) {
  if (const auto rest = after(text, "[DlaLayer]"))
    return log_.dla_layers.push_back(read_layer(*rest)), true;
  if (const auto rest = after(text, "[GpuLayer]"))
    return log_.gpu_layers.push_back(read_layer(*rest)), true;
  return false;
}

// Up to 8.5 "name  time  average  median  percent", since 8.6 the name comes last. A name may hold
// anything, numbers and blanks too, so the numbers are counted from their end of the row.
bool LogReader::profile_row(std::string_view text) {
  if (section_ == Section::profile_header) {
    section_ = Section::profile;
    names_last_ = text.ends_with("Layer");
    has_median_ = text.find("Median") != std::string_view::npos;
    return true;
  }
  if (section_ != Section::profile) return false;
  if (trimmed_view(text).empty()) return section_ = Section::other, true;
  std::vector<double> numbers;
  std::string_view rest = trimmed_view(text);
  const std::size_t expected = has_median_ ? 4 : 3;
  while (numbers.size() < expected) {
    const std::size_t space = names_last_ ? rest.find(' ') : rest.rfind(' ');
    if (space == std::string_view::npos) return true;
    const auto number = whole_number(names_last_ ? rest.substr(0, space) : rest.substr(space + 1));
    if (!number || *number < 0) return true;
    numbers.push_back(*number);
    rest = trimmed_view(names_last_ ? rest.substr(space + 1) : rest.substr(0, space));
  }
  if (!names_last_) std::reverse(numbers.begin(), numbers.end());
  if (rest == "Total") return section_ = Section::other, true;
  ProfileRow row{std::string(rest), numbers[0], numbers[1], std::nullopt};
  if (has_median_) row.median_ms = numbers[2];
  log_.profile.push_back(std::move(row));
  return true;
}

void LogReader::warning(std::string_view text) {
  keep(log_.warnings, text);
  const auto has = [&text](std::string_view words) {
    return text.find(words) != std::string_view::npos;
  };
  constexpr std::string_view variation = "coefficient of variance = ";
  if (const std::size_t at = text.find(variation); at != std::string_view::npos)
    log_.unstable_percent = leading_number(text.substr(at + variation.size()));
  if (has("bound by Enqueue Time")) log_.bound_by_enqueue = true;
  if (has("bound by host-to-device") || has("bound by device-to-host")) log_.bound_by_copies = true;
  if (has("CUDA lazy loading is not enabled")) log_.lazy_loading_off = true;
  if (has("useCudaGraph flag has been ignored") || has("Ignored --useCudaGraph"))
    log_.graph_ignored = true;
}

void LogReader::text_of(const LogLine& line) {
  // Layers first: a name may hold any words.
  if (layer(line.text) || section(line.text)) return;
  if (profile_row(line.text) || summary(line.text)) return;
  if (!device(line.text)) engine(line.text);
}

void LogReader::line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  if (const auto found = read_banner(text)) return banner(*found);
  const LogLine line = read_line(text);
  const bool was_error = std::exchange(after_error_, false);
  switch (line.severity) {
    case Severity::verbose: return;
    case Severity::info: return text_of(line);
    case Severity::warning: return warning(line.text);
    case Severity::error:
    case Severity::fatal: after_error_ = true; return keep(log_.errors, line.text);
    case Severity::none:
      // A message of several lines has its prefix on the first alone.
      if (is_bare_error(line.text) || (was_error && line.text.starts_with("[")))
        keep(log_.errors, line.text);
  }
}

Log LogReader::log() const {
  Log log = log_;
  if (log.summary && !log.summary->throughput_qps && !log.summary->compute) log.summary.reset();
  if (log.summary) return log;
  if (not_reported_)
    log.why_no_summary = "trtexec reports no times of whole batches while its profiler is on";
  else if (log.verdict == Verdict::failed)
    log.why_no_summary = "trtexec failed";
  else if (skipped_)
    log.why_no_summary = "the engine was built only, nothing ran";
  else if (log.verdict == Verdict::running)
    log.why_no_summary = "the log ends before the summary";
  else if (log.verdict == Verdict::none)
    log.why_no_summary = "this is no log of trtexec";
  else
    log.why_no_summary = "the log has no performance summary";
  return log;
}

Log parse_log(std::string_view text) {
  LogReader reader;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    reader.line(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return reader.log();
}

}  // namespace isojoule::trtexec
