#include "cli/window_text.h"

#include <fmt/format.h>

#include <cmath>

namespace isojoule::cli {
namespace {

constexpr std::size_t kListed = 12;     // so many windows are shown one by one
constexpr std::size_t kMostNames = 40;  // of more, --json has the others

std::string time_text(Second time) {
  const double s = time.value();
  if (s < 1e-3) return fmt::format("{:.1f} us", s * 1e6);
  if (s < 1) return fmt::format("{:.2f} ms", s * 1e3);
  return fmt::format("{:.3f} s", s);
}

std::string energy_text(double joules) {
  if (std::abs(joules) < 1e-3) return fmt::format("{:.1f} uJ", joules * 1e6);
  if (std::abs(joules) < 1) return fmt::format("{:.2f} mJ", joules * 1e3);
  return fmt::format("{:.2f} J", joules);
}

std::string with_uncertainty(const MeasuredEnergy& energy, double divisor = 1) {
  if (!energy.value) return "absent";
  std::string text = energy_text(energy.value->value() / divisor);
  if (energy.uncertainty) text += " ± " + energy_text(energy.uncertainty->value() * 2 / divisor);
  return text;
}

std::string shortened(const std::string& text, std::size_t most) {
  return text.size() <= most ? text : text.substr(0, most - 3) + "...";
}

std::string name_line(const NamedWindows& named) {
  const RailEnergy* total = named.energy();
  const MeasuredEnergy none;
  const MeasuredEnergy& gross = total == nullptr ? none : total->gross;
  const MeasuredEnergy& net = total == nullptr ? none : total->net;
  if (named.count == 0)
    return fmt::format("{:<22} {:>9} {:>12}\n", shortened(named.name, 22), named.moments,
                       "moments");
  return fmt::format("{:<22} {:>9} {:>12} {:>24} {:>24} {:>24}\n", shortened(named.name, 22),
                     named.count, time_text(named.duration),
                     with_uncertainty(gross, static_cast<double>(named.count)),
                     with_uncertainty(gross), with_uncertainty(net));
}

std::string remarks(const NamedWindows& named) {
  std::string text;
  if (named.overlapping > 0)
    text += fmt::format(
        "  {}: {} of {} share time with another one of the name; each is counted whole\n",
        named.name, named.overlapping, named.count);
  if (named.together > 0)
    text +=
        fmt::format("  {}: {} of {} are too short for the sensor one by one, and known together\n",
                    named.name, named.together, named.count);
  const RailEnergy* total = named.energy();
  if (total != nullptr && !total->gross.value)
    text += fmt::format("  {}: energy absent: {}\n", named.name, total->gross.why_absent);
  return text;
}

std::string each_text(const std::vector<Window>& windows, const std::vector<WindowEnergy>& energies,
                      Instant zero) {
  std::string text =
      fmt::format("\n{:<22} {:>12} {:>12} {:>24}\n", "each", "begin", "time", "energy (k = 2)");
  for (std::size_t i = 0; i < windows.size(); ++i) {
    std::string energy = "absent";
    for (const WindowEnergy& one : energies)
      if (one.window == static_cast<std::int64_t>(i) && one.rail == "total")
        energy = one.gross.value ? with_uncertainty(one.gross) : "absent: " + one.gross.why_absent;
    const bool is_moment = windows[i].end <= windows[i].begin;
    text += fmt::format("{:<22} {:>12} {:>12} {:>24}\n", shortened(windows[i].name, 22),
                        fmt::format("{:.3f} s", (windows[i].begin - zero).seconds().value()),
                        is_moment ? "moment" : time_text(windows[i].duration()),
                        is_moment ? "" : energy);
  }
  return text;
}

}  // namespace

std::string windows_text(const std::vector<NamedWindows>& named, const std::vector<Window>& windows,
                         const std::vector<WindowEnergy>& energies, Instant zero) {
  if (named.empty()) return {};
  std::string text = fmt::format("\n{:<22} {:>9} {:>12} {:>24} {:>24} {:>24}\n", "windows", "count",
                                 "time", "energy of one (k = 2)", "of all", "of all, net of idle");
  std::size_t shown = 0;
  for (const NamedWindows& one : named)
    if (shown++ < kMostNames) text += name_line(one);
  if (named.size() > kMostNames)
    text += fmt::format("... and {} more names; --json has them all\n", named.size() - kMostNames);
  for (std::size_t i = 0; i < std::min(kMostNames, named.size()); ++i) text += remarks(named[i]);
  if (windows.size() <= kListed) text += each_text(windows, energies, zero);
  return text;
}

}  // namespace isojoule::cli
