// How the time and the energy of an inference follow from clocks, memory clock, cores and batch:
// a form with some twenty parameters, each with what is usual on boards of this kind.
//
// Clocks are shares of the highest of the axis, f; b is the batch, n the share of the cores.
//   time   = fixed + host/(fc n^a) + p-norm( compute (1 + fill/b) / fg, memory / fm, launch/(fc b)
//   ) energy = time (idle + cpu fc Vc^2 n + gpu fg Vg^2 + memory fm)
//          + work of the CPU x Vc^2 + of the GPU x Vg^2 + of the memory
//   V(f)   = the lowest voltage up to a knee, then in proportion (P ~ f V^2: T. D. Burd and R. W.
//            Brodersen, HICSS 1995; the knee: arXiv 2211.07260)
// Kernels and their launches overlap, which is the p-norm (a soft maximum). An axis of words shifts
// the logarithms of compute, launch and energy by an amount of its own for each word.
#pragma once

#include <Eigen/Core>
#include <array>
#include <cmath>
#include <span>
#include <vector>

#include "optimise/space.h"

namespace isojoule {

// What an axis is in this form. none: it shifts nothing, and the form says nothing on it.
enum class AxisRole : std::uint8_t {
  none,
  cpu_clock,
  gpu_clock,
  memory_clock,
  cores,
  batch,
  cap,
  words
};
AxisRole role_of(const SearchAxis& axis);

// Logarithms, and logits of the voltages' two shape parameters. First those of every space, then
// three of each word but an axis's first.
enum class Physical : std::uint8_t {
  fixed,
  host,
  compute,
  memory,
  launch,
  fill,
  idle,
  cpu_power,
  gpu_power,
  memory_power,
  cpu_work,
  gpu_work,
  memory_work,
  cpu_lowest,
  gpu_lowest,
  cpu_knee,
  gpu_knee,
  core_scaling,
  cap_floor,
  cap_slope,
  count
};
inline constexpr Eigen::Index kPhysical = static_cast<Eigen::Index>(Physical::count);

struct PhysicalPrior {
  Eigen::VectorXd mean;
  Eigen::MatrixXd covariance;
};
// Of the twins that no judged search is on (docs/optimisers.md says which and how), for the basic
// parameters; words' shifts are independent, a factor of two wide.
PhysicalPrior usual_physics();
// A factor of four about values that are not absurd: where nothing is known.
PhysicalPrior vague_physics();
PhysicalPrior prior_of(std::span<const double> mean, std::span<const double> lower_triangle);
PhysicalPrior extended(const PhysicalPrior& basic, Eigen::Index words);

// The form on one space.
class Physics {
 public:
  explicit Physics(const SearchSpace& space);
  bool says_anything() const { return says_anything_; }  // some axis has a role
  Eigen::Index parameters() const { return kPhysical + 3 * words_; }
  Eigen::Index words() const { return words_; }

  // log time and log energy of an inference at each of the points, in units of their own; with
  // their derivatives by the parameters where asked for (a column a parameter).
  struct Outcome {
    Eigen::VectorXd log_time, log_energy;
    Eigen::MatrixXd time_slope, energy_slope;
  };
  Outcome at(std::span<const GridPoint> points, const Eigen::VectorXd& theta, bool slopes) const;
  bool has_batches() const { return has_batches_; }
  // log(batch) of a point, 0 without such an axis: log latency = log time + this.
  double log_batch(GridPoint point) const {
    return std::log(inputs_[static_cast<std::size_t>(point)].batch);
  }

 private:
  struct Inputs {
    float cpu = 1, gpu = 1, memory = 1, cores = 1, batch = 1, cap = 1;
    std::size_t cpu_place = 0, gpu_place = 0;  // in cpu_shares_, gpu_shares_
    std::vector<int> words;                    // places of this point's words among the shifts
  };
  static constexpr Eigen::Index kShifted = kPhysical + 3;  // and the sums of a point's shifts
  template <class Scalar>
  struct Terms;
  template <class Scalar>
  struct Pair {
    Scalar log_time, log_energy;
  };
  template <class Scalar>
  static Pair<Scalar> evaluate(const Terms<Scalar>& terms, const Scalar* shifts,
                               const Inputs& inputs);
  static std::array<double, 3> shifts_at(const Inputs& inputs, const Eigen::VectorXd& theta);
  Outcome plain(std::span<const GridPoint> points, const Eigen::VectorXd& theta) const;
  Outcome sloped(std::span<const GridPoint> points, const Eigen::VectorXd& theta) const;

  std::vector<float> cpu_shares_ = {1}, gpu_shares_ = {1};  // of the highest, by the axis's level
  std::vector<Inputs> inputs_;
  Eigen::Index words_ = 0;
  bool says_anything_ = false, has_batches_ = false;
};

struct PhysicalRun {
  GridPoint point;
  double log_time, log_energy;
};
// The most probable parameters and units (Gauss and Newton with Levenberg's damping), from `start`.
struct PhysicalFit {
  Eigen::VectorXd theta;
  double time_unit = 0, energy_unit = 0;  // added to the logarithms
  double objective = 0;                   // -2 log p, but for constants
};
PhysicalFit fit_physics(const Physics& physics, const PhysicalPrior& prior,
                        std::span<const PhysicalRun> runs, double scatter,
                        const Eigen::VectorXd& start);

}  // namespace isojoule
