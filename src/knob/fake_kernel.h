// For tests: clocks, governors and cores in a MemoryTree that answer as the kernels do, with their
// refusals and with faults that can be switched on.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/memory_tree.h"

namespace isojoule::fake {

// Time that passes only where somebody waits.
class ManualClock final : public Clock {
 public:
  Instant time{0};
  std::function<void(Instant)> on_sleep;

 private:
  Instant do_now() override { return time; }
  void do_sleep_until(Instant deadline) override {
    time = std::max(time, deadline);
    if (on_sleep) on_sleep(time);
  }
  std::unique_ptr<Ticker> do_every(Duration, std::function<void(Instant)>) override {
    return nullptr;
  }
  bool do_is_virtual() const override { return true; }
};

// One cpufreq policy or devfreq device. Numbers are in the node's own unit.
struct ClockDomain {
  std::vector<std::int64_t> table;
  std::vector<std::string> governors;
  std::int64_t minimum = 0, maximum = 0;
  std::string governor;
  std::optional<std::int64_t> setspeed;
  bool ordered = false;        // 4.9: min > max is refused
  std::int64_t rounding = 1;   // devfreq from 5.5 on: kHz
  bool ignore_limits = false;  // writes succeed and change nothing
  bool ignore_governor = false;
  std::int64_t thermal_cap = 0;     // the clock does not rise above it; 0: no cap
  std::int64_t current_offset = 0;  // a counted clock beside the table
  int reads_until_settled = 0;      // the clock follows only after so many reads
  int limit_writes = 0;

  std::int64_t current() {
    std::int64_t wanted = governor == "powersave" ? std::min(minimum, maximum) : maximum;
    if (governor == "userspace" && setspeed)
      wanted = std::min(std::max(*setspeed, minimum), maximum);
    if (thermal_cap > 0) wanted = std::min(wanted, thermal_cap);
    if (reads_until_settled > 0) {
      --reads_until_settled;
      return table.front();
    }
    return wanted + current_offset;
  }
};

inline std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  return parsed.ec == std::errc() ? std::optional(value) : std::nullopt;
}

inline tl::unexpected<Error> refused(const std::string& path) {
  return fail(ErrorKind::invalid, path + ": Invalid argument", {}, "write");
}

struct Names {
  const char *table, *minimum, *maximum, *current, *governor, *governors, *setspeed;
};
inline constexpr Names kCpufreq{"scaling_available_frequencies",
                                "scaling_min_freq",
                                "scaling_max_freq",
                                "scaling_cur_freq",
                                "scaling_governor",
                                "scaling_available_governors",
                                "scaling_setspeed"};
inline constexpr Names kDevfreq{
    "available_frequencies", "min_freq",          "max_freq", "cur_freq", "governor",
    "available_governors",   "userspace/set_freq"};

inline void add_limit(MemoryTree& tree, std::shared_ptr<ClockDomain> domain,
                      const std::string& path, bool is_minimum) {
  tree.add_integer(
      path,
      // 5.x shows a minimum above the maximum as the maximum.
      [domain, is_minimum] {
        return is_minimum ? std::min(domain->minimum, domain->maximum) : domain->maximum;
      },
      [domain, path, is_minimum](std::string_view text) -> Status {
        const auto number = whole_number(text);
        if (!number) return refused(path);
        ++domain->limit_writes;
        if (domain->ignore_limits) return {};
        const std::int64_t value = *number / domain->rounding * domain->rounding;
        const bool crossed = is_minimum ? value > domain->maximum : value < domain->minimum;
        if (domain->ordered && crossed) return refused(path);
        (is_minimum ? domain->minimum : domain->maximum) = value;
        return {};
      });
}

// scaling_setspeed is always there and says "<unsupported>"; userspace/ exists under its governor
// only.
inline void show_setspeed(MemoryTree& tree, std::shared_ptr<ClockDomain> domain,
                          const std::string& folder, const Names& names) {
  const std::string path = folder + "/" + names.setspeed;
  const bool is_cpu = names.table == kCpufreq.table;
  if (!is_cpu && domain->governor != "userspace") return tree.remove(folder + "/userspace");
  tree.add_node(
      path,
      [domain, is_cpu](std::span<char> buffer) -> Result<std::size_t> {
        if (domain->governor != "userspace") return copy_text("<unsupported>\n", buffer);
        if (!domain->setspeed) return copy_text(is_cpu ? "0\n" : "undefined\n", buffer);
        return print_integer(*domain->setspeed, buffer);
      },
      [domain, path](std::string_view text) -> Status {
        const auto number = whole_number(text);
        if (!number || domain->governor != "userspace") return refused(path);
        domain->setspeed = *number;
        return {};
      });
}

