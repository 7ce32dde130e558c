// What the ticks read, on its way to whoever makes frames of it: one thread writes, one reads,
// neither waits, locks or takes memory.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>

#include "experiment/sampler.h"

namespace isojoule {

struct SampleRecord {
  enum class Kind : std::uint8_t { reading, failed, watch, watch_failed, tick };
  std::int64_t time_ns = 0;   // of a tick: when it was due
  std::int32_t a = 0, b = 0;  // of a tick: a = lateness in microseconds
  double value = 0;           // of a watch
  std::uint16_t place = 0;
  Kind kind = Kind::tick;
};

class SampleRing final : public SampleTap {
 public:
  // 4 rails and 4 watches at 1 kHz fill it within 7 s, so long the reader may be away.
  static constexpr std::size_t kRoom = std::size_t{1} << 16;

  SampleRing() : records_(std::make_unique<std::array<SampleRecord, kRoom>>()) {}

  // The reader's: false when there is nothing more.
  bool take(SampleRecord& record) {
    const std::uint64_t at = taken_.load(std::memory_order_relaxed);
    if (at == written_.load(std::memory_order_acquire)) return false;
    record = (*records_)[at % kRoom];
    taken_.store(at + 1, std::memory_order_release);
    return true;
  }
  // Records that found no room. The readings' own times show the gap as well.
  std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

 private:
  void do_reading(std::size_t place, const RawReading& reading) noexcept override {
    const bool is_good = reading.state == ReadingState::ok;
    put({reading.time_ns, reading.a, reading.b, 0, static_cast<std::uint16_t>(place),
         is_good ? SampleRecord::Kind::reading : SampleRecord::Kind::failed});
  }
  void do_watched(std::size_t place, std::int64_t time_ns,
                  std::optional<double> value) noexcept override {
    put({time_ns, 0, 0, value.value_or(0), static_cast<std::uint16_t>(place),
         value ? SampleRecord::Kind::watch : SampleRecord::Kind::watch_failed});
  }
  void do_ticked(Instant due, Instant begin) noexcept override {
    const std::int64_t late_us = (begin - due).ns / 1000;
    constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
    put({due.ns, static_cast<std::int32_t>(late_us < kMost ? late_us : kMost), 0, 0, 0,
         SampleRecord::Kind::tick});
  }
  void put(const SampleRecord& record) noexcept {
    const std::uint64_t at = written_.load(std::memory_order_relaxed);
    if (at - taken_.load(std::memory_order_acquire) >= kRoom) {
      lost_.store(lost_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      return;
    }
    (*records_)[at % kRoom] = record;
    written_.store(at + 1, std::memory_order_release);
  }

  std::unique_ptr<std::array<SampleRecord, kRoom>> records_;
  alignas(64) std::atomic<std::uint64_t> written_{0};
  alignas(64) std::atomic<std::uint64_t> taken_{0};
  std::atomic<std::uint64_t> lost_{0};
};

}  // namespace isojoule
