#include "twin/board_tree.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/random.h"
#include "base/text.h"
#include "twin/identity_nodes.h"
#include "twin/silicon.h"
#include "twin/throttle_nodes.h"

namespace isojoule::twin {
namespace {

// What of a reading changes from window to window before it is rounded, in steps of the chip.
constexpr double kNoiseSteps = 0.3;

// hwmon numbers are handed out in the order in which drivers come up, which differs from boot to
// boot: the power chip's is between 1 and 3.
int chip_number(const ChipShape& chip, std::uint64_t seed) {
  return chip.driver == "iio" ? 0 : 1 + static_cast<int>(seed_for(seed, "hwmon") % 3);
}

HwmonNumbers other_numbers(int taken) {
  std::vector<int> free = {0, 1, 2, 3};
  free.erase(free.begin() + taken);
  return {free[1], free[2], free[0]};
}

// Nodes and physics agree on whether there is a GPU.
Status check_gpu(const BoardShape& shape, const Constants& constants) {
  if (shape.gpu.device.empty() != constants.has_gpu()) return {};
  return fail(
      ErrorKind::invalid,
      "board " + shape.board + ": one of tree.toml and twin.toml has a [gpu] and the other not",
      "Give both a [gpu], or none");
}

}  // namespace

Result<std::unique_ptr<BoardTree>> BoardTree::make(const BoardShape& shape,
                                                   const Constants& constants,
                                                   Simulation& simulation, const Options& options) {
  ISOJOULE_CHECK(check_gpu(shape, constants));
  std::unique_ptr<BoardTree> made(new BoardTree(shape, constants, simulation, options));
  int number = 4;  // further chips lie behind the others
  for (std::size_t i = 0; i < shape.chips.size(); ++i) {
    const ChipShape& chip = shape.chips[i];
    const int own = i == 0                 ? chip_number(chip, options.seed)
                    : chip.driver == "iio" ? static_cast<int>(i)
                                           : number++;
    ISOJOULE_CHECK(made->add_chip(chip, constants, shape, options, own));
  }
  add_identity(made->tree_, shape, options.seed, options.silicon);
  ISOJOULE_TRY(made->machine_,
               MachineNodes::make(made->tree_, shape.machine, constants, simulation, options.seed));
  ISOJOULE_CHECK(made->nvpmodel_.apply_start());
  made->tree_.set_root(options.root);
  return made;
}

BoardTree::BoardTree(const BoardShape& shape, const Constants& constants, Simulation& simulation,
                     const Options& options)
    : power_(simulation),
      numbers_(other_numbers(shape.chips.empty() ? 3 : chip_number(shape.chips[0], options.seed))),
      cpu_(tree_, shape, constants, simulation),
      idle_(tree_, shape),
      gpu_(shape.gpu.device.empty()
               ? nullptr
               : std::make_unique<GpuNodes>(tree_, shape, constants, simulation)),
      gpu_device_(shape.gpu.device.empty()
                      ? nullptr
                      : std::make_unique<GpuDeviceNodes>(tree_, shape, simulation)),
      caps_(tree_, shape.jetson.caps),
      emc_(tree_, shape.jetson.emc, constants, caps_, simulation),
      dla_(tree_, shape.jetson.dla, caps_, simulation),
      thermal_(tree_, shape, constants, simulation),
      fan_(tree_, shape.fan, constants, simulation, numbers_.fan, numbers_.tachometer),
      nvpmodel_(tree_, shape, options.root) {
  add_throttle_counters(tree_, shape, simulation, numbers_.throttle);
}

Status BoardTree::add_chip(const ChipShape& shape, const Constants& constants,
                           const BoardShape& board, const Options& options, int number) {
  std::array<Ina3221::Channel, Ina3221::kChannels> channels;
  const std::uint64_t piece = options.silicon > 0 ? seed_of_silicon(options.silicon) : options.seed;
  Random errors(seed_for(piece, "chip " + shape.address));
  for (std::size_t i = 0; i < channels.size(); ++i) {
    channels[i].shunt_ohm = shape.shunt_uohm[i] * 1e-6;
    channels[i].gain_error = errors.normal() * shape.gain_deviation_percent * 1e-2;
    channels[i].offset_v = errors.normal() * shape.offset_deviation_uv * 1e-6;
    if (shape.rails[i].empty()) continue;
    const auto found = std::find(constants.rails.begin(), constants.rails.end(), shape.rails[i]);
    if (found == constants.rails.end())
      return fail(
          ErrorKind::invalid,
          fmt::format("chip {}: rail '{}' is not in twin.toml", shape.address, shape.rails[i]),
          "Known rails: " + join(constants.rails, ", "));
    channels[i].rail = static_cast<std::size_t>(found - constants.rails.begin());
  }
  Ina3221::Options chip_options;
  chip_options.samples = shape.samples;
  chip_options.conversion_us = shape.conversion_us;
  chip_options.seed = seed_for(options.seed, "noise " + shape.address);
  chip_options.noise_steps = options.noise ? kNoiseSteps : 0;
  chips_.push_back(std::make_unique<Ina3221>(power_, channels, chip_options));
  chip_nodes_.push_back(
      std::make_unique<InaNodes>(tree_, shape, *chips_.back(), board.sensors_for_everyone, number));
  return {};
}

void BoardTree::begin_run(std::uint64_t seed) {
  for (std::size_t i = 0; i < chips_.size(); ++i)
    chips_[i]->begin_run(seed_for(seed, "chip " + std::to_string(i)));
  machine_->begin_run(seed);
}

}  // namespace isojoule::twin
