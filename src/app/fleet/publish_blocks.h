// A study on the fleet's server: its record, its queues, its blocks. For whoever has boards
// measure: a sweep publishes every block at its start, a search as it asks.
//
// The order is what makes it happen once. The record is created first, closed, so that every
// coordinator of the study takes the same description for its blocks; boards take nothing of a
// closed study. Then come queues and blocks. Then the record is opened. Who died in between, or
// comes days later, or at the same time, does the same again: the server refuses a block that is in
// the queue (expected_last 0), and one that is done already is seen by its runs. Even a block that
// is published a second time by somebody who was asleep for long costs nothing: whoever takes it
// finds its runs stored.
#pragma once

#include <atomic>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/quantity.h"
#include "fleet/bus.h"
#include "fleet/message.h"
#include "fleet/name.h"

namespace isojoule {

// A record with its revision on the server, which changes with every update.
struct StoredStudy {
  fleet::StudyRecord record;
  std::uint64_t revision = 0;
  bool created = false;  // by this call: nobody had published it before
};

// Creates the record, closed; where it is there already, what is there. Errors: of the bus; of
// parse_study() where something else is there under this name.
Result<StoredStudy> create_study(fleet::Bus& bus, const fleet::StudyRecord& record);
// Errors: not_found: somebody removed it.
Result<StoredStudy> get_study(fleet::Bus& bus, const std::string& study);
// Changes what `change` changes, again where somebody else did so in between. It may be called more
// than once.
template <typename Change>
Result<StoredStudy> change_study(fleet::Bus& bus, const std::string& study, Change change) {
  for (;;) {
    ISOJOULE_TRY(StoredStudy stored, get_study(bus, study));
    const std::string before = to_bytes(stored.record);
    change(stored.record);
    const std::string after = to_bytes(stored.record);
    if (after == before) return stored;
    auto revision = bus.update(fleet::kStudies, study, after, stored.revision);
    if (revision) {
      stored.revision = *revision;
      return stored;
    }
    if (revision.error().kind != ErrorKind::exists)
      return tl::unexpected<Error>(std::move(revision).error());
  }
}

// One queue a lane. A board that gives no sign of life for `claim` loses its block to another.
Status make_lanes(fleet::Bus& bus, const fleet::StudyRecord& record, Duration claim);

struct PublishTally {
  std::int64_t published = 0;
  std::int64_t there = 0;  // in the queue already, waiting or in somebody's hands
};
// Blocks into their lanes' queues, several at a time because each waits for the server. `again`:
// as a new message, where the server still knows that it has seen this block. Errors: interrupted;
// the bus's, with what was published until then lost to the count, not to the server.
Result<PublishTally> publish_blocks(fleet::Bus& bus,
                                    const std::vector<const fleet::BlockMessage*>& blocks,
                                    const std::atomic<bool>& interrupted, bool again = false);

// Blocks of the study that are in a queue, waiting or in a board's hands. Those that are not are
// done, or were never published, or somebody purged the queue.
Result<std::set<std::int64_t>> blocks_in_queues(fleet::Bus& bus, const std::string& study);

// From now on boards may take its blocks.
Status open_study(fleet::Bus& bus, const std::string& study);
// Nothing more is to be taken: queues and what is left in them go, the record says closed. Its runs
// stay until somebody removes the study or they are too old.
Status close_study(fleet::Bus& bus, const fleet::StudyRecord& record);

}  // namespace isojoule
