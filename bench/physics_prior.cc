// The prior of src/optimise/usual_physics.cc: the form is fitted to every setting of every network
// on the twins of the boards that no optimiser is judged on, and the parameters' mean and
// covariance over these fits are printed as the source that goes there.
//
// usage: isojoule-physics-prior > src/optimise/usual_physics.cc
#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <atomic>
#include <cmath>
#include <numeric>

#include "app/benchmark_suites.h"
#include "optimise/physics.h"

namespace {

using namespace isojoule;

constexpr double kDoubt = 0.3;  // other boards differ at least by so much, a factor of e^0.3

struct Fits {
  std::vector<Eigen::VectorXd> thetas;
  double energy_misfit = 0, time_misfit = 0;  // mean relative root mean square
};

double deviation(const Eigen::VectorXd& values) {
  return std::sqrt((values.array() - values.mean()).square().mean());
}

void fit_grid(const TruthGrid& grid, Fits& fits) {
  const Physics physics(grid.space);
  std::vector<PhysicalRun> runs;
  std::vector<GridPoint> points;
  for (GridPoint p = 0; p < grid.space.size(); ++p) {
    const Metrics& truth = grid.truth[static_cast<std::size_t>(p)];
    const auto &energy = at(truth, Metric::energy), &time = at(truth, Metric::time);
    if (!energy || !time) continue;
    runs.push_back({p, std::log(*time), std::log(*energy)});
    points.push_back(p);
  }
  const PhysicalPrior vague = vague_physics();
  Eigen::VectorXd theta = vague.mean;
  for (int round = 0; round < 6; ++round)
    theta = fit_physics(physics, vague, runs, 0.02, theta).theta;
  const auto out = physics.at(points, theta, false);
  Eigen::VectorXd energy(std::ssize(runs)), time(std::ssize(runs));
  for (Eigen::Index i = 0; i < energy.size(); ++i) {
    energy[i] = runs[static_cast<std::size_t>(i)].log_energy - out.log_energy[i];
    time[i] = runs[static_cast<std::size_t>(i)].log_time - out.log_time[i];
  }
  fmt::print(stderr, "{:36} energy {:.2f} %, time {:.2f} %\n", grid.name, 100 * deviation(energy),
             100 * deviation(time));
  fits.thetas.push_back(theta);
  fits.energy_misfit += deviation(energy);
  fits.time_misfit += deviation(time);
}

void print_rows(const Eigen::MatrixXd& matrix) {
  for (Eigen::Index i = 0; i < matrix.rows(); ++i) {
    fmt::print("    ");
    for (Eigen::Index j = 0; j <= i; ++j)
      fmt::print("{:.3g},{}", matrix(i, j), j == i ? "\n" : " ");
  }
}

void print_prior(const Fits& fits) {
  const auto count = static_cast<double>(fits.thetas.size());
  Eigen::VectorXd mean = Eigen::VectorXd::Zero(kPhysical);
  for (const auto& theta : fits.thetas) mean += theta / count;
  Eigen::MatrixXd covariance = Eigen::MatrixXd::Zero(kPhysical, kPhysical);
  for (const auto& theta : fits.thetas)
    covariance += (theta - mean) * (theta - mean).transpose() / (count - 1);
  covariance.diagonal().array() += kDoubt * kDoubt;
  // What no grid tells of (a power cap) stays as vague as it was.
  const Eigen::VectorXd vague = vague_physics().covariance.diagonal();
  for (Eigen::Index i = 0; i < kPhysical; ++i)
    if (covariance(i, i) < 1.001 * kDoubt * kDoubt) covariance(i, i) = vague[i];
  fmt::print(
      "// Printed by bench/physics_prior.cc: {} fits, misfit {:.2f} % of energy, {:.2f} % of "
      "time.\n",
      fits.thetas.size(), 100 * fits.energy_misfit / count, 100 * fits.time_misfit / count);
  fmt::print(
      "#include \"optimise/physics.h\"\n\nnamespace isojoule {{\nnamespace {{\n\n// clang-format "
      "off\n");
  fmt::print("constexpr double kMean[] = {{");
  for (Eigen::Index i = 0; i < kPhysical; ++i) fmt::print("{}{:.4g}", i == 0 ? "" : ", ", mean[i]);
  fmt::print("}};\n// The lower triangle, row by row.\nconstexpr double kCovariance[] = {{\n");
  print_rows(covariance);
  fmt::print(
      "}};\n// clang-format on\n\n}}  // namespace\n\nPhysicalPrior usual_physics() {{ return "
      "prior_of(kMean, kCovariance); }}\n\n}}  // namespace isojoule\n");
}

}  // namespace

int main() {
  const auto paths = find_paths();
  if (!paths) return 1;
  const std::atomic<bool> interrupted{false};
  BenchmarkRequest request;
  std::vector<std::string> notes;
  TwinTruths truths;
  Fits fits;
  for (const SuiteMaker& maker : all_suites()) {
    if (maker.role != SuiteRole::developed || maker.allowed_share < 1) continue;
    const auto suite = make_suite(maker, *paths, request, interrupted, truths, notes);
    if (!suite) {
      fmt::print(stderr, "{}\n", suite.error().what);
      return 1;
    }
    for (const TruthGrid& grid : suite->grids) fit_grid(grid, fits);
  }
  print_prior(fits);
}
