// All windows of one name together, whatever the sensor sees of each.
#include <algorithm>
#include <cmath>
#include <optional>
#include <span>

#include "trace/combine.h"
#include "trace/integrate.h"
#include "trace/short_windows.h"
#include "trace/total.h"
#include "trace/window_energies.h"
#include "trace/window_integral.h"

namespace isojoule {
namespace {

// Any kind but idle: a row of a window in the form of a phase's.
constexpr PhaseKind kAsPhase = PhaseKind::post_processing;

// Common causes are one error for all windows of a channel; everything else is drawn anew in each.
void add_budget(CauseBudget& sum, const CauseBudget& more) {
  for (const auto& [cause, joules] : more)
    sum[cause] = is_common_to_repeats(cause) ? sum[cause] + joules : std::hypot(sum[cause], joules);
}

// The windows of a name on one channel.
class RailWindows {
 public:
  RailWindows(const Channel& channel, const SeenChannel& seen, Duration period)
      : channel_(channel), seen_(seen), period_(period) {
    row_.phase = kAsPhase;
    row_.rail = channel.info.rail;
  }

  void add(const std::vector<TimeSpan>& windows) {
    if (channel_.time_ns.empty()) {
      make_absent("the rail " + row_.rail + " gave no reading");
      return;
    }
    count_ = windows.size();
    for (const TimeSpan& window : windows) {
      if (!why_absent_.empty()) break;
      // One alone is what window_energies() says of it.
      if (windows.size() == 1 || window.end - window.begin >= visible_ns())
        add_seen(window);
      else
        shorts_.push_back(window);
    }
    if (!shorts_.empty() && why_absent_.empty())
      add_energy(energy_together(channel_.info, seen_, shorts_, period_));
  }

  std::int64_t seen_together() const { return static_cast<std::int64_t>(shorts_.size()); }

  PhaseEnergy finish() {
    if (!why_absent_.empty())
      row_.gross = {std::nullopt, std::nullopt, why_absent_};
    else
      row_.gross = {Joule(joules_), Joule(root_of_squares(row_.budget_j)), ""};
    if (!why_absent_.empty()) row_.budget_j.clear();
    return std::move(row_);
  }

 private:
  std::int64_t visible_ns() const {
    const ChannelInfo& info = channel_.info;
    return std::max(
        {Duration::from(info.window).ns, period_.ns, Duration::from(info.update_period).ns});
  }

  // Long enough to be seen by itself: where readings are missing for long, nothing says what it
  // took. A short one may lie between two readings, or in a gap that is bridged.
  void add_seen(const TimeSpan& window) {
    Counters raised;
    Energy own = integrate(channel_, {window.begin}, {window.end}, period_, raised);
    const bool is_between = raised[Counter::phase_without_samples] > 0 &&
                            window.end - window.begin <= kLongGap * visible_ns();
    if (!own.energy.value && is_between)
      shorts_.push_back(window);
    else
      add_energy(own);
  }

  void add_energy(const Energy& energy) {
    if (!energy.energy.value)
      return make_absent((count_ > 1 ? "one of its windows: " : "") + energy.energy.why_absent);
    joules_ += energy.energy.value->value();
    add_budget(row_.budget_j, energy.budget_j);
  }

  void make_absent(const std::string& why) { why_absent_ = why; }

