#include "twin/gpu_nodes.h"

#include <algorithm>

#include "twin/node.h"

namespace isojoule::twin {
namespace {

constexpr std::int64_t kKilohertz = 1000;

}  // namespace

GpuNodes::GpuNodes(MemoryTree& tree, const BoardShape& shape, const Constants& constants,
                   Simulation& simulation)
    : tree_(tree),
      simulation_(simulation),
      kernel_(shape.kernel),
      folder_(shape.gpu.devfreq()),
      table_(constants.gpu_frequencies, 1),
      minimum_(table_.lowest()),
      maximum_(table_.highest()) {
  for (const auto& name : shape.gpu.governors)
    if (std::find(constants.gpu_governors.begin(), constants.gpu_governors.end(), name) !=
        constants.gpu_governors.end())
      governors_.push_back(name);
  add_device(shape.gpu);
  add_texts();
  add_limits();
  add_governor();
}

void GpuNodes::add_device(const GpuShape& shape) {
  tree_.add_link(shape.device + "/devfreq_dev", "devfreq/" + shape.name());
  for (const auto& link : shape.links) tree_.add_link(link, shape.device);
  tree_.add_link("/sys/class/devfreq/" + shape.name(), folder_);
  tree_.add_link(folder_ + "/device", "../../../" + shape.name());
}

void GpuNodes::add_texts() {
  tree_.add_text(folder_ + "/available_frequencies", line_of(table_.entries()), 0444);
  tree_.add_text(folder_ + "/available_governors", line_of(governors_), 0444);
  tree_.add_text(folder_ + "/name", folder_.substr(folder_.rfind('/') + 1) + "\n", 0444);
  for (const char* name : {"/cur_freq", "/target_freq"})
    tree_.add_integer(
        folder_ + name, [this] { return table_.number(simulation_.frequency(Domain::gpu)); }, {},
        0444);
  add_made_text(tree_, folder_ + "/trans_stat", [this] { return transition_text(); });
  tree_.add_integer(
      folder_ + "/polling_interval", [this] { return polling_ms_; },
      [this](std::string_view text) -> Status {
        const auto value = leading_number(text);
        if (!value) return refuse(EINVAL, folder_ + "/polling_interval", "write");
        polling_ms_ = *value;  // shown; the simulated governors keep the board's own period
        return {};
      });
}

// drivers/devfreq/devfreq.c, trans_stat_show(): the table of transitions, the present entry marked.
std::string GpuNodes::transition_text() const {
  const std::vector<std::uint32_t> counts = simulation_.transitions(Domain::gpu);
  const std::vector<Second> times = simulation_.time_in_state(Domain::gpu);
  const std::int64_t present = table_.number(simulation_.frequency(Domain::gpu));
  const std::size_t size = table_.entries().size();
  std::string text = "     From  :   To\n           :";
  for (const std::int64_t entry : table_.entries()) text += fmt::format("{:10}", entry);
  text += "   time(ms)\n";
  std::uint64_t total = 0;
  for (std::size_t from = 0; from < size; ++from) {
    text += fmt::format("{}{:10}:", table_.entries()[from] == present ? '*' : ' ',
                        table_.entries()[from]);
    for (std::size_t to = 0; to < size; ++to) {
      text += fmt::format("{:10}", counts[from * size + to]);
      total += counts[from * size + to];
    }
    text += fmt::format("{:10}\n", static_cast<std::int64_t>(times[from].value() * 1e3));
  }
  return text + fmt::format("Total transition : {}\n", total);
}

void GpuNodes::add_limits() {
  tree_.add_integer(
      folder_ + "/min_freq",
      [this] { return kernel_ == Kernel::k4_9 ? minimum_ : minimum_in_force(); },
      [this](std::string_view text) { return write_minimum(text); });
  tree_.add_integer(
      folder_ + "/max_freq",
      [this] { return kernel_ == Kernel::k4_9 ? maximum_ : maximum_in_force(); },
      [this](std::string_view text) { return write_maximum(text); });
}

void GpuNodes::add_governor() {
  tree_.add_node(
      folder_ + "/governor",
      [this](std::span<char> buffer) -> Result<std::size_t> {
        return copy_text(simulation_.governor(Domain::gpu) + "\n", buffer);
      },
      [this](std::string_view text) { return write_governor(text); });
  if (simulation_.governor(Domain::gpu) == "userspace") add_userspace();
}

// The folder is there only while the governor is.
void GpuNodes::add_userspace() {
  wanted_ = 0;
  tree_.add_node(
      folder_ + "/userspace/set_freq",
      [this](std::span<char> buffer) -> Result<std::size_t> {
        return wanted_ == 0 ? copy_text("undefined\n", buffer) : print_integer(wanted_, buffer);
      },
      [this](std::string_view text) { return write_frequency(text); });
}

Status GpuNodes::write_minimum(std::string_view text) {
  const auto value = leading_number(text);
  const bool above = value && kernel_ == Kernel::k4_9 && maximum_ != 0 && *value > maximum_;
  if (!value || above) return refuse(EINVAL, folder_ + "/min_freq", "write");
  // From 5.10 on a QoS request in kHz, rounded down for the minimum and up for the maximum.
  minimum_ = kernel_ == Kernel::k4_9 ? *value : *value / kKilohertz * kKilohertz;
  apply_limits();
  return {};
}

Status GpuNodes::write_maximum(std::string_view text) {
  const auto value = leading_number(text);
  const bool below = value && kernel_ == Kernel::k4_9 && *value != 0 && *value < minimum_;
  if (!value || below) return refuse(EINVAL, folder_ + "/max_freq", "write");
  maximum_ = kernel_ == Kernel::k4_9 ? *value : (*value + kKilohertz - 1) / kKilohertz * kKilohertz;
  apply_limits();
  return {};
}

std::int64_t GpuNodes::maximum_in_force() const {
  return maximum_ == 0 ? table_.highest() : std::min(maximum_, table_.highest());
}

std::int64_t GpuNodes::minimum_in_force() const {
  return std::min(std::max(minimum_, table_.lowest()), maximum_in_force());
}

void GpuNodes::apply_limits() {
  const std::int64_t maximum = table_.at_most(maximum_in_force());
  const std::int64_t minimum = std::min(table_.at_least(minimum_in_force()), maximum);
  simulation_.set_limits(Domain::gpu, table_.hertz(minimum), table_.hertz(maximum));
}

Status GpuNodes::write_governor(std::string_view text) {
  const std::string name(first_word(text));
  if (std::find(governors_.begin(), governors_.end(), name) == governors_.end())
    return refuse(EINVAL, folder_ + "/governor", "write");
  if (name == simulation_.governor(Domain::gpu)) return {};
  const Hertz present = simulation_.frequency(Domain::gpu);
  simulation_.set_governor(Domain::gpu, name);
  if (name == "userspace") {  // until set_freq is written the clock stays where it is
    simulation_.set_userspace_frequency(Domain::gpu, present);
    add_userspace();
  } else {
    tree_.remove(folder_ + "/userspace");
  }
  return {};
}

Status GpuNodes::write_frequency(std::string_view text) {
  const auto value = leading_number(text);
  if (!value) return refuse(EINVAL, folder_ + "/userspace/set_freq", "write");
  wanted_ = *value;
  // Below the maximum the next entry upwards; nvgpu rounds so (devfreq_recommended_opp, LUB off).
  simulation_.set_userspace_frequency(Domain::gpu, table_.hertz(table_.at_least(wanted_)));
  return {};
}

}  // namespace isojoule::twin
