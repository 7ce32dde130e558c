// Windows as JSON, the same under `isojoule measure`, in a session's report and in `show --json`.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "data/study_file.h"
#include "trace/window_energies.h"

namespace isojoule {

nlohmann::json json_of(const std::optional<Joule>& energy);  // null: absent
nlohmann::json json_of(const Counters& counters);            // those above 0

// "windows": by name; "each_window": one by one, times from `zero`, the first kWindowsInJson of
// them, and "windows_left_out" where there are more. Nothing at all without windows.
inline constexpr std::size_t kWindowsInJson = 10'000;
void add_windows_json(nlohmann::json& root, const std::vector<NamedWindows>& named,
                      const std::vector<Window>& windows, const std::vector<WindowEnergy>& energies,
                      Instant zero);

// Times of a run's windows and batches are told from the begin of what its program did.
Instant zero_of(const Run& run);

// A stored run's windows by name, added up from its trace; without energies, and with the reason,
// where the study keeps no trace of it. Errors: those of reading the trace.
Result<std::vector<NamedWindows>> named_windows_of(StudyFile& study, const Run& run);

}  // namespace isojoule
