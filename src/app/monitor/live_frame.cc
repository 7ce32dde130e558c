#include "app/monitor/live_frame.h"

#include <cmath>

namespace isojoule {
namespace {

using nlohmann::json;

// What is absent, or no number, is null: JSON has no other word for it.
json number(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? json(*value) : json();
}

}  // namespace

json to_json(const LiveHead& head) {
  json rails = json::array(), watches = json::array();
  for (const auto& rail : head.rails)
    rails.push_back({{"name", rail.name},
                     {"parent", rail.parent},
                     {"what", rail.what},
                     {"sensor", rail.sensor}});
  for (const auto& watch : head.watches)
    watches.push_back({{"name", watch.name}, {"kind", watch.kind}, {"unit", watch.unit}});
  return {{"schema", kLiveSchema},
          {"event", "head"},
          {"board", head.board},
          {"release", head.release},
          {"version", head.version},
          {"simulated", head.simulated},
          {"start_unix_s", head.start_unix_s},
          {"sampling_period_s", head.sampling_period_s},
          {"frame_period_s", head.frame_period_s},
          {"total", head.total},
          {"rails", std::move(rails)},
          {"watches", std::move(watches)},
          {"notes", head.notes}};
}

json to_json(const LiveFrame& frame) {
  json power = json::array(), least = json::array(), most = json::array(), energy = json::array(),
       readings = json::array(), watches = json::array(), counters = json::object();
  for (const LiveRail& rail : frame.rails) {
    power.push_back(number(rail.power_w));
    least.push_back(number(rail.least_w));
    most.push_back(number(rail.most_w));
    energy.push_back(rail.energy_j ? number(*rail.energy_j) : json());
    readings.push_back(rail.readings);
  }
  for (const auto& value : frame.watches) watches.push_back(number(value));
  for (const auto& [counter, times] : frame.counters)
    counters[std::string(info_of(counter).name)] = times;
  json event = {{"schema", kLiveSchema},
                {"event", "frame"},
                {"number", frame.number},
                {"time_s", frame.time_s},
                {"phase", frame.phase},
                {"power_w", std::move(power)},
                {"least_w", std::move(least)},
                {"most_w", std::move(most)},
                {"energy_j", std::move(energy)},
                {"readings", std::move(readings)},
                {"watches", std::move(watches)},
                {"counters", std::move(counters)},
                {"throttled", frame.throttled ? json(*frame.throttled) : json()},
                {"lost_records", frame.lost},
                {"late_s", frame.late_s},
                {"cost_percent", frame.cost_percent}};
  if (!frame.phase_energy_j.empty()) event["phase_energy_j"] = frame.phase_energy_j;
  return event;
}

std::string line_of(const json& event) {
  // Names that are no UTF-8 (a kernel's node may say anything) do not end the stream.
  return event.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace isojoule
