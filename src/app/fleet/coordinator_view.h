// How a study on a fleet is getting on, for people: its boards, how long it still takes, and what
// is wrong, in plain words.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/fleet/block_watch.h"
#include "app/fleet/collect_runs.h"
#include "app/fleet/coordinator.h"
#include "app/fleet/run_ledger.h"
#include "fleet/bus.h"
#include "fleet/catalogue.h"

namespace isojoule {

// One thread. What it is given outlives it.
class CoordinatorView {
 public:
  CoordinatorView(fleet::Bus& bus, fleet::StudyRecord record, Duration claim,
                  const RunLedger& ledger, const RunCollector& collector, Instant now)
      : bus_(bus),
        record_(std::move(record)),
        claim_(claim),
        ledger_(ledger),
        collector_(collector),
        begun_(now) {}

  // Asks the server for members, joins and queues. Errors: the bus's; what was known stays.
  Status refresh(Instant now);
  FleetProgress progress(Instant now, const BlockWatch& watch) const;
  const std::vector<fleet::Member>& members() const { return members_; }
  // Why, where every board that is alive and could be one of the study's refuses it, and there is
  // one; else "".
  std::string why_all_refuse() const;

 private:
  // What was last seen of a board that was alive.
  struct Seen {
    Instant when{};
    double uptime_s = -1;
    std::int64_t block = -1;  // of this study; -1: none
  };

  Status take_joins();
  void see(const fleet::Member& member, Instant now);
  FleetBoardProgress board(const fleet::Member& member, Instant now) const;
  void add_lane_troubles(std::vector<std::string>& into) const;
  void add_board_troubles(std::vector<std::string>& into, Instant now) const;
  void add_message_troubles(std::vector<std::string>& into, const BlockWatch& watch) const;
  Second left(Instant now) const;

  fleet::Bus& bus_;
  fleet::StudyRecord record_;
  Duration claim_;
  const RunLedger& ledger_;
  const RunCollector& collector_;
  Instant begun_;
  std::vector<fleet::Member> members_;
  std::unique_ptr<fleet::Watch> joins_watch_;
  std::map<std::string, fleet::Join> joins_;  // by board
  std::map<std::string, Seen> seen_;
  fleet::QueueState queues_;
  std::deque<std::pair<Instant, std::int64_t>> rate_;  // runs that were there, of the last minutes
};

}  // namespace isojoule
