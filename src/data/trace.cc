#include "data/trace.h"

#include <array>

namespace isojoule {
namespace {

constexpr std::array<std::pair<ChannelKind, std::string_view>, 3> kKinds = {{
    {ChannelKind::voltage_current, "voltage_current"},
    {ChannelKind::power, "power"},
    {ChannelKind::energy_counter, "energy_counter"},
}};

}  // namespace

std::string_view name_of(ChannelKind kind) {
  for (const auto& [known, name] : kKinds)
    if (known == kind) return name;
  return "";
}

std::optional<ChannelKind> channel_kind_named(std::string_view name) {
  for (const auto& [kind, known] : kKinds)
    if (known == name) return kind;
  return std::nullopt;
}

}  // namespace isojoule
