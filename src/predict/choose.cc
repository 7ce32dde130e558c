#include "predict/choose.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <iterator>
#include <limits>
#include <map>
#include <set>
#include <thread>

#include "base/text.h"
#include "predict/fold.h"

namespace isojoule {
namespace {

constexpr int kMostInnerFolds = 6;
constexpr int kMostInnermostFolds = 3;
// Of so many groups each fold holds several, and fewer folds tell as much in less time.
constexpr int kPlentyGroups = 40;
constexpr int kFoldsOfPlenty = 6;
constexpr int kInnerFoldsOfPlenty = 3;
constexpr int kManyGroups = 10;     // from here on the winner's own errors are hardly flattered
constexpr int kEnoughNetworks = 5;  // groups; below, networks' errors are a matter of chance
constexpr int kEnoughLayers = 10;   // groups, to stand in for networks
constexpr double kEqual = 1.05;     // errors closer than this factor are equals
constexpr double kLargestLogError = 100;  // beyond it a predictor has broken down

using Kinds = std::vector<const PredictorKind*>;

// One kind on all folds, each predicted from the others.
struct Trial {
  const PredictorKind* kind = nullptr;
  std::vector<Prediction> predictions;  // of each observation; empty where there is a `failure`
  std::optional<Error> failure;
  double error = 0;  // what candidates are compared by
};

struct Spreads {
  ConformalSpread network_energy, network_time, layer_energy, layer_time;
};

Folds folds_of(Observations observations, int most, int of_plenty, std::uint64_t seed) {
  Folds folds = make_folds(observations, most, seed);
  return folds.groups > kPlentyGroups && most > of_plenty
             ? make_folds(observations, of_plenty, seed)
             : folds;
}

double log_error(double measured, double predicted) { return std::log(measured / predicted); }

// A number that a measurement could have been.
bool usable(const Observation& one, const Prediction& p) {
  const auto near = [](double measured, double predicted) {
    return predicted > 0 && std::abs(log_error(measured, predicted)) < kLargestLogError;
  };
  return near(one.energy_j, p.energy_j) && std::isfinite(p.energy_log_sd) && p.energy_log_sd >= 0 &&
         std::isfinite(p.time_log_sd) && p.time_log_sd >= 0 &&
         (!p.time_s || near(one.time_s.value_or(1), *p.time_s));
}

Status predict_fold(Observations observations, const Folds& folds, int fold, Trial& trial,
                    const FitOptions& options) {
  const std::vector<Observation> others = selected(observations, outside(folds, fold));
  ISOJOULE_TRY(const auto predictor, trial.kind->fit(others, options));
  for (const std::size_t i : inside(folds, fold)) {
    const Observation& one = observations[i];
    trial.predictions[i] = predictor->batch(*one.work, one.point);
    if (!usable(one, trial.predictions[i]))
      return fail(ErrorKind::out_of_range, std::string(trial.kind->name) +
                                               ": predicts no sensible number of " + one.network);
  }
  return {};
}

bool judged_by_layers(const Folds& folds) {
  return folds.network_groups < kEnoughNetworks && folds.layer_groups > 0 &&
         folds.layer_groups >= folds.network_groups;
}

// Mean over groups of the mean of |predicted / measured - 1| over a group's runs.
double error_of(Observations observations, const Folds& folds, const Trial& trial) {
  const bool by_layers = judged_by_layers(folds);
  std::map<int, std::pair<double, double>> groups;  // sum, runs
  for (std::size_t i = 0; i < observations.size(); ++i) {
    if (observations[i].single_layer != by_layers) continue;
    auto& [sum, runs] = groups[folds.group[i]];
    sum += std::abs(trial.predictions[i].energy_j / observations[i].energy_j - 1);
    ++runs;
  }
  double total = 0;
  for (const auto& [group, of] : groups) total += of.first / of.second;
  return total / static_cast<double>(std::max<std::size_t>(groups.size(), 1));
}

Trial tried(Observations observations, const Folds& folds, const PredictorKind* kind,
            const FitOptions& options) {
  Trial trial;
  trial.kind = kind;
  trial.predictions.resize(observations.size());
  for (int fold = 0; fold < folds.count; ++fold) {
    const Status status = predict_fold(observations, folds, fold, trial, options);
    if (status) continue;
    trial.failure = status.error();
    trial.predictions.clear();
    return trial;
  }
  trial.error = error_of(observations, folds, trial);
  return trial;
}

std::vector<Trial> all_tried(Observations observations, const Folds& folds, const Kinds& kinds,
                             const FitOptions& options) {
  std::vector<Trial> trials;
  for (const PredictorKind* kind : kinds)
    trials.push_back(tried(observations, folds, kind, options));
  return trials;
}

// The least complex of those that are as good as the best; nullptr where all failed.
const Trial* best_of(const std::vector<Trial>& trials) {
  double least = std::numeric_limits<double>::infinity();
  for (const Trial& trial : trials)
    if (!trial.failure) least = std::min(least, trial.error);
  const Trial* best = nullptr;
  for (const Trial& trial : trials) {
    if (trial.failure || trial.error > least * kEqual) continue;
    if (best == nullptr || trial.kind->complexity < best->kind->complexity) best = &trial;
  }
  return best;
}

// ---- the procedure ------------------------------------------------------------------------------

// A prediction of a run by something that had not seen its group.
struct Unseen {
  std::size_t observation = 0;
  const PredictorKind* kind = nullptr;
  Prediction prediction;
};

std::vector<Unseen> unseen_of(const Trial& trial) {
  std::vector<Unseen> unseen;
  for (std::size_t i = 0; i < trial.predictions.size(); ++i)
    unseen.push_back({i, trial.kind, trial.predictions[i]});
  return unseen;
}

// What choosing on other groups gives for each fold. Folds on whose others no candidate could be
// tried are left out.
std::vector<Unseen> procedure_errors(Observations observations, const Folds& folds,
                                     const Kinds& kinds, int most_inner_folds,
                                     const ChooseOptions& options) {
  std::vector<Unseen> unseen;
  for (int fold = 0; fold < folds.count; ++fold) {
    const std::vector<Observation> others = selected(observations, outside(folds, fold));
    const Folds inner = make_folds(others, most_inner_folds, options.fit.seed);
    if (inner.groups < 2) continue;
    const std::vector<Trial> trials = all_tried(others, inner, kinds, options.fit);
    const Trial* best = best_of(trials);
    if (best == nullptr) continue;
    const auto fitted = best->kind->fit(others, options.fit);
    if (!fitted) continue;
    for (const std::size_t i : inside(folds, fold)) {
      const Prediction one = (*fitted)->batch(*observations[i].work, observations[i].point);
      if (usable(observations[i], one)) unseen.push_back({i, best->kind, one});
    }
  }
  return unseen;
}

// ---- intervals ----------------------------------------------------------------------------------

ConformalSpread spread_of(Observations observations, const Folds& folds,
                          const std::vector<Unseen>& unseen, bool single_layers, bool of_time,
                          double coverage) {
  std::vector<Score> scores;
  std::set<int> groups;
  for (const Unseen& seen : unseen) {
    const Observation& one = observations[seen.observation];
    const Prediction& p = seen.prediction;
    if (one.single_layer != single_layers || (of_time && (!one.time_s || !p.time_s))) continue;
    const int group = folds.group[seen.observation];
    groups.insert(group);
    if (of_time)
      scores.push_back({group, log_error(*one.time_s, *p.time_s), p.time_log_sd});
    else
      scores.push_back({group, log_error(one.energy_j, p.energy_j), p.energy_log_sd});
  }
  if (static_cast<std::int64_t>(groups.size()) < kLeastGroups) return unknown_spread();
  return calibrated_spread(scores, coverage);
}

Spreads spreads_of(Observations observations, const Folds& folds, const std::vector<Unseen>& unseen,
                   double coverage) {
  const auto of = [&](bool layers, bool time) {
    return spread_of(observations, folds, unseen, layers, time, coverage);
  };
  Spreads spreads{of(false, false), of(false, true), of(true, false), of(true, true)};
  // A network's error is a mean of its layers' errors and what they have in common: no larger than
  // theirs, as long as energies add up.
  if (folds.network_groups < kLeastGroups && folds.layer_groups >= kEnoughLayers) {
    spreads.network_energy = spreads.layer_energy;
    spreads.network_time = spreads.layer_time;
  }
  return spreads;
}

// The errors that intervals are made from. The chosen candidate's own are flattered by its having
// been chosen for them, the more the fewer groups there are: of few groups those of the whole
// procedure are taken, a level further in.
std::vector<Unseen> errors_for_intervals(Observations observations, const Folds& folds,
                                         const Trial& best, const Kinds& kinds,
                                         const ChooseOptions& options) {
  if (folds.groups >= kManyGroups || kinds.size() == 1) return unseen_of(best);
  std::vector<Unseen> unseen =
      procedure_errors(observations, folds, kinds, kMostInnermostFolds, options);
  return unseen.size() == observations.size() ? unseen : unseen_of(best);
}

void set_spreads(EnergyModel& model, const Spreads& spreads) {
  model.network_energy = spreads.network_energy;
  model.network_time = spreads.network_time;
  model.layer_energy = spreads.layer_energy;
  model.layer_time = spreads.layer_time;
}

PredictedBatch predicted(const EnergyModel& model, const Observation& one) {
  PredictedBatch batch = model.predict(*one.work, one.point);
  if (!one.single_layer) return batch;
  const Prediction p = model.predictor->batch(*one.work, one.point);
  batch.energy_90 = model.layer_energy.around(p.energy_j, p.energy_log_sd);
  if (p.time_s) batch.time_90 = model.layer_time.around(*p.time_s, p.time_log_sd);
  return batch;
}

// ---- the outer loop -----------------------------------------------------------------------------

// One fold left out: choice, intervals and fit on the others alone. Nothing is added where no
// candidate could be tried on them.
void leave_out(Observations observations, const Folds& folds, int fold, const Kinds& kinds,
               const ChooseOptions& options, std::vector<LeftOut>& left_out) {
  const std::vector<Observation> others = selected(observations, outside(folds, fold));
  const Folds inner = folds_of(others, std::min(options.most_folds, kMostInnerFolds),
                               kInnerFoldsOfPlenty, options.fit.seed);
  if (inner.groups < 2) return;
  const std::vector<Trial> trials = all_tried(others, inner, kinds, options.fit);
  const Trial* best = best_of(trials);
  if (best == nullptr) return;
  auto fitted = best->kind->fit(others, options.fit);
  if (!fitted) return;
  EnergyModel model;
  model.predictor = std::move(*fitted);
  model.network_groups = inner.network_groups;
  set_spreads(model,
              spreads_of(others, inner, errors_for_intervals(others, inner, *best, kinds, options),
                         options.coverage));
  for (const std::size_t i : inside(folds, fold))
    left_out.push_back({i, std::string(best->kind->name), predicted(model, observations[i])});
}

// Folds do not know each other, so they run on all cores; the result does not depend on that.
std::vector<LeftOut> nested(Observations observations, const Folds& folds, const Kinds& kinds,
                            const ChooseOptions& options) {
  std::vector<std::vector<LeftOut>> by_fold(static_cast<std::size_t>(folds.count));
  std::atomic<int> next = 0;
  std::vector<std::exception_ptr> faults(
      by_fold.size());  // no memory: the caller's, not a thread's
  const auto work = [&] {
    for (int fold = next++; fold < folds.count; fold = next++) {
      const auto at = static_cast<std::size_t>(fold);
      try {
        leave_out(observations, folds, fold, kinds, options, by_fold[at]);
      } catch (...) {
        faults[at] = std::current_exception();
      }
    }
  };
  {
    const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
    std::vector<std::jthread> threads;
    for (unsigned i = 1; i < std::min(cores, static_cast<unsigned>(folds.count)); ++i)
      threads.emplace_back(work);
    work();
  }
  for (const std::exception_ptr& fault : faults)
    if (fault) std::rethrow_exception(fault);
  std::vector<LeftOut> left_out;
  for (auto& of_fold : by_fold)
    left_out.insert(left_out.end(), std::make_move_iterator(of_fold.begin()),
                    std::make_move_iterator(of_fold.end()));
  std::sort(left_out.begin(), left_out.end(),
            [](const LeftOut& a, const LeftOut& b) { return a.observation < b.observation; });
  return left_out;
}

// ---- what is told of it -------------------------------------------------------------------------

class MeanPercent {
 public:
  void add(double value) {
    sum_ += value;
    ++count_;
  }
  std::optional<double> value() const {
    if (count_ == 0) return std::nullopt;
    return 100 * sum_ / static_cast<double>(count_);
  }

