// What a report holds beside the study's answers: parts that read traces, and what other rooms
// know.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "report/summary.h"

namespace isojoule {

// Another study in the same report, for `boards`.
struct BesideStudy {
  std::string path;
  StudySummary summary;
};

struct ReportOptions {
  enum class Timelines : std::uint8_t {
    none,
    best,  // of every best setting and its governors, until `timeline_bytes` are used up
    all,   // a run of every point, whatever the size
  };
  Timelines timelines = Timelines::none;
  std::vector<std::int64_t> timeline_runs = {};  // by id; these too, whatever their size
  std::size_t timeline_bytes = 3'000'000;        // of JSON text
  bool cumulative = false;                       // reads a trace for every curve
  std::string study_path = {};                   // as the user named it, for `boards`
  std::vector<BesideStudy> beside = {};
  // Of a study that `isojoule tune` made: {"minimise", ...}, see report/summary_json.h. Only the
  // app knows what such a study remembers. Null: none.
  std::shared_ptr<const nlohmann::json> search = nullptr;
};

}  // namespace isojoule
