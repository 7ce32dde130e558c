// For ui.perfetto.dev: every run a process, with tracks for the run, its phases, batches and
// windows, its rails and its watches. Times are those of the run, CLOCK_MONOTONIC, to the
// nanosecond. A value holds until the next, as the viewer draws it; an energy counter is shown as
// the power between two readings.
#include <algorithm>
#include <cmath>
#include <limits>

#include "data/distinct_names.h"
#include "report/batch_energies.h"
#include "report/export_parts.h"
#include "report/perfetto/lanes.h"
#include "report/perfetto/packet.h"

namespace isojoule {
namespace {

using perfetto::annotation;
using perfetto::Message;
using perfetto::Slice;

// Tracks of one run; the process has the first of these numbers. A study's ids stay far below.
constexpr std::uint64_t kTracksOfARun = 1 << 20;

struct Span {
  std::int64_t begin_ns = std::numeric_limits<std::int64_t>::max();
  std::int64_t end_ns = std::numeric_limits<std::int64_t>::min();
  bool empty() const { return begin_ns > end_ns; }
  void take(std::int64_t time_ns) {
    begin_ns = std::min(begin_ns, time_ns);
    end_ns = std::max(end_ns, time_ns);
  }
  template <typename Marks>
  void take_all(const Marks& marks) {
    for (const auto& mark : marks) {
      take(mark.begin.ns);
      take(mark.end.ns);
    }
  }
};

Span span_of(const Run& run, const Trace& trace) {
  Span span;
  span.take_all(run.phases);
  span.take_all(run.batches);
  span.take_all(run.windows);
  const auto take = [&span](const std::vector<std::int64_t>& times) {
    if (times.empty()) return;
    const auto [least, most] = std::minmax_element(times.begin(), times.end());
    span.take(*least);
    span.take(*most);
  };
  for (const Channel& channel : trace.channels) take(channel.time_ns);
  for (const Watch& watch : trace.watches) take(watch.time_ns);
  return span;
}

std::string_view unit_text(Unit unit) {
  switch (unit) {
    case Unit::hertz: return "Hz";
    case Unit::second: return "s";
    case Unit::watt: return "W";
    case Unit::joule: return "J";
    case Unit::celsius: return "°C";
    case Unit::byte: return "B";
    case Unit::none:
    case Unit::count: break;
  }
  return "";
}

Message energy_annotations(const MeasuredEnergy& gross, const MeasuredEnergy& net,
                           Second duration) {
  Message all;
  const auto add = [&all](const char* name, const std::optional<Joule>& value) {
    if (value) all.append(annotation(name, value->value()));
  };
  add("energy_j", gross.value);
  add("energy_u_j", gross.uncertainty);
  add("net_energy_j", net.value);
  add("net_energy_u_j", net.uncertainty);
  if (gross.value && duration.value() > 0)
    all.append(annotation("power_w", (*gross.value / duration).value()));
  if (!gross.value && !gross.why_absent.empty())
    all.append(annotation("why_absent", clean_utf8(gross.why_absent)));
  return all;
}

std::vector<Slice> phase_slices(const Run& run) {
  std::vector<Slice> slices;
  for (const Phase& phase : run.phases) {
    const PhaseEnergy* energy = run.energy(phase.kind);
    slices.push_back({phase.begin.ns, phase.end.ns, std::string(name_of(phase.kind)),
                      energy == nullptr
                          ? Message()
                          : energy_annotations(energy->gross, energy->net, phase.duration())});
  }
  return slices;
}

std::vector<Slice> batch_slices(const Run& run, const Trace& trace) {
  std::vector<Slice> slices;
  const auto energies = batch_energies(run, trace);
  for (std::size_t i = 0; i < run.batches.size(); ++i) {
    const BatchMark& batch = run.batches[i];
    slices.push_back({batch.begin.ns, batch.end.ns, "batch " + std::to_string(i),
                      energy_annotations(energies[i], {}, (batch.end - batch.begin).seconds())});
  }
  return slices;
}

std::vector<Slice> window_slices(const Run& run) {
  std::vector<Slice> slices;
  for (const Window& window : run.windows)
    slices.push_back({window.begin.ns, window.end.ns, clean_utf8(window.name), {}});
  for (const WindowEnergy& energy : run.window_energies) {
    const auto place = static_cast<std::size_t>(energy.window);
    if (energy.rail == "total" && energy.window >= 0 && place < slices.size())
      slices[place].annotations =
          energy_annotations(energy.gross, energy.net, run.windows[place].duration());
  }
  return slices;
}

Slice run_slice(const Run& run, const Span& span) {
  Message all;
  all.append(annotation("network", clean_utf8(run.network)));
  if (!run.baseline.empty()) all.append(annotation("baseline", clean_utf8(run.baseline)));
  if (!run.on_board.empty()) all.append(annotation("on_board", clean_utf8(run.on_board)));
  for (const auto& [axis, value] : run.setting.values())
    if (const auto* number = std::get_if<double>(&value))
      all.append(annotation(key_with_unit(axis), *number));
    else
      all.append(annotation(key_with_unit(axis), clean_utf8(std::get<std::string>(value))));
  all.append(annotation("inferences", run.inferences));
  all.append(annotation("state", name_of(run.state)));
  if (!run.failure.empty()) all.append(annotation("failure", clean_utf8(run.failure)));
  all.append(annotation("wall_time", clean_utf8(run.wall_time)));
  for (const CounterInfo& info : all_counters())
    if (const std::uint64_t count = run.counters[info.counter]; count != 0)
      all.append(
          annotation("data_fault." + std::string(info.name), static_cast<std::int64_t>(count)));
  return {span.begin_ns, span.end_ns, "run " + std::to_string(run.id), std::move(all)};
}

class RunTracks {
 public:
  RunTracks(const Run& run, Output& output)
      : run_(run), process_(static_cast<std::uint64_t>(run.id) * kTracksOfARun), output_(output) {}

