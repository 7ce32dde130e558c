#include "app/study_observations.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "app/work_cache.h"
#include "base/text.h"
#include "report/summary.h"
#include "trace/bootstrap.h"
#include "workload/layer_name.h"

namespace isojoule {
namespace {

constexpr double kSameClock = 0.02;  // relative: the kernel's counted clocks lie that near
// Does next to nothing: what it costs is what every batch costs beside its layers.
constexpr const char* kOverhead = "identity_c1_h1";
constexpr double kLevel = 0.9;

std::optional<double> mean_of_watch(const Point& point, const std::string& watch) {
  const auto found = point.residency_percent.find(watch);
  if (found == point.residency_percent.end()) return std::nullopt;
  double sum = 0, share = 0;
  for (const auto& [value, percent] : found->second) {
    sum += value * percent;
    share += percent;
  }
  return share > 0 ? std::optional(sum / share) : std::nullopt;
}

// What was asked for, unless the board was seen to do otherwise.
double clock_of(const Point& point, const std::string& axis) {
  const auto asked = point.setting.number(axis);
  const auto seen = mean_of_watch(point, axis);
  if (!asked) return seen.value_or(0);
  if (seen && std::abs(*seen - *asked) > kSameClock * *asked) return *seen;
  return *asked;
}

OperatingPoint operating_point(const Point& point) {
  OperatingPoint at;
  at.cpu_hz = clock_of(point, "cpu_frequency");
  at.gpu_hz = clock_of(point, "gpu_frequency");
  at.memory_hz = clock_of(point, "memory_frequency");
  at.cores = point.setting.number("cpu_online").value_or(0);
  return at;
}

// Layers of a network of the layer study; nothing where it is another network.
std::vector<std::string> parts_of(const std::string& network) {
  const auto layers = parse_layers(network);
  std::vector<std::string> parts;
  if (!layers || !*layers) return parts;
  for (const LayerSpec& layer : **layers) parts.push_back(layer.name());
  return parts;
}

// Sequences against the sum of their parts at the same setting of the same study.
class AdditivityCheck {
 public:
  void add(const Point& point, const Setting& job, double batch_energy_j) {
    const std::string setting = to_string(point.setting) + point.baseline;
    energies_[{point.network, setting}] = batch_energy_j;
    if (parts_of(point.network).size() > 1) sequences_.push_back({point.network, setting, job});
  }

  void end_study() {
    for (const Sequence& each : sequences_)
      if (const auto ratio = ratio_of(each)) ratios_[each.job].push_back(*ratio);
    energies_.clear();
    sequences_.clear();
  }

  void finish(ObservationSet& set) const {
    for (const auto& [job, values] : ratios_) {
      const auto interval =
          bca_interval(values, [](std::span<double> drawn) { return median_in_place(drawn); },
                       {.level = kLevel});
      if (!interval.bounds) {
        set.notes.push_back(fmt::format("additivity: not enough sequences for an interval ({}): {}",
                                        values.size(), interval.note));
        continue;
      }
      Additivity& found = set.additivity[job];
      found.sequences = std::ssize(values);
      found.median_ratio = median_of(values);
      found.low = interval.bounds->low;
      found.high = interval.bounds->high;
      for (const double ratio : values)
        found.mean_absolute_percent +=
            100 * std::abs(ratio - 1) / static_cast<double>(values.size());
    }
  }

 private:
  struct Sequence {
    std::string network, setting;
    Setting job;
  };

  std::optional<double> energy(const std::string& network, const Sequence& at) const {
    const auto found = energies_.find({network, at.setting});
    return found == energies_.end() ? std::nullopt : std::optional(found->second);
  }

  // What a batch costs beside its layers is in each part, and once in the sequence.
  std::optional<double> ratio_of(const Sequence& sequence) const {
    const auto overhead = energy(kOverhead, sequence);
    if (!overhead) return std::nullopt;
    double sum = *overhead;
    for (const std::string& part : parts_of(sequence.network)) {
      const auto alone = energy(part, sequence);
      if (!alone) return std::nullopt;
      sum += *alone - *overhead;
    }
    const double whole = *energy(sequence.network, sequence);
    return sum > 0 ? std::optional(whole / sum) : std::nullopt;
  }

  std::map<std::pair<std::string, std::string>, double> energies_;  // by network and setting
  std::vector<Sequence> sequences_;
  std::map<Setting, std::vector<double>> ratios_;
};

class StudyObserver {
 public:
  explicit StudyObserver(const Paths& paths) : works_(paths) {}

