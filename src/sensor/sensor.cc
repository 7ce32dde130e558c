#include "sensor/sensor.h"

#include "base/text.h"

namespace isojoule {

Result<std::unique_ptr<Sensor>> open_sensor(const ChipSpec& spec, FileTree& tree) {
  std::vector<std::string> names;
  for (const auto& kind : sensor_kinds()) {
    if (kind.name == spec.type) return kind.open(spec, tree);
    names.emplace_back(kind.name);
  }
  return fail(ErrorKind::not_found, "sensor type '" + spec.type + "' is not known",
              unknown_name_remedy(spec.type, names));
}

}  // namespace isojoule
