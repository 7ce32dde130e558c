#include "app/energy.h"

#include <fnmatch.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include "app/rail_pass.h"
#include "base/text.h"
#include "base/text_file.h"
#include "engine/trtexec/profile.h"
#include "import/time_line.h"
#include "trace/total.h"

namespace isojoule {
namespace {

// Where a trace's readings lie.
struct Extent {
  std::int64_t first_ns = std::numeric_limits<std::int64_t>::max();
  std::int64_t last_ns = std::numeric_limits<std::int64_t>::min();
  std::uint64_t readings = 0;  // of the rail that has most
  bool empty() const { return readings == 0; }
  void add(const Channel& block, std::uint64_t& of_rail) {
    if (block.time_ns.empty()) return;
    first_ns = std::min(first_ns, block.time_ns.front());
    last_ns = std::max(last_ns, block.time_ns.back());
    of_rail += block.time_ns.size();
    readings = std::max(readings, of_rail);
  }
};

Result<Extent> extent_of(const EnergyRequest& request) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(request.trace, error))
    return fail(ErrorKind::invalid,
                request.trace + ": is no plain file, so it can be read only once",
                "Give --begin and --end, or a file");
  ISOJOULE_TRY(const auto reader, open_log(request.trace, request.import));
  Extent extent;
  std::vector<std::uint64_t> counts(reader->channels().size());
  std::vector<Channel> block;
  for (;;) {
    ISOJOULE_TRY(const bool more, reader->next(block));
    if (!more) break;
    for (std::size_t i = 0; i < block.size(); ++i) extent.add(block[i], counts[i]);
  }
  if (extent.empty())
    return fail(ErrorKind::no_data, request.trace + ": has no reading", "Record it again");
  return extent;
}

// ---- sums ---------------------------------------------------------------------------------------

// What one error makes in every part alike adds up; what differs from part to part adds in
// quadrature (JCGM 100:2008, 5.2.2).
Energy sum_of(const std::vector<const Energy*>& parts, const std::vector<std::string>& names,
              bool is_same_rail) {
  Energy sum;
  double joules = 0;
  std::map<std::string, double> squares;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Energy& part = *parts[i];
    if (!part.energy.value) {
      sum.energy.why_absent = names[i] + ": " + part.energy.why_absent;
      return sum;
    }
    joules += part.energy.value->value();
    for (const auto& [cause, u] : part.budget_j) {
      const bool is_common =
          cause == "gain" || (is_same_rail && (cause == "offset" || cause == "calibration"));
      if (is_common)
        sum.budget_j[cause] += u;
      else
        squares[cause] += u * u;
    }
  }
  for (const auto& [cause, square] : squares) sum.budget_j[cause] = std::sqrt(square);
  sum.energy.value = Joule(joules);
  sum.energy.uncertainty = Joule(root_of_squares(sum.budget_j));
  return sum;
}

void join_rails(Counters& all, const std::vector<Counters>& rails) {
  for (const CounterInfo& info : all_counters()) {
    std::uint64_t most = 0;
    for (const Counters& rail : rails) most = std::max(most, rail[info.counter]);
    if (most > 0) all.add(info.counter, most);
  }
}

// ---- the command --------------------------------------------------------------------------------

class EnergyWork {
 public:
  explicit EnergyWork(const EnergyRequest& request) : request_(request) {}

  Result<EnergyResult> run() {
    ISOJOULE_TRY(LogFile file, LogFile::open(request_.trace));
    result_.format = request_.import.format;
    if (result_.format.empty()) {
      ISOJOULE_TRY(const ImportKind* const kind, recognise(file, request_.import));
      result_.format = kind->name;
    }
    ISOJOULE_TRY(reader_, open_log(std::move(file), request_.import));
    if (reader_->channels().empty())
      return fail(ErrorKind::no_data, request_.trace + ": holds windows, and no power",
                  "Give it as --markers, and the log of a meter as --trace");
    ISOJOULE_CHECK(choose_rails());
    ISOJOULE_CHECK(find_windows());
    ISOJOULE_CHECK(integrate_all());
    add_all();
    ISOJOULE_CHECK(add_layers());
    result_.sensor = reader_->channels()[channels_.front()].sensor;
    result_.counters += reader_->counters();
    const auto& notes = reader_->notes();
    result_.notes.insert(result_.notes.end(), notes.begin(), notes.end());
    return std::move(result_);
  }

