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
termios before;
volatile std::sig_atomic_t is_entered = 0;

// Safe in a signal's handler: write and tcsetattr are (signal-safety(7)).
void give_back() {
  if (is_entered == 0) return;
  is_entered = 0;
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
  [[maybe_unused]] const ssize_t count = ::write(STDOUT_FILENO, kLeave.data(), kLeave.size());
}

extern "C" void on_fatal(int number) {
  give_back();
  std::signal(number, SIG_DFL);
  std::raise(number);
}

// Nothing of it may be lost: a half escape sequence is garbage on the screen.
Status write_screen(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(STDOUT_FILENO, text.data(), text.size());
    if (count > 0)
      text.remove_prefix(static_cast<std::size_t>(count));
    else if (count < 0 && errno == EAGAIN)
      return {};  // a terminal that stands still: the next frame draws everything anew
    else if (count < 0 && errno != EINTR)
      return tl::unexpected<Error>(error_from_errno(errno, "the terminal", "write"));
  }
  return {};
}

}  // namespace

bool is_drawable(int input, int output) {
  const char* const term = std::getenv("TERM");
  return ::isatty(input) != 0 && ::isatty(output) != 0 && term != nullptr && *term != '\0' &&
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

TerminalScreen::TerminalScreen() : utf8_(shows_utf8()), colour_(shows_colour()) {}

TerminalScreen::~TerminalScreen() { leave(); }

void TerminalScreen::leave() {
  if (!entered_) return;
  entered_ = false;
  give_back();
  for (const int number : kFatal) std::signal(number, SIG_DFL);
}

Status TerminalScreen::do_begin(const LiveHead& head) {
  view_.begin(head);
  if (::tcgetattr(STDIN_FILENO, &before) != 0)
    return tl::unexpected<Error>(error_from_errno(errno, "the terminal", "read"));
  termios raw = before;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  raw.c_cc[VMIN] = 0;
  raw.c_cc[VTIME] = 0;
  raw.c_cc[VSUSP] = _POSIX_VDISABLE;  // a stopped monitor would leave its screen behind
  is_entered = 1;
  entered_ = true;
  for (const int number : kFatal) std::signal(number, on_fatal);
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
  ISOJOULE_CHECK(write_screen(kEnter));
  return draw();
}

TerminalSize TerminalScreen::size() const {
  TerminalSize size{80, 24, utf8_, colour_};
  winsize window{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0 && window.ws_row > 0) {
    size.columns = window.ws_col;
    size.rows = window.ws_row;
  }
  return size;
}

Status TerminalScreen::draw() {
  drawn_ = size();
  std::string screen = "\x1b[H";
  const std::vector<std::string> lines = view_.draw(drawn_);
  for (std::size_t i = 0; i < lines.size(); ++i)
    screen += (i == 0 ? "" : "\r\n") + lines[i] + "\x1b[K";
  return write_screen(screen + "\x1b[J");
}

Status TerminalScreen::do_show(const LiveFrame& frame) {
  view_.take(frame);
  return entered_ ? draw() : Status{};
}

bool TerminalScreen::do_look() {
  if (!entered_) return false;
  bool is_over = false, is_changed = false;
  pollfd ready{STDIN_FILENO, POLLIN, 0};
  char keys[64];
  if (::poll(&ready, 1, 0) > 0 && (ready.revents & POLLIN) != 0) {
    const ssize_t count = ::read(STDIN_FILENO, keys, sizeof keys);
    for (ssize_t i = 0; i < count; ++i) {
      const char key = keys[i];
      if (key == '\x1b') break;  // an arrow, or a paste: nothing for us
      if (key == 'q' || key == 'Q' || key == '\x04') is_over = true;
      if (key == 'p' || key == 'P' || key == ' ') view_.pause(!view_.is_paused());
      if (key == 'r' || key == 'R') view_.begin_anew();
      is_changed = true;
    }
  }
  const TerminalSize now = size();
  is_changed = is_changed || now.columns != drawn_.columns || now.rows != drawn_.rows;
  // An error is told by the next frame.
  if (is_changed && !is_over) static_cast<void>(draw());
  // A terminal that has gone.
  return is_over || (ready.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

Status LineSink::write_line(const std::string& line) {
  if (gone_) return {};
  if (std::fwrite(line.data(), 1, line.size(), stdout) == line.size() &&
      std::fputc('\n', stdout) != EOF && std::fflush(stdout) == 0)
    return {};
  const int number = errno;
  gone_ = true;
  if (number == EPIPE) return {};
  return tl::unexpected<Error>(error_from_errno(number, "standard output", "write"));
}

Status PlainLines::do_begin(const LiveHead& head) {
  view_.begin(head);
  for (const std::string& note : head.notes) ISOJOULE_CHECK(write_line("note: " + note));
  return {};
}

Status PlainLines::do_show(const LiveFrame& frame) {
  view_.take(frame);
  if (frame.time_s < next_s_ - 1e-3 || frame.time_s == last_s_) return {};
  next_s_ = std::max(next_s_ + 1, frame.time_s);
  last_s_ = frame.time_s;
  return write_line(view_.plain_line());
}

Status JsonLines::do_begin(const LiveHead& head) { return write_line(line_of(to_json(head))); }
Status JsonLines::do_show(const LiveFrame& frame) { return write_line(line_of(to_json(frame))); }

}  // namespace isojoule
