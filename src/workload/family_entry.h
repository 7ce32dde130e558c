// What one file of src/workload/family/ brings: a family's description and how a name becomes a
// network.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "workload/family.h"
#include "workload/zoo.h"

namespace isojoule {

class GraphBuilder;  // workload/graph_builder.h

// Of images whose numbers become -1 to 1, as TensorFlow's mobile networks take them.
inline constexpr Normalisation kHalfNormalisation = {{0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}};

struct FamilyMember {
  std::string name;  // the one of all names that mean this network; its weights depend on it
  std::function<void(GraphBuilder&)> build;
  bool takes_images = false;  // else made-up numbers of the input's shape
  Normalisation normalisation = {};
};

struct FamilyEntry {
  NetworkFamily family;
  // The network of that name; nothing where the name does not begin as the family's do. Errors:
  // invalid, out_of_range: it begins so, and which part of it cannot be.
  Result<std::optional<FamilyMember>> (*parse)(std::string_view name);
};

std::span<const FamilyEntry> family_entries();  // generated, sorted by file name
// The first family's answer that is not "nothing".
Result<std::optional<FamilyMember>> find_member(std::string_view name);

}  // namespace isojoule
