#include "app/work_cache.h"

#include <filesystem>

#include "app/named_cost.h"
#include "workload/zoo.h"

namespace isojoule {

Result<std::shared_ptr<const NetworkWork>> WorkCache::work(const std::string& network,
                                                           std::int64_t batch) {
  auto& known = known_[{network, batch}];
  if (known) return known;
  std::string name = network;
  if (!folder_.empty() && !in_zoo(network) && std::filesystem::path(network).is_relative())
    name = (std::filesystem::path(folder_) / network).string();
  auto cost = named_cost(paths_, name, batch);
  if (!cost) {
    if (cost.error().what.find(network) == std::string::npos)
      cost.error().what = network + ": " + cost.error().what;
    return tl::unexpected<Error>(std::move(cost).error());
  }
  known = std::make_shared<const NetworkWork>(work_of(*cost));
  return known;
}

}  // namespace isojoule
