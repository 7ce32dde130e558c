// The terminal itself: the other screen, keys without a line's end, and all as it was at the end.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "app/monitor/monitor.h"
#include "app/monitor/ready_output.h"
#include "app/monitor/terminal_view.h"

namespace isojoule {

// Whether frames can be drawn there: a terminal that knows more than lines.
bool is_drawable(int input, int output);
// By the locale's name and NO_COLOR (no-color.org).
bool shows_utf8();
bool shows_colour();

// Gives the screen back where one is drawn on; safe in a signal's handler, which is to call it
// before it ends the program.
void give_screen_back();

// Lines on the other screen of standard output. Its end, a fault's signal and whoever calls
// give_screen_back() give the screen back; SIGKILL does not. One at a time.
class TerminalDisplay {
 public:
  TerminalDisplay();
  ~TerminalDisplay() { leave(); }
  TerminalDisplay(const TerminalDisplay&) = delete;
  TerminalDisplay& operator=(const TerminalDisplay&) = delete;

  Status enter();
  bool has_entered() const { return entered_; }
  TerminalSize size() const;
  // In the place of what was there; for a size() of just before.
  Status draw(const std::vector<std::string>& lines, const TerminalSize& size);
  bool is_resized() const;  // since it was drawn on
  // The keys that were pressed since; an arrow or a paste ends them. Waits for none.
  std::string keys();
  bool is_gone() const { return gone_; }  // the terminal, as keys() saw it last
  void leave();

 private:
  bool utf8_, colour_, entered_ = false, gone_ = false;
  TerminalSize drawn_{0, 0};
  ReadyOutput output_;
};

// A monitor's frames on it.
class TerminalScreen final : public MonitorSink {
 public:
  const TerminalView& view() const { return view_; }
  void say(std::string footer) { view_.say(std::move(footer)); }

 private:
  Status do_begin(const LiveHead& head) override;
  Status do_show(const LiveFrame& frame) override;
  bool do_look() override;
  void do_leave() override { display_.leave(); }
  void do_tell(const std::string& words) override { say(words); }
  Status draw();

  TerminalView view_;
  TerminalDisplay display_;
};

// Lines on standard output. A reader that left is no error: it ends the monitor. One that stands
// still loses lines.
class LineSink : public MonitorSink {
 protected:
  Status write_line(const std::string& line);

 private:
  bool do_look() override { return gone_; }
  bool gone_ = false;
  ReadyOutput output_;
};

// A plain line a second on standard output, where no frames can be drawn.
class PlainLines final : public LineSink {
 public:
  const TerminalView& view() const { return view_; }

 private:
  Status do_begin(const LiveHead& head) override;
  Status do_show(const LiveFrame& frame) override;
  void do_tell(const std::string& words) override;

  TerminalView view_;
  double next_s_ = 1;
  double last_s_ = -1;
};

// Shows nothing but what must be told (on standard error), and has the totals at the end.
class TerminalTotals final : public MonitorSink {
 public:
  const TerminalView& view() const { return view_; }

 private:
  Status do_begin(const LiveHead& head) override {
    view_.begin(head);
    return {};
  }
  Status do_show(const LiveFrame& frame) override {
    view_.take(frame);
    return {};
  }
  void do_tell(const std::string& words) override;

  TerminalView view_;
};

// One JSON object a line on standard output: the head, then every frame.
class JsonLines final : public LineSink {
 private:
  Status do_begin(const LiveHead& head) override;
  Status do_show(const LiveFrame& frame) override;
};

}  // namespace isojoule
