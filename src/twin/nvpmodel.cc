#include "twin/nvpmodel.h"

#include <algorithm>
#include <cstdlib>

#include "base/text.h"
#include "twin/node.h"

namespace isojoule::twin {
namespace {

constexpr char kCpus[] = "/sys/devices/system/cpu";

tl::unexpected<Error> ended(const std::vector<std::string>& command, const std::string& lines) {
  return fail(ErrorKind::io, "nvpmodel: " + lines, {}, "run " + join(command, " "));
}

// The table entry nearest to a value.
Result<std::int64_t> nearest(FileTree& tree, const std::string& table, std::int64_t value) {
  ISOJOULE_TRY(const auto words, read_words(tree, table));
  std::int64_t best = -1;
  for (const auto& word : words) {
    const std::int64_t entry = leading_number(word).value_or(0);
    if (best < 0 || std::llabs(entry - value) < std::llabs(best - value)) best = entry;
  }
  if (best < 0) return fail(ErrorKind::parse, table + ": no frequencies");
  return best;
}

// Minimum out of the way, then the maximum, then the minimum: no kernel refuses that.
Status write_limits(FileTree& tree, const std::string& minimum_path,
                    const std::string& maximum_path, std::int64_t lowest, std::int64_t minimum,
                    std::int64_t maximum) {
  ISOJOULE_CHECK(tree.write(minimum_path, std::to_string(lowest)));
  ISOJOULE_CHECK(tree.write(maximum_path, std::to_string(maximum)));
  return tree.write(minimum_path, std::to_string(std::min(minimum, maximum)));
}

struct Limits {
  std::int64_t lowest = 0, minimum = 0, maximum = 0;
};

// -1 (or a minimum of 0) is the table's end.
Result<Limits> limits_of(FileTree& tree, const std::string& table, std::int64_t minimum,
                         std::int64_t maximum) {
  Limits limits;
  ISOJOULE_TRY(limits.lowest, nearest(tree, table, 0));
  ISOJOULE_TRY(const std::int64_t highest, nearest(tree, table, INT64_MAX / 2));
  limits.minimum = limits.lowest;
  limits.maximum = highest;
  if (minimum > 0) {
    ISOJOULE_TRY(limits.minimum, nearest(tree, table, minimum));
  }
  if (maximum > 0) {
    ISOJOULE_TRY(limits.maximum, nearest(tree, table, maximum));
  }
  return limits;
}

}  // namespace

Nvpmodel::Nvpmodel(MemoryTree& tree, const BoardShape& shape, bool root)
    : tree_(tree), shape_(shape), root_(root), mode_(shape.jetson.nvpmodel.start) {
  if (shape_.jetson.nvpmodel.conf.empty()) return;
  add_files();
  if (shape_.jetson.nvpmodel.program)
    tree_.add_program("nvpmodel", [this](const Command& command) { return run(command); });
}

void Nvpmodel::add_files() {
  const NvpmodelShape& shape = shape_.jetson.nvpmodel;
  const std::string file = fmt::format("/etc/nvpmodel/nvpmodel_{}.conf", shape_.board);
  tree_.add_text(file, nvpmodel_conf(shape_), 0644);
  tree_.add_link(shape.conf, file);
  tree_.add_node(
      shape.status,
      [this](std::span<char> buffer) -> Result<std::size_t> { return copy_text(status(), buffer); },
      [this](std::string_view text) { return write_status(text); });
}

std::string Nvpmodel::status() const {
  return fmt::format("pmode:{:04}{}\n", mode_, shape_.kernel == Kernel::k4_9 ? " fmode:quiet" : "");
}

// A plain file: whoever may write it may put any mode there, in force or not.
Status Nvpmodel::write_status(std::string_view text) {
  constexpr std::string_view key = "pmode:";
  if (const auto at = text.find(key); at != std::string_view::npos)
    if (const auto id = leading_number(text.substr(at + key.size())); id && find(*id) != nullptr)
      mode_ = static_cast<int>(*id);
  return {};
}

const PowerModeShape* Nvpmodel::find(std::int64_t id) const {
  for (const PowerModeShape& mode : shape_.jetson.nvpmodel.modes)
    if (mode.id == id) return &mode;
  return nullptr;
}

// ---- the program -------------------------------------------------------------------------------

Result<std::string> Nvpmodel::run(const Command& command) {
  const auto has = [&command](std::string_view word) {
    return std::find(command.begin(), command.end(), word) != command.end();
  };
  if (has("-m")) return change(command);
  if (has("-q") || has("--query")) return query();
  return ended(command, "only -q and -m N are simulated");
}

std::string Nvpmodel::query() const {
  std::string text;
  if (!root_)
    text = fmt::format("NVPM ERROR: Error opening {}/power/control: 13\n", shape_.gpu.device);
  if (shape_.kernel == Kernel::k4_9) text += "NV Fan Mode:quiet\n";
  return text + fmt::format("NV Power Mode: {}\n{}\n", find(mode_)->name, mode_);
}

Result<std::string> Nvpmodel::change(const Command& command) {
  const auto at = std::find(command.begin(), command.end(), "-m") + 1;
  const auto id = at == command.end() ? std::nullopt : strict_number(*at);
  const PowerModeShape* mode = id ? find(*id) : nullptr;
  if (mode == nullptr) return ended(command, "NVPM ERROR: no such power mode");
  if (!root_)
    return fail(
        ErrorKind::permission_denied,
        fmt::format("nvpmodel: NVPM ERROR: Error opening {}/power/control: 13", shape_.gpu.device),
        "Run as root", "run " + join(command, " "));
  if (mode->tpc_mask) {
    const std::string path = shape_.gpu.device + "/tpc_pg_mask";
    ISOJOULE_TRY(const std::int64_t mask, read_integer(tree_, path));
    if (mask != *mode->tpc_mask)
      return ended(command, fmt::format("NVPM WARN: Reboot required for changing to this power "
                                        "mode: {}; NVPM ERROR: bad input!",
                                        mode->id));
  }
  ISOJOULE_CHECK(apply(*mode));
  mode_ = mode->id;
  return std::string();
}

// ---- putting a mode on -------------------------------------------------------------------------

Status Nvpmodel::apply_start() {
  const NvpmodelShape& shape = shape_.jetson.nvpmodel;
  if (shape.conf.empty() || !shape.applied) return {};
  return apply(*find(shape.start));
}

Status Nvpmodel::apply(const PowerModeShape& mode) {
  const std::string control = shape_.gpu.device + "/power/control";
  ISOJOULE_CHECK(apply_cores(mode));
  ISOJOULE_CHECK(tree_.write(control, "on"));
  ISOJOULE_CHECK(apply_cpu(mode));
  ISOJOULE_CHECK(apply_gpu(mode));
  ISOJOULE_CHECK(tree_.write(control, "auto"));
  return apply_caps(mode);
}

// Those that come before those that go: one is always online.
Status Nvpmodel::apply_cores(const PowerModeShape& mode) {
  const std::vector<int> online = online_in(mode, shape_.cpu);
  for (const bool on : {true, false})
    for (const int cpu : online_in({}, shape_.cpu)) {
      const bool wanted = std::find(online.begin(), online.end(), cpu) != online.end();
      if (wanted == on)
        ISOJOULE_CHECK(tree_.write(fmt::format("{}/cpu{}/online", kCpus, cpu), on ? "1" : "0"));
    }
  return {};
}

Status Nvpmodel::apply_cpu(const PowerModeShape& mode) {
  const auto at = [](const std::vector<std::int64_t>& list, std::size_t i) {
    return list[std::min(i, list.size() - 1)];
  };
  for (std::size_t i = 0; i < shape_.cpu.policies.size(); ++i) {
    const std::string folder =
        fmt::format("{}/cpufreq/policy{}/", kCpus, shape_.cpu.policies[i].front());
    if (!tree_.exists(folder)) continue;  // all of its cores are off
    ISOJOULE_TRY(const Limits limits, limits_of(tree_, folder + "scaling_available_frequencies",
                                                at(mode.cpu_min_khz, i), at(mode.cpu_max_khz, i)));
    ISOJOULE_CHECK(write_limits(tree_, folder + "scaling_min_freq", folder + "scaling_max_freq",
                                limits.lowest, limits.minimum, limits.maximum));
  }
  return {};
}

Status Nvpmodel::apply_gpu(const PowerModeShape& mode) {
  const std::string folder = shape_.gpu.devfreq() + "/";
  ISOJOULE_TRY(const Limits limits, limits_of(tree_, folder + "available_frequencies",
                                              mode.gpu_min_hz, mode.gpu_max_hz));
  return write_limits(tree_, folder + "min_freq", folder + "max_freq", limits.lowest,
                      limits.minimum, limits.maximum);
}

Status Nvpmodel::apply_caps(const PowerModeShape& mode) {
  for (const ClockCapShape& cap : shape_.jetson.caps) {
    const std::int64_t limit = cap_in(mode, cap);
    const std::string none = cap.follows_clock() ? std::to_string(INT64_MAX) : cap.none;
    ISOJOULE_CHECK(tree_.write(cap.path, limit > 0 ? std::to_string(limit) : none));
  }
  return {};
}

}  // namespace isojoule::twin
