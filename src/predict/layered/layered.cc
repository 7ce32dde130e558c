// Predictor `layered`: energy (and time) as a sum over what a network's layers are made of, each
// part with a cost that is shrunk towards a usual one.
//
//   E = batch + kernels + MACs (dense, product, depthwise) + bytes (activations, weights, streams)
//
// The idea that energy is a sum over layers of work by kind times a parameter of the hardware is
// that of the empirical models of inference energy; here the parameters have normal priors on their
// logarithms (a ridge on relative costs: Hoerl and Kennard 1970, "Ridge regression: biased
// estimation for nonorthogonal problems"), so that they are positive, and what few families of
// networks cannot tell apart stays near its usual ratio instead of taking any value. How strong the
// shrinkage is (tau) is chosen by leaving groups out.
//
// Clocks scale the batch as a whole (a power law and its curvature for each clock that varied),
// which the roofline model does layer by layer: with runs over many clocks expect that one to win.
#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "predict/fold.h"
#include "predict/json_at.h"
#include "predict/layered/layered.h"
#include "predict/predictor.h"

namespace isojoule {
namespace layered {
namespace {

// As many runs as there are terms; with fewer the priors decide.
constexpr std::size_t kLeastRuns = kTerms;
constexpr std::size_t kLeastNetworks = 3;
constexpr int kMostFolds = 6;
constexpr double kTaus[] = {0.5, 1, 2};
constexpr double kUsualTau = 1;

class LayeredPredictor final : public Predictor {
 public:
  LayeredPredictor(SumModel energy, std::optional<SumModel> time, double tau)
      : energy_(std::move(energy)), time_(std::move(time)), tau_(tau) {}

 private:
  std::string_view do_kind() const override { return "layered"; }

  Prediction do_batch(const NetworkWork& work, const OperatingPoint& point) const override {
    const Terms terms = terms_of(work);
    Prediction prediction;
    prediction.energy_j = energy_.value(terms, energy_.clock_factor(point));
    prediction.energy_log_sd = energy_.log_sd(terms, point);
    if (!time_) return prediction;
    prediction.time_s = time_->value(terms, time_->clock_factor(point));
    prediction.time_log_sd = time_->log_sd(terms, point);
    return prediction;
  }

  LayerPrediction do_layers(const NetworkWork& work, const OperatingPoint& point,
                            std::span<LayerPrediction> layers) const override {
    const double energy = energy_.clock_factor(point);
    const double time = time_ ? time_->clock_factor(point) : 0;
    const auto part = [&](const Terms& terms) {
      return LayerPrediction{energy_.value(terms, energy), time_ ? time_->value(terms, time) : 0};
    };
    for (std::size_t i = 0; i < work.layers.size(); ++i) layers[i] = part(terms_of(work.layers[i]));
    Terms once{};
    once[batch_term] = 1;
    return part(once);
  }

  std::vector<Parameter> do_parameters() const override;
  nlohmann::json do_state() const override {
    return {{"energy", energy_.state()},
            {"time", time_ ? time_->state() : nlohmann::json()},
            {"tau", tau_}};
  }

