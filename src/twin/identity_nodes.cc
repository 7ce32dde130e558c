#include "twin/identity_nodes.h"

#include "base/random.h"
#include "twin/node.h"
#include "twin/silicon.h"

namespace isojoule::twin {
namespace {

// RFC 9562, version 4, variant 1.
std::string boot_id(std::uint64_t seed) {
  Random random(seed_for(seed, "boot_id"));
  const std::uint64_t high = (random.next() & ~0xf000ULL) | 0x4000ULL;
  const std::uint64_t low = (random.next() & ~(0xc000ULL << 48)) | (0x8000ULL << 48);
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}\n", high >> 32, (high >> 16) & 0xffff,
                     high & 0xffff, low >> 48, low & 0xffff'ffff'ffffULL);
}

}  // namespace

void add_identity(MemoryTree& tree, const BoardShape& shape, std::uint64_t seed,
                  std::uint64_t silicon) {
  const std::string base = "/sys/firmware/devicetree/base";
  if (!shape.compatible.empty()) {
    std::string compatible;
    for (const auto& name : shape.compatible) compatible += name + '\0';
    tree.add_text(base + "/model", shape.model + '\0', 0444);
    tree.add_text(base + "/compatible", compatible, 0444);
    if (silicon > 0)
      tree.add_text(base + "/serial-number", serial_of_silicon(silicon) + '\0', 0444);
    tree.add_link("/proc/device-tree", base);
  }
  if (!shape.nv_tegra_release.empty())
    tree.add_text("/etc/nv_tegra_release", shape.nv_tegra_release + "\n", 0644);
  tree.add_text("/proc/sys/kernel/osrelease", shape.os_release + "\n", 0444);
  tree.add_text("/proc/sys/kernel/random/boot_id",
                boot_id(silicon > 0 ? seed_for(seed, serial_of_silicon(silicon)) : seed), 0444);
}

}  // namespace isojoule::twin
