// A monitor's frames as lines of text. Pure: what stands there depends on the frames and the size
// alone.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "app/monitor/live_frame.h"

namespace isojoule {

struct TerminalSize {
  int columns = 80;
  int rows = 24;
  bool utf8 = true;    // else ASCII alone
  bool colour = true;  // ANSI's colours; the lines' lengths are without them
};

// A text of others, in ASCII, as one that a terminal shows and does not obey.
std::string harmless_line(const std::string& text);

class TerminalView {
 public:
  // What is shown from here on, and the beginning of least, mean and most.
  void begin(const LiveHead& head);
  void take(const LiveFrame& frame);
  // A last line of the screen: where else it can be seen.
  void say(std::string footer) { footer_ = std::move(footer); }
  void begin_anew();  // least, mean, most and energy count from the last frame
  void pause(bool paused);
  bool is_paused() const { return paused_; }

  // At most `rows` lines of at most `columns` characters each; none ends with a line feed.
  std::vector<std::string> draw(const TerminalSize& size) const;
  // One line for a log or a terminal that can no more.
  std::string plain_line() const;
  // What it was, for after the end.
  std::string totals() const;

 private:
  struct RailView {
    std::optional<double> now_w, least_w, most_w;
    double sum_ws = 0, seconds = 0;  // of frames that have power: their mean
    std::optional<double> energy_j;
    double zero_j = 0;                       // energy at the last begin_anew()
    std::deque<std::optional<double>> past;  // one a second, the newest last
    double second_sum = 0;
    int second_count = 0;
  };
  struct Picture {
    LiveFrame frame;
    std::vector<RailView> rails;
    double zero_s = 0;
    bool any = false;
  };
  const Picture& shown() const { return paused_ ? kept_ : now_; }
  std::vector<std::pair<std::size_t, int>> order() const;  // rail's place, depth in the tree
  std::string head_line(const Picture& picture, const TerminalSize& size) const;
  std::vector<std::string> rail_lines(const Picture& picture, const TerminalSize& size,
                                      std::size_t room) const;
  std::vector<std::string> state_lines(const Picture& picture, const TerminalSize& size) const;

  LiveHead head_;
  std::string footer_;
  Picture now_, kept_;
  std::int64_t second_ = -1;  // of past's last place
  bool paused_ = false;
};

}  // namespace isojoule
