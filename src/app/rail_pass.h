// All windows of one rail of a log, block by block.
#pragma once

#include <list>
#include <vector>

#include "data/counter.h"
#include "data/run.h"
#include "trace/stream_integral.h"

namespace isojoule {

// A window gets the readings around it, from the block before the one that it begins in.
class RailPass {
 public:
  // `windows`: by begin; they must outlive it.
  RailPass(ChannelInfo info, const std::vector<Window>& windows);
  // The next readings.
  void add(const Channel& block);
  // The energies, in the order of the windows. Once, after the last reading.
  std::vector<Energy> finish();
  const Counters& counters() const { return counters_; }

 private:
  struct Open {
    std::size_t window;
    StreamIntegral integral;
  };

  void open_next();
  void close(Open& open) { energies_[open.window] = open.integral.finish(counters_); }
  void pass_on();

  const std::vector<Window>& windows_;
  std::vector<Energy> energies_;
  Channel gathered_, previous_;
  Duration lag_;  // taken off every time: what is before, in and after a window is told without it
  std::size_t next_ = 0;
  std::list<Open> open_;
  Counters counters_;
};

}  // namespace isojoule
