// The terminal itself: the other screen, keys without a line's end, and all as it was at the end.
#pragma once

#include <cstdio>
#include <memory>

#include "app/monitor/monitor.h"
#include "app/monitor/terminal_view.h"

namespace isojoule {

// Whether frames can be drawn there: a terminal that knows more than lines.
bool is_drawable(int input, int output);
// By the locale's name and NO_COLOR (no-color.org).
bool shows_utf8();
bool shows_colour();

// Draws on standard output. Its end and a fault's signal give the screen back; SIGKILL, and a
// second Ctrl-C before the first has been seen (a tenth of a second), do not.
class TerminalScreen final : public MonitorSink {
 public:
  TerminalScreen();
  ~TerminalScreen() override;
  TerminalScreen(const TerminalScreen&) = delete;
  TerminalScreen& operator=(const TerminalScreen&) = delete;
  const TerminalView& view() const { return view_; }
  void say(std::string footer) { view_.say(std::move(footer)); }
  void leave();  // gives the screen back; to be called before anything else is printed

 private:
  Status do_begin(const LiveHead& head) override;
  Status do_show(const LiveFrame& frame) override;
  bool do_look() override;
  Status draw();
  TerminalSize size() const;

  TerminalView view_;
  bool utf8_, colour_, entered_ = false;
  TerminalSize drawn_{0, 0};
};

// Lines on standard output. A reader that left is no error: it ends the monitor.
class LineSink : public MonitorSink {
 protected:
  Status write_line(const std::string& line);

 private:
  bool do_look() override { return gone_; }
  bool gone_ = false;
};

// A plain line a second on standard output, where no frames can be drawn.
class PlainLines final : public LineSink {
 public:
  const TerminalView& view() const { return view_; }

 private:
  Status do_begin(const LiveHead& head) override;
  Status do_show(const LiveFrame& frame) override;

  TerminalView view_;
  double next_s_ = 1;
  double last_s_ = -1;
};

// Shows nothing, and has the totals at the end.
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

  TerminalView view_;
};

// One JSON object a line on standard output: the head, then every frame.
class JsonLines final : public LineSink {
 private:
  Status do_begin(const LiveHead& head) override;
  Status do_show(const LiveFrame& frame) override;
};

}  // namespace isojoule