 private:
  // The number of channels where no rail is called that.
  std::size_t place_of(const std::string& rail) const {
    const auto& all = reader_->channels();
    return static_cast<std::size_t>(
        std::find_if(all.begin(), all.end(),
                     [&](const ChannelInfo& info) { return info.rail == rail; }) -
        all.begin());
  }

  Status choose_rails() {
    const auto& all = reader_->channels();
    const std::string total = reader_->total();
    // A rail may be called "CPU + GPU".
    total_ = place_of(total) < all.size() ? std::vector<std::string>{total} : rails_in(total);
    if (request_.rail == "total" && total_.empty())
      return fail(ErrorKind::not_found, request_.trace + ": nobody knows which rails add up",
                  "Name one with --rail, or say it: --option total=A+B",
                  "looked for an expression of the total");
    if (!request_.rail.empty() && request_.rail != "total") {
      const std::size_t place = place_of(request_.rail);
      if (place == all.size()) {
        std::vector<std::string> known;
        for (const ChannelInfo& info : all) known.push_back(info.rail);
        return fail(ErrorKind::not_found, request_.trace + ": has no rail '" + request_.rail + "'",
                    unknown_name_remedy(request_.rail, known));
      }
      channels_ = {place};
      total_.clear();
      return {};
    }
    // The rail that is the total stands first, the sum before its parts.
    if (total_.size() == 1) {
      channels_.push_back(place_of(total_.front()));
      total_.clear();
    }
    if (request_.rail == "total") {
      for (const std::string& rail : total_) channels_.push_back(place_of(rail));
      return {};
    }
    for (std::size_t i = 0; i < all.size(); ++i)
      if (channels_.empty() || channels_.front() != i) channels_.push_back(i);
    if (channels_.size() > 1 && total_.empty() && reader_->total().empty())
      result_.notes.emplace_back("which rails add up is not known, so none is the total");
    return {};
  }

  const Extent* extent() {
    if (!extent_) extent_ = extent_of(request_);
    return extent_->has_value() ? &**extent_ : nullptr;
  }

  Status find_windows() {
    const bool has_times = request_.begin || request_.end;
    const bool names = !request_.window.empty() || !request_.markers.empty();
    if ((has_times && names) || (request_.whole && (has_times || names)))
      return fail(ErrorKind::invalid, "times, windows and the whole trace at once",
                  "Give --begin and --end, or --window and --markers, or --whole");
    if (!has_times && !request_.whole) {
      if (request_.markers.empty()) {
        windows_ = reader_->windows();
      } else {
        ISOJOULE_CHECK(read_markers());
      }
      ISOJOULE_CHECK(choose_windows());
      if (!windows_.empty()) return {};
    }
    return from_times();
  }

  Status from_times() {
    Window window;
    const ChannelInfo& info = reader_->channels()[channels_.front()];
    if (request_.begin) {
      ISOJOULE_TRY(window.begin, reader_->parse_time(*request_.begin));
    } else {
      if (extent() == nullptr) return tl::unexpected<Error>(extent_->error());
      // The first reading of a sensor that averages tells of the time before it.
      const bool counts = info.kind == ChannelKind::energy_counter;
      window.begin =
          Instant{extent()->first_ns} - Duration::from(counts ? info.lag : info.window + info.lag);
    }
    if (request_.end) {
      ISOJOULE_TRY(window.end, reader_->parse_time(*request_.end));
    } else {
      if (extent() == nullptr) return tl::unexpected<Error>(extent_->error());
      window.end = Instant{extent()->last_ns} - Duration::from(info.lag);
    }
    if (window.end <= window.begin)
      return fail(ErrorKind::invalid,
                  "the end " + reader_->print_time(window.end) + " is not after the begin " +
                      reader_->print_time(window.begin),
                  "Look at the order of day and month, and at the trace's first and last time");
    windows_ = {window};
    return {};
  }

