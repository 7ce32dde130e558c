#include "optimise/optimiser.h"

#include "base/text.h"

namespace isojoule {

Result<const OptimiserKind*> find_optimiser(std::string_view name) {
  std::vector<std::string> names;
  for (const OptimiserKind& kind : optimiser_kinds()) {
    if (kind.name == name) return &kind;
    names.emplace_back(kind.name);
  }
  return fail(ErrorKind::not_found, "no optimiser is named '" + std::string(name) + "'",
              unknown_name_remedy(name, names));
}

}  // namespace isojoule
