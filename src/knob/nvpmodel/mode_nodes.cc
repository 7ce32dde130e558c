#include "knob/nvpmodel/mode_nodes.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "knob/node.h"

namespace isojoule::nvpmodel {
namespace {

constexpr std::string_view kNext = "_KNEXT";
constexpr std::string_view kMaximum = "MAX_FREQ";
constexpr std::string_view kMinimum = "MIN_FREQ";
// devfreq's limits are kept in kHz from kernel 5.5 on, cpufreq's nodes are in kHz: a table that
// goes beyond 100 MHz in the first unit and 100 GHz in the second is devfreq's.
constexpr double kDevfreqFrom = 1e8;
constexpr double kLimitTolerance_hz = 1e3;
// A cap without a table is rounded to a rate that the clock has (115 to 115.2 MHz), a current limit
// to the power chip's step (INA3221: 40 uV over the shunt).
constexpr double kCapTolerance = 0.01;
constexpr double kCurrentTolerance = 0.02;

std::string label(const Assignment& one) { return one.param + " " + one.argument; }

bool is_core(std::string_view path) {
  return path.starts_with("/sys/devices/system/cpu/cpu") && path.ends_with("/online");
}

// Masks of the parts of the GPU that are cut off: taken at the GPU's start only.
bool is_gating_mask(const Assignment& one) { return one.argument.ends_with("_PG_MASK"); }

std::optional<double> number_of(std::string_view text) {
  const bool is_hex = text.starts_with("0x");
  std::int64_t number = 0;
  const char* begin = text.data() + (is_hex ? 2 : 0);
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(begin, end, number, is_hex ? 16 : 10);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return static_cast<double>(number);
}

bool same_text(const std::string& a, const std::string& b) {
  if (a == b) return true;
  const auto x = number_of(a);
  const auto y = number_of(b);
  return x && y && *x == *y;
}

}  // namespace

// The path, or the same of the next kernel. An HWMON file lies in the one hwmonN of its folder.
std::optional<std::string> ModeNodes::existing(const Param& param, const Argument& argument) const {
  std::vector<std::string> paths = {argument.path};
  const Argument* next = param.find(argument.name + std::string(kNext));
  if (next != nullptr) paths.push_back(next->path);
  for (const auto& path : paths) {
    if (param.type != ParamType::hwmon) {
      if (tree_.exists(path)) return path;
      continue;
    }
    const auto names = tree_.list(path);
    if (!names) continue;
    for (const auto& name : *names) {
      std::string file = path + "/" + name + "/" + argument.file;
      if (tree_.exists(file)) return file;
    }
  }
  return std::nullopt;
}

void ModeNodes::remember_present() {
  for (const auto& mode : conf_.modes)
    for (const auto& one : mode.assignments) {
      const Param* param = conf_.find_param(one.param);
      if (existing(*param, *param->find(one.argument))) present_.insert(label(one));
    }
}

Result<std::optional<ModeNodes::Found>> ModeNodes::find(const Assignment& assignment) const {
  const Param* param = conf_.find_param(assignment.param);
  const Argument* argument = param->find(assignment.argument);
  if (auto path = existing(*param, *argument)) return Found{std::move(*path), param, argument};
  if (!present_.contains(label(assignment)) || node::is_of_offline_core(tree_, argument->path))
    return std::nullopt;
  return fail(ErrorKind::not_found,
              axis_ + ": the node of " + label(assignment) + " is gone: " + argument->path, {},
              argument->path);
}

// A table that is not named, not there or empty leaves the numbers as they are.
Result<std::optional<NumberChoice>> ModeNodes::table_of(const Param& param) const {
  const Argument* argument = param.find("FREQ_TABLE");
  const auto path = argument == nullptr ? std::nullopt : existing(param, *argument);
  if (!path) return std::nullopt;
  ISOJOULE_TRY(const auto words, read_words(tree_, *path));
  std::vector<double> entries;
  for (const auto& word : words) {
    const auto entry = number_of(word);
    if (!entry || *entry <= 0)
      return fail(ErrorKind::parse, *path + ": not a frequency: '" + word.substr(0, 40) + "'", {},
                  "read");
    entries.push_back(*entry);
  }
  if (entries.empty()) return fail(ErrorKind::no_data, *path + ": the table is empty", {}, "read");
  return NumberChoice::of_table(std::move(entries));
}

// In the node's unit; nullopt: no cap.
Result<std::optional<std::int64_t>> ModeNodes::wanted_clock(const Assignment& assignment,
                                                            const Param& param) const {
  ISOJOULE_TRY(const auto table, table_of(param));
  if (!table) {
    if (assignment.number < 0) return std::nullopt;
    return assignment.number;
  }
  if (assignment.number < 0) return std::llround(table->highest());
  return std::llround(table->nearest(static_cast<double>(assignment.number)));
}

// The largest number that any mode gives this parameter.
std::int64_t ModeNodes::highest_of(const Assignment& assignment) const {
  std::int64_t highest = 0;
  for (const auto& mode : conf_.modes)
    for (const auto& one : mode.assignments)
      if (label(one) == label(assignment)) highest = std::max(highest, one.number);
  return highest;
}

Status ModeNodes::check_no_reboot(const Mode& mode) {
  for (const auto& one : mode.assignments) {
    if (!is_gating_mask(one)) continue;
    ISOJOULE_TRY(const auto found, find(one));
    if (!found) continue;
    ISOJOULE_TRY(const std::string now, read_line(tree_, found->path));
    if (same_text(now, one.value)) continue;
    return fail(ErrorKind::unsupported,
                axis_ + ": mode '" + mode.name + "' needs a reboot: it wants " + one.argument +
                    " " + one.value + ", the GPU started with " + now,
                "Set it by hand with 'nvpmodel -m " + std::to_string(mode.id) +
                    "', let it reboot, and start again",
                found->path);
  }
  return {};
}

// A core that is there already is left alone: 4.9 refuses to switch it on again.
Status ModeNodes::write_core(const std::string& path, const std::string& text) {
  ISOJOULE_TRY(const std::string now, read_line(tree_, path));
  return same_text(now, text) ? Status() : node::write(tree_, path, text);
}

// No cap: -1, which nvidia-oot's caps (kstrtoul) refuse, so then the largest number. What a clock
// without a cap reads is its module's highest rate and is kept: no file says it.
Status ModeNodes::lift(const std::string& path) {
  auto status = node::write(tree_, path, "-1");
  if (!status && status.error().kind == ErrorKind::invalid)
    status = node::write(tree_, path, INT64_MAX);
  ISOJOULE_CHECK(status);
  if (const auto cap = node::read_cap(tree_, path); cap && *cap) lifted_[path] = **cap;
  return {};
}

Status ModeNodes::write_clock(const Assignment& assignment) {
  ISOJOULE_TRY(const auto found, find(assignment));
  if (!found) return {};
  ISOJOULE_TRY(const auto wanted, wanted_clock(assignment, *found->param));
  return wanted ? node::write(tree_, found->path, *wanted) : lift(found->path);
}

// Whether a node from which the mode wants no cap has none. One that shows its clock must reach
// what it read when it was lifted here, and the highest cap of any mode: the clock of a smaller
// module may end at just that cap.
bool ModeNodes::is_open(const Assignment& assignment, const std::string& path,
                        const std::optional<double>& cap) const {
  if (!cap) return true;
  if (node::shows_what_was_written(path)) return false;
  const auto lifted = lifted_.find(path);
  const double least = std::max(lifted == lifted_.end() ? 0 : lifted->second,
                                static_cast<double>(highest_of(assignment)));
  return least > 0 && *cap >= least;
}

// Only what may be a cap: what stands above every mode's cap is none of theirs.
Status ModeNodes::lift_doubtful(const Mode& mode) {
  for (const auto& one : mode.assignments) {
    const Param* param = conf_.find_param(one.param);
    if (param->type != ParamType::clock) continue;
    ISOJOULE_TRY(const auto found, find(one));
    if (!found) continue;
    ISOJOULE_TRY(const auto wanted, wanted_clock(one, *param));
    if (wanted) continue;
    ISOJOULE_TRY(const auto cap, node::read_cap(tree_, found->path));
    const auto highest = static_cast<double>(highest_of(one));
    if (cap && (highest == 0 || *cap <= highest)) ISOJOULE_CHECK(lift(found->path));
  }
  return {};
}

// All of one CLOCK in a mode. Kernel 4.9 wants min <= max at every moment.
Status ModeNodes::write_limits(const Mode& mode, const std::string& param) {
  std::vector<const Assignment*> order;
  const Assignment* minimum = nullptr;
  const Assignment* maximum = nullptr;
  for (const auto& one : mode.assignments) {
    if (one.param != param) continue;
    if (one.argument == kMinimum)
      minimum = &one;
    else if (one.argument == kMaximum)
      maximum = &one;
    else
      order.push_back(&one);
  }
  bool maximum_first = true;
  if (minimum != nullptr && maximum != nullptr) {
    ISOJOULE_TRY(const auto low, find(*minimum));
    ISOJOULE_TRY(const auto high, find(*maximum));
    if (low && high) {
      ISOJOULE_TRY(const auto wanted, wanted_clock(*maximum, *high->param));
      ISOJOULE_TRY(const std::int64_t now, read_integer(tree_, low->path));
      maximum_first = !wanted || *wanted >= now;
    }
  }
  order.push_back(maximum_first ? maximum : minimum);
  order.push_back(maximum_first ? minimum : maximum);
  for (const Assignment* one : order)
    if (one != nullptr) ISOJOULE_CHECK(write_clock(*one));
  return {};
}

Status ModeNodes::write(const Mode& mode) {
  std::vector<std::string> off;
  for (const auto& one : mode.assignments) {
    ISOJOULE_TRY(const auto found, find(one));
    if (!found || !is_core(found->path)) continue;
    if (one.value == "0")
      off.push_back(found->path);
    else
      ISOJOULE_CHECK(write_core(found->path, one.value));
  }
  std::set<std::string> clocks;
  for (const auto& one : mode.assignments) {
    const Param* param = conf_.find_param(one.param);
    if (param->type == ParamType::clock) {
      if (clocks.insert(one.param).second) ISOJOULE_CHECK(write_limits(mode, one.param));
      continue;
    }
    ISOJOULE_TRY(const auto found, find(one));
    if (!found || is_core(found->path) || is_gating_mask(one)) continue;
    ISOJOULE_CHECK(node::write(tree_, found->path, one.value));
  }
  for (auto path = off.rbegin(); path != off.rend(); ++path) ISOJOULE_CHECK(write_core(*path, "0"));
  return {};
}

Result<bool> ModeNodes::holds_clock(const Assignment& assignment, const Found& found,
                                    std::string& wanted, std::string& seen) const {
  ISOJOULE_TRY(seen, read_line(tree_, found.path));
  ISOJOULE_TRY(const auto table, table_of(*found.param));
  ISOJOULE_TRY(const auto clock, wanted_clock(assignment, *found.param));
  wanted = clock ? std::to_string(*clock) : "no cap";
  if (table) {
    const auto now = number_of(seen);
    if (!now) return false;
    const double tolerance = table->highest() > kDevfreqFrom ? kLimitTolerance_hz : 1;
    // devfreq: 0 in max_freq is no limit.
    const bool is_open = *now == 0 && assignment.argument == kMaximum &&
                         static_cast<double>(*clock) == table->highest();
    return is_open || std::abs(*now - static_cast<double>(*clock)) < tolerance;
  }
  ISOJOULE_TRY(const auto cap, node::read_cap(tree_, found.path));
  const bool wants_none = !clock || *clock == 0;
  if (wants_none) return is_open(assignment, found.path, cap);
  return cap && std::abs(*cap - static_cast<double>(*clock)) <=
                    kCapTolerance * static_cast<double>(*clock);
}

Result<bool> ModeNodes::holds(const Assignment& assignment, const Found& found, std::string& wanted,
                              std::string& seen) const {
  if (found.param->type == ParamType::clock) return holds_clock(assignment, found, wanted, seen);
  wanted = assignment.value;
  ISOJOULE_TRY(seen, read_line(tree_, found.path));
  if (same_text(seen, wanted)) return true;
  const auto now = number_of(seen);
  const auto asked = number_of(wanted);
  return found.param->type == ParamType::hwmon && now && asked &&
         std::abs(*now - *asked) <= kCurrentTolerance * *asked;
}

// Of a node that a mode writes twice (the GPU's power control) the last word counts.
Status ModeNodes::verify(const Mode& mode) {
  std::set<std::string> seen_paths;
  for (auto one = mode.assignments.rbegin(); one != mode.assignments.rend(); ++one) {
    ISOJOULE_TRY(const auto found, find(*one));
    if (!found || !seen_paths.insert(found->path).second) continue;
    std::string wanted, seen;
    ISOJOULE_TRY(const bool reached, holds(*one, *found, wanted, seen));
    if (reached) continue;
    return fail(ErrorKind::not_reached,
                axis_ + ": mode '" + mode.name + "': " + label(*one) + " reads " + seen +
                    " instead of " + wanted,
                "Look for another program that sets it (jetson_clocks, a second nvpmodel)",
                found->path);
  }
  return {};
}

Result<std::vector<SavedNode>> ModeNodes::save() {
  std::vector<SavedNode> on, files, limits, off;
  std::set<std::string> seen;
  for (const auto& mode : conf_.modes) {
    // The lower limit of a clock before the upper one, as frequency_knob does.
    for (const bool minima : {true, false}) {
      for (const auto& one : mode.assignments) {
        if (minima != (one.argument == kMinimum) || is_gating_mask(one)) continue;
        ISOJOULE_TRY(const auto found, find(one));
        if (!found || !seen.insert(found->path).second) continue;
        std::vector<SavedNode> node;
        ISOJOULE_CHECK(node::save(tree_, found->path, node));
        const bool core = is_core(found->path);
        auto& list = core ? (node[0].text == "0" ? off : on)
                          : (found->param->type == ParamType::clock ? limits : files);
        list.push_back(std::move(node[0]));
      }
    }
  }
  for (auto* list : {&files, &limits, &off})
    for (auto& node : *list) on.push_back(std::move(node));
  return on;
}

}  // namespace isojoule::nvpmodel
