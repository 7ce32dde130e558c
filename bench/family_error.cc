// isojoule-family-error: errors and coverage on other people's boards, one family of networks left
// out at a time (docs/prediction.md, 'Measured on other people's boards').
//
// usage: isojoule-family-error [TABLE]   (default docs/measured/mlperf-agx-xavier-tflite.csv)
//
// The table's networks are made by name (workload/family), their layers counted (cost), and each
// precision goes through choose_model() with the family as the group: kind of predictor, strength
// of its shrinkage and width of the interval are chosen on three families only, then the fourth is
// predicted. The plain fit a + b MACs + c parameters is done on the same folds. Prints Markdown.
#include <fmt/format.h>

#include <Eigen/QR>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "app/table_observations.h"
#include "predict/choose.h"
#include "predict/layered/layered.h"

namespace {

using namespace isojoule;

std::string family_of(const std::string& network) {
  if (network.starts_with("efficientnet-lite")) return "EfficientNet-Lite";
  if (network.starts_with("mobilenet-v")) return "MobileNet-V" + network.substr(11, 1);
  return {};
}

Result<std::vector<Observation>> observations_of(const std::string& path,
                                                 const std::string& precision) {
  TableRequest request;
  request.path = path;
  request.energy = "energy_J_per_sample";
  request.energy_unit = "J";
  request.time = "mean_latency_ns";
  request.network = "model";
  request.where = {{"precision", precision}};
  ISOJOULE_TRY(const Paths paths, find_paths());
  ISOJOULE_TRY(ObservationSet set, table_observations(paths, request));
  std::vector<Observation> observations;
  for (auto& [job, rows] : set.jobs)
    for (Observation& one : rows) {
      one.group = family_of(one.network);
      if (!one.group.empty()) observations.push_back(std::move(one));
    }
  return observations;
}

using ByFamily = std::map<std::string, std::pair<double, double>>;  // sum, runs

void add(ByFamily& errors, const std::string& family, double value) {
  for (const std::string& name : {family, std::string("all")}) {
    errors[name].first += value;
    ++errors[name].second;
  }
}

std::set<std::string> families_of(Observations observations) {
  std::set<std::string> families;
  for (const Observation& one : observations) families.insert(one.group);
  return families;
}

// a + b MACs + c parameters, ordinary least squares on joules.
ByFamily plain_fit(Observations observations) {
  ByFamily errors;
  const auto row = [](const Observation& one) {
    return Eigen::RowVector3d(1, one.work->macs() / 1e9, one.work->parameters() / 1e6);
  };
  for (const std::string& family : families_of(observations)) {
    Eigen::MatrixXd x(0, 3);
    Eigen::VectorXd y;
    for (const Observation& one : observations) {
      if (one.group == family) continue;
      x.conservativeResize(x.rows() + 1, 3);
      y.conservativeResize(x.rows());
      x.row(x.rows() - 1) = row(one);
      y[x.rows() - 1] = one.energy_j;
    }
    const Eigen::Vector3d fitted = x.colPivHouseholderQr().solve(y);
    for (const Observation& one : observations)
      if (one.group == family)
        add(errors, family, std::abs(row(one).dot(fitted) / one.energy_j - 1));
  }
  return errors;
}

// The layered predictor with some terms, its shrinkage chosen inside.
ByFamily layered_fit(Observations observations, const layered::TermSet& used) {
  ByFamily errors;
  for (const std::string& family : families_of(observations)) {
    std::vector<Observation> others;
    for (const Observation& one : observations)
      if (one.group != family) others.push_back(one);
    const auto predictor = layered::fit_with(others, {}, used);
    if (!predictor) {
      fmt::print("{}\n", to_string(predictor.error()));
      continue;
    }
    for (const Observation& one : observations)
      if (one.group == family)
        add(errors, family,
            std::abs((*predictor)->batch(*one.work, one.point).energy_j / one.energy_j - 1));
  }
  return errors;
}

double percent(const ByFamily& errors, const std::string& family) {
  const auto found = errors.find(family);
  return found == errors.end() ? std::nan("") : 100 * found->second.first / found->second.second;
}

void print_row(const std::string& name, const ByFamily& errors,
               const std::set<std::string>& families) {
  fmt::print("| {} |", name);
  for (const std::string& family : families) fmt::print(" {:.1f} |", percent(errors, family));
  fmt::print(" {:.1f} |\n", percent(errors, "all"));
}

void print_head(const std::string& first, const std::set<std::string>& families) {
  fmt::print("| {} |", first);
  for (const std::string& family : families) fmt::print(" {} |", family);
  fmt::print(" all |\n|---|");
  for (std::size_t i = 0; i <= families.size(); ++i) fmt::print("---|");
  fmt::print("\n");
}

void print_nested(Observations observations, const std::set<std::string>& families,
                  const Choice& choice) {
  ByFamily errors, coverage;
  std::map<std::string, std::string> kinds;
  double width = 0;
  for (const LeftOut& left : choice.left_out) {
    const Observation& one = observations[left.observation];
    add(errors, one.group, std::abs(left.predicted.energy_j / one.energy_j - 1));
    add(coverage, one.group, left.predicted.energy_90.contains(one.energy_j) ? 1 : 0);
    width += std::log(left.predicted.energy_90.high / left.predicted.energy_j) /
             static_cast<double>(choice.left_out.size());
    kinds[one.group] = left.kind;
  }
  print_row("nested choice, MAPE %", errors, families);
  print_row("in the 90 % interval, %", coverage, families);
  fmt::print("| chosen |");
  for (const std::string& family : families) fmt::print(" {} |", kinds[family]);
  fmt::print(" |\n\nMean interval: a factor of {:.2f} each way. Final choice, all families:\n\n",
             std::exp(width));
}

void print_validations(const Choice& choice) {
  fmt::print("| predictor | energy MAPE % | time MAPE % | |\n|---|---|---|---|\n");
  for (const Validation& row : choice.model.validations)
    fmt::print("| {} | {:.1f} | {:.1f} | {}{} |\n", row.kind,
               row.energy_mape_percent.value_or(std::nan("")),
               row.time_mape_percent.value_or(std::nan("")), row.chosen ? "chosen" : "",
               row.why_not);
  fmt::print("\n");
}

void print_ablation(Observations observations, const std::set<std::string>& families) {
  print_head("terms of `layered`, MAPE %", families);
  print_row("all", layered_fit(observations, layered::kAllTerms), families);
  for (std::size_t j = 1; j < layered::kTerms; ++j) {
    layered::TermSet used = layered::kAllTerms;
    used[j] = false;
    print_row(fmt::format("without {}", layered::term_infos()[j].name),
              layered_fit(observations, used), families);
  }
  fmt::print("\n");
}

int report(const std::string& path, const std::string& precision) {
  const auto observations = observations_of(path, precision);
  if (!observations) {
    fmt::print(stderr, "{}\n", to_string(observations.error()));
    return 1;
  }
  const std::set<std::string> families = families_of(*observations);
  fmt::print("### {}: {} runs\n\n", precision, observations->size());
  print_head("", families);
  print_row("a + b MACs + c parameters, MAPE %", plain_fit(*observations), families);
  const auto choice = choose_model(*observations, {});
  if (!choice) {
    fmt::print(stderr, "{}\n", to_string(choice.error()));
    return 1;
  }
  print_nested(*observations, families, *choice);
  print_validations(*choice);
  print_ablation(*observations, families);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string path = argc > 1 ? argv[1] : "docs/measured/mlperf-agx-xavier-tflite.csv";
  return report(path, "fp32") | report(path, "int8");
}
