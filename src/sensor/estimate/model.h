// Power of a machine without any sensor, from what the kernel says of its processor: a model, not a
// measurement. Every result of it is labelled "estimate".
//
//   P = idle + sum over cores of  busy_i x (f_i / f_max,i)^exponent x (max - idle) / cores
//
// The linear part in utilisation is the usual one (X. Fan, W.-D. Weber, L. A. Barroso, "Power
// provisioning for a warehouse-sized computer", ISCA 2007); the power of the frequency
// is assumed: dynamic power goes as f V^2 (CMOS), and V rises with f on its upper part.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/quantity.h"

namespace isojoule::estimate {

struct Constants {
  Watt idle{0};         // the whole machine at rest
  Watt maximum{0};      // all cores busy at their highest frequency
  double exponent = 1;  // of the frequency's share
};

// Ticks of one core since boot (proc(5), /proc/stat): busy is all but idle and iowait. guest time
// is in user time already.
struct Ticks {
  std::int64_t busy = 0;
  std::int64_t all = 0;
  bool seen = false;  // the core is online
};

// Takes the cores' rows of /proc/stat into `ticks` by their numbers; the highest number plus 1, 0
// where the text has none. Numbers beyond the span and broken rows are left out. No allocation.
std::size_t parse_stat(std::string_view text, std::span<Ticks> ticks);

// Share of the time that the core was busy between two looks, 0 to 1; negative: no tick in between,
// or it was offline in one of them.
double busy_share(const Ticks& before, const Ticks& after);

// `busy`, `frequency_share`: by core, 0 to 1; below 0: no such core now. `cores`: how many the
// machine has.
Watt power(const Constants& constants, std::span<const double> busy,
           std::span<const double> frequency_share, std::size_t cores);

}  // namespace isojoule::estimate
