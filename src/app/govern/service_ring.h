// The memory that a governor shares with a service: the same layout as in src/mark/isojoule.c,
// which is built alone and includes nothing of ours.
//
// Any number of the service's threads and processes write, one reader takes (D. Vyukov's bounded
// queue: each slot's number says whose turn it is). What stands there may be anything: a service is
// another program, perhaps another user's.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/quantity.h"

namespace isojoule {

inline constexpr std::uint32_t kServiceVersion = 1, kServiceSlots = 16384;
// What the governor says to whoever connects, with the memory.
inline constexpr const char* kGovernHello = "isojoule-govern 1\n";

// One thing that a service said; times are CLOCK_MONOTONIC in nanoseconds.
struct ServiceMark {
  enum class Kind : std::uint32_t { arrived = 1, answered, dropped, served };
  Kind kind = Kind::arrived;
  std::int64_t at = 0;
  std::int64_t other = 0;  // of answered and dropped: the arrival; of served: the batch's begin
  std::int64_t count = 1;  // requests
};

class ServiceRing {
 public:
  // A file of memory that nobody can shrink: a reader would die of it. Errors: unsupported (this
  // kernel), io.
  static Result<ServiceRing> make();
  ServiceRing(ServiceRing&& other) noexcept;
  ServiceRing& operator=(ServiceRing&& other) noexcept;
  ~ServiceRing();

  int descriptor() const { return file_.get(); }
  void set_batch_limit(std::int64_t most);
  // Appends what has come, in the order in which it was written, at most one queue full. A slot
  // that was taken and not written for longer than `patience` (its thread was killed there) is
  // passed over and counted among the lost.
  void take(std::vector<ServiceMark>& marks, Instant now, Duration patience);
  // Marks that were lost since the last call.
  std::uint64_t take_lost();

 private:
  struct Memory;
  ServiceRing() = default;

  Descriptor file_;
  Memory* memory_ = nullptr;
  std::uint64_t tail_ = 0, lost_seen_ = 0, passed_over_ = 0;
  Instant stuck_since_{INT64_MAX};
};

}  // namespace isojoule
