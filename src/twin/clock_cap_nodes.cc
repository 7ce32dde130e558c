#include "twin/clock_cap_nodes.h"

#include <algorithm>

#include "twin/node.h"

namespace isojoule::twin {
namespace {

constexpr std::string_view kEmcCapFolder = "/sys/kernel/nvpmodel_emc_cap/";
constexpr int kEmcCapMode = 0660;
constexpr int kOtherCapMode = 0644;  // not looked up

}  // namespace

ClockCapNodes::ClockCapNodes(MemoryTree& tree, const std::vector<ClockCapShape>& caps)
    : tree_(tree) {
  for (const ClockCapShape& shape : caps) {
    caps_.push_back({shape, 0});
    add(caps_.back());
  }
}

void ClockCapNodes::add(Cap& cap) {
  const int mode = cap.shape.path.starts_with(kEmcCapFolder) ? kEmcCapMode : kOtherCapMode;
  tree_.add_node(
      cap.shape.path,
      [&cap](std::span<char> buffer) -> Result<std::size_t> {
        if (cap.value == 0) return copy_text(cap.shape.none + "\n", buffer);
        return print_integer(cap.value, buffer);
      },
      [this, &cap](std::string_view text) { return write(cap, text); }, mode);
}

Status ClockCapNodes::write(Cap& cap, std::string_view text) {
  const auto value = strict_number(text);
  const bool none = first_word(text) == cap.shape.none;
  if (!none && !value) return refuse(EINVAL, cap.shape.path, "write");
  cap.value = none ? 0 : *value;
  for (const auto& listener : listeners_) listener();
  return {};
}

std::int64_t ClockCapNodes::limit(const std::string& name, std::int64_t otherwise) const {
  std::int64_t lowest = otherwise;
  for (const Cap& cap : caps_)
    if (cap.shape.name() == name && cap.value > 0) lowest = std::min(lowest, cap.value);
  return lowest;
}

std::int64_t ClockCapNodes::maximum(const std::string& name) const {
  for (const Cap& cap : caps_)
    if (cap.shape.name() == name) return cap.shape.maximum_hz;
  return 0;
}

}  // namespace isojoule::twin
