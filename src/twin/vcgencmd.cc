#include "twin/vcgencmd.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/text.h"
#include "twin/machine_nodes.h"

namespace isojoule::twin {
namespace {

constexpr unsigned kThrottledNow = 1U << 2U, kSoftLimitNow = 1U << 3U;
constexpr unsigned kSinceStart = 16;  // bits 16 to 19: the same since the start

double rounded(double value, double step) {
  return step > 0 ? std::floor(value / step + 0.5) * step : value;
}

std::string current_line(const std::string& name, int index, double amperes) {
  return fmt::format("{:>11} current({})={:.8f}A\n", name + "_A", index, amperes);
}

std::string voltage_line(const std::string& name, int index, double volts) {
  return fmt::format("{:>11} volt({})={:.8f}V\n", name + "_V", index, volts);
}

}  // namespace

Vcgencmd::Vcgencmd(const MachineShape& shape, const Constants& constants,
                   const Simulation& simulation)
    : shape_(*shape.vcgencmd), simulation_(simulation), trip_c_(constants.trip_c) {}

Result<std::unique_ptr<Vcgencmd>> Vcgencmd::make(MemoryTree& tree, const MachineShape& shape,
                                                 const Constants& constants,
                                                 const Simulation& simulation) {
  std::unique_ptr<Vcgencmd> made(new Vcgencmd(shape, constants, simulation));
  for (const PmicShape& one : shape.pmic) {
    ISOJOULE_TRY(const std::size_t rail, rail_index(constants, one.rail, "pmic " + one.name));
    made->rails_.push_back({one, rail});
  }
  tree.add_program("vcgencmd", [program = made.get()](const std::vector<std::string>& command) {
    return program->run(command);
  });
  return made;
}

double Vcgencmd::volts(const Rail& rail) const {
  return rounded(
      rail.shape.voltage_v > 0 ? rail.shape.voltage_v : simulation_.cpu_voltage().value(),
      rail.shape.step_v);
}

double Vcgencmd::amperes(const Rail& rail) const {
  return rounded(simulation_.rail_power(rail.index).value() / volts(rail), rail.shape.step_a);
}

// All lines, or those of the names that were given ("VDD_CORE_A").
Result<std::string> Vcgencmd::read_adc(const std::vector<std::string>& wanted) const {
  const auto asked = [&wanted](const std::string& name) {
    return wanted.empty() || std::find(wanted.begin(), wanted.end(), name) != wanted.end();
  };
  std::string text;
  for (const Rail& rail : rails_)
    if (asked(rail.shape.name + "_A"))
      text += current_line(rail.shape.name, rail.shape.current_index, amperes(rail));
  for (const Rail& rail : rails_)
    if (asked(rail.shape.name + "_V"))
      text += voltage_line(rail.shape.name, rail.shape.voltage_index, volts(rail));
  if (asked("EXT5V_V")) text += voltage_line("EXT5V", shape_.supply_index, shape_.supply_v);
  if (asked("BATT_V")) text += voltage_line("BATT", shape_.battery_index, 0);
  return text;
}

std::string Vcgencmd::throttled() const {
  unsigned bits = 0;
  if (simulation_.temperature(0).value() > trip_c_) bits |= kThrottledNow | kSoftLimitNow;
  if (simulation_.throttle_events() > 0) bits |= (kThrottledNow | kSoftLimitNow) << kSinceStart;
  return fmt::format("throttled=0x{:x}\n", bits);
}

Result<std::string> Vcgencmd::run(const std::vector<std::string>& command) const {
  const std::string what = command.size() > 1 ? command[1] : "";
  const std::string of = command.size() > 2 ? command[2] : "";
  if (what == "pmic_read_adc") return read_adc({command.begin() + 2, command.end()});
  if (what == "get_throttled") return throttled();
  if (what == "measure_temp")
    return fmt::format("temp={:.1f}'C\n", simulation_.temperature(0).value());
  if (what == "measure_clock" && of == "arm")
    return fmt::format("frequency(0)={:.0f}\n", simulation_.frequency(Domain::cpu).value());
  if (what == "measure_volts" && (of.empty() || of == "core"))
    return fmt::format("volt={:.4f}V\n", simulation_.cpu_voltage().value());
  return fail(ErrorKind::io, "vcgencmd: error=1 error_msg=\"Command not registered\"",
              "The twin knows pmic_read_adc, get_throttled, measure_temp, measure_clock arm and "
              "measure_volts core",
              "run " + join(command, " "));
}

}  // namespace isojoule::twin
