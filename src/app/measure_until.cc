#include "app/measure_until.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>

#include "base/wall_time.h"
#include "data/study_file.h"
#include "isojoule/version.h"
#include "trace/visible.h"

namespace isojoule {
namespace {

constexpr int kLooksInARow = 2;
// A run that would be longer by less is as good as it is.
constexpr double kWorthLengthening = 1.25;
constexpr double kMostLengthening = 1e6;
constexpr const char* kSizing = "sizing";  // stands as baseline of the run that is not joined

double cause(const PhaseEnergy& energy, const char* name) {
  const auto found = energy.budget_j.find(name);
  return found == energy.budget_j.end() ? 0 : found->second;
}

double relative(double joules, const PhaseEnergy& energy) {
  const double value = std::abs(energy.gross.value->value());
  return value > 0 ? joules / value : std::numeric_limits<double>::infinity();
}

std::string percent_text(double share) { return fmt::format("{:.2g} %", 100 * share); }

// "1.2%", upwards: what is named here can then be asked for.
std::string percent_above(double share) {
  const double percent = 100 * share;
  const double step = std::pow(10, std::floor(std::log10(percent)) - 1);
  return fmt::format("{:g}%", std::ceil(percent / step * (1 - 1e-9)) * step);
}

tl::unexpected<Error> below_floor(double wanted, double floor, const std::string& causes) {
  return fail(
      ErrorKind::out_of_range,
      fmt::format("--until {:g}%: {} of the energy (k = 2), and no number of runs lessens it",
                  100 * wanted, causes),
      fmt::format("Calibrate the board against a meter (isojoule calibrate), or ask for {} "
                  "or more",
                  percent_above(floor * 1.05)));
}

// What every run of this budget has in common, as "gain 1.2 % and offset 0.1 %".
std::string common_words(const PhaseEnergy& energy) {
  std::string words;
  for (const auto& [name, u] : energy.budget_j)
    if (is_common_to_repeats(name) && u > 0)
      words += (words.empty() ? "" : ", ") + name + " " + percent_text(2 * relative(u, energy));
  return words;
}

double common_share(const PhaseEnergy& energy) {
  return relative(join_repeats(std::vector{energy}).common_j, energy);
}

class Until {
 public:
  Until(const Paths& paths, const UntilRequest& request, const std::atomic<bool>& interrupted,
        const std::function<void(const UntilProgress&)>& progress)
      : paths_(paths), request_(request), interrupted_(interrupted), progress_(progress) {}

  Result<UntilResult> make() {
    ISOJOULE_TRY(session_, MeasureSession::open(paths_, request_.measure));
    ISOJOULE_CHECK(check_power_source());
    ISOJOULE_CHECK(open_study());
    began_ = now();
    result_.inferences = request_.measure.inferences;
    if (const Status made = make_runs(); !made) {
      remove_empty_study();
      return tl::unexpected<Error>(made.error());
    }
    result_.spent = now() - began_;
    ISOJOULE_CHECK(session_->restore());
    return std::move(result_);
  }

 private:
  Instant now() { return session_->board().clock->now(); }
  double wanted() const { return request_.percent / 100; }

  Status make_runs() {
    ISOJOULE_TRY(const bool goes_on, make_first());
    return goes_on ? make_others() : Status{};
  }

  // A file without a run would only keep the next attempt from its name.
  void remove_empty_study() {
    if (!study_ || stored_ > 0) return;
    study_.reset();
    std::error_code code;
    std::filesystem::remove(request_.study_path, code);
  }

  // Before anything runs.
  Status check_power_source() {
    const Board& board = session_->board();
    if (const std::string why = session_->why_no_total(); !why.empty())
      return fail(ErrorKind::unmeasured, "--until needs the power of the whole: " + why);
    std::vector<ChannelInfo> channels;
    for (const auto& sensor : board.sensors)
      for (const ChannelInfo& info : sensor->channels()) {
        channels.push_back(info);
        channels.back().calibration = board.calibration_of(info);
      }
    const double floor = 2 * least_gain(board.file.total, channels);
    if (floor >= wanted())
      return below_floor(wanted(), floor,
                         (board.calibrations.empty() ? "gain alone is " : "calibration alone is ") +
                             percent_text(floor));
    return {};
  }

