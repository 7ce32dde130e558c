#include "predict/fold.h"

#include <algorithm>
#include <map>
#include <string>

#include "base/random.h"

namespace isojoule {
namespace {

struct Group {
  int number = 0;
  bool networks = false;
  bool layers = false;
};

std::map<std::string, Group> groups_of(Observations observations) {
  std::map<std::string, Group> groups;
  for (const Observation& one : observations)
    (one.single_layer ? groups[one.group].layers : groups[one.group].networks) = true;
  int number = 0;
  for (auto& [name, group] : groups) group.number = number++;
  return groups;
}

// The fold of each group, by its number.
std::vector<int> dealt(const std::map<std::string, Group>& groups, int most_folds,
                       std::uint64_t seed) {
  std::vector<int> order, fold(groups.size());
  for (std::size_t i = 0; i < groups.size(); ++i) order.push_back(static_cast<int>(i));
  if (static_cast<int>(groups.size()) > most_folds) {
    Random(seed_for(seed, "folds")).shuffle(order);
    std::vector<bool> networks(groups.size());
    for (const auto& [name, group] : groups)
      networks[static_cast<std::size_t>(group.number)] = group.networks;
    std::stable_partition(order.begin(), order.end(),
                          [&](int i) { return networks[static_cast<std::size_t>(i)]; });
  }
  for (std::size_t i = 0; i < order.size(); ++i)
    fold[static_cast<std::size_t>(order[i])] = static_cast<int>(i) % most_folds;
  return fold;
}

template <typename Wanted>
std::vector<std::size_t> indexes_where(const Folds& folds, Wanted wanted) {
  std::vector<std::size_t> indexes;
  for (std::size_t i = 0; i < folds.of.size(); ++i)
    if (wanted(folds.of[i])) indexes.push_back(i);
  return indexes;
}

}  // namespace

Folds make_folds(Observations observations, int most_folds, std::uint64_t seed) {
  most_folds = std::max(most_folds, 2);
  const std::map<std::string, Group> groups = groups_of(observations);
  const std::vector<int> fold = dealt(groups, most_folds, seed);
  Folds folds;
  folds.groups = static_cast<int>(groups.size());
  folds.count = std::min(folds.groups, most_folds);
  for (const auto& [name, group] : groups) {
    folds.network_groups += group.networks ? 1 : 0;
    folds.layer_groups += group.layers ? 1 : 0;
  }
  for (const Observation& one : observations) {
    folds.group.push_back(groups.at(one.group).number);
    folds.of.push_back(fold[static_cast<std::size_t>(folds.group.back())]);
  }
  return folds;
}

std::vector<std::size_t> inside(const Folds& folds, int fold) {
  return indexes_where(folds, [&](int of) { return of == fold; });
}

std::vector<std::size_t> outside(const Folds& folds, int fold) {
  return indexes_where(folds, [&](int of) { return of != fold; });
}

std::vector<Observation> selected(Observations observations,
                                  const std::vector<std::size_t>& indexes) {
  std::vector<Observation> some;
  some.reserve(indexes.size());
  for (const std::size_t i : indexes) some.push_back(observations[i]);
  return some;
}

}  // namespace isojoule
