#include "trace/calibration_text.h"

#include <fmt/format.h>

namespace isojoule {

std::string calibration_text(const Calibration& c) {
  return fmt::format("calibrated {} against {}: {:.5f} ± {:.5f} x told {:+.4f} ± {:.4f} W (k = 2)",
                     c.date.empty() ? "at an unknown date" : c.date.substr(0, c.date.find('T')),
                     c.meter.empty() ? "a meter without a name" : c.meter, c.gain,
                     2 * c.gain_uncertainty, c.offset.value(), 2 * c.offset_uncertainty.value());
}

}  // namespace isojoule
