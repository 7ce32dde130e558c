// "resnet50", as MLPerf calls it: the zoo's resnet-50.
#include "workload/family_entry.h"
#include "workload/family_name.h"
#include "workload/zoo_entry.h"

namespace isojoule {
namespace {

Result<std::optional<FamilyMember>> parse_resnet50(std::string_view name) {
  if (without_precision(name) != "resnet50") return std::nullopt;
  for (const ZooEntry& entry : zoo_entries())
    if (entry.network.name == "resnet-50")
      return FamilyMember{"resnet-50", entry.build, true, entry.network.normalisation};
  return std::nullopt;
}

}  // namespace

const FamilyEntry& family_entry_resnet50() {
  static const FamilyEntry entry = {{.name = "resnet50",
                                     .pattern = "resnet50[-quantized|-non-quantized]",
                                     .summary = "Another name of the zoo's resnet-50",
                                     .source = "He et al. 2016; the name is MLPerf's",
                                     .example = "resnet50"},
                                    parse_resnet50};
  return entry;
}

}  // namespace isojoule
