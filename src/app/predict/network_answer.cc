#include "app/predict/network_answer.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <map>

namespace isojoule {
namespace {

// "4 layers with operators that are not counted (NonMaxSuppression x3, Foo)".
std::string unknown_operators(const NetworkCost& cost) {
  std::map<std::string, int> counts;
  int all = 0;
  for (const LayerCost& layer : cost.layers)
    if (!layer.known) {
      ++counts[layer.operation];
      ++all;
    }
  if (all == 0) return {};
  std::string names;
  for (const auto& [name, count] : counts)
    names += (names.empty() ? "" : ", ") + name + (count > 1 ? fmt::format(" x{}", count) : "");
  return fmt::format("{} {} an operator that is not counted ({}): what it computes is not in this",
                     all, all == 1 ? "layer has" : "layers have", names);
}

}  // namespace

double log_half_width(double value, const Interval& interval) {
  if (!(value > 0) || !(interval.high > 0) || !std::isfinite(interval.high))
    return std::numeric_limits<double>::infinity();
  return std::log(interval.high / value);
}

NetworkAnswer answer_of(const EnergyModel& model, const NetworkCost& cost,
                        const OperatingPoint& point) {
  const NetworkWork work = work_of(cost);
  NetworkAnswer answer;
  answer.network = cost.name;
  answer.batch = cost.batch;
  answer.macs = work.macs();
  answer.parameters = work.parameters();
  answer.total = model.predict(work, point);
  std::vector<PredictedLayer> layers;
  answer.rest = model.predict_layers(work, point, layers);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const LayerCost& layer = cost.layers[i];
    answer.layers.push_back({layer.name, layer.operation, layer.output_shape, layer.known,
                             static_cast<double>(layer.macs),
                             layers[i].energy_j / answer.total.energy_j, layers[i]});
  }
  if (std::string unknown = unknown_operators(cost); !unknown.empty())
    answer.cautions.push_back(std::move(unknown));
  answer.cautions.insert(answer.cautions.end(), cost.notes.begin(), cost.notes.end());
  // The model knows their number alone.
  for (const std::string& caution : answer.total.cautions)
    if (!caution.ends_with("operators that are not counted")) answer.cautions.push_back(caution);
  return answer;
}

}  // namespace isojoule
