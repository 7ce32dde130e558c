// The energy of one window from readings that come block by block: what ChannelIntegrator does,
// for traces that do not fit into memory.
#pragma once

#include <memory>

#include "trace/integrate.h"

namespace isojoule {

class StreamIntegral {
 public:
  // `period`: between two readings as far as known, 0: their own usual spacing, from the first
  // ones.
  StreamIntegral(const ChannelInfo& info, Instant begin, Instant end, Duration period);
  ~StreamIntegral();
  StreamIntegral(StreamIntegral&&) noexcept;
  // The next readings of the channel, later than all before (its info is not looked at).
  void add(const Channel& block);
  // True when further readings would say nothing of the window.
  bool has_all() const;
  // Nothing more comes. To be called once. Counters as integrate() raises them.
  Energy finish(Counters& counters);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace isojoule
