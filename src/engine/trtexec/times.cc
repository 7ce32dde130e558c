#include "engine/trtexec/times.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace isojoule::trtexec {
namespace {

using nlohmann::json;

// A time before zero can only be noise of the clock's first moments.
constexpr double kLeast_ms = -1;

struct Field {
  const char* key;
  double BatchTimes::*place;
};
constexpr Field kFields[] = {{"startEnqMs", &BatchTimes::enqueue_begin},
                             {"endEnqMs", &BatchTimes::enqueue_end},
                             {"startH2dMs", &BatchTimes::copy_in_begin},
                             {"endH2dMs", &BatchTimes::copy_in_end},
                             {"startComputeMs", &BatchTimes::compute_begin},
                             {"endComputeMs", &BatchTimes::compute_end},
                             {"startD2hMs", &BatchTimes::copy_out_begin},
                             {"endD2hMs", &BatchTimes::copy_out_end},
                             {"h2dMs", &BatchTimes::copy_in},
                             {"computeMs", &BatchTimes::compute},
                             {"d2hMs", &BatchTimes::copy_out},
                             {"latencyMs", &BatchTimes::latency}};
// Before 8.0 the copies were called otherwise; a file without these fields is of such a version.
constexpr const char* kRemedy = "trtexec of TensorRT 8.0 or later writes this file.";

// "" or what is wrong with the entry.
std::string take(const json& entry, BatchTimes& times) {
  if (!entry.is_object()) return "is not an object";
  for (const Field& field : kFields) {
    const auto found = entry.find(field.key);
    if (found == entry.end()) return std::string("has no '") + field.key + "'";
    if (!found->is_number()) return std::string("'") + field.key + "' is not a number";
    times.*field.place = found->get<double>();
    if (!(times.*field.place >= kLeast_ms && times.*field.place < 1e10))
      return std::string("'") + field.key + "' is out of range";
  }
  if (times.compute < 0 || times.latency < 0) return "has a duration below zero";
  if (const auto found = entry.find("endToEndMs"); found != entry.end() && found->is_number())
    times.end_to_end = found->get<double>();
  return {};
}

}  // namespace

Result<std::vector<BatchTimes>> parse_times(std::string_view text) {
  std::vector<BatchTimes> all;
  std::string fault;
  // Entries are taken and thrown away while the file is read: as a whole tree a run of a million
  // batches would not fit into the memory of a small board.
  const auto keep = [&](int depth, json::parse_event_t event, json& value) {
    if (depth != 1 || event == json::parse_event_t::array_start) return true;
    if (event == json::parse_event_t::object_start) return true;
    BatchTimes times;
    const std::string wrong = take(value, times);
    if (!wrong.empty() && fault.empty())
      fault = "entry " + std::to_string(all.size() + 1) + " " + wrong;
    all.push_back(times);
    return false;
  };
  const json rest = json::parse(text, keep, false);
  if (rest.is_discarded() || !rest.is_array()) fault = "it is not a JSON list";
  if (!fault.empty()) return fail(ErrorKind::parse, "trtexec's times: " + fault, kRemedy);
  return all;
}

double step_ms(double at_ms) {
  constexpr int kDigits = 6;
  const double size = std::fabs(at_ms);
  if (!(size >= 1)) return 1e-6;
  return std::pow(10.0, std::floor(std::log10(size)) + 1 - kDigits);
}

}  // namespace isojoule::trtexec
