#include "trace/stream_integral.h"

#include "trace/window_integral.h"

namespace isojoule {

struct StreamIntegral::State {
  State(const ChannelInfo& channel, Instant begin, Instant end, Duration period)
      : info(channel), integral(info, begin, end, period) {}
  ChannelInfo info;
  WindowIntegral integral;
};

StreamIntegral::StreamIntegral(const ChannelInfo& info, Instant begin, Instant end, Duration period)
    : state_(std::make_unique<State>(info, begin, end, period)) {}
StreamIntegral::~StreamIntegral() = default;
StreamIntegral::StreamIntegral(StreamIntegral&&) noexcept = default;

void StreamIntegral::add(const Channel& block) {
  state_->integral.add(block, 0, block.time_ns.size());
}

bool StreamIntegral::has_all() const { return state_->integral.has_all(); }

Energy StreamIntegral::finish(Counters& counters) { return state_->integral.finish(counters); }

}  // namespace isojoule
