// A board's name in the fleet, held by its pulse, and the thread that beats it.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "base/error.h"
#include "fleet/bus.h"
#include "fleet/message.h"

namespace isojoule::agent {

// Who asks for a name.
struct NameClaim {
  std::string name;
  std::string instance;          // of this process
  std::string earlier_instance;  // of its dead predecessor; "" = none
  std::string serial;
};

// The pulse's entry under its revision. Belongs to one thread at a time.
class HeldName {
 public:
  // Makes the entry. One that is there is taken over where it is our predecessor's; another
  // machine's is busy, with both serials; one of this very machine (another folder, a new system)
  // is waited for until it beats, which is busy, or goes. Errors besides: of the bus, interrupted.
  static Result<HeldName> take(fleet::Bus& bus, const NameClaim& claim, const fleet::Pulse& first,
                               const std::atomic<bool>& interrupted);

  // Beats. An entry that went meanwhile (the server was away) is made again. Errors: busy: another
  // process has the name now; any other: try again.
  Status beat(const fleet::Pulse& pulse);
  // Gives the name free, where it is ours still.
  void give_up();

 private:
  HeldName(fleet::Bus& bus, NameClaim claim) : bus_(&bus), claim_(std::move(claim)) {}
  fleet::Bus* bus_;
  NameClaim claim_;
  std::uint64_t revision_ = 0;
};

// What the board says of itself, told by the main thread, and a thread that beats it every
// kPulsePeriod and soon after the state has changed.
class PulseThread {
 public:
  // Adds to a pulse what changes by itself: power, what is unsent. Called by the thread.
  using Fill = std::function<void(fleet::Pulse& pulse)>;
  PulseThread(HeldName name, fleet::Pulse first, Fill fill);
  ~PulseThread();  // gives the name up
  PulseThread(const PulseThread&) = delete;
  PulseThread& operator=(const PulseThread&) = delete;

  void change(const std::function<void(fleet::Pulse&)>& change);  // any thread
  fleet::Pulse now() const;                                       // any thread
  bool is_lost() const { return lost_.load(); }                   // another process has the name
  std::string why_lost() const;

 private:
  void beat_on();
  fleet::Pulse filled() const;

  HeldName name_;  // the thread's, once it runs
  const Fill fill_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  mutable std::mutex mutex_;
  std::condition_variable woken_;
  fleet::Pulse pulse_;      // guarded by mutex_
  std::string why_lost_;    // guarded by mutex_
  bool stopping_ = false;   // guarded by mutex_
  bool is_urgent_ = false;  // guarded by mutex_
  std::atomic<bool> lost_{false};
  std::thread thread_;
};

}  // namespace isojoule::agent