  Status open_study() {
    if (request_.study_path.empty()) return {};
    StudyInfo info = session_->study_info();
    info.planned_runs = 0;  // as many as it takes
    info.protocol_json = fmt::format(
        R"({{"until_percent": {}, "at_most_s": {}, "sampling_period_s": {}}})", request_.percent,
        request_.at_most.seconds().value(), request_.measure.sampling_period.seconds().value());
    ISOJOULE_TRY(study_, StudyFile::create(request_.study_path, info));
    return {};
  }

  Status store(MeasuredRun& measured) {
    if (!study_) return {};
    ISOJOULE_TRY(measured.run.id, study_->add(measured.run, &measured.trace));
    ++stored_;
    return {};
  }

  Result<MeasureResult> measure() {
    const Instant before = now();
    ISOJOULE_TRY(MeasureResult one,
                 session_->run({sequence_++, result_.inferences, request_.measure.sampling_period},
                               interrupted_));
    longest_ = std::max(longest_, now() - before);
    return one;
  }

  bool fits_another() { return (now() - began_) + longest_ <= request_.at_most; }

  // Whether there is more to do.
  Result<bool> make_first() {
    for (;;) {
      ISOJOULE_TRY(MeasureResult one, measure());
      Run& run = one.measured.run;
      if (run.state == RunState::failed) return stop_failed(std::move(one));
      if (run.state == RunState::throttled) {
        ISOJOULE_CHECK(note_throttled(one));
        result_.last = std::move(one);
        if (!fits_another()) return false;
        continue;
      }
      ISOJOULE_TRY(const double factor, lengthening(one));
      if (factor < kWorthLengthening) {
        ISOJOULE_CHECK(take(std::move(one)));
        return true;
      }
      result_.lengthened += fmt::format("the first run's {} inferences", run.inferences);
      run.baseline = kSizing;
      ISOJOULE_CHECK(store(one.measured));
      lengthen(run, factor);
      longest_ = {};
      return true;
    }
  }

  Status note_throttled(MeasureResult& one) {
    ++result_.throttled;
    return store(one.measured);
  }

  Result<bool> stop_failed(MeasureResult one) {
    result_.failed = true;
    ISOJOULE_CHECK(store(one.measured));
    result_.last = std::move(one);
    return false;
  }

  void lengthen(const Run& run, double factor) {
    const std::int64_t batch = std::max<std::int64_t>(1, request_.measure.batch);
    const double wanted_count = std::ceil(static_cast<double>(run.inferences) * factor);
    const auto batches = static_cast<std::int64_t>(std::ceil(wanted_count / double(batch)));
    result_.inferences = std::max<std::int64_t>(1, batches) * batch;
    result_.lengthened +=
        fmt::format(" are too few ({}); {} a run", why_longer_, result_.inferences);
  }

  // By how much longer further runs have to be. Errors: unmeasured, out_of_range (the floor).
  Result<double> lengthening(const MeasureResult& one) {
    const Run& run = one.measured.run;
    const Phase* inference = run.phase(PhaseKind::inference);
    const PhaseEnergy* energy = run.energy(PhaseKind::inference);
    const auto resolution = resolution_of(one.measured.trace);
    std::optional<TooShort> unseen;
    if (inference != nullptr && resolution) unseen = too_short(*inference, energy, *resolution);
    const bool is_absent = energy == nullptr || !energy->gross.value;
    if (is_absent && !unseen)
      return fail(ErrorKind::unmeasured, "--until: the run has no energy: " + one.why_unmeasured);
    double factor = 1;
    if (unseen) factor = static_cast<double>(unseen->repetitions);
    if (!is_absent) {
      const double floor = 2 * common_share(*energy);
      if (floor >= wanted())
        return below_floor(wanted(), floor, common_words(*energy) + " make " + percent_text(floor));
      factor = std::max(factor, factor_for(*energy, floor));
    }
    if (!request_.measure.program.empty()) {
      if (!is_absent) return 1.0;  // its length is its own affair
      return fail(ErrorKind::unmeasured, "--until: " + words_of(*unseen, 0, request_.measure.batch),
                  "Let the program make more inferences");
    }
    why_longer_ = unseen ? words_of(*unseen, run.inferences, request_.measure.batch)
                         : "edges and readings alone would keep them above the wanted figure";
    return std::min({factor, longest_that_fits(run), kMostLengthening});
  }

