// A fleet as lines of text. Pure: what stands there depends on the picture and the size alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/fleet/fleet_picture.h"
#include "app/monitor/terminal_view.h"

namespace isojoule {

// A row a board, all that is known where there is room. Where the size has rows (not 0) and they
// are too few: boards with troubles first, and how many more there are.
std::vector<std::string> boards_table(const FleetPicture& picture, const TerminalSize& size);
// Some lines a study.
std::vector<std::string> studies_table(const FleetPicture& picture, int columns, bool utf8);
// The screen of --watch: how the server is, boards, and a line a study.
std::vector<std::string> fleet_screen(const FleetPicture& picture, const TerminalSize& size);

// "12 boards: 7 measuring, 2 idle, 1 lost (8 simulated)"
std::string boards_line(const FleetPicture& picture);
// "since 20:13:05 UTC", with the day where it is another one than now.
std::string since_text(const FleetBoard& board, std::int64_t server_ns,
                       std::string_view since = "since ");

}  // namespace isojoule
