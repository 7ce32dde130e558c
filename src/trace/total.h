// Rails made one: the module's total, and what is left of an energy without the idle power.
//
// Rails of one chip share its reference: the same relative error, so that their gains add up. So do
// the calibrations against one meter. Everything else is another error in every rail and adds up as
// squares (JCGM 100:2008, 5.2.2).
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "data/run.h"
#include "data/trace.h"

namespace isojoule {

using CauseBudget = std::map<std::string, double>;  // standard uncertainty by cause, J

double root_of_squares(const CauseBudget& budget);

// Standard uncertainty of an energy over `length_s` that a linear correction made: gain and offset
// with their correlation (JCGM 100:2008, 5.2.2).
double calibration_uncertainty_j(const Calibration& calibration, double joules, double length_s);

// The rails of "A + B + C".
std::vector<std::string> rails_in(const std::string& expression);

// `rows`: of one stretch of time, a row for each of the trace's channels in its order, then
// "total".

// Sets the total's gross energy and budget from the rails'; absent, with the reason, where one of
// the rails that it is made of is not there or has no value.
void add_total(const Trace& trace, std::span<PhaseEnergy> rows);

// Sets every row's net: without the idle power, taken from the same rows of the idle phase (`idle`
// empty: there is none). The gain (of a chip, or of a calibration) acts on the difference, the
// offset drops out of it. What is random in the idle phase counts as often as it is subtracted.
void subtract_idle(const Trace& trace, std::span<PhaseEnergy> rows,
                   std::span<const PhaseEnergy> idle);

}  // namespace isojoule