 private:
  double sum_ = 0;
  std::int64_t count_ = 0;
};

struct Errors {
  MeanPercent energy[2], time[2];  // of networks, of single layers
  void add(const Observation& one, double energy_j, const std::optional<double>& time_s) {
    const int of = one.single_layer ? 1 : 0;
    energy[of].add(std::abs(energy_j / one.energy_j - 1));
    if (one.time_s && time_s) time[of].add(std::abs(*time_s / *one.time_s - 1));
  }
  void write(Validation& row) const {
    row.energy_mape_percent = energy[0].value();
    row.layer_energy_mape_percent = energy[1].value();
    row.time_mape_percent = time[0].value();
    row.layer_time_mape_percent = time[1].value();
  }
};

Validation row_of(Observations observations, const Folds& folds, const Trial& trial, bool chosen) {
  Validation row;
  row.kind = trial.kind->name;
  row.chosen = chosen;
  if (trial.failure) {
    row.why_not = to_string(*trial.failure);
    return row;
  }
  Errors errors;
  for (std::size_t i = 0; i < observations.size(); ++i)
    errors.add(observations[i], trial.predictions[i].energy_j, trial.predictions[i].time_s);
  errors.write(row);
  row.groups = folds.groups;
  row.runs = static_cast<std::int64_t>(observations.size());
  return row;
}

Validation nested_row(Observations observations, const Folds& folds,
                      const std::vector<LeftOut>& left_out) {
  Validation row;
  row.kind = "nested";
  Errors errors;
  MeanPercent covered[2];  // of networks, of single layers
  std::map<int, bool> groups;
  for (const LeftOut& one : left_out) {
    const Observation& truth = observations[one.observation];
    errors.add(truth, one.predicted.energy_j, one.predicted.time_s);
    groups[folds.group[one.observation]] = true;
    if (std::isfinite(one.predicted.energy_90.high))
      covered[truth.single_layer ? 1 : 0].add(one.predicted.energy_90.contains(truth.energy_j) ? 1
                                                                                               : 0);
  }
  errors.write(row);
  row.coverage_percent = row.energy_mape_percent ? covered[0].value() : covered[1].value();
  row.groups = static_cast<std::int64_t>(groups.size());
  row.runs = static_cast<std::int64_t>(left_out.size());
  if (left_out.empty())
    row.why_not = "too few groups: with one left out no candidate could be tried on the others";
  return row;
}

void widen(std::map<std::string, std::pair<double, double>>& ranges, const std::string& name,
           double value) {
  if (!(value > 0)) return;
  auto& [least, most] = ranges.try_emplace(name, value, value).first->second;
  least = std::min(least, value);
  most = std::max(most, value);
}

// What the runs were like, so that a prediction elsewhere can say so.
void describe(Observations observations, const Folds& folds, EnergyModel& model) {
  model.runs = static_cast<std::int64_t>(observations.size());
  model.network_groups = folds.network_groups;
  for (const Observation& one : observations) {
    widen(model.ranges, "batch", one.work->batch);
    widen(model.ranges, "cpu_frequency", one.point.cpu_hz);
    widen(model.ranges, "gpu_frequency", one.point.gpu_hz);
    widen(model.ranges, "memory_frequency", one.point.memory_hz);
    widen(model.ranges, "cores", one.point.cores);
    // A single layer's MACs say nothing on how large a network may be.
    if (!one.single_layer) widen(model.ranges, "macs", one.work->macs() / one.work->batch);
    if (std::find(model.points.begin(), model.points.end(), one.point) == model.points.end())
      model.points.push_back(one.point);
  }
}

Result<Kinds> kinds_of(const ChooseOptions& options) {
  Kinds kinds;
  for (const std::string& name : options.kinds) {
    ISOJOULE_TRY(const PredictorKind* kind, find_predictor(name));
    kinds.push_back(kind);
  }
  if (kinds.empty())
    for (const PredictorKind& kind : predictor_kinds()) kinds.push_back(&kind);
  return kinds;
}

tl::unexpected<Error> none_fits(const std::vector<Trial>& trials) {
  std::vector<std::string> reasons;
  for (const Trial& trial : trials) reasons.push_back(trial.failure->what);
  return fail(trials.front().failure->kind,
              "no predictor can be tried on groups left out: " + join(reasons, "; "),
              trials.front().failure->remedy);
}

// Without a comparison, because there is nothing to leave out or to compare with.
Result<Choice> single_choice(Observations observations, const Folds& folds, const Kinds& kinds,
                             const ChooseOptions& options, const std::string& why) {
  Choice choice;
  ISOJOULE_TRY(choice.model.predictor, kinds.front()->fit(observations, options.fit));
  describe(observations, folds, choice.model);
  set_spreads(choice.model,
              {unknown_spread(), unknown_spread(), unknown_spread(), unknown_spread()});
  choice.model.why_no_interval = why;
  Validation row;
  row.kind = kinds.front()->name;
  row.chosen = true;
  row.why_not = why;
  choice.model.validations.push_back(std::move(row));
  return choice;
}

std::string why_none(const Folds& folds, const EnergyModel& model) {
  if (std::isfinite(model.network_energy.quantile)) return {};
  return std::to_string(folds.network_groups) + " groups of networks and " +
         std::to_string(folds.layer_groups) + " of single layers: an interval needs " +
         std::to_string(kLeastGroups) + " or " + std::to_string(kEnoughLayers) + " left out";
}

}  // namespace

Result<Choice> choose_model(Observations observations, const ChooseOptions& options) {
  ISOJOULE_CHECK(check_observations(observations));
  ISOJOULE_TRY(const Kinds kinds, kinds_of(options));
  const Folds folds = folds_of(observations, options.most_folds, kFoldsOfPlenty, options.fit.seed);
  if (folds.groups < 2) {
    const std::string why =
        "all runs are of one group: nothing can be left out to test a predictor";
    if (kinds.size() == 1) return single_choice(observations, folds, kinds, options, why);
    return fail(ErrorKind::invalid, why,
                "Measure at least " + std::to_string(kLeastGroups) +
                    " networks, or name one predictor to fit it untested");
  }
  const std::vector<Trial> trials = all_tried(observations, folds, kinds, options.fit);
  const Trial* best = best_of(trials);
  if (best == nullptr && kinds.size() == 1)
    return single_choice(observations, folds, kinds, options,
                         "with a group left out: " + trials.front().failure->what);
  if (best == nullptr) return none_fits(trials);

  Choice choice;
  ISOJOULE_TRY(choice.model.predictor, best->kind->fit(observations, options.fit));
  describe(observations, folds, choice.model);
  set_spreads(choice.model,
              spreads_of(observations, folds,
                         errors_for_intervals(observations, folds, *best, kinds, options),
                         options.coverage));
  choice.model.why_no_interval = why_none(folds, choice.model);
  choice.left_out = nested(observations, folds, kinds, options);
  for (const Trial& trial : trials)
    choice.model.validations.push_back(row_of(observations, folds, trial, &trial == best));
  choice.model.validations.push_back(nested_row(observations, folds, choice.left_out));
  return choice;
}

}  // namespace isojoule
