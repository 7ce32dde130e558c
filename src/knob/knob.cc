#include "knob/knob.h"

#include "base/text.h"

namespace isojoule {

Result<std::unique_ptr<Knob>> open_knob(const KnobSpec& spec, FileTree& tree) {
  std::vector<std::string> names;
  for (const auto& kind : knob_kinds()) {
    if (kind.name == spec.type) return kind.open(spec, tree);
    names.emplace_back(kind.name);
  }
  return fail(ErrorKind::not_found, "knob type '" + spec.type + "' is not known",
              unknown_name_remedy(spec.type, names));
}

}  // namespace isojoule
