#include "app/govern/service_ring.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/file_tree.h"

namespace isojoule {

static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "shared between processes");

struct ServiceRing::Memory {
  struct Slot {
    std::atomic<std::uint64_t> turn;
    std::int64_t at, other;
    std::int32_t count;
    std::uint32_t kind;
  };
  std::uint32_t version, slots;
  char pad0[56];
  std::atomic<std::uint64_t> head;
  char pad1[56];
  std::atomic<std::uint64_t> lost;
  char pad2[56];
  std::atomic<std::int64_t> batch_limit;
  char pad3[56];
  char rest[4096 - 256];
  Slot slot[kServiceSlots];
};

Result<ServiceRing> ServiceRing::make() {
  static_assert(sizeof(Memory) == 4096 + std::size_t{kServiceSlots} * 32);
  ServiceRing ring;
  ring.file_ = Descriptor(::memfd_create("isojoule-govern", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!ring.file_)
    return tl::unexpected<Error>(error_from_errno(errno, "memory for a service", "memfd_create"));
  const int file = ring.file_.get();
  if (::ftruncate(file, sizeof(Memory)) != 0 ||
      ::fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    return tl::unexpected<Error>(error_from_errno(errno, "memory for a service", "seal"));
  void* const mapped = ::mmap(nullptr, sizeof(Memory), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (mapped == MAP_FAILED)
    return tl::unexpected<Error>(error_from_errno(errno, "memory for a service", "mmap"));
  ring.memory_ = static_cast<Memory*>(mapped);
  ring.memory_->version = kServiceVersion;
  ring.memory_->slots = kServiceSlots;
  for (std::uint64_t i = 0; i < kServiceSlots; ++i) ring.memory_->slot[i].turn.store(i);
  return ring;
}

ServiceRing::ServiceRing(ServiceRing&& other) noexcept { *this = std::move(other); }

ServiceRing& ServiceRing::operator=(ServiceRing&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(memory_, other.memory_);
  std::swap(tail_, other.tail_);
  std::swap(lost_seen_, other.lost_seen_);
  std::swap(passed_over_, other.passed_over_);
  std::swap(stuck_since_, other.stuck_since_);
  return *this;
}

ServiceRing::~ServiceRing() {
  if (memory_ != nullptr) ::munmap(memory_, sizeof(Memory));
}

void ServiceRing::set_batch_limit(std::int64_t most) {
  memory_->batch_limit.store(most, std::memory_order_relaxed);
}

void ServiceRing::take(std::vector<ServiceMark>& marks, Instant now, Duration patience) {
  for (std::uint32_t i = 0; i < kServiceSlots; ++i) {
    Memory::Slot& slot = memory_->slot[tail_ % kServiceSlots];
    const std::uint64_t turn = slot.turn.load(std::memory_order_acquire);
    // Looked at after the slot: a mark that is written there was counted before.
    const std::uint64_t head = memory_->head.load(std::memory_order_acquire);
    if (static_cast<std::int64_t>(head - tail_) <= 0) {
      // Nobody has taken this place. What a late writer left in it, of a lap that was passed over,
      // would look to the next ones like a full queue for ever.
      if (head == tail_ && turn != tail_) slot.turn.store(tail_, std::memory_order_release);
      stuck_since_ = Instant{INT64_MAX};
      return;
    }
    if (turn == tail_ + 1) {
      marks.push_back({static_cast<ServiceMark::Kind>(slot.kind), slot.at, slot.other, slot.count});
    } else {
      // Somebody is writing it, was killed there, or has left nonsense.
      stuck_since_ = std::min(stuck_since_, now);
      if (now - stuck_since_ < patience) return;
      ++passed_over_;
    }
    stuck_since_ = Instant{INT64_MAX};
    slot.turn.store(tail_ + kServiceSlots, std::memory_order_release);
    ++tail_;
  }
}

std::uint64_t ServiceRing::take_lost() {
  const std::uint64_t told = memory_->lost.load(std::memory_order_relaxed);
  const std::uint64_t more = told >= lost_seen_ ? told - lost_seen_ : 0;
  lost_seen_ = told;
  return more + std::exchange(passed_over_, 0);
}

}  // namespace isojoule
