// The widest small network whose inference keeps to a budget of energy, without a board: a search
// over widths by a model that `isojoule fit` made.
//   search_width twin:jetson-tx2 0.02        (joules)
#include <isojoule/predict.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

using isojoule::CandidateLayer;

int main(int argc, char** argv) {
  const auto predictor =
      isojoule::EnergyPredictor::of_board(argc > 1 ? argv[1] : "twin:jetson-tx2");
  if (!predictor) return std::puts(isojoule::to_string(predictor.error()).c_str()), 2;
  const auto here = predictor->at({{}, 8});  // the highest clocks, batch 8
  if (!here) return std::puts(isojoule::to_string(here.error()).c_str()), 2;
  const double budget_j = argc > 2 ? std::atof(argv[2]) : 0.02;
  for (std::int64_t width = 512; width >= 8; width -= 8) {
    std::vector<CandidateLayer> layers = {CandidateLayer::convolution(
        {.in = 3, .out = width, .kernel = 3, .stride = 2, .height = 224, .width = 224})};
    for (std::int64_t size = 112, channels = width; size > 7; size /= 2, channels *= 2)
      layers.push_back(CandidateLayer::convolution({.in = channels,
                                                    .out = channels * 2,
                                                    .kernel = 3,
                                                    .stride = 2,
                                                    .height = size,
                                                    .width = size}));
    const auto cost = here->network(layers);
    if (!cost || cost->energy_j.high > budget_j) continue;  // the whole interval is to fit
    std::printf("width %ld: %.3g J an inference (90 %%: %.3g to %.3g)%s%s\n", long(width),
                cost->energy_j.value, cost->energy_j.low, cost->energy_j.high,
                cost->cautious ? ", outside of what was measured" : "",
                predictor->simulated() ? ", SIMULATED" : "");
    return 0;
  }
  std::puts("no width keeps to it");
  return 1;
}
