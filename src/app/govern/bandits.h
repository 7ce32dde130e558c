// Policies without a model, beside the controller: what others use online. Each is told an epoch's
// energy a request and its late requests, nothing else.
#pragma once

#include <memory>

#include "app/govern/service_run.h"

namespace isojoule {

// The highest clocks all the time, or what the board's own governors do (no point).
std::unique_ptr<ServicePolicy> make_fixed_policy(std::optional<GridPoint> point);
// Thompson sampling, a normal belief a setting; with `unimodal` among the best one and its
// neighbours alone (C. Trinh, E. Kaufmann, C. Vernade, R. Combes, "Solving Bernoulli Rank-One
// Bandits with Unimodal Thompson Sampling", ALT 2020).
std::unique_ptr<ServicePolicy> make_thompson_policy(const ServiceBoard& board, double late_share,
                                                    bool unimodal, std::uint64_t seed);
// Gradient descent on energy + price x lateness from two points (J. C. Spall, IEEE Trans. Autom.
// Control 37, 1992), the price risen by what is late beyond the share (primal-dual: M. Mahdavi, R.
// Jin, T. Yang, J. Mach. Learn. Res. 13, 2012).
std::unique_ptr<ServicePolicy> make_gradient_policy(const ServiceBoard& board, double late_share,
                                                    std::uint64_t seed);

}  // namespace isojoule
