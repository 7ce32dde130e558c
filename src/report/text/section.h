// The parts of the text report; each is empty where the study has nothing to say on it.
#pragma once

#include <string>

#include "report/summary.h"

namespace isojoule::text_report {

std::string heading(const StudySummary& summary);
std::string minima(const StudySummary& summary);   // the grid's least energy against the governors
std::string batches(const StudySummary& summary);  // energy over batch size
std::string cuts(const StudySummary& summary);     // along each frequency through the minimum
std::string points(const StudySummary& summary);   // every point, where there is no grid to tell of
std::string layers(const StudySummary& summary);   // where they were profiled, those that take most
std::string repeats(const StudySummary& summary);  // spread, outliers, drift
std::string boards(const StudySummary& summary);   // of a fleet: how far they lie apart
std::string too_short(const StudySummary& summary);  // points whose inference phase is
std::string counters(const StudySummary& summary);   // what went wrong, and what to do
std::string method(const StudySummary& summary);     // how it was measured

}  // namespace isojoule::text_report
