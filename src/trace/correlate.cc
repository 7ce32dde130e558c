// After D. Padfield, "Masked object registration in the Fourier domain", IEEE Transactions on Image
// Processing 21(5), 2012: sums over every overlap as correlations of values, squares and masks.
#include "trace/correlate.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <unsupported/Eigen/FFT>

namespace isojoule {
namespace {

using Spectrum = std::vector<std::complex<double>>;

class Fourier {
 public:
  explicit Fourier(std::size_t least) {
    while (size_ < least) size_ *= 2;
  }
  Spectrum forward(std::vector<double> values) {
    values.resize(size_);
    Spectrum spectrum;
    fft_.fwd(spectrum, values);
    return spectrum;
  }
  // sum over i of a[i + shift] b[i], for shifts 0, 1, ... and, from the end, -1, -2, ...
  std::vector<double> correlation(const Spectrum& a, const Spectrum& b) {
    Spectrum product(a.size());
    for (std::size_t i = 0; i < a.size(); ++i) product[i] = a[i] * std::conj(b[i]);
    std::vector<double> result;
    fft_.inv(result, product);
    return result;
  }
  std::size_t size() const { return size_; }

 private:
  Eigen::FFT<double> fft_;
  std::size_t size_ = 2;
};

// A record without its mean, and what is transformed of it.
struct Parts {
  Spectrum value, square, known;
};

Parts parts_of(const Grid& grid, Fourier& fourier) {
  double sum = 0, count = 0;
  for (std::size_t i = 0; i < grid.value.size(); ++i) {
    sum += grid.value[i] * grid.known[i];
    count += grid.known[i];
  }
  const double mean = count > 0 ? sum / count : 0;
  std::vector<double> value(grid.value.size()), square(grid.value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    value[i] = (grid.value[i] - mean) * grid.known[i];
    square[i] = value[i] * value[i];
  }
  return {fourier.forward(std::move(value)), fourier.forward(std::move(square)),
          fourier.forward(grid.known)};
}

}  // namespace

Correlations correlate(const Grid& a, const Grid& b, double least, double floor_a, double floor_b) {
  Correlations result;
  if (a.value.empty() || b.value.empty()) return result;
  Fourier fourier(a.value.size() + b.value.size());
  const Parts pa = parts_of(a, fourier), pb = parts_of(b, fourier);
  const auto count = fourier.correlation(pa.known, pb.known);
  const auto sum_a = fourier.correlation(pa.value, pb.known);
  const auto sum_b = fourier.correlation(pa.known, pb.value);
  const auto square_a = fourier.correlation(pa.square, pb.known);
  const auto square_b = fourier.correlation(pa.known, pb.square);
  const auto product = fourier.correlation(pa.value, pb.value);
  const auto shifts = a.value.size() + b.value.size() - 1;
  result.first = 1 - static_cast<std::ptrdiff_t>(b.value.size());
  result.r.assign(shifts, 0);
  result.count.assign(shifts, 0);
  for (std::size_t k = 0; k < shifts; ++k) {
    const std::ptrdiff_t shift = result.first + static_cast<std::ptrdiff_t>(k);
    const auto at = static_cast<std::size_t>(
        shift < 0 ? shift + static_cast<std::ptrdiff_t>(fourier.size()) : shift);
    const double n = std::round(count[at]);
    result.count[k] = n;
    if (n < std::max(2.0, least)) continue;
    const double variance_a = square_a[at] / n - sum_a[at] * sum_a[at] / (n * n);
    const double variance_b = square_b[at] / n - sum_b[at] * sum_b[at] / (n * n);
    if (variance_a <= floor_a * floor_a || variance_b <= floor_b * floor_b) continue;
    const double covariance = product[at] / n - sum_a[at] * sum_b[at] / (n * n);
    result.r[k] = std::clamp(covariance / std::sqrt(variance_a * variance_b), -1.0, 1.0);
  }
  return result;
}

}  // namespace isojoule