  Status write(const Trace& trace, const Span& span, bool simulated) {
    std::string name = "run " + std::to_string(run_.id) + ": " + clean_utf8(run_.network) + " " +
                       clean_utf8(to_string(run_.setting));
    if (!run_.baseline.empty()) name += " (" + clean_utf8(run_.baseline) + ")";
    if (simulated) name += ", simulated";
    put(perfetto::process_packet(process_, run_.id, name));
    if (span.empty()) return {};
    ISOJOULE_CHECK(slices("run", {run_slice(run_, span)}));
    ISOJOULE_CHECK(slices("phases", phase_slices(run_)));
    ISOJOULE_CHECK(slices("batches", batch_slices(run_, trace)));
    ISOJOULE_CHECK(slices("windows", window_slices(run_)));
    for (const Channel& channel : trace.channels) ISOJOULE_CHECK(rail(channel));
    for (const Watch& watch : trace.watches) ISOJOULE_CHECK(values(watch));
    return {};
  }

 private:
  void put(const std::string& packet) { output_.text() += packet; }

  // "windows", and "windows 2" for those that overlap the first ones.
  Status slices(const std::string& name, const std::vector<Slice>& all) {
    int number = 0;
    for (const auto& lane : perfetto::lanes_of(all)) {
      const std::uint64_t track = process_ + static_cast<std::uint64_t>(++tracks_);
      const std::string title = ++number == 1 ? name : name + " " + std::to_string(number);
      put(perfetto::track_packet(track, process_, tracks_, title));
      ISOJOULE_CHECK(lane_events(track, all, lane));
    }
    return {};
  }

  Status lane_events(std::uint64_t track, const std::vector<Slice>& all,
                     const std::vector<std::size_t>& lane) {
    std::vector<std::int64_t> ends;  // of the slices that are open
    const auto close_until = [&](std::int64_t time_ns) {
      while (!ends.empty() && ends.back() <= time_ns) {
        put(perfetto::end_packet(track, ends.back()));
        ends.pop_back();
      }
    };
    for (const std::size_t i : lane) {
      const Slice& slice = all[i];
      close_until(slice.begin_ns);
      put(perfetto::begin_packet(track, slice.begin_ns, slice.name, slice.annotations));
      ends.push_back(std::max(slice.begin_ns, slice.end_ns));
      ISOJOULE_CHECK(output_.spill());
    }
    close_until(std::numeric_limits<std::int64_t>::max());
    return output_.spill();
  }

  std::uint64_t counter_track(const std::string& name, std::string_view unit) {
    const std::uint64_t track = process_ + static_cast<std::uint64_t>(++tracks_);
    put(perfetto::counter_track_packet(track, process_, tracks_, name, unit));
    return track;
  }

  Status rail(const Channel& channel) {
    const std::uint64_t track = counter_track(rails_.take(clean_utf8(channel.info.rail)), "W");
    const ReadingValues readings(channel);
    const bool counts = channel.info.kind == ChannelKind::energy_counter;
    for (std::size_t i = 0; i < channel.time_ns.size(); ++i) {
      // The mean between two readings holds from the first of them.
      const auto power = counts ? readings.mean_power_w(i) : readings.power_w(i);
      if (power && std::isfinite(*power))
        put(perfetto::value_packet(track, channel.time_ns[counts ? i - 1 : i], *power));
      ISOJOULE_CHECK(output_.spill());
    }
    return {};
  }

  Status values(const Watch& watch) {
    const std::uint64_t track =
        counter_track(clean_utf8(watch.name), unit_text(unit_of_axis(watch.name)));
    for (std::size_t i = 0; i < watch.time_ns.size(); ++i) {
      if (std::isfinite(watch.value[i]))
        put(perfetto::value_packet(track, watch.time_ns[i], watch.value[i]));
      ISOJOULE_CHECK(output_.spill());
    }
    return {};
  }

  const Run& run_;
  std::uint64_t process_;
  Output& output_;
  DistinctNames rails_;  // the viewer may lay tracks of one name together
  int tracks_ = 0;
};

Status check_span(const Run& run, const Span& span) {
  if (span.empty() || span.begin_ns >= 0) return {};
  return fail(ErrorKind::unsupported,
              "run " + std::to_string(run.id) +
                  " has times before its clock's zero, which a Perfetto trace cannot hold",
              "Export the others with --run, or this one as trace-csv");
}

Status stream(StudyFile& study, const Selection& selection, Sink& sink) {
  ISOJOULE_TRY(const auto ids, chosen_runs(study, selection));
  Output output(sink);
  bool has_clock = false;
  for (const std::int64_t id : ids) {
    ISOJOULE_TRY(const Run run, study.run(id));
    ISOJOULE_TRY(auto kept, kept_trace(study, id));
    const Trace trace = kept ? std::move(*kept) : Trace{};
    const Span span = span_of(run, trace);
    ISOJOULE_CHECK(check_span(run, span));
    if (!has_clock && !span.empty()) output.text() += perfetto::clock_packet(span.begin_ns);
    has_clock = has_clock || !span.empty();
    ISOJOULE_CHECK(RunTracks(run, output).write(trace, span, study.info().simulated));
  }
  return output.finish();
}

}  // namespace

const ReportKind& report_kind_perfetto() {
  static const ReportKind kind = {"perfetto",
                                  ".perfetto-trace",
                                  "for ui.perfetto.dev: rails, phases, batches, windows on tracks",
                                  nullptr,
                                  stream,
                                  true};
  return kind;
}

}  // namespace isojoule
