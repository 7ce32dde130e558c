#include "app/fleet/watch_fleet.h"

#include "app/fleet/fleet_table.h"
#include "app/monitor/terminal_screen.h"
#include "app/monitor/terminal_text.h"

namespace isojoule {
namespace {

constexpr Duration kLookPeriod = Duration::milliseconds(100);  // for keys and the window's size

class FleetWatcher {
 public:
  FleetWatcher(fleet::Bus& bus, Clock& clock, const FleetWatching& watching)
      : look_(bus, clock), clock_(clock), watching_(watching) {}

  Status run(const std::atomic<bool>& interrupted) {
    if (watching_.draws) ISOJOULE_CHECK(display_.enter());
    while (!interrupted) {
      const Instant begin = clock_.now();
      static_cast<void>(look_.refresh());  // what is wrong stands in the picture
      if (watching_.show) watching_.show(look_.picture());
      if (watching_.draws) ISOJOULE_CHECK(draw());
      while (!interrupted && clock_.now() - begin < watching_.period) {
        clock_.sleep_for(kLookPeriod);
        if (!watching_.draws) continue;
        if (is_over()) return {};
        if (display_.is_resized()) ISOJOULE_CHECK(draw());
      }
    }
    return {};
  }

 private:
  Status draw() {
    TerminalSize size = display_.size();
    TerminalSize room = size;
    if (!watching_.footer.empty() && size.rows > 8) --room.rows;
    std::vector<std::string> lines = fleet_screen(look_.picture(), room);
    if (room.rows < size.rows) lines.push_back(cut_to(watching_.footer, size.columns));
    return display_.draw(lines, size);
  }

  bool is_over() {
    for (const char key : display_.keys())
      if (key == 'q' || key == 'Q' || key == '\x04') return true;
    return display_.is_gone();
  }

  FleetLook look_;
  Clock& clock_;
  const FleetWatching& watching_;
  TerminalDisplay display_;
};

}  // namespace

Status watch_fleet(fleet::Bus& bus, Clock& clock, const FleetWatching& watching,
                   const std::atomic<bool>& interrupted) {
  return FleetWatcher(bus, clock, watching).run(interrupted);
}

}  // namespace isojoule