inline void add_governor(MemoryTree& tree, std::shared_ptr<ClockDomain> domain,
                         const std::string& folder, const Names& names) {
  const std::string path = folder + "/" + names.governor;
  tree.add_node(
      path,
      [domain](std::span<char> buffer) -> Result<std::size_t> {
        return copy_text(domain->governor + "\n", buffer);
      },
      [&tree, domain, path, folder, &names](std::string_view text) -> Status {
        const std::string name = trimmed(text);
        if (std::find(domain->governors.begin(), domain->governors.end(), name) ==
            domain->governors.end())
          return refused(path);
        if (domain->ignore_governor) return {};
        domain->governor = name;
        domain->setspeed.reset();
        show_setspeed(tree, domain, folder, names);
        return {};
      });
}

inline std::shared_ptr<ClockDomain> add_domain(MemoryTree& tree, const std::string& folder,
                                               const Names& names, ClockDomain start) {
  auto domain = std::make_shared<ClockDomain>(std::move(start));
  if (domain->minimum == 0) domain->minimum = domain->table.front();
  if (domain->maximum == 0) domain->maximum = domain->table.back();
  std::string table, governors;
  for (const auto entry : domain->table) table += std::to_string(entry) + " ";
  for (const auto& name : domain->governors) governors += name + " ";
  tree.add_text(folder + "/" + names.table, table + "\n", 0444);
  tree.add_text(folder + "/" + names.governors, governors + "\n", 0444);
  tree.add_integer(
      folder + "/" + names.current, [domain] { return domain->current(); }, {}, 0444);
  add_limit(tree, domain, folder + "/" + names.minimum, true);
  add_limit(tree, domain, folder + "/" + names.maximum, false);
  add_governor(tree, domain, folder, names);
  show_setspeed(tree, domain, folder, names);
  return domain;
}

inline std::shared_ptr<std::vector<int>> add_cores(MemoryTree& tree, int count) {
  auto online = std::make_shared<std::vector<int>>(static_cast<std::size_t>(count), 1);
  for (int i = 0; i < count; ++i) {
    const std::string path = "/sys/devices/system/cpu/cpu" + std::to_string(i) + "/online";
    int* state = &(*online)[static_cast<std::size_t>(i)];
    tree.add_integer(
        path, [online, state] { return *state; },
        [online, state, path](std::string_view text) -> Status {
          const auto number = whole_number(text);
          if (!number || *number < 0 || *number > 1) return refused(path);
          *state = static_cast<int>(*number);
          return {};
        });
  }
  tree.add_directory("/sys/devices/system/cpu/cpuidle");
  return online;
}

inline const std::vector<std::string>& cpu_governors() {
  static const std::vector<std::string> names = {"conservative", "ondemand",    "userspace",
                                                 "powersave",    "performance", "schedutil"};
  return names;
}
inline const std::vector<std::string>& gpu_governors() {
  static const std::vector<std::string> names = {"nvhost_podgov", "userspace", "performance",
                                                 "simple_ondemand"};
  return names;
}

// One node with a text, and what its kernel does with a write.
struct Cell {
  std::string text;
  bool ignore = false;  // writes succeed and change nothing
  std::function<Result<std::string>(const std::string&)> accept;  // the text that it then shows
};

inline std::shared_ptr<Cell> add_cell(
    MemoryTree& tree, const std::string& path, std::string text,
    std::function<Result<std::string>(const std::string&)> accept = {}, int mode = 0644) {
  auto cell = std::make_shared<Cell>(Cell{std::move(text), false, std::move(accept)});
  tree.add_node(
      path,
      [cell](std::span<char> buffer) -> Result<std::size_t> {
        return copy_text(cell->text + "\n", buffer);
      },
      [cell](std::string_view written) -> Status {
        if (cell->ignore) return {};
        if (!cell->accept) {
          cell->text = trimmed(written);
          return {};
        }
        ISOJOULE_TRY(cell->text, cell->accept(trimmed(written)));
        return {};
      },
      mode);
  return cell;
}

