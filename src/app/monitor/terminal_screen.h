// The terminal itself: the other screen, keys without a line's end, and all as it was at the end.
#pragma once

#include <cstdio>
#include <memory>

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

// Draws on standard output. Its end, a fault's signal and whoever calls give_screen_back() give the
// screen back; SIGKILL does not.
class TerminalScreen final : public MonitorSink {
 public:
  TerminalScreen();
  ~TerminalScreen() override;
  TerminalScreen(const TerminalScreen&) = delete;
  TerminalScreen& operator=(const TerminalScreen&) = delete;
  const TerminalView& view() const { return view_; }
  void say(std::string footer) { view_.say(std::move(footer)); }

 private:
  Status do_begin(const LiveHead& head) override;
  Status do_show(const LiveFrame& frame) override;
  bool do_look() override;
  void do_leave() override;
  void do_tell(const std::string& words) override { say(words); }
  Status draw();
  TerminalSize size() const;

  TerminalView view_;
  bool utf8_, colour_, entered_ = false;
  TerminalSize drawn_{0, 0};
  ReadyOutput output_;
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
