#include "app/monitor/terminal_screen.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/file_tree.h"

namespace isojoule {
namespace {

// The other screen, without a cursor and without lines that wrap; and back.
constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";
constexpr std::string_view kLeave = "\x1b[?7h\x1b[?25h\x1b[0m\x1b[?1049l";
constexpr int kFatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

// What a signal's handler needs; written before it can come.
termios mode_before;
volatile std::sig_atomic_t is_entered = 0;
volatile std::sig_atomic_t screen_descriptor = STDOUT_FILENO;  // its descriptor that never waits

extern "C" void on_fatal(int number) {
  give_screen_back();
  std::signal(number, SIG_DFL);
  std::raise(number);
}

}  // namespace

// All calls are safe in a signal's handler (signal-safety(7)). What a terminal that stands still
// has not taken yet is thrown away with Ctrl-S's hold, or the way back would stand behind it.
void give_screen_back() {
  if (is_entered == 0) return;
  is_entered = 0;
  const int output = screen_descriptor;
  pollfd ready{output, POLLOUT, 0};
  if (::poll(&ready, 1, 0) == 0) {
    ::tcflush(output, TCOFLUSH);
    ::tcflow(output, TCOOFF);  // of a terminal held by its key, TCOON alone does nothing
    ::tcflow(output, TCOON);
  }
  ::tcsetattr(STDIN_FILENO, TCSANOW, &mode_before);
  [[maybe_unused]] const ssize_t count = ::write(output, kLeave.data(), kLeave.size());
}

bool is_drawable(int input, int output) {
  const char* const term = std::getenv("TERM");
  if (::isatty(input) == 0 || ::isatty(output) == 0) return false;
  // In a shell's background (&) whoever sets the terminal's mode is stopped.
  return ::tcgetpgrp(input) == ::getpgrp() && term != nullptr && *term != '\0' &&
         std::strcmp(term, "dumb") != 0;
}

bool shows_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* const value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    std::string text = value;
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text.find("utf-8") != std::string::npos || text.find("utf8") != std::string::npos;
  }
  return false;
}

bool shows_colour() {
  const char* const none = std::getenv("NO_COLOR");
  return none == nullptr || *none == '\0';
}

TerminalDisplay::TerminalDisplay() : utf8_(shows_utf8()), colour_(shows_colour()) {}

void TerminalDisplay::leave() {
  if (!entered_) return;
  entered_ = false;
  give_screen_back();
  screen_descriptor = STDOUT_FILENO;
  for (const int number : kFatal) std::signal(number, SIG_DFL);
}

Status TerminalDisplay::enter() {
  if (::tcgetattr(STDIN_FILENO, &mode_before) != 0)
    return tl::unexpected<Error>(error_from_errno(errno, "the terminal", "read"));
  termios raw = mode_before;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  raw.c_cc[VMIN] = 0;
  raw.c_cc[VTIME] = 0;
  raw.c_cc[VSUSP] = _POSIX_VDISABLE;  // a stopped program would leave its screen behind
  screen_descriptor = output_.descriptor();
  is_entered = 1;
  entered_ = true;
  for (const int number : kFatal) std::signal(number, on_fatal);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  return output_.write(kEnter);
}

TerminalSize TerminalDisplay::size() const {
  TerminalSize size{80, 24, utf8_, colour_};
  winsize window{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0 && window.ws_row > 0) {
    size.columns = window.ws_col;
    size.rows = window.ws_row;
  }
  return size;
}

Status TerminalDisplay::draw(const std::vector<std::string>& lines, const TerminalSize& size) {
  drawn_ = size;
  // Cleared before it is written: behind a full line the cursor still stands on its last character.
  std::string text = "\x1b[H";
  for (std::size_t i = 0; i < lines.size(); ++i)
    text += (i == 0 ? "\x1b[K" : "\r\n\x1b[K") + lines[i];
  return output_.write(text + "\x1b[J");
}

bool TerminalDisplay::is_resized() const {
  const TerminalSize now = size();
  return now.columns != drawn_.columns || now.rows != drawn_.rows;
}

std::string TerminalDisplay::keys() {
  pollfd ready{STDIN_FILENO, POLLIN, 0};
  char keys[64];
  std::string pressed;
  if (::poll(&ready, 1, 0) > 0 && (ready.revents & POLLIN) != 0) {
    const ssize_t count = ::read(STDIN_FILENO, keys, sizeof keys);
    if (count > 0) pressed.assign(keys, static_cast<std::size_t>(count));
  }
  gone_ = (ready.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
  return pressed.substr(0, pressed.find('\x1b'));  // an arrow, or a paste: nothing for us
}

Status TerminalScreen::do_begin(const LiveHead& head) {
  view_.begin(head);
  ISOJOULE_CHECK(display_.enter());
  return draw();
}

Status TerminalScreen::draw() {
  const TerminalSize size = display_.size();
  return display_.draw(view_.draw(size), size);
}

Status TerminalScreen::do_show(const LiveFrame& frame) {
  view_.take(frame);
  return display_.has_entered() ? draw() : Status{};
}

bool TerminalScreen::do_look() {
  if (!display_.has_entered()) return false;
  bool is_over = false;
  const std::string keys = display_.keys();
  for (const char key : keys) {
    if (key == 'q' || key == 'Q' || key == '\x04') is_over = true;
    if (key == 'p' || key == 'P' || key == ' ') view_.pause(!view_.is_paused());
    if (key == 'r' || key == 'R') view_.begin_anew();
  }
  // An error is told by the next frame.
  if ((!keys.empty() || display_.is_resized()) && !is_over) static_cast<void>(draw());
  return is_over || display_.is_gone();
}

Status LineSink::write_line(const std::string& line) {
  if (gone_) return {};
  const Status written = output_.write(line + "\n");
  if (written) return {};
  gone_ = true;
  if (output_.has_no_reader()) return {};
  return written;
}

Status PlainLines::do_begin(const LiveHead& head) {
  view_.begin(head);
  for (const std::string& note : head.notes)
    ISOJOULE_CHECK(write_line("note: " + harmless_line(note)));
  return {};
}

Status PlainLines::do_show(const LiveFrame& frame) {
  view_.take(frame);
  if (frame.time_s < next_s_ - 1e-3 || frame.time_s == last_s_) return {};
  next_s_ = std::max(next_s_ + 1, frame.time_s);
  last_s_ = frame.time_s;
  return write_line(view_.plain_line());
}

void PlainLines::do_tell(const std::string& words) {
  static_cast<void>(write_line("attention: " + words));  // an error is told by the next line
}

void TerminalTotals::do_tell(const std::string& words) {
  std::fprintf(stderr, "attention: %s\n", words.c_str());
}

Status JsonLines::do_begin(const LiveHead& head) { return write_line(line_of(to_json(head))); }
Status JsonLines::do_show(const LiveFrame& frame) { return write_line(line_of(to_json(frame))); }

}  // namespace isojoule
