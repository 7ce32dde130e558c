// What every knob does with its nodes: write as root, wait for the read-back, save.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file_tree.h"
#include "knob/knob.h"

namespace isojoule::node {

// Writes the text; a refusal for lack of rights says what would help.
Status write(FileTree& tree, const std::string& path, const std::string& text);
Status write(FileTree& tree, const std::string& path, std::int64_t value);
// Appends the node with its present text.
Status save(FileTree& tree, const std::string& path, std::vector<SavedNode>& nodes);
// Calls `reached` at once and then in growing steps (1 to 16 ms) until it says true or fails, or
// `deadline` from now is over; the last answer.
Result<bool> wait_until(const std::function<Result<bool>()>& reached, Clock& clock,
                        Duration deadline);
// The number, or an error that names the axis.
Result<double> number_of(const Axis& axis, const Value& value);
// The directories that are there. A policy is away while all its cores are offline; none at all is
// not_found.
Result<std::vector<std::string>> present(FileTree& tree,
                                         const std::vector<std::string>& directories,
                                         const std::string& axis);

// "policy4" -> 4; -1 where the name is not the prefix and a number ("cpufreq" for "cpu").
int number_after(std::string_view prefix, std::string_view name);
// Whether the core to which a path below /sys/devices/system/cpu/cpuN belongs is unplugged now; its
// cpufreq and cpuidle folders may be away then.
bool is_of_offline_core(FileTree& tree, const std::string& path);
// A cap's text as hertz; none where it caps nothing: 0, below 0, or the largest number of an int, a
// long or their unsigned kin (what "no limit" turns into on its way through the kernels' types).
Result<std::optional<double>> read_cap(FileTree& tree, const std::string& path);
// Whether a cap's file shows the text that it was given (nvpmodel_emc_cap), so that any number in
// it is a cap. The others show what their clock may reach, which is a number without a cap too.
bool shows_what_was_written(std::string_view path);

}  // namespace isojoule::node
