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
    caps_.push_back({shape});
    add(caps_.back());
  }
}

void ClockCapNodes::add(Cap& cap) {
  const int mode = cap.shape.path.starts_with(kEmcCapFolder) ? kEmcCapMode : kOtherCapMode;
  tree_.add_node(
      cap.shape.path, [&cap](std::span<char> buffer) { return read(cap, buffer); },
      [this, &cap](std::string_view text) { return write(cap, text); }, mode);
}

Result<std::size_t> ClockCapNodes::read(const Cap& cap, std::span<char> buffer) {
  const std::int64_t highest = cap.shape.maximum_hz;
  if (cap.shape.follows_clock() && highest > 0)
    return print_integer(std::min(cap.value.value_or(highest), highest), buffer);
  return cap.value ? print_integer(*cap.value, buffer) : copy_text(cap.shape.none + "\n", buffer);
}

Status ClockCapNodes::write(Cap& cap, std::string_view text) {
  const auto value = strict_number(text);
  if (!value) return refuse(EINVAL, cap.shape.path, "write");
  const bool follows = cap.shape.follows_clock();
  const bool none = follows ? cap.shape.maximum_hz > 0 && *value >= cap.shape.maximum_hz
                            : first_word(text) == cap.shape.none || *value == 0;
  cap.value = none ? std::nullopt : value;
  for (const auto& listener : listeners_) listener();
  return {};
}

std::int64_t ClockCapNodes::limit(const std::string& name, std::int64_t otherwise) const {
  std::int64_t lowest = otherwise;
  for (const Cap& cap : caps_)
    if (cap.shape.name() == name && cap.value) lowest = std::min(lowest, *cap.value);
  return lowest;
}

std::int64_t ClockCapNodes::maximum(const std::string& name) const {
  for (const Cap& cap : caps_)
    if (cap.shape.name() == name) return cap.shape.maximum_hz;
  return 0;
}

}  // namespace isojoule::twin
