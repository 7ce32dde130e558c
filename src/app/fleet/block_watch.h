// Blocks that are in nobody's hands, not in a queue and not complete: somebody purged the queue, or
// what came of them cannot be read or is none of the study's. They are published again.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/fleet/collect_runs.h"
#include "app/fleet/run_ledger.h"
#include "base/error.h"
#include "base/quantity.h"
#include "fleet/bus.h"
#include "fleet/catalogue.h"

namespace isojoule {

// One thread. What it is given outlives it.
class BlockWatch {
 public:
  // Blocks by their numbers: they are not kept in memory for the rare case.
  using MakeBlocks =
      std::function<Result<std::vector<fleet::BlockMessage>>(const std::set<std::int64_t>& wanted)>;

  // `grace`: how long a block that lacks runs must have been in nobody's hands, because a board
  // may hold it that is cut off from the server; longer than a claim and than a pulse's age.
  BlockWatch(fleet::Bus& bus, fleet::StudyRecord record, Duration claim, const RunLedger& ledger,
             RunCollector& collector, MakeBlocks make_blocks, Duration grace)
      : bus_(bus),
        record_(std::move(record)),
        claim_(claim),
        ledger_(ledger),
        collector_(collector),
        make_blocks_(std::move(make_blocks)),
        grace_(grace) {}

  // Looks at every incomplete block that is in no queue. True: some were published again. Errors:
  // the bus's.
  Result<bool> look(const std::vector<fleet::Member>& members, Instant now,
                    const std::atomic<bool>& interrupted);

  std::int64_t published_again() const { return published_again_; }
  // Published again several times without becoming complete: not tried any more.
  const std::set<std::int64_t>& given_up() const { return given_up_; }
  // Nothing that is missing can come any more.
  bool hopeless() const;

 private:
  enum class Found { waits, held, spoilt, lost };
  Result<Found> judge(std::int64_t block);
  bool is_held(std::int64_t block, const std::vector<fleet::Member>& members) const;
  bool is_due(std::int64_t block, Found found, Instant now);
  bool waits_too_long(std::int64_t block, Found found, Instant now);
  Status keep_lanes(Instant now);
  Status publish_again(const std::set<std::int64_t>& blocks, const std::atomic<bool>& interrupted);

  fleet::Bus& bus_;
  fleet::StudyRecord record_;
  Duration claim_;
  const RunLedger& ledger_;
  RunCollector& collector_;
  MakeBlocks make_blocks_;
  Duration grace_;
  std::map<std::int64_t, Instant> since_;          // in nobody's hands, by what was seen
  std::map<std::int64_t, std::int64_t> attempts_;  // how often published again
  std::set<std::int64_t> given_up_;
  std::map<std::int64_t, Instant> waiting_;  // their runs are stored, and were not collected since
  std::optional<Instant> lanes_due_;         // when it is next seen to that the queues are there
  std::int64_t published_again_ = 0;
};

}  // namespace isojoule
