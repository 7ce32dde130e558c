// Times of operators, from batch to batch, as layers.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "data/run.h"
#include "engine/libtorch/worker/program.h"

namespace isojoule::libtorch {

class LayerTimes {
 public:
  explicit LayerTimes(std::string device) : device_(std::move(device)) {}
  // Calls of a batch come in the same order every time; a batch that has others is refused
  // (unsupported) by layers().
  void begin_batch() { next_ = 0, ++batches_; }
  void add(const StepName& step, Second time);
  Result<std::vector<LayerTime>> layers() const;

 private:
  struct Row {
    StepName step;
    std::vector<double> seconds;  // one a batch
  };
  std::string device_;
  std::vector<Row> rows_;
  std::size_t next_ = 0;
  std::int64_t batches_ = 0;
  bool same_ = true;
};

// One run of `work`, with the operators that LibTorch itself reports (at::RecordFunction): the
// outermost ones, without what they call. `settle` is called after each.
void record_operators(LayerTimes& times, const std::function<void()>& work,
                      const std::function<void()>& settle);

}  // namespace isojoule::libtorch
