// A service on a twin, in virtual time: requests come, wait, and are taken in batches whenever the
// last one has ended; a policy says once an epoch which clocks are to be set.
//
// The twin's own simulation runs every batch, stage by stage, and the time between them: governors,
// throttling, leakage and the variation from batch to batch are its own.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "app/govern/service_board.h"
#include "app/govern/service_trace.h"
#include "govern/controller.h"

namespace isojoule {

// Where a service stands at an epoch's end; requests are taken in the trace's order.
struct ServiceView {
  double now_s = 0;
  std::size_t taken = 0;     // requests that are in a batch already or done
  double running_s = 0;      // until the present batch will end at the present clocks
  std::int64_t running = 0;  // requests in it
};

class ServicePolicy {
 public:
  virtual ~ServicePolicy() = default;
  ServicePolicy(const ServicePolicy&) = delete;
  ServicePolicy& operator=(const ServicePolicy&) = delete;
  Decision first() { return do_first(); }
  Decision decide(const EpochReport& report, const ServiceView& view) {
    return do_decide(report, view);
  }

 protected:
  ServicePolicy() = default;

 private:
  virtual Decision do_first() = 0;
  virtual Decision do_decide(const EpochReport& report, const ServiceView& view) = 0;
};

struct ServiceRunOptions {
  double epoch_s = 0.5;
  double latency_limit_s = 1;
  double meter_sd = 0.01;                             // relative, of an epoch's energy
  double cpu_switch_s = 0.001, gpu_switch_s = 0.005;  // until a new clock holds
  std::uint64_t seed = 1;
  double blind_from_s = 0, blind_to_s = 0;         // the meter is gone meanwhile
  const std::atomic<bool>* interrupted = nullptr;  // then the run ends where it is
};

struct ServiceOutcome {
  double joules = 0;
  std::int64_t served = 0, late = 0;  // late: those still waiting beyond the limit, too
  std::int64_t switches = 0, fallbacks = 0;
  double p50_s = 0, p99_s = 0;
  double late_share() const {
    return served > 0 ? static_cast<double>(late) / static_cast<double>(served) : 0;
  }
};

ServiceOutcome run_service(const ServiceBoard& board, const ServiceTrace& trace,
                           ServicePolicy& policy, const ServiceRunOptions& options);

}  // namespace isojoule