  Result<ObservationSet> read(const std::vector<std::string>& studies) {
    set_.what = "inference phase, module total, gross, a batch";
    for (const std::string& path : studies) {
      ISOJOULE_TRY(const auto study, StudyFile::open(path, StudyFile::Mode::read));
      ISOJOULE_CHECK(same_board(study->info(), path));
      ISOJOULE_TRY(StudySummary summary, summarise(*study));
      name_ = std::filesystem::path(path).filename().string();
      set_.sources.push_back(fmt::format("study {}: {} runs, plan {}", summary.info.name,
                                         summary.runs, summary.info.plan_hash));
      set_.rows += summary.runs;
      for (const Point& point : summary.points) ISOJOULE_CHECK(add(point));
      for (const Point& point : summary.points) add_to_check(point);
      check_.end_study();
    }
    check_.finish(set_);
    if (set_.used == 0)
      return fail(ErrorKind::no_data, "no run of " + join(studies, ", ") + " can be learnt from",
                  set_.left_out.empty()
                      ? "Measure first: isojoule sweep"
                      : "The first was left out because: " + set_.left_out.front().why);
    return std::move(set_);
  }

 private:
  Status same_board(const StudyInfo& info, const std::string& path) {
    if (set_.sources.empty()) {
      set_.board = info.board;
      set_.release = info.release;
      set_.simulated = info.simulated;
      first_ = path;
      return {};
    }
    if (info.board == set_.board && info.simulated == set_.simulated) {
      if (info.release != set_.release)
        set_.notes.push_back(fmt::format("{} was made under {}, {} under {}", path,
                                         info.release.empty() ? "an unknown release" : info.release,
                                         first_,
                                         set_.release.empty() ? "an unknown one" : set_.release));
      return {};
    }
    const auto title = [](const std::string& board, bool simulated) {
      return (simulated ? "the twin of " : "") + board;
    };
    return fail(ErrorKind::invalid,
                path + " is of " + title(info.board, info.simulated) + ", " + first_ + " of " +
                    title(set_.board, set_.simulated),
                "Fit each board by itself");
  }

  Status add(const Point& point) {
    const std::string where = name_ + ", " + point.network + " at " + to_string(point.setting);
    if (point.failed > 0) set_.leave_out("failed", where, point.failed);
    if (point.throttled > 0) set_.leave_out("the board throttled", where, point.throttled);
    const std::int64_t good = point.runs - point.failed - point.throttled;
    if (good == 0) return {};
    if (!point.energy_j || !point.latency_s || !(point.energy_j->value > 0)) {
      set_.leave_out(point.why_absent.empty() ? "no energy was measured" : point.why_absent, where,
                     good);
      return {};
    }
    if (point.too_short) {
      set_.leave_out("the inference phase is too short for the power source", where, good);
      return {};
    }
    ISOJOULE_TRY(Observation one, observation(point));
    one.source = where;
    set_.jobs[job_of(point)].push_back(std::move(one));
    set_.used += good;
    return {};
  }

  Result<Observation> observation(const Point& point) {
    const double batch = point.setting.number("batch").value_or(1);
    const double batches = point.inferences / batch;
    Observation one;
    one.network = point.network;
    const auto parts = parts_of(point.network);
    // A sequence shares its first layer with that layer alone; the others are in many sequences.
    one.group = parts.empty() ? point.network : parts.front();
    one.single_layer = !parts.empty();
    auto work = works_.work(point.network, static_cast<std::int64_t>(batch));
    if (!work) {
      work.error().what = name_ + ": " + work.error().what;
      if (work.error().kind == ErrorKind::not_found)
        work.error().remedy =
            "The study names this network: bring its file back to where it was, "
            "or run in the folder that its path begins in";
      return tl::unexpected<Error>(std::move(work).error());
    }
    one.work = *work;
    one.point = operating_point(point);
    one.energy_j = point.energy_j->value / batches;
    one.energy_u_j = point.energy_j->uncertainty / batches;
    one.time_s = point.latency_s->value / batches;
    if (point.net_energy_j)
      one.idle_power_w =
          (point.energy_j->value - point.net_energy_j->value) / point.latency_s->value;
    return one;
  }

  void add_to_check(const Point& point) {
    if (!point.energy_j || point.too_short) return;
    const double batch = point.setting.number("batch").value_or(1);
    check_.add(point, job_of(point), point.energy_j->value * batch / point.inferences);
  }

  WorkCache works_;
  ObservationSet set_;
  std::string name_, first_;
  AdditivityCheck check_;
};

}  // namespace

void ObservationSet::leave_out(const std::string& why, const std::string& where,
                               std::int64_t count) {
  for (LeftOutRows& known : left_out)
    if (known.why == why) {
      known.count += count;
      return;
    }
  left_out.push_back({why, count, where});
}

Result<ObservationSet> study_observations(const Paths& paths,
                                          const std::vector<std::string>& studies) {
  return StudyObserver(paths).read(studies);
}

}  // namespace isojoule
