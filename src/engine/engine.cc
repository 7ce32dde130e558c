#include "engine/engine.h"

#include "base/text.h"

namespace isojoule {

Result<std::unique_ptr<Engine>> open_engine(std::string_view name,
                                            const std::string& worker_directory, Clock& clock) {
  std::vector<std::string> names;
  for (const EngineKind& kind : engine_kinds()) {
    if (kind.name == name) return kind.open(worker_directory, clock);
    names.emplace_back(kind.name);
  }
  return fail(ErrorKind::not_found, "unknown engine '" + std::string(name) + "'",
              unknown_name_remedy(name, names));
}

}  // namespace isojoule