  SumModel energy_;
  std::optional<SumModel> time_;
  double tau_;
};

void add_parameters(const SumModel& model, bool of_time, std::vector<Parameter>& parameters) {
  for (std::size_t j = 0; j < kTerms; ++j) {
    if (!model.used()[j]) continue;
    const TermInfo& info = term_infos()[j];
    Parameter one;
    one.name = std::string(info.name) + (of_time ? "_time" : "_energy");
    one.unit = info.unit;
    if (of_time) one.unit.replace(one.unit.find('J'), 1, "s");
    one.value = model.factor(j) * info.display;
    one.meaning = info.meaning;
    const double width = model.fitted().half_width(1 + static_cast<Eigen::Index>(j));
    if (std::isfinite(width)) {
      one.low = one.value * std::exp(-width);
      one.high = one.value * std::exp(width);
    } else {
      one.note = "not identified by the runs: near its usual ratio to the others";
    }
    parameters.push_back(std::move(one));
  }
}

std::vector<Parameter> LayeredPredictor::do_parameters() const {
  std::vector<Parameter> parameters;
  add_parameters(energy_, false, parameters);
  if (time_) add_parameters(*time_, true, parameters);
  parameters.push_back({"tau",
                        "",
                        tau_,
                        {},
                        {},
                        "chosen by leaving groups out",
                        "how far a cost may go from its usual one, of the logarithm"});
  return parameters;
}

struct Rows {
  std::vector<Row> energy, time;
};

Rows rows_of(Observations observations) {
  std::map<std::string, int> groups;
  Rows rows;
  for (const Observation& one : observations) {
    Row row{terms_of(*one.work), one.point, one.energy_j,
            groups.try_emplace(one.group, static_cast<int>(groups.size())).first->second,
            one.single_layer};
    rows.energy.push_back(row);
    if (!one.time_s) continue;
    row.value = *one.time_s;
    rows.time.push_back(row);
  }
  return rows;
}

// Mean over groups of the mean |log error| of their runs, each fold predicted from the others.
double left_out_error(const std::vector<Row>& rows, const Folds& folds, double tau,
                      const TermSet& used) {
  std::vector<double> sum(static_cast<std::size_t>(folds.groups)), runs(sum.size());
  for (int fold = 0; fold < folds.count; ++fold) {
    std::vector<Row> others;
    for (const std::size_t i : outside(folds, fold)) others.push_back(rows[i]);
    const SumModel model = SumModel::fit(others, tau, used);
    for (const std::size_t i : inside(folds, fold)) {
      const auto group = static_cast<std::size_t>(folds.group[i]);
      const double value = model.value(rows[i].terms, model.clock_factor(rows[i].point));
      sum[group] += std::abs(std::log(rows[i].value / value));
      ++runs[group];
    }
  }
  double total = 0;
  for (std::size_t group = 0; group < sum.size(); ++group) total += sum[group] / runs[group];
  return total;
}

double best_tau(Observations observations, const std::vector<Row>& rows, const FitOptions& options,
                const TermSet& used) {
  const Folds folds = make_folds(observations, kMostFolds, options.seed);
  if (folds.groups < 2) return kUsualTau;
  double best = kUsualTau, least = std::numeric_limits<double>::infinity();
  for (const double tau : kTaus) {
    const double error = left_out_error(rows, folds, tau, used);
    if (error < least) best = tau;
    least = std::min(least, error);
  }
  return best;
}

Status check_enough(Observations observations) {
  std::vector<Terms> distinct;
  for (const Observation& one : observations) {
    const Terms terms = terms_of(*one.work);
    if (std::find(distinct.begin(), distinct.end(), terms) == distinct.end())
      distinct.push_back(terms);
    if (observations.size() >= kLeastRuns && distinct.size() >= kLeastNetworks) return {};
  }
  return fail(ErrorKind::invalid,
              "layered: " + std::to_string(observations.size()) + " runs of " +
                  std::to_string(distinct.size()) +
                  " different networks: fixed costs and costs of work cannot be told apart",
              "Measure at least " + std::to_string(kLeastRuns) + " runs of " +
                  std::to_string(kLeastNetworks) + " networks or layers of different sizes");
}

Result<std::unique_ptr<const Predictor>> fit(Observations observations, const FitOptions& options) {
  return fit_with(observations, options, kAllTerms);
}

Result<std::unique_ptr<const Predictor>> load(const nlohmann::json& json) {
  const JsonAt state(json, "layered");
  ISOJOULE_TRY(const JsonAt energy_state, state.object("energy"));
  ISOJOULE_TRY(SumModel energy, SumModel::load(energy_state));
  std::optional<SumModel> time;
  if (state.has("time")) {
    ISOJOULE_TRY(const JsonAt time_state, state.object("time"));
    ISOJOULE_TRY(time, SumModel::load(time_state));
  }
  ISOJOULE_TRY(const double tau, state.number("tau", 0));
  return std::make_unique<const LayeredPredictor>(std::move(energy), std::move(time), tau);
}

}  // namespace

Result<std::unique_ptr<const Predictor>> fit_with(Observations observations,
                                                  const FitOptions& options, const TermSet& used) {
  ISOJOULE_CHECK(check_observations(observations));
  ISOJOULE_CHECK(check_enough(observations));
  const Rows rows = rows_of(observations);
  const double tau = best_tau(observations, rows.energy, options, used);
  SumModel energy = SumModel::fit(rows.energy, tau, used);
  std::optional<SumModel> time;
  if (rows.time.size() >= kLeastRuns) time = SumModel::fit(rows.time, tau, used);
  return std::make_unique<const LayeredPredictor>(std::move(energy), std::move(time), tau);
}

}  // namespace layered

const PredictorKind& predictor_kind_layered() {
  static const PredictorKind kind = {
      "layered",
      "a sum over kinds of work, each cost shrunk towards a usual one: for few families of "
      "networks",
      "A. E. Hoerl and R. W. Kennard, Ridge regression, Technometrics 12 (1970) 55",
      20,
      layered::fit,
      layered::load};
  return kind;
}

}  // namespace isojoule
