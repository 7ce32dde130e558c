// `isojoule energy`: the energy of windows of a log that another program or meter wrote.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/counter.h"
#include "import/import.h"
#include "trace/integrate.h"

namespace isojoule {

struct EnergyRequest {
  std::string trace;  // a file
  ImportOptions import;
  // Times as the trace writes them; absent: its begin, its end.
  std::optional<std::string> begin, end;
  bool whole = false;   // whatever windows there are
  std::string window;   // name, or a pattern with * and ?; "": all
  std::string markers;  // a file with windows; "": those of the trace itself
  ImportOptions markers_import;
  std::optional<std::string> markers_at;  // where the markers' zero is, as the trace writes times
  Second markers_shift{0};                // to be added to the markers' times
  std::string rail;                       // "": the total, or the only one
  std::string layers;                     // trtexec's --exportProfile; "": none
};

// Of one rail in one window.
struct RailAnswer {
  std::string rail;  // "total": of the rails that the log's total names
  Energy energy;
};

struct WindowResult {
  std::string name;  // "": the whole trace, or from --begin to --end
  Instant begin, end;
  std::string begin_text, end_text;  // as the trace writes times
  Second duration{0};
  std::vector<RailAnswer> rails;  // the asked one first
};

// A layer's part of the energy, by its share of time; power as if it were even.
struct LayerPart {
  std::string layer;
  double share = 0;
  Joule energy{0};
  Joule uncertainty{0};  // k = 1
};

struct EnergyResult {
  std::string format;
  std::string sensor;                 // of the first rail
  std::vector<WindowResult> windows;  // by begin
  // All windows together, where there are several and none overlaps another; else why not.
  std::optional<WindowResult> all;
  std::string why_not_all;
  std::vector<LayerPart> layers;  // of all windows together, or of the one; in order of execution
  std::uint64_t readings = 0;     // of the first rail
  Counters counters;              // of the log, the markers and the windows
  std::vector<std::string> notes;
};

// Reads the trace once (twice where its end is asked for); memory does not grow with it. Errors:
// those of open_log(); not_found (a rail, a window); invalid (begin and window at once; end before
// begin; a pipe whose end is asked for); no_data (the log has no rail).
Result<EnergyResult> energy_of(const EnergyRequest& request);

}  // namespace isojoule