  // The longest that leaves time for the least number of runs.
  double longest_that_fits(const Run& run) {
    const double left = (request_.at_most - (now() - began_)).seconds().value();
    const double phase = run.phase(PhaseKind::inference)->duration().value();
    const double beside = std::max(0.0, longest_.seconds().value() - phase);
    const double each = left / static_cast<double>(request_.least_repeats + 1);
    return phase > 0 ? std::max(1.0, (each - beside) / phase) : 1;
  }

  // So that the least number of runs keeps the budget's random part within half of what the floor
  // leaves (k = 2). Edges fall with the length, sampling and gaps with its root; a step of a
  // reading that does not change stays.
  double factor_for(const PhaseEnergy& energy, double floor) const {
    const double allowed =
        (wanted() * wanted() - floor * floor) / 4 * static_cast<double>(request_.least_repeats);
    const auto square = [&energy](const char* name) {
      const double u = 2 * relative(cause(energy, name), energy);
      return u * u;
    };
    const double stays = square("quantisation");
    const double target = std::max(allowed - stays, stays);
    double factor = 1;
    const double edges = square("edges"), scatter = square("sampling") + square("gaps");
    while (edges / (factor * factor) + scatter / factor > target && factor < kMostLengthening)
      factor *= 1.05;
    return factor;
  }

  Status make_others() {
    StopRule rule(request_.percent, request_.least_repeats);
    if (!result_.runs.empty()) rule.is_reached(result_.energy);  // the first look
    while (fits_another() || result_.runs.empty()) {
      auto made = measure();
      if (!made && made.error().kind == ErrorKind::interrupted && !result_.runs.empty()) {
        result_.interrupted = true;  // what was measured until then is not lost
        return {};
      }
      ISOJOULE_TRY(MeasureResult one, std::move(made));
      const RunState state = one.measured.run.state;
      if (state == RunState::throttled) {
        ISOJOULE_CHECK(note_throttled(one));
        if (!fits_another()) break;
        continue;
      }
      if (state == RunState::failed) {
        ISOJOULE_TRY([[maybe_unused]] const bool goes_on, stop_failed(std::move(one)));
        return {};
      }
      ISOJOULE_CHECK(take(std::move(one)));
      if (rule.is_reached(result_.energy)) {
        result_.reached = true;
        return {};
      }
      // What all runs share was near the wanted figure after the first run, and is above it now.
      if (repeats() >= request_.least_repeats && result_.floor_percent >= request_.percent) {
        result_.unreachable = true;
        return {};
      }
    }
    return {};
  }

  std::int64_t repeats() const { return static_cast<std::int64_t>(result_.runs.size()); }

  Status take(MeasureResult one) {
    ISOJOULE_CHECK(store(one.measured));
    result_.runs.push_back(one.measured.run);
    result_.last = std::move(one);
    join();
    if (progress_) progress_({repeats(), result_.percent, now() - began_});
    return {};
  }

