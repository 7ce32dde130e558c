// The windows of a run, for people.
#pragma once

#include <string>
#include <vector>

#include "trace/window_energies.h"

namespace isojoule::cli {

// One line a name; few windows are listed one by one, too. "" without windows.
std::string windows_text(const std::vector<NamedWindows>& named, const std::vector<Window>& windows,
                         const std::vector<WindowEnergy>& energies, Instant zero);

}  // namespace isojoule::cli
