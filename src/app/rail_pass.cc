#include "app/rail_pass.h"

#include <utility>

namespace isojoule {
RailPass::RailPass(ChannelInfo info, const std::vector<Window>& windows)
    : windows_(windows), energies_(windows.size()), lag_(Duration::from(info.lag)) {
  info.lag = Second(0);
  gathered_.info = previous_.info = std::move(info);
}

void RailPass::add(const Channel& block) {
  Channel& all = gathered_;
  const std::size_t before = all.time_ns.size();
  all.time_ns.insert(all.time_ns.end(), block.time_ns.begin(), block.time_ns.end());
  all.a.insert(all.a.end(), block.a.begin(), block.a.end());
  all.b.insert(all.b.end(), block.b.begin(), block.b.end());
  if (lag_.ns != 0)
    for (std::size_t i = before; i < all.time_ns.size(); ++i) all.time_ns[i] -= lag_.ns;
  // Blocks of a pipe may be of one line.
  constexpr std::size_t kEnough = 512;
  if (all.time_ns.size() >= kEnough) pass_on();
}

std::vector<Energy> RailPass::finish() {
  if (!gathered_.time_ns.empty()) pass_on();
  while (next_ < windows_.size()) open_next();
  for (Open& open : open_) close(open);
  open_.clear();
  return std::move(energies_);
}

void RailPass::open_next() {
  const Window& window = windows_[next_];
  open_.push_back({next_++, StreamIntegral(gathered_.info, window.begin, window.end, Duration{})});
  if (!previous_.time_ns.empty()) open_.back().integral.add(previous_);
}

void RailPass::pass_on() {
  const std::int64_t last = gathered_.time_ns.back();
  while (next_ < windows_.size() && windows_[next_].begin.ns <= last) open_next();
  for (Open& open : open_) open.integral.add(gathered_);
  open_.remove_if([this](Open& open) {
    if (!open.integral.has_all()) return false;
    close(open);
    return true;
  });
  std::swap(previous_, gathered_);
  gathered_.time_ns.clear();
  gathered_.a.clear();
  gathered_.b.clear();
}

}  // namespace isojoule