// Whole numbers from `low` to `high` only.
inline auto numbers(const std::string& path, std::int64_t low, std::int64_t high) {
  return [path, low, high](const std::string& text) -> Result<std::string> {
    const auto number = whole_number(text);
    if (!number || *number < low || *number > high) return refused(path);
    return std::to_string(*number);
  };
}

// The memory's clock of a Jetson below debugfs, by either driver. Without the lock the kernel
// chooses `kernel_choice`; a rate that is not in the table is rounded down, or passed over.
struct MemoryClock {
  std::vector<std::int64_t> table;  // hertz
  std::int64_t kernel_choice = 0;
  std::int64_t rate = 0;
  bool locked = false, ignore_rate = false, ignore_lock = false;
  std::int64_t rounding_limit = 0;  // the clock does not go above it; 0: no limit

  std::int64_t shown() const { return locked ? rate : kernel_choice; }
  void write_rate(std::int64_t wanted) {
    if (ignore_rate) return;
    if (rounding_limit > 0) wanted = std::min(wanted, rounding_limit);
    rate = table.front();
    for (const auto entry : table)
      if (entry <= wanted) rate = entry;
  }
};

inline std::shared_ptr<MemoryClock> add_memory_clock(MemoryTree& tree, const std::string& driver,
                                                     const std::string& folder,
                                                     std::vector<std::int64_t> table) {
  auto clock = std::make_shared<MemoryClock>();
  clock->table = std::move(table);
  clock->kernel_choice = clock->rate = clock->table.front();
  const bool is_bpmp = driver == "bpmp";
  const std::string lock = folder + (is_bpmp ? "/mrq_rate_locked" : "/clk_state");
  const std::string update = folder + (is_bpmp ? "/rate" : "/clk_update_rate");
  const std::string limits = is_bpmp ? folder + "/" : "/sys/kernel/debug/tegra_bwmgr/emc_";
  const auto write_rate = [clock, update](std::string_view text) -> Status {
    const auto number = whole_number(text);
    if (!number) return refused(update);
    clock->write_rate(*number);
    return {};
  };
  tree.add_integer(
      update, [clock] { return clock->shown(); }, write_rate);
  if (!is_bpmp) {
    tree.add_integer(
        folder + "/clk_rate", [clock] { return clock->shown(); }, {}, 0444);
  } else {
    add_cell(tree, folder + "/state", "1", numbers(folder + "/state", 0, 1));
  }
  tree.add_integer(
      lock, [clock] { return clock->locked ? 1 : 0; },
      [clock, lock](std::string_view text) -> Status {
        const auto number = whole_number(text);
        if (!number) return refused(lock);
        if (!clock->ignore_lock) clock->locked = *number != 0;
        return {};
      });
  tree.add_integer(
      limits + "min_rate", [clock] { return clock->table.front(); }, {}, 0444);
  tree.add_integer(
      limits + "max_rate", [clock] { return clock->table.back(); }, {}, 0444);
  return clock;
}

// A file of clk_cap/ (nvidia-oot): shows the rate that the clock may reach, refuses "-1".
inline std::shared_ptr<Cell> add_clock_cap(MemoryTree& tree, const std::string& path,
                                           std::vector<std::int64_t> rates) {
  const std::string highest = std::to_string(rates.back());
  return add_cell(tree, path, highest,
                  [path, rates](const std::string& text) -> Result<std::string> {
                    const auto number = whole_number(text);
                    if (!number || *number < 0) return refused(path);
                    std::int64_t shown = rates.front();
                    for (const auto rate : rates)
                      if (rate <= *number) shown = rate;
                    return std::to_string(shown);
                  });
}

// cpuN/cpuidle/state0 (WFI or POLL) and deeper ones.
inline void add_idle_states(MemoryTree& tree, int cores, const std::vector<std::string>& names) {
  for (int core = 0; core < cores; ++core)
    for (std::size_t state = 0; state < names.size(); ++state) {
      const std::string folder = "/sys/devices/system/cpu/cpu" + std::to_string(core) +
                                 "/cpuidle/state" + std::to_string(state);
      tree.add_text(folder + "/name", names[state] + "\n", 0444);
      add_cell(tree, folder + "/disable", "0", numbers(folder + "/disable", 0, 1));
    }
}

}  // namespace isojoule::fake
