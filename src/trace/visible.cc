#include "trace/visible.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "trace/total.h"

namespace isojoule {
namespace {

constexpr double kWorstStep = 100 / kVisiblePercent;  // times what is resolved

Resolution resolution_of(const ChannelInfo& info, Second period) {
  Resolution found{info.window, Resolution::Limit::window, info.window};
  if (info.update_period > found.time)
    found = {info.update_period, Resolution::Limit::update, info.update_period};
  if (period > found.time) found = {period, Resolution::Limit::period, found.source};
  return found;
}

// Of the energy, in percent at k = 2.
struct Blur {
  double edges = 0, sampling = 0;
  double percent() const { return std::hypot(edges, sampling); }
  // How much longer it leaves kVisiblePercent: (edges / f)^2 + sampling^2 / f = kVisiblePercent^2.
  double factor() const {
    const double wanted = kVisiblePercent * kVisiblePercent, s = sampling * sampling;
    return (s + std::sqrt(s * s + 4 * wanted * edges * edges)) / (2 * wanted);
  }
};

std::optional<Blur> blur_of(const PhaseEnergy* energy) {
  if (energy == nullptr || !energy->gross.value || energy->gross.value->value() == 0)
    return std::nullopt;
  const auto percent = [energy](const char* cause) {
    const auto found = energy->budget_j.find(cause);
    return found == energy->budget_j.end()
               ? 0
               : 200 * found->second / std::abs(energy->gross.value->value());
  };
  return Blur{percent("edges"), percent("sampling")};
}

std::int64_t whole_times(double factor) {
  constexpr double kMost = 1e15;
  return std::max<std::int64_t>(
      2, static_cast<std::int64_t>(std::ceil(std::min(factor, kMost) * (1 - 1e-12))));
}

std::string time_text(Second time) {
  const double s = time.value();
  if (s < 1e-3) return fmt::format("{:.1f} us", s * 1e6);
  if (s < 0.1) return fmt::format("{:.1f} ms", s * 1e3);
  return s < 10 ? fmt::format("{:.2f} s", s) : fmt::format("{:.0f} s", s);
}

// Long enough for whole readings, but not for the steps at its edges.
bool is_blurred(const TooShort& phase) {
  return phase.blur_percent && phase.length >= phase.resolution.time * 2;
}

std::string cause_text(const TooShort& phase) {
  const std::string time = time_text(phase.resolution.time);
  if (is_blurred(phase))
    return fmt::format("its edges and the time between readings leave {:.0f} % of its energy open",
                       *phase.blur_percent);
  switch (phase.resolution.limit) {
    case Resolution::Limit::window: return "the power source averages over " + time;
    case Resolution::Limit::update: return "the power source has news every " + time;
    case Resolution::Limit::period: return "it is read every " + time;
  }
  return "";
}

}  // namespace

std::optional<Resolution> resolution_of(const Trace& trace) {
  std::optional<Resolution> coarsest;
  const std::vector<std::string> rails = rails_in(trace.total);
  for (const Channel& channel : trace.channels) {
    if (std::find(rails.begin(), rails.end(), channel.info.rail) == rails.end()) continue;
    const Resolution own = resolution_of(channel.info, trace.period.seconds());
    if (!coarsest || own.time > coarsest->time) coarsest = own;
  }
  return coarsest;
}

std::optional<TooShort> too_short(const Phase& phase, const PhaseEnergy* energy,
                                  const Resolution& resolution) {
  const double length = phase.duration().value(), resolved = resolution.time.value();
  if (!(length > 0)) return std::nullopt;
  const Blur blurred = blur_of(energy).value_or(Blur{});
  const double blur = blurred.percent();
  TooShort found{phase.kind, Second(length), resolution, {}, 2, 2};
  if (blur_of(energy)) found.blur_percent = blur;
  const bool is_absent = energy == nullptr || !energy->gross.value;
  if (length >= 2 * resolved && blur <= kVisiblePercent && !is_absent) return std::nullopt;
  // An energy that is absent although the phase is long has another reason than its length.
  if (is_absent && length >= 2 * resolved) return std::nullopt;
  found.factor = length < 2 * resolved ? kWorstStep * resolved / length : blurred.factor();
  found.repetitions = whole_times(found.factor);
  return found;
}

std::optional<TooShort> too_short(const Phase& phase, const PhaseEnergy* energy) {
  return too_short(phase, energy, Resolution{});
}

std::int64_t inferences_needed(const TooShort& phase, std::int64_t made, std::int64_t batch) {
  const std::int64_t size = std::max<std::int64_t>(1, batch);
  const std::int64_t batches = (std::max<std::int64_t>(1, made) + size - 1) / size;
  // From the time of one batch, so that a phase of many is not multiplied as a whole.
  return whole_times(static_cast<double>(batches) * phase.factor) * size;
}

std::string words_of(const TooShort& phase, std::int64_t inferences, std::int64_t batch) {
  std::string text = fmt::format("{} took {}, and {}: ", name_of(phase.phase),
                                 time_text(phase.length), cause_text(phase));
  if (phase.phase == PhaseKind::inference && inferences > 0) {
    const std::int64_t needed = inferences_needed(phase, inferences, batch);
    const Second one = phase.length / static_cast<double>(inferences);
    text += fmt::format("{} inferences or more ({}) give {:.0f} %", needed,
                        time_text(one * static_cast<double>(needed)), kVisiblePercent);
  } else {
    text += fmt::format("{} times as long ({}) would give {:.0f} %", phase.repetitions,
                        time_text(phase.needed()), kVisiblePercent);
  }
  if (phase.resolution.limit == Resolution::Limit::period &&
      phase.resolution.source * 1.5 < phase.resolution.time)
    text += "; reading more often helps, too";
  return text;
}

}  // namespace isojoule
