// What other studies and models know before the first probe.
#pragma once

#include <string>
#include <vector>

#include "app/paths.h"
#include "optimise/optimiser.h"

namespace isojoule {

struct EarlierRequest {
  const SearchSpace* space = nullptr;
  std::string board;  // "jetson-nano", as a study says it
  bool simulated = false;
  std::string network;  // as a run says it
};

struct EarlierProbes {
  std::vector<Probe> warm;
  std::vector<PriorProbe> prior;
  std::vector<std::string> notes;  // how many were taken from where
};

// Runs of a study of this board and network, at settings of the space; others are passed over and
// counted. Errors: those of the study; invalid (another board or network), no_data (none of its
// settings is in the space).
Status add_warm(const EarlierRequest& request, const std::string& path, EarlierProbes& into);
// Runs of any study: a number becomes the value of the axis at the same share of the highest, a
// word is the same word; what the study does not turn is at its highest or first value. Errors: as
// above, but for the board and the network.
Status add_prior(const EarlierRequest& request, const std::string& path, EarlierProbes& into);
// What the board's energy model expects (app/predict_energy.h), with its intervals. Errors: those
// of the model; unsupported (no axis of the space is a clock or the cores).
Status add_predicted(const Paths& paths, const EarlierRequest& request, EarlierProbes& into);

}  // namespace isojoule