  Status read_markers() {
    ISOJOULE_TRY(const auto markers, open_log(request_.markers, request_.markers_import));
    std::vector<Channel> block;
    for (;;) {
      ISOJOULE_TRY(const bool more, markers->next(block));
      if (!more) break;
    }
    windows_ = markers->windows();
    result_.counters += markers->counters();
    result_.notes.insert(result_.notes.end(), markers->notes().begin(), markers->notes().end());
    if (windows_.empty())
      return fail(ErrorKind::no_data, request_.markers + ": names no window",
                  "A window is a pair of marks: NAME_begin and NAME_end, each with its time");
    return shift_markers(markers->time_base());
  }

  // From the markers' clock to the trace's.
  Status shift_markers(TimeBase base) {
    constexpr double kLargest_s = static_cast<double>(import::kLargestTime_ns) * 1e-9;
    if (!(std::abs(request_.markers_shift.value()) < kLargest_s))
      return fail(ErrorKind::invalid, "the shift of the markers is no time",
                  "Give seconds, between -4.6e9 and 4.6e9");
    Duration shift = Duration::from(request_.markers_shift);
    if (request_.markers_at) {
      ISOJOULE_TRY(const Instant zero, reader_->parse_time(*request_.markers_at));
      shift = shift + Duration{zero.ns};
    } else if (base != reader_->time_base()) {
      return fail(
          ErrorKind::invalid,
          request_.markers + " and " + request_.trace + " count their times from different zeros",
          "Say where the markers' zero is on the trace: --markers-at TIME");
    } else if (base == TimeBase::own_zero) {
      result_.notes.emplace_back(
          "both files count from a zero of their own, taken as the same moment: --markers-at says "
          "where the markers' lies");
    }
    const auto is_time = [](std::int64_t ns) { return std::abs(ns) <= import::kLargestTime_ns; };
    for (Window& window : windows_) {
      if (is_time(shift.ns)) {
        window.begin = window.begin + shift;
        window.end = window.end + shift;
      }
      if (!is_time(shift.ns) || !is_time(window.begin.ns) || !is_time(window.end.ns))
        return fail(ErrorKind::invalid, "the markers, shifted, lie beyond all times",
                    "Look at --markers-at and --markers-shift");
    }
    return {};
  }

  Status choose_windows() {
    if (request_.window.empty()) return {};
    std::vector<std::string> known;
    std::vector<Window> chosen;
    for (const Window& window : windows_) {
      if (::fnmatch(request_.window.c_str(), window.name.c_str(), 0) == 0 ||
          request_.window == window.name)
        chosen.push_back(window);
      else if (std::find(known.begin(), known.end(), window.name) == known.end())
        known.push_back(window.name);
    }
    if (chosen.empty())
      return fail(ErrorKind::not_found, "no window is called '" + request_.window + "'",
                  known.empty() ? "The trace names no windows: give --markers FILE, or --begin and "
                                  "--end"
                                : unknown_name_remedy(request_.window, known));
    windows_ = std::move(chosen);
    return {};
  }

  Status integrate_all() {
    std::vector<RailPass> passes;
    for (const std::size_t place : channels_)
      passes.emplace_back(reader_->channels()[place], windows_);
    std::vector<std::uint64_t> counts(channels_.size());
    std::vector<Channel> block;
    for (;;) {
      ISOJOULE_TRY(const bool more, reader_->next(block));
      if (!more) break;
      for (std::size_t i = 0; i < channels_.size(); ++i) {
        counts[i] += block[channels_[i]].time_ns.size();
        passes[i].add(block[channels_[i]]);
      }
    }
    if (*std::max_element(counts.begin(), counts.end()) == 0)
      return fail(ErrorKind::no_data, request_.trace + ": has no reading",
                  reader_->counters()[Counter::line_truncated] > 0
                      ? "A last line without an end is left out: end it if it is whole"
                      : "Record it again");
    result_.readings = counts.front();
    std::vector<std::vector<Energy>> energies;
    std::vector<Counters> counters;
    for (RailPass& pass : passes) {
      energies.push_back(pass.finish());
      counters.push_back(pass.counters());
    }
    join_rails(result_.counters, counters);
    for (std::size_t i = 0; i < windows_.size(); ++i) add_window(i, energies);
    return {};
  }

