// Physical quantities as types, so that a watt is never taken for a joule inside the program. The
// number inside is always in the SI unit; a unit appears in a name only where a value leaves
// (energy_j, frequency_hz).
#pragma once

#include <compare>
#include <cstdint>

namespace isojoule {

template <typename Unit>
class Quantity {
 public:
  constexpr Quantity() = default;
  constexpr explicit Quantity(double value) : value_(value) {}
  constexpr double value() const { return value_; }

  constexpr Quantity operator-() const { return Quantity(-value_); }
  constexpr Quantity& operator+=(Quantity other) {
    value_ += other.value_;
    return *this;
  }
  constexpr Quantity& operator-=(Quantity other) {
    value_ -= other.value_;
    return *this;
  }
  friend constexpr Quantity operator+(Quantity a, Quantity b) {
    return Quantity(a.value_ + b.value_);
  }
  friend constexpr Quantity operator-(Quantity a, Quantity b) {
    return Quantity(a.value_ - b.value_);
  }
  friend constexpr Quantity operator*(Quantity a, double k) { return Quantity(a.value_ * k); }
  friend constexpr Quantity operator*(double k, Quantity a) { return Quantity(a.value_ * k); }
  friend constexpr Quantity operator/(Quantity a, double k) { return Quantity(a.value_ / k); }
  friend constexpr double operator/(Quantity a, Quantity b) { return a.value_ / b.value_; }
  friend constexpr auto operator<=>(Quantity a, Quantity b) = default;

 private:
  double value_ = 0;
};

using Joule = Quantity<struct JouleUnit>;
using Watt = Quantity<struct WattUnit>;
using Second = Quantity<struct SecondUnit>;
using Hertz = Quantity<struct HertzUnit>;
using Volt = Quantity<struct VoltUnit>;
using Ampere = Quantity<struct AmpereUnit>;
using Celsius = Quantity<struct CelsiusUnit>;

constexpr Joule operator*(Watt p, Second t) { return Joule(p.value() * t.value()); }
constexpr Joule operator*(Second t, Watt p) { return p * t; }
constexpr Watt operator/(Joule e, Second t) { return Watt(e.value() / t.value()); }
constexpr Second operator/(Joule e, Watt p) { return Second(e.value() / p.value()); }
constexpr Watt operator*(Volt v, Ampere i) { return Watt(v.value() * i.value()); }

// A length of time and a point on the one monotonic time line, in whole nanoseconds. An Instant is
// comparable only with Instants of the same Clock (and of a worker on the same machine, which reads
// CLOCK_MONOTONIC too).
struct Duration {
  std::int64_t ns = 0;
  constexpr Second seconds() const { return Second(static_cast<double>(ns) * 1e-9); }
  static constexpr Duration from(Second s) {
    return {static_cast<std::int64_t>(s.value() * 1e9 + (s.value() < 0 ? -0.5 : 0.5))};
  }
  static constexpr Duration milliseconds(std::int64_t ms) { return {ms * 1'000'000}; }
  friend constexpr auto operator<=>(Duration, Duration) = default;
  friend constexpr Duration operator+(Duration a, Duration b) { return {a.ns + b.ns}; }
  friend constexpr Duration operator-(Duration a, Duration b) { return {a.ns - b.ns}; }
  friend constexpr Duration operator*(Duration a, std::int64_t k) { return {a.ns * k}; }
};

struct Instant {
  std::int64_t ns = 0;
  friend constexpr auto operator<=>(Instant, Instant) = default;
  friend constexpr Duration operator-(Instant a, Instant b) { return {a.ns - b.ns}; }
  friend constexpr Instant operator+(Instant a, Duration d) { return {a.ns + d.ns}; }
  friend constexpr Instant operator-(Instant a, Duration d) { return {a.ns - d.ns}; }
};

}  // namespace isojoule
