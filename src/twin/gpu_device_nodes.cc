#include "twin/gpu_device_nodes.h"

#include <cmath>

#include "twin/node.h"

namespace isojoule::twin {
namespace {

constexpr int kPerMille = 1000;

std::int64_t start_mask(const NvpmodelShape& shape) {
  for (const PowerModeShape& mode : shape.modes)
    if (mode.id == shape.start) return mode.tpc_mask.value_or(0);
  return 0;
}

}  // namespace

GpuDeviceNodes::GpuDeviceNodes(MemoryTree& tree, const BoardShape& shape, Simulation& simulation)
    : tree_(tree),
      simulation_(simulation),
      folder_(shape.gpu.device),
      tpc_mask_(start_mask(shape.jetson.nvpmodel)) {
  tree_.add_integer(
      folder_ + "/load",
      [this] {
        if (simulation_.gpu_gated()) return std::int64_t{0};
        return static_cast<std::int64_t>(std::lround(simulation_.load(Domain::gpu) * kPerMille));
      },
      {}, 0444);
  std::string compatible;
  for (const auto& name : shape.gpu.compatible) compatible += name + '\0';
  tree_.add_text(folder_ + "/of_node/compatible", compatible, 0444);
  add_power();
  add_masks();
  for (const char* name :
       {"elcg_enable", "blcg_enable", "slcg_enable", "elpg_enable", "enable_3d_scaling"}) {
    switches_.push_back(true);
    add_switch(tree_, folder_ + "/" + name, switches_.back());
  }
  apply();
}

void GpuDeviceNodes::add_power() {
  const std::string at = folder_ + "/";
  tree_.add_integer(
      at + "railgate_enable", [this] { return railgate_ ? 1 : 0; },
      [this](std::string_view text) { return write_railgate(text); });
  tree_.add_integer(
      at + "railgate_delay", [this] { return delay_ms_; },
      [this](std::string_view text) { return write_delay(text); });
  add_made_text(tree_, at + "is_railgated",
                [this] { return std::string(simulation_.gpu_gated() ? "yes\n" : "no\n"); });
  tree_.add_integer(
      at + "gpu_powered_on", [this] { return simulation_.gpu_gated() ? 0 : 1; }, {}, 0444);
  tree_.add_node(
      at + "power/control",
      [this](std::span<char> buffer) -> Result<std::size_t> {
        return copy_text(automatic_ ? "auto\n" : "on\n", buffer);
      },
      [this](std::string_view text) { return write_control(text); });
  add_made_text(tree_, at + "power/runtime_status", [this] {
    return std::string(simulation_.gpu_gated() ? "suspended\n" : "active\n");
  });
}

void GpuDeviceNodes::add_masks() {
  tree_.add_integer(
      folder_ + "/tpc_pg_mask", [this] { return tpc_mask_; },
      [this](std::string_view text) { return write_tpc_mask(text); });
  for (const char* name : {"/fbp_pg_mask", "/gpc_pg_mask"})
    tree_.add_integer(
        folder_ + name, [] { return 0; },
        [path = folder_ + name](std::string_view) -> Status {
          return refuse(ENODEV, path, "write");
        });
}

Status GpuDeviceNodes::write_railgate(std::string_view text) {
  const auto value = strict_number(text);
  if (!value) return refuse(EINVAL, folder_ + "/railgate_enable", "write");
  railgate_ = *value != 0;
  apply();
  return {};
}

Status GpuDeviceNodes::write_delay(std::string_view text) {
  const auto value = strict_number(text);
  if (!value) return refuse(EINVAL, folder_ + "/railgate_delay", "write");
  delay_ms_ = *value;
  apply();
  return {};
}

// drivers/base/power/sysfs.c, control_store().
Status GpuDeviceNodes::write_control(std::string_view text) {
  const std::string_view word = first_word(text);
  if (word != "auto" && word != "on") return refuse(EINVAL, folder_ + "/power/control", "write");
  automatic_ = word == "auto";
  apply();
  return {};
}

Status GpuDeviceNodes::write_tpc_mask(std::string_view text) {
  const auto value = strict_number(text);
  if (!value) return refuse(EINVAL, folder_ + "/tpc_pg_mask", "write");
  if (*value != tpc_mask_) return refuse(EBUSY, folder_ + "/tpc_pg_mask", "write");
  return {};
}

void GpuDeviceNodes::apply() {
  simulation_.set_railgating(railgate_ && automatic_, Duration::milliseconds(delay_ms_));
}

}  // namespace isojoule::twin
