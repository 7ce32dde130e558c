#include "app/overhead_meter.h"

#include <algorithm>

#include "base/text.h"
#include "trace/integrate.h"

namespace isojoule {
namespace {

Result<std::size_t> rail_of(const OverheadMeter& meter, const std::vector<ChannelInfo>& rails,
                            TimeBase base) {
  if (base != TimeBase::wall_clock)
    return fail(ErrorKind::invalid,
                meter.path +
                    ": the log counts from a zero of its own: nobody knows where in it a "
                    "run is",
                "Let the meter write dates, or seconds since 1970");
  std::vector<std::string> names;
  for (const ChannelInfo& info : rails) names.push_back(info.rail);
  if (rails.empty()) return fail(ErrorKind::no_data, meter.path + ": the log has no power");
  if (meter.rail.empty() && rails.size() > 1)
    return fail(ErrorKind::invalid, meter.path + ": the log has several rails",
                "Name the one that sees the whole with --meter-rail: " + join(names, ", "));
  const auto found =
      meter.rail.empty() ? names.begin() : std::find(names.begin(), names.end(), meter.rail);
  if (found == names.end())
    return fail(ErrorKind::not_found, meter.path + ": there is no rail '" + meter.rail + "'",
                unknown_name_remedy(meter.rail, names));
  return static_cast<std::size_t>(found - names.begin());
}

}  // namespace

Status check_meter(const OverheadMeter& meter) {
  ISOJOULE_TRY(const auto reader, open_log(meter.path, meter.import));
  ISOJOULE_TRY([[maybe_unused]] const std::size_t rail,
               rail_of(meter, reader->channels(), reader->time_base()));
  return {};
}

Result<MeterReading> take_meter(const OverheadMeter& meter, std::vector<OverheadRun>& runs) {
  ISOJOULE_TRY(const Log log, read_log(meter.path, meter.import));
  std::vector<ChannelInfo> rails;
  for (const Channel& channel : log.trace.channels) rails.push_back(channel.info);
  ISOJOULE_TRY(const std::size_t rail, rail_of(meter, rails, log.time_base));
  const ChannelIntegrator integrator(log.trace.channels[rail]);
  MeterReading reading{log.counters, log.notes, ""};
  for (OverheadRun& run : runs) {
    const Duration to_meter = run.wall_less_ours + Duration::from(meter.offset);
    const Energy found =
        integrator.integrate(run.begin + to_meter, run.end + to_meter, {}, reading.counters);
    run.energy = found.energy.value;
    if (!run.energy) reading.why_absent = found.energy.why_absent;
  }
  return reading;
}

}  // namespace isojoule
