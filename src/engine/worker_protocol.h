// The words between the core and a worker program: one JSON object a line, over a socket pair that
// the worker finds as descriptor 3. The core sends one job; the worker answers with events and ends
// with `finished` or `failed`. All instants are nanoseconds of CLOCK_MONOTONIC, which both read.
//
//   {"type":"job","protocol":2,"model_path":"m.onnx","network":"alexnet","batch":8,...}
//   {"type":"phase_begin","phase":"load","at_ns":123}     {"type":"phase_end",...}
//   {"type":"batches","marks_ns":[begin,end,begin,end,...]}
//   {"type":"note","key":"provider","value":"CPU"}
//   {"type":"layers","layers":[{"name":"conv1","operation":"Conv","device":"CPU","time_s":0.001,...}]}
//   {"type":"finished"}
//   {"type":"failed","kind":"engine","what":"...","tried":"...","remedy":"..."}
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "engine/engine.h"

namespace isojoule {

inline constexpr int kWorkerProtocol = 2;
inline constexpr int kWorkerDescriptor = 3;
// Longer lines are an error: a worker that went mad must not fill the core's memory.
inline constexpr std::size_t kWorkerLineLimit = std::size_t{1} << 20;
// So many marks fit into a line with room to spare (2 numbers of at most 20 characters each).
inline constexpr std::size_t kWorkerMarksPerLine = 4096;
// So many layers, with names as frameworks make them; a longer list is cut into several lines.
inline constexpr std::size_t kWorkerLayersPerLine = 512;

// Each with its newline at the end.
std::string encode_job(const Job& job);
std::string encode_event(const Event& event);  // a batch event becomes a line with one mark
std::string encode_batches(std::span<const BatchMark> marks);

// Errors: parse (not JSON, a field is missing or of another type), unsupported (another version of
// the protocol).
Result<Job> decode_job(std::string_view line);
// A line of batches gives many events, one without marks an `alive`. Errors: parse.
Result<std::vector<Event>> decode_events(std::string_view line);

// Cuts a stream into lines. Errors of append: parse, when a line grows beyond kWorkerLineLimit.
class LineBuffer {
 public:
  Status append(std::string_view bytes);
  std::optional<std::string> next();  // without its newline
  std::size_t pending() const { return partial_.size(); }

 private:
  std::string partial_;
  std::deque<std::string> lines_;
};

}  // namespace isojoule