  void join() {
    std::vector<PhaseEnergy> of_inference;
    std::map<PhaseKind, std::vector<PhaseEnergy>> of_phases;
    result_.is_per_inference = true;
    for (const Run& run : result_.runs)
      result_.is_per_inference =
          result_.is_per_inference && inference_count(request_.measure, run).has_value();
    for (const Run& run : result_.runs) {
      for (const Phase& phase : run.phases)
        if (const PhaseEnergy* energy = run.energy(phase.kind))
          of_phases[phase.kind].push_back(*energy);
      const PhaseEnergy* energy = run.energy(PhaseKind::inference);
      if (energy == nullptr) continue;
      const double count = inference_count(request_.measure, run).value_or(1);
      of_inference.push_back(result_.is_per_inference ? shared(*energy, count) : *energy);
    }
    result_.energy = join_repeats(of_inference);
    result_.phases.clear();
    for (const auto& [kind, repeats] : of_phases) result_.phases.push_back(join_repeats(repeats));
    if (!result_.energy.mean.gross.value) return;
    result_.percent = relative_percent(result_.energy);
    result_.floor_percent = 200 * relative(result_.energy.common_j, result_.energy.mean);
  }

  const Paths& paths_;
  const UntilRequest& request_;
  const std::atomic<bool>& interrupted_;
  const std::function<void(const UntilProgress&)>& progress_;
  std::unique_ptr<MeasureSession> session_;
  std::unique_ptr<StudyFile> study_;
  Instant began_;
  Duration longest_;
  std::int64_t sequence_ = 0, stored_ = 0;
  std::string why_longer_;
  UntilResult result_;
};

// "ina3221 6-0040 channel 0" -> "ina3221 6-0040", as in trace/phase_energies.cc.
std::string chip_of(const std::string& sensor) { return sensor.substr(0, sensor.find(" channel")); }

// The least relative uncertainty at any power. A slope that is too steep makes the offset low, so a
// power inside of the range is known better than the gain alone: over all powers P the square of
// u(gain P + offset) / (gain P + offset) is at least 1 / (m' C^-1 m), where m = (gain, offset) and
// C is their covariance matrix (Cauchy and Schwarz).
double least_of(const Calibration& known) {
  const double g = known.gain, o = known.offset.value();
  const double u = known.gain_uncertainty, v = known.offset_uncertainty.value();
  const double c = known.correlation * u * v;
  const double below = v * v * g * g - 2 * c * g * o + u * u * o * o;
  if (!(below > 0)) return u / std::abs(g);
  return std::sqrt(std::max(0.0, u * u * v * v - c * c) / below);
}

// What errs together: channels of one chip, or all that one meter calibrated.
std::string shared_by(const ChannelInfo& info) {
  return info.calibration ? "meter " + info.calibration->meter : chip_of(info.sensor);
}

}  // namespace

bool StopRule::is_reached(const Joined& energy) {
  // The look before the least number of runs counts as one of the two.
  const bool counts = energy.count + 1 >= least_repeats_;
  held_ = counts && relative_percent(energy) <= percent_ ? held_ + 1 : 0;
  return held_ >= kLooksInARow && energy.count >= least_repeats_;
}

double relative_percent(const Joined& energy) {
  if (!energy.mean.gross.value) return std::numeric_limits<double>::infinity();
  return 100 * relative(energy.expanded_j(), energy.mean);
}

double least_gain(const std::string& total, const std::vector<ChannelInfo>& channels) {
  const auto rails = rails_of_total(total);
  if (!rails) return 0;
  std::map<std::string, double> groups;
  for (const std::string& rail : *rails) {
    const auto channel = std::find_if(channels.begin(), channels.end(),
                                      [&rail](const auto& info) { return info.rail == rail; });
    if (channel == channels.end()) return 0;
    const double gain =
        channel->calibration ? least_of(*channel->calibration) : channel->gain_uncertainty;
    if (!(gain > 0)) return 0;
    const auto [found, is_new] = groups.emplace(shared_by(*channel), gain);
    if (!is_new) found->second = std::min(found->second, gain);
  }
  // The least of sqrt(sum (share x gain)^2) over shares that add up to 1.
  double inverse = 0;
  for (const auto& [group, gain] : groups) inverse += 1 / (gain * gain);
  return inverse > 0 ? 1 / std::sqrt(inverse) : 0;
}

Result<UntilResult> measure_until(const Paths& paths, const UntilRequest& request,
                                  const std::atomic<bool>& interrupted,
                                  const std::function<void(const UntilProgress&)>& progress) {
  return Until(paths, request, interrupted, progress).make();
}

}  // namespace isojoule