  const Channel& channel_;
  const SeenChannel& seen_;
  Duration period_;
  PhaseEnergy row_{};
  std::size_t count_ = 0;
  double joules_ = 0;
  std::string why_absent_;
  std::vector<TimeSpan> shorts_;
};

// `windows` ascending by begin.
std::int64_t overlapping(const std::vector<TimeSpan>& windows) {
  std::int64_t count = 0, latest = 0;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const bool before = i > 0 && windows[i].begin < latest;
    const bool after = i + 1 < windows.size() && windows[i + 1].begin < windows[i].end;
    if (before || after) ++count;
    latest = i == 0 ? windows[i].end : std::max(latest, windows[i].end);
  }
  return count;
}

// What all names have in common.
struct Context {
  const Trace& trace;
  std::vector<SeenChannel> seen;  // by channel
  std::vector<PhaseEnergy> idle;  // by row
};

Context context_of(const Trace& trace, const std::vector<Phase>& phases) {
  Context context{trace, {}, {}};
  for (const Channel& channel : trace.channels) context.seen.push_back(seen_of(channel));
  const auto idle = std::find_if(phases.begin(), phases.end(),
                                 [](const Phase& phase) { return phase.kind == PhaseKind::idle; });
  Counters ignored;  // said of the run's phases already
  if (idle != phases.end()) context.idle = phase_energies(trace, {*idle}, ignored);
  return context;
}

void set_energies(const Context& context, const std::vector<TimeSpan>& windows,
                  NamedWindows& named) {
  std::vector<PhaseEnergy> rows;
  for (std::size_t i = 0; i < context.seen.size(); ++i) {
    RailWindows rail(context.trace.channels[i], context.seen[i], context.trace.period);
    rail.add(windows);
    named.together = std::max(named.together, rail.seen_together());
    rows.push_back(rail.finish());
  }
  rows.push_back({kAsPhase, "total", {}, {}, {}, {}});
  for (PhaseEnergy& row : rows) row.duration = named.duration;
  add_total(context.trace, rows);
  subtract_idle(context.trace, rows, context.idle);
  for (PhaseEnergy& row : rows)
    named.energies.push_back(
        {std::move(row.rail), std::move(row.gross), std::move(row.net), std::move(row.budget_j)});
}

NamedWindows named_of(const Context& context, const std::string& name,
                      std::vector<TimeSpan> windows) {
  NamedWindows named;
  named.name = name;
  named.count = static_cast<std::int64_t>(windows.size());
  if (windows.empty()) return named;
  std::sort(windows.begin(), windows.end(),
            [](const TimeSpan& a, const TimeSpan& b) { return a.begin < b.begin; });
  const auto length = [](const TimeSpan& one) { return Duration{one.end - one.begin}; };
  const auto [least, most] = std::minmax_element(
      windows.begin(), windows.end(),
      [&](const TimeSpan& a, const TimeSpan& b) { return length(a) < length(b); });
  named.shortest = length(*least).seconds();
  named.longest = length(*most).seconds();
  named.duration = Duration{length_of(windows)}.seconds();
  named.overlapping = overlapping(windows);
  set_energies(context, windows, named);
  return named;
}

void add_up(MeasuredEnergy& sum, const MeasuredEnergy& more, double square) {
  if (sum.value && more.value) {
    sum.value = *sum.value + *more.value;
    sum.uncertainty = Joule(std::sqrt(square));
  } else if (sum.value) {
    sum = {std::nullopt, std::nullopt, more.why_absent};
  }
}

}  // namespace

const RailEnergy* NamedWindows::energy(const std::string& rail) const {
  const auto found = std::find_if(energies.begin(), energies.end(),
                                  [&rail](const RailEnergy& one) { return one.rail == rail; });
  return found == energies.end() ? nullptr : &*found;
}

std::vector<NamedWindows> named_windows(const Trace& trace, const std::vector<Window>& windows,
                                        const std::vector<Phase>& phases) {
  std::map<std::string, std::vector<TimeSpan>> by_name;
  std::map<std::string, std::int64_t> moments;
  for (const Window& window : windows) {
    std::vector<TimeSpan>& intervals = by_name[window.name];
    if (window.end > window.begin)
      intervals.push_back({window.begin.ns, window.end.ns});
    else
      ++moments[window.name];
  }
  std::vector<NamedWindows> result;
  if (by_name.empty()) return result;
  const Context context = context_of(trace, phases);
  for (auto& [name, intervals] : by_name) {
    result.push_back(named_of(context, name, std::move(intervals)));
    result.back().moments = moments[name];
  }
  return result;
}

void add_windows(NamedWindows& sum, const NamedWindows& more) {
  const bool is_first = sum.count == 0;
  sum.moments += more.moments;
  if (more.count == 0) return;
  sum.shortest = is_first ? more.shortest : std::min(sum.shortest, more.shortest);
  sum.longest = std::max(sum.longest, more.longest);
  sum.count += more.count;
  sum.overlapping += more.overlapping;
  sum.together += more.together;
  sum.duration += more.duration;
  if (is_first) {
    sum.energies = more.energies;
    return;
  }
  for (RailEnergy& energy : sum.energies) {
    const RailEnergy* further = more.energy(energy.rail);
    if (further == nullptr) continue;
    // The net's own budget is not kept: as if all of it were one error, which is the wider.
    const double net = energy.net.uncertainty.value_or(Joule(0)).value() +
                       further->net.uncertainty.value_or(Joule(0)).value();
    add_budget(energy.budget_j, further->budget_j);
    const double gross = root_of_squares(energy.budget_j);
    add_up(energy.gross, further->gross, gross * gross);
    add_up(energy.net, further->net, net * net);
  }
}

}  // namespace isojoule
