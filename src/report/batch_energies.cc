#include "report/batch_energies.h"

#include <fmt/format.h>

#include <algorithm>

#include "board/board.h"
#include "trace/segment.h"
#include "trace/visible.h"

namespace isojoule {
namespace {

// Energy from the first of some marks to each of them, of several rails together.
class RunningEnergy {
 public:
  explicit RunningEnergy(const std::vector<BatchMark>& batches) {
    for (const BatchMark& batch : batches) {
      marks_.push_back(batch.begin);
      marks_.push_back(batch.end);
    }
    std::sort(marks_.begin(), marks_.end());
    marks_.erase(std::unique(marks_.begin(), marks_.end()), marks_.end());
    joules_.resize(marks_.size());
    missing_.resize(marks_.size());
  }

  void add(const Channel& channel) {
    const auto parts = energies_between(channel, marks_);
    double joules = 0;
    std::size_t missing = 0;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      joules += parts[i].value_or(Joule(0)).value();
      missing += parts[i] ? 0 : 1;
      joules_[i + 1] += joules;
      missing_[i + 1] += missing;
    }
  }

  std::optional<Joule> of(const BatchMark& batch) const {
    const std::size_t begin = place_of(batch.begin), end = place_of(batch.end);
    if (missing_[begin] != missing_[end]) return std::nullopt;
    return Joule(joules_[end] - joules_[begin]);
  }

 private:
  std::size_t place_of(Instant mark) const {
    return static_cast<std::size_t>(std::lower_bound(marks_.begin(), marks_.end(), mark) -
                                    marks_.begin());
  }
  std::vector<Instant> marks_;
  std::vector<double> joules_;
  std::vector<std::size_t> missing_;  // stretches before each mark that have no energy
};

// The channels of the total; none where one of its rails is not there.
std::vector<const Channel*> total_channels(const Trace& trace) {
  std::vector<const Channel*> channels;
  const auto rails = rails_of_total(trace.total);
  if (!rails) return channels;
  for (const std::string& rail : *rails) {
    const auto channel =
        std::find_if(trace.channels.begin(), trace.channels.end(),
                     [&rail](const Channel& candidate) { return candidate.info.rail == rail; });
    if (channel == trace.channels.end()) return {};
    channels.push_back(&*channel);
  }
  return channels;
}

MeasuredEnergy absent(std::string why) { return {std::nullopt, std::nullopt, std::move(why)}; }

MeasuredEnergy energy_of(const BatchMark& batch, const RunningEnergy& running, Second resolution) {
  if (batch.end <= batch.begin) return absent("it has no length");
  const Second length = (batch.end - batch.begin).seconds();
  if (length < resolution * 2)
    return absent(
        fmt::format("it took {:.3g} ms, and the power source resolves no less than {:.3g} ms",
                    length.value() * 1e3, resolution.value() * 2e3));
  if (const auto joules = running.of(batch)) return {joules, std::nullopt, ""};
  return absent("the readings do not reach over it");
}

}  // namespace

std::vector<MeasuredEnergy> batch_energies(const Run& run, const Trace& trace) {
  const auto channels = total_channels(trace);
  const auto resolution = resolution_of(trace);
  if (channels.empty() || !resolution)
    return std::vector<MeasuredEnergy>(run.batches.size(),
                                       absent("there is no trace of the module's total"));
  RunningEnergy running(run.batches);
  for (const Channel* channel : channels) running.add(*channel);
  std::vector<MeasuredEnergy> energies;
  energies.reserve(run.batches.size());
  for (const BatchMark& batch : run.batches)
    energies.push_back(energy_of(batch, running, resolution->time));
  return energies;
}

}  // namespace isojoule
