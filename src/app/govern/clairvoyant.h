// What a controller is held against: it knows the board's true tables, what moves on it and every
// request that will come, and once an epoch takes the setting that does best until the epoch's end.
//
// For each setting the queue is played through: this epoch's batches at that setting, everything
// after it at the highest clocks, on the requests that will come in this epoch and, for as long as
// one may wait, after it. The setting with the least energy + price x lateness is taken: energy of
// this epoch's idle time and of all batches for requests of this epoch; a late request counts as
// its latency over the limit. `price` is the family's one parameter; best_clairvoyant() takes the
// member with the least energy whose late requests are within the share that is allowed. It is no
// optimum over whole traces, but no rule that decides epoch by epoch has more to go by.
#pragma once

#include "app/govern/service_run.h"

namespace isojoule {

class Clairvoyant final : public ServicePolicy {
 public:
  // `price_j`: of a late request; `aim`: share of the limit that is late already. All outlive it.
  Clairvoyant(const ServiceBoard& board, const ServiceTrace& trace,
              const ServiceRunOptions& options, double price_j, double aim);

 private:
  Decision do_first() override { return {board_.highest, false, ""}; }
  Decision do_decide(const EpochReport& report, const ServiceView& view) override;
  double cost(GridPoint p, const ServiceView& view) const;
  double lateness(double latency_s) const;
  void leave_dominated_out();

  const ServiceBoard& board_;
  const ServiceTrace& trace_;
  const ServiceRunOptions& options_;
  double price_j_, aim_s_;
  GridPoint here_ = board_.highest;
  std::vector<GridPoint> candidates_;  // that no other setting beats in everything
};

ServiceOutcome best_clairvoyant(const ServiceBoard& board, const ServiceTrace& trace,
                                const ServiceRunOptions& options, double late_share);

}  // namespace isojoule
