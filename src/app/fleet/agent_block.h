// One block of a study, measured on this board: from the claim to its last run on the server.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "app/engines.h"
#include "app/fleet/agent_health.h"
#include "app/fleet/agent_place.h"
#include "app/fleet/agent_pulse.h"
#include "app/fleet/agent_study.h"
#include "app/fleet/outbox.h"
#include "app/fleet/run_marker.h"
#include "app/paths.h"
#include "app/target.h"
#include "fleet/bus.h"

namespace isojoule {
class LiveSession;
}

namespace isojoule::agent {

// Extends a claim from a thread of its own until it is destroyed, but no longer than half an hour,
// or ten times the longest step so far, after the last step of the work: what hangs lets its block
// go to others.
class ClaimKeeper {
 public:
  // `stuck` is called by the thread, once for each time that the work stands still.
  ClaimKeeper(fleet::Claim& claim, std::function<void()> stuck);
  ~ClaimKeeper();
  ClaimKeeper(const ClaimKeeper&) = delete;
  ClaimKeeper& operator=(const ClaimKeeper&) = delete;

  void step();            // something began, or was stored; any thread
  bool is_stuck() const;  // any thread

 private:
  using Time = std::chrono::steady_clock::time_point;
  void extend_on();
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::condition_variable woken_;
  fleet::Claim& claim_;
  const std::function<void()> stuck_;
  Time last_ = std::chrono::steady_clock::now();    // guarded by mutex_
  std::chrono::steady_clock::duration longest_{0};  // guarded by mutex_
  std::thread thread_;
};

// The board opened for a study, kept from block to block of it.
struct Workbench {
  std::string study;
  std::unique_ptr<Target> target;
};

// What blocks are measured with, and who is told.
struct BlockContext {
  const Paths& paths;
  const TargetOptions& options;
  const AgentPlace& place;
  const std::string& name;     // the board's in the fleet
  const std::string& command;  // as typed
  bool allow_command;
  fleet::Bus& bus;
  Outbox& outbox;
  RunMarker& marker;
  RunHealth& health;
  ObjectStore& objects;
  Workbench& bench;
  const std::atomic<bool>& interrupted;
  std::function<void(const std::function<void(fleet::Pulse&)>&)> tell;
  std::function<void(const LiveSession*)> show;  // what is measured now; null: nothing any more
  // Nothing more can be sent from here: the connection is closed for good, or the name is lost.
  std::function<bool()> is_cut_off;
};

enum class BlockEnd : std::uint8_t {
  done,        // every run is stored, and the block off the queue
  given_back,  // somebody else may take it, or we again
  refused,     // the study is not for this board after all: `why`
  out,         // the board is not fit: `outage`
  interrupted,
};
struct BlockOutcome {
  BlockEnd end = BlockEnd::given_back;
  std::string why;
  std::optional<Outage> outage;
  std::int64_t made = 0;  // runs
};

// Takes its time. The claim is answered when it returns, where the server can be reached; where it
// cannot, the block comes to somebody again when the claim is over, who finds its runs stored.
BlockOutcome measure_block(const BlockContext& context, OpenStudy& study, fleet::Claim& claim,
                           const fleet::BlockMessage& block);

}  // namespace isojoule::agent
