#include "app/named_cost.h"

#include "workload/zoo.h"

namespace isojoule {

Result<NetworkCost> named_cost(const Paths& paths, const std::string& name_or_path,
                               const CostOptions& wanted) {
  if (in_zoo(name_or_path)) {
    ZooOptions options;
    options.dynamic_batch = true;
    options.weights = false;
    ISOJOULE_TRY(const std::string bytes, zoo_model(name_or_path, options));
    return network_cost_of_bytes(bytes, wanted, name_or_path);
  }
  ISOJOULE_TRY(const std::string path, resolve_network(name_or_path, paths.cache));
  return network_cost(path, wanted);
}

}  // namespace isojoule
