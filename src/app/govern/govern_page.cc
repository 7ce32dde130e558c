#include "app/govern/govern_page.h"

#include "isojoule/version.h"
#include "report/exposition.h"

namespace isojoule {
namespace {

class GovernPage {
 public:
  GovernPage(const LiveState& state, const GovernLabels& labels)
      : state_(state),
        labels_(labels),
        base_({{"board", labels.board},
               {"network", labels.network},
               {"simulated", labels.simulated ? "true" : "false"}}) {}

  std::string text(bool running) {
    out_.gauge("isojoule_govern_info", "What governs. Always 1.")
        .add(with(base_, {{"version", ISOJOULE_VERSION}}), 1);
    out_.gauge("isojoule_govern_running", "1 while it governs, 0 when it has ended.")
        .add(base_, running ? 1 : 0);
    if (running) add_present();
    add_requests();
    add_board();
    return out_.text();
  }

 private:
  void count(const char* name, const char* help, double value) {
    out_.counter(name, help).add(base_, value);
  }

  void add_present() {
    const ControllerState& mind = state_.controller;
    out_.gauge("isojoule_govern_setting_info",
               "The setting that the board has by our doing. Always 1.")
        .add(with(base_, {{"setting", state_.setting.empty() ? "stock" : state_.setting}}), 1);
    out_.gauge("isojoule_govern_stock_active", "1 while the stock governors rule.")
        .add(base_, state_.setting.empty() ? 1 : 0);
    out_.gauge("isojoule_govern_blind_active", "1 where the last epoch could not be seen.")
        .add(base_, state_.blind.empty() ? 0 : 1);
    out_.gauge("isojoule_govern_services", "Connected services.")
        .add(base_, static_cast<double>(state_.services));
    out_.gauge("isojoule_govern_queued_requests", "Waiting or in work at the last epoch's end.")
        .add(base_, static_cast<double>(state_.queued));
    out_.gauge("isojoule_govern_arrivals_hertz", "Requests a second in the last epoch.")
        .add(base_, state_.arrival_hz);
    out_.gauge("isojoule_govern_expected_arrivals_hertz",
               "Requests a second that are provided for.")
        .add(base_, mind.arrival_peak_hz);
    out_.gauge("isojoule_govern_load_ratio", "Share of the time that is expected to be busy.")
        .add(base_, mind.load);
    out_.gauge("isojoule_govern_slow_down_ratio", "Batch times over those of the table.")
        .add(base_, mind.slow_down);
    out_.gauge("isojoule_govern_power_scale_ratio", "Power over that of the table.")
        .add(base_, mind.power_scale);
    out_.gauge("isojoule_govern_margin_ratio", "Learnt distance to the limit, in log latency.")
        .add(base_, mind.margin);
    out_.gauge("isojoule_govern_recent_late_ratio", "Share of late requests over some minutes.")
        .add(base_, mind.recent_late);
    out_.gauge("isojoule_govern_safe_settings", "Settings that are expected to keep the limits.")
        .add(base_, static_cast<double>(mind.safe));
    if (state_.latency_s)
      out_.gauge("isojoule_govern_longest_latency_seconds", "Of a request in the last epoch.")
          .add(base_, *state_.latency_s);
    if (state_.power_w)
      out_.gauge("isojoule_govern_power_watts", "Of the board, mean of the last epoch.")
          .add(base_, *state_.power_w);
    if (state_.temperature_c)
      out_.gauge("isojoule_govern_temperature_celsius", "Of the hottest thermal zone.")
          .add(base_, *state_.temperature_c);
  }

  void add_requests() {
    out_.gauge("isojoule_govern_latency_limit_seconds", "What the requests are to keep.")
        .add(base_, labels_.latency_limit_s);
    count("isojoule_govern_arrived_requests_total", "Requests that came.", state_.arrived);
    count("isojoule_govern_served_requests_total", "Requests that were answered.", state_.served);
    count("isojoule_govern_dropped_requests_total", "Requests that got no answer.", state_.dropped);
    count("isojoule_govern_late_requests_total", "Answers beyond the limit.", state_.late);
    count("isojoule_govern_lost_marks_total", "Marks of services that found no room.",
          static_cast<double>(state_.lost_marks));
    count("isojoule_govern_absurd_marks_total", "Marks of services that cannot be true.",
          state_.absurd_marks);
  }

  void add_board() {
    count("isojoule_govern_energy_joules_total", "Of the board, in epochs whose energy is known.",
          state_.energy_j);
    count("isojoule_govern_energy_known_seconds_total", "How long these epochs were.",
          state_.energy_known_s);
    count("isojoule_govern_epochs_total", "Epochs.", state_.epochs);
    count("isojoule_govern_blind_epochs_total", "Epochs that could not be seen.",
          state_.blind_epochs);
    count("isojoule_govern_switches_total", "Turns to another setting.", state_.switches);
    count("isojoule_govern_explorations_total", "Epochs spent on looking.",
          state_.controller.explorations);
    for (const auto& [cause, times] : state_.fallbacks)
      out_.counter("isojoule_govern_fallbacks_total", "Returns to the stock governors, by cause.")
          .add(with(base_, {{"cause", cause}}), static_cast<double>(times));
  }
  void count(const char* name, const char* help, std::int64_t value) {
    count(name, help, static_cast<double>(value));
  }

  const LiveState& state_;
  const GovernLabels& labels_;
  Labels base_;
  Exposition out_;
};

}  // namespace

std::string govern_page(const LiveState& state, const GovernLabels& labels, bool running) {
  return GovernPage(state, labels).text(running);
}

}  // namespace isojoule
