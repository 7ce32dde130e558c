// A channel's correction as one line of text.
#include <cmath>

#include "data/setting.h"
#include "data/trace.h"

namespace isojoule {
namespace {

constexpr std::string_view kMeter = " meter=";

}  // namespace

std::string to_string(const Calibration& calibration) {
  const auto number = [](double value) { return to_string(Value(value)); };
  return "gain=" + number(calibration.gain) + " offset=" + number(calibration.offset.value()) +
         " gain_u=" + number(calibration.gain_uncertainty) +
         " offset_u=" + number(calibration.offset_uncertainty.value()) +
         " correlation=" + number(calibration.correlation) +
         (calibration.highest > calibration.lowest
              ? " lowest=" + number(calibration.lowest.value()) +
                    " highest=" + number(calibration.highest.value())
              : "") +
         (calibration.date.empty() ? "" : " date=" + calibration.date) + std::string(kMeter) +
         calibration.meter;
}

Result<Calibration> parse_calibration(std::string_view text) {
  const auto meter = text.find(kMeter);
  const auto damaged = [&text] {
    return fail(ErrorKind::damaged,
                "a calibration that cannot be read: '" + std::string(text) + "'",
                "Calibrate the board again");
  };
  if (meter == std::string_view::npos) return damaged();
  ISOJOULE_TRY(const Setting words, parse_setting(text.substr(0, meter)));
  const auto gain = words.number("gain"), offset = words.number("offset"),
             gain_u = words.number("gain_u"), offset_u = words.number("offset_u"),
             correlation = words.number("correlation");
  if (!gain || !offset || !gain_u || !offset_u || !correlation) return damaged();
  // Says so of what is no number, too.
  const bool is_usable = *gain > 0 && std::isfinite(*gain) && std::isfinite(*offset) &&
                         *gain_u >= 0 && std::isfinite(*gain_u) && *offset_u >= 0 &&
                         std::isfinite(*offset_u) && std::abs(*correlation) <= 1;
  if (!is_usable) return damaged();
  const Value* date = words.find("date");
  return Calibration{*gain,
                     Watt(*offset),
                     *gain_u,
                     Watt(*offset_u),
                     *correlation,
                     std::string(text.substr(meter + kMeter.size())),
                     date == nullptr ? "" : to_string(*date),
                     Watt(words.number("lowest").value_or(0)),
                     Watt(words.number("highest").value_or(0))};
}

}  // namespace isojoule
