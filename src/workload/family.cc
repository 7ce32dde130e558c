#include "workload/family.h"

#include <algorithm>
#include <vector>

#include "workload/family_entry.h"

namespace isojoule {

std::span<const NetworkFamily> network_families() {
  static const std::vector<NetworkFamily> families = [] {
    std::vector<NetworkFamily> result;
    for (const FamilyEntry& entry : family_entries()) result.push_back(entry.family);
    std::sort(result.begin(), result.end(),
              [](const NetworkFamily& a, const NetworkFamily& b) { return a.name < b.name; });
    return result;
  }();
  return families;
}

Result<std::optional<FamilyMember>> find_member(std::string_view name) {
  for (const FamilyEntry& entry : family_entries()) {
    ISOJOULE_TRY(std::optional<FamilyMember> member, entry.parse(name));
    if (member) return member;
  }
  return std::nullopt;
}

}  // namespace isojoule