  void add_window(std::size_t place, std::vector<std::vector<Energy>>& energies) {
    const Window& window = windows_[place];
    WindowResult row{window.name,
                     window.begin,
                     window.end,
                     reader_->print_time(window.begin),
                     reader_->print_time(window.end),
                     window.duration(),
                     {}};
    if (!total_.empty()) row.rails.push_back({"total", total_of(place, energies)});
    const bool only_total = request_.rail == "total";
    for (std::size_t i = 0; i < channels_.size(); ++i)
      if (!only_total || total_.empty())
        row.rails.push_back(
            {reader_->channels()[channels_[i]].rail, std::move(energies[i][place])});
    result_.windows.push_back(std::move(row));
  }

  Energy total_of(std::size_t place, const std::vector<std::vector<Energy>>& energies) const {
    std::vector<const Energy*> parts;
    for (const std::string& rail : total_)
      for (std::size_t i = 0; i < channels_.size(); ++i)
        if (reader_->channels()[channels_[i]].rail == rail) parts.push_back(&energies[i][place]);
    return sum_of(parts, total_, false);
  }

  void add_all() {
    if (result_.windows.size() < 2) return;
    Instant end{std::numeric_limits<std::int64_t>::min()};
    WindowResult all = result_.windows.front();
    all.name = "all " + std::to_string(result_.windows.size());
    all.duration = Second(0);
    std::vector<std::string> names;
    for (const WindowResult& window : result_.windows) {
      if (window.begin < end) {
        result_.why_not_all = "the windows overlap: their energies do not add up";
        return;
      }
      end = window.end;
      all.duration += window.duration;
      names.push_back(window.name);
    }
    all.end = end;
    all.end_text = result_.windows.back().end_text;
    for (std::size_t i = 0; i < all.rails.size(); ++i) {
      std::vector<const Energy*> parts;
      for (const WindowResult& window : result_.windows) parts.push_back(&window.rails[i].energy);
      all.rails[i].energy = sum_of(parts, names, true);
    }
    result_.all = std::move(all);
  }

  // The power of a layer may be anything from nothing to twice the mean (as in
  // trace/layer_energies.h; what the board draws without load is not known here).
  Status add_layers() {
    if (request_.layers.empty()) return {};
    ISOJOULE_TRY(const std::string text, read_text_file(request_.layers));
    auto profile = trtexec::parse_profile(text);
    if (!profile) {
      profile.error().what = request_.layers + ": " + profile.error().what;
      return tl::unexpected<Error>(std::move(profile.error()));
    }
    const bool is_one = result_.windows.size() == 1;
    if (!is_one && !result_.all) return no_layers("the windows overlap: choose one with --window");
    const MeasuredEnergy& energy =
        (is_one ? result_.windows.front() : *result_.all).rails.front().energy.energy;
    double sum_ms = 0;
    for (const auto& row : profile->rows) sum_ms += row.average_ms;
    if (!energy.value) return no_layers("there is no energy to divide");
    if (!(sum_ms > 0)) return no_layers("the profile says that no layer took any time");
    for (const auto& row : profile->rows) {
      const double share = row.average_ms / sum_ms;
      const Joule part = *energy.value * share;
      result_.layers.push_back(
          {row.name, share, part,
           Joule(std::hypot(share * energy.uncertainty->value(), part.value() / std::sqrt(3.0)))});
    }
    return {};
  }

  Status no_layers(const char* why) {
    result_.notes.push_back(std::string("no energy of layers: ") + why);
    return {};
  }

  const EnergyRequest& request_;
  EnergyResult result_;
  std::unique_ptr<LogReader> reader_;
  std::vector<std::size_t> channels_;  // to be integrated, the asked one first
  std::vector<std::string> total_;     // rails of a total that is a sum
  std::vector<Window> windows_;
  std::optional<Result<Extent>> extent_;
};

}  // namespace

Result<EnergyResult> energy_of(const EnergyRequest& request) { return EnergyWork(request).run(); }

}  // namespace isojoule
