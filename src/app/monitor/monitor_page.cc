#include "app/monitor/monitor_page.h"

#include <algorithm>

#include "report/exposition.h"

namespace isojoule {
namespace {

// "cpu_frequency" -> "cpu"
std::string without(std::string name, std::string_view prefix, std::string_view suffix) {
  if (name.starts_with(prefix)) name.erase(0, prefix.size());
  if (name.ends_with(suffix)) name.erase(name.size() - suffix.size());
  return name;
}

class MonitorText {
 public:
  MonitorText(const LiveHead& head, const LiveFrame& frame)
      : head_(head),
        frame_(frame),
        base_({{"board", head.board}, {"simulated", head.simulated ? "true" : "false"}}) {}

  void add_info(bool running) {
    out_.gauge("isojoule_monitor_info", "What is monitored, and by which version. Always 1.")
        .add(with(base_, {{"release", head_.release}, {"version", head_.version}}), 1);
    out_.gauge("isojoule_monitor_running", "1 while it monitors, 0 when it is over.")
        .add(base_, running ? 1 : 0);
    out_.gauge("isojoule_monitor_start_time_seconds", "When it began, in seconds since 1970, UTC.")
        .add(base_, head_.start_unix_s);
  }
  void add_rails() {
    for (std::size_t i = 0; i < frame_.rails.size(); ++i) {
      const LiveRail& rail = frame_.rails[i];
      const Labels labels = with(base_, {{"rail", head_.rails[i].name}});
      if (rail.power_w)
        out_.gauge("isojoule_power_watts", "Of a rail, mean of the last frame.")
            .add(labels, *rail.power_w);
      if (rail.least_w)
        out_.gauge("isojoule_least_power_watts", "Of a rail, least reading of the last frame.")
            .add(labels, *rail.least_w);
      if (rail.most_w)
        out_.gauge("isojoule_most_power_watts", "Of a rail, highest reading of the last frame.")
            .add(labels, *rail.most_w);
    }
  }
  // Counters stay when it is over: whoever reads the last state has all of them.
  void add_readings() {
    for (std::size_t i = 0; i < frame_.rails.size(); ++i)
      out_.counter("isojoule_readings_total", "Readings of a rail.")
          .add(with(base_, {{"rail", head_.rails[i].name}}),
               static_cast<double>(frame_.rails[i].readings));
  }
  void add_energy(std::size_t place, const std::string& phase, double joules) {
    out_.counter("isojoule_energy_joules_total",
                 "Of a rail since the monitor began, while it was sampled, by phase.")
        .add(with(base_, {{"rail", head_.rails[place].name}, {"phase", phase}}), joules);
  }
  void add_watches() {
    for (std::size_t i = 0; i < frame_.watches.size(); ++i) {
      if (!frame_.watches[i]) continue;
      const auto& [name, kind, unit] = head_.watches[i];
      const double value = *frame_.watches[i];
      if (kind == "clock")
        out_.gauge("isojoule_clock_hertz", "Of a clock, as its driver says.")
            .add(with(base_, {{"clock", without(name, "", "_frequency")}}), value);
      else if (kind == "temperature")
        out_.gauge("isojoule_temperature_celsius", "Of a thermal zone.")
            .add(with(base_, {{"zone", without(name, "temperature_", "")}}), value);
      else
        out_.gauge("isojoule_watch_value", "Of another node, in its own unit.")
            .add(with(base_, {{"watch", name}}), value);
    }
    if (frame_.throttled)
      out_.gauge("isojoule_throttled", "1 while the board throttles.")
          .add(base_, *frame_.throttled ? 1 : 0);
  }
  void add_rest() {
    for (const auto& [counter, times] : frame_.counters) {
      const CounterInfo& info = info_of(counter);
      out_.counter("isojoule_data_faults_total",
                   "What went wrong with the data; see 'isojoule list counters'.")
          .add(with(base_, {{"counter", std::string(info.name)},
                            {"severity", std::string(name_of(info.severity))}}),
               static_cast<double>(times));
    }
    for (const auto& [phase, joules] : frame_.phase_energy_j)
      if (phase != "none")
        out_.gauge("isojoule_phase_active",
                   "1 in the phase that it is in, of those that there were.")
            .add(with(base_, {{"phase", phase}}), frame_.phase == phase ? 1 : 0);
    out_.counter("isojoule_monitor_lost_records_total",
                 "Readings that found no room, since the monitor was held up.")
        .add(base_, static_cast<double>(frame_.lost));
    out_.gauge("isojoule_sampling_late_seconds", "Of the latest tick of the last frame.")
        .add(base_, frame_.late_s);
    out_.gauge("isojoule_own_cost_ratio",
               "Processor time of this program in the last frame, of a core.")
        .add(base_, frame_.cost_percent / 100);
  }
  std::string text() const { return out_.text(); }

 private:
  const LiveHead& head_;
  const LiveFrame& frame_;
  Labels base_;
  Exposition out_;
};

}  // namespace

Status MonitorPage::do_begin(const LiveHead& head) {
  const std::lock_guard held(lock_);
  head_ = head;
  return {};
}

Status MonitorPage::do_show(const LiveFrame& frame) {
  const std::lock_guard held(lock_);
  frame_ = frame;
  has_frame_ = true;
  const auto raise = [this](std::size_t place, const std::string& phase, double joules) {
    double& told = energy_j_[{place, phase}];
    told = std::max(told, joules);
  };
  for (std::size_t i = 0; i < frame.rails.size(); ++i)
    if (frame.rails[i].energy_j && frame.phase_energy_j.empty())
      raise(i, "none", *frame.rails[i].energy_j);
  for (const auto& [phase, rails] : frame.phase_energy_j)
    for (std::size_t i = 0; i < rails.size(); ++i)
      if (frame.rails[i].energy_j) raise(i, phase, rails[i]);
  return {};
}

std::string MonitorPage::page(bool running) const {
  const std::lock_guard held(lock_);
  MonitorText text(head_, frame_);
  text.add_info(running);
  if (!has_frame_) return text.text();
  if (running) text.add_rails();
  text.add_readings();
  for (const auto& [key, joules] : energy_j_) text.add_energy(key.first, key.second, joules);
  if (running) text.add_watches();
  text.add_rest();
  return text.text();
}

}  // namespace isojoule
