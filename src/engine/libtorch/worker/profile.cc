#include "engine/libtorch/worker/profile.h"

#include <ATen/record_function.h>

#include <algorithm>

#include "engine/layer_statistics.h"
#include "engine/worker_channel.h"

namespace isojoule::libtorch {
namespace {

// What the callbacks write to; they are plain functions and are called on this thread only.
struct Recording {
  LayerTimes& times;
  const std::function<void()>& settle;
  int depth = 0;
  int number = 0;
  Instant begin{};
};
thread_local Recording* recording = nullptr;

std::unique_ptr<at::ObserverContext> operator_begins(const at::RecordFunction&) {
  if (recording->depth++ == 0) recording->begin = worker_now();
  return nullptr;
}

void operator_ends(const at::RecordFunction& function, at::ObserverContext*) {
  if (--recording->depth > 0) return;
  recording->settle();
  const Second time = (worker_now() - recording->begin).seconds();
  std::string name = function.name();
  if (name.starts_with("aten::")) name.erase(0, 6);
  recording->times.add({"call " + std::to_string(++recording->number), name}, time);
}

}  // namespace

void LayerTimes::add(const StepName& step, Second time) {
  if (next_ == rows_.size()) {
    same_ = same_ && batches_ == 1;
    rows_.push_back({step, {}});
  }
  Row& row = rows_[next_++];
  same_ = same_ && row.step.operation == step.operation;
  row.seconds.push_back(time.value());
}

Result<std::vector<LayerTime>> LayerTimes::layers() const {
  const bool complete = std::all_of(rows_.begin(), rows_.end(), [this](const Row& row) {
    return row.seconds.size() == static_cast<std::size_t>(batches_);
  });
  if (!same_ || !complete)
    return fail(ErrorKind::unsupported, "the batches do not call the same operators",
                "Take graph dynamic for times by layer.");
  std::vector<LayerTime> layers;
  for (const Row& row : rows_) {
    LayerTime layer;
    layer.name = row.step.name;
    layer.operation = row.step.operation;
    layer.device = device_;
    set_times(layer, row.seconds);
    layers.push_back(std::move(layer));
  }
  return layers;
}

void record_operators(LayerTimes& times, const std::function<void()>& work,
                      const std::function<void()>& settle) {
  Recording here{times, settle};
  recording = &here;
  const auto handle =
      at::addThreadLocalCallback(at::RecordFunctionCallback(operator_begins, operator_ends)
                                     .scopes({at::RecordScope::FUNCTION}));
  struct Removal {
    at::CallbackHandle handle;
    ~Removal() {
      at::removeCallback(handle);
      recording = nullptr;
    }
  } const removal{handle};
  work();
}

}  // namespace isojoule::libtorch
