// What the kinds of claims share, and those of two settings; for finding.cc and its like only.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "report/finding.h"

namespace isojoule::finding {

Finding absent(std::string reason);
Finding found(double value, double uncertainty = 0);
// The first study of the board that has an answer; otherwise why the last one has none.
Finding ask_board(const std::string& board, Studies studies,
                  const std::function<Finding(const StudySummary&)>& ask);

// "power", "latency" (of the inference phase), "edp" (its energy x its time), "loading_energy"
// (load and graph_initialisation), "whole_energy" (up to the end of the inference phase); anything
// else: the energy of the inference phase.
std::optional<Estimate> quantity_of(const Point& point, const std::string& quantity);
// 100 (a / b - 1), with the uncertainties of both.
Finding change_percent(const Estimate& a, const Estimate& b);
bool has_all(const Setting& setting, const Setting& wanted);

// Percent by which a quantity at `fixed` and `setting` is above that at `fixed` and `against`. The
// two may be of different studies of the board.
Finding find_change(const Claim& claim, Studies studies);
// Percent by which the least value over `axis` is below the greatest, at `fixed`.
Finding find_effect(const Claim& claim, Studies studies);

}  // namespace isojoule::finding
