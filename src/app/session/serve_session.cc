#include "app/session/serve_session.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <deque>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/descriptor.h"
#include "base/wall_time.h"
#include "base/whole_file.h"
#include "engine/worker_protocol.h"
#include "isojoule/version.h"
#include "report/window_json.h"

namespace isojoule {
namespace {

// How late the end of a program is seen that left its socket to others.
constexpr Duration kLook = Duration::milliseconds(500);
// What may wait for readings at a time; a client asks one question after the other.
constexpr std::size_t kMostQuestions = 64;
constexpr std::size_t kReceive = 65536;
// The chip's longest window may be seconds; the first reading need not be waited for that long.
constexpr Duration kLongestStart = Duration::milliseconds(1000);

bool is_socket(int descriptor) {
  int type = 0;
  socklen_t size = sizeof(type);
  return ::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

// What the program had open is none of our business: a listening socket would stay taken.
void close_others(int keep) {
  std::vector<int> open;
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", code)) {
    const std::string name = entry.path().filename().string();
    int number = -1;
    std::from_chars(name.data(), name.data() + name.size(), number);
    if (number > STDERR_FILENO && number != keep) open.push_back(number);
  }
  for (const int number : open) ::close(number);  // the folder's own is among them, and closed
}

bool send_line(int to, const std::string& line) {
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t count = ::send(to, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (count > 0)
      rest.remove_prefix(static_cast<std::size_t>(count));
    else if (count < 0 && errno != EINTR)
      return false;
  }
  return true;
}

std::string one_line(const Error& error) {
  std::string text = error.what + (error.remedy.empty() ? "" : ". " + error.remedy);
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  return text;
}

// A request, understood.
struct Plan {
  Duration period, idle;
  std::string report;
};

class Server {
 public:
  Server(Target& target, const SessionRequest& request, Plan plan,
         const std::atomic<bool>& interrupted)
      : target_(target),
        request_(request),
        plan_(std::move(plan)),
        interrupted_(interrupted),
        session_(target.board, plan_.period) {}

  Status serve() {
    start();
    // Told with the wait of its answers, which a client's patience is beside.
    over_ = over_ || !say("isojoule-session 1 " + std::to_string(session_.delay().ns) + "\n");
    if (over_) return {};
    while (goes_on()) {
      wait(now() + kLook);
      answer_due();
      session_.tidy(now());
    }
    session_.close_all(end_.value_or(now()));
    return plan_.report.empty() ? Status{} : write_report();
  }

 private:
  Instant now() { return target_.board.clock->now(); }
  bool say(const std::string& line) const { return send_line(request_.descriptor, line); }
  bool goes_on() const { return !over_ && !interrupted_.load(std::memory_order_relaxed); }

  // Unless the program goes meanwhile.
  void rest(Duration duration) {
    for (const Instant end = now() + duration; goes_on() && now() < end;)
      wait(std::min(end, now() + kLook));
  }

  void start() {
    const Instant begin = now();
    const Duration lead = std::min(session_.delay(), kLongestStart);
    over_ = !say("isojoule-session wait " + std::to_string((lead + plan_.idle).ns) + "\n");
    rest(lead);
    if (plan_.idle.ns <= 0) return;
    rest(plan_.idle);
    session_.take_idle(begin + lead);
  }

  void wait(Instant until) {
    for (const Waiting& one : waiting_) until = std::min(until, one.due);
    const std::int64_t left = std::max<std::int64_t>(0, (until - now()).ns);
    pollfd ready{request_.descriptor, POLLIN, 0};
    const int count = ::poll(&ready, 1, static_cast<int>(left / 1'000'000) + 1);
    if (count > 0)
      receive();
    else if (request_.parent > 0 && ::kill(request_.parent, 0) != 0 && errno == ESRCH)
      over_ = true;
  }

  void receive() {
    const ssize_t count = ::recv(request_.descriptor, buffer_, sizeof(buffer_), MSG_DONTWAIT);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (count <= 0) {
      over_ = true;
      return;
    }
    if (!lines_.append({buffer_, static_cast<std::size_t>(count)})) {
      over_ = true;  // where the next line begins nobody knows
      return;
    }
    while (const std::optional<std::string> line = lines_.next()) take_line(*line);
  }

  void take_line(const std::string& line) {
    if (!is_question(line)) {
      session_.take_line(line, now());
      return;
    }
    const Result<SessionQuestion> question = parse_question(line);
    if (!question || waiting_.size() >= kMostQuestions) {
      over_ = true;
      return;
    }
    if (question->what == SessionQuestion::What::end) {
      end_ = std::min(question->at, now());
      session_.close_all(*end_);
    }
    if (question->what == SessionQuestion::What::window)
      session_.want(question->client, question->id);
    waiting_.push_back({*question, now() + session_.delay()});
  }

  void answer_due() {
    while (!over_ && !waiting_.empty() && waiting_.front().due <= now()) {
      const SessionQuestion question = std::move(waiting_.front().question);
      waiting_.pop_front();
      SessionAnswer told = answer(question);
      // The report is there before the program hears that the session is over.
      if (question.what == SessionQuestion::What::end && !plan_.report.empty()) {
        report_status_ = write_report();
        reported_ = true;
        if (!report_status_) told.remark = one_line(report_status_.error());
      }
      over_ = !say(encode_answer(question.number, told, target_.board.simulated));
    }
  }

  SessionAnswer answer(const SessionQuestion& question) {
    switch (question.what) {
      case SessionQuestion::What::window: return session_.window(question.client, question.id);
      case SessionQuestion::What::name: return session_.named(question.name);
      case SessionQuestion::What::whole:
      case SessionQuestion::What::end: break;
    }
    return session_.whole(end_.value_or(std::min(question.at, now())));
  }

  Status write_report() {
    if (reported_) return report_status_;
    const Instant end = end_.value_or(now());
    if (!end_) target_.board.clock->sleep_for(std::min(session_.delay(), kLongestStart));
    Counters counters;
    const std::vector<WindowEnergy> energies = session_.kept_energies(counters);
    const SessionAnswer whole = session_.whole(end);
    nlohmann::json root = {{"isojoule", ISOJOULE_VERSION},
                           {"board", target_.board.file.name},
                           {"simulated", target_.board.simulated},
                           {"wall_time", wall_time_now()},
                           {"period_s", plan_.period.seconds().value()},
                           {"duration_s", (end - session_.began()).seconds().value()},
                           {"energy_j", json_of(whole.gross.value)},
                           {"energy_u_j", json_of(whole.gross.uncertainty)},
                           {"net_energy_j", json_of(whole.net.value)},
                           {"net_energy_u_j", json_of(whole.net.uncertainty)},
                           {"notes", session_.notes()},
                           {"counters", json_of(counters)}};
    if (!whole.gross.value) root["why_absent"] = whole.gross.why_absent;
    if (!session_.fault().empty()) root["said_what_cannot_be"] = session_.fault();
    add_windows_json(root, session_.all_named(), session_.kept_windows(), energies,
                     session_.began());
    const std::string text =
        root.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    return write_whole_file(plan_.report, [&text](int file) -> Status {
      std::string_view rest = text;
      while (!rest.empty()) {
        const ssize_t count = ::write(file, rest.data(), rest.size());
        if (count < 0 && errno != EINTR) return fail_errno("the session's report", errno);
        if (count > 0) rest.remove_prefix(static_cast<std::size_t>(count));
      }
      return {};
    });
  }

  static tl::unexpected<Error> fail_errno(const std::string& what, int number) {
    return fail(number == ENOSPC ? ErrorKind::disk_full : ErrorKind::io,
                what + " cannot be written", "Choose another place.");
  }

  struct Waiting {
    SessionQuestion question;
    Instant due;
  };

  Target& target_;
  const SessionRequest& request_;
  Plan plan_;
  const std::atomic<bool>& interrupted_;
  SelfSession session_;
  LineBuffer lines_;
  std::deque<Waiting> waiting_;
  std::optional<Instant> end_;
  bool over_ = false, reported_ = false;
  Status report_status_;
  char buffer_[kReceive];
};

Result<Duration> milliseconds(const std::string& text, const std::string& what, double least,
                              double most) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc() && at == end && value >= least && value <= most)
    return Duration::from(Second(value * 1e-3));
  char limits[64];
  std::snprintf(limits, sizeof(limits), "%g to %g", least, most);
  return fail(
      ErrorKind::invalid, what + " of '" + text + "' ms is no number from " + std::string(limits),
      "Look at isojoule_options and the environment's ISOJOULE_PERIOD_MS, ISOJOULE_IDLE_MS");
}

// At the end it would be too late to hear that the report has no place.
Status check_report(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code code;
  if (path.empty()) return {};
  const bool is_there = fs::exists(path, code);
  const fs::path folder = fs::path(path).parent_path();
  const std::string written = is_there && !fs::is_regular_file(path, code) ? path
                              : folder.empty()                             ? "."
                                                                           : folder.string();
  int problem = fs::is_directory(path, code) ? EISDIR : 0;
  if (problem == 0 && ::access(written.c_str(), W_OK) != 0) problem = errno;
  if (problem == 0) return {};
  return tl::unexpected(error_from_errno(problem, "the session's report " + path, "open"));
}

Result<Plan> plan_of(const SessionRequest& request) {
  Plan plan;
  ISOJOULE_TRY(plan.period, milliseconds(request.period_ms, "a sampling period", 0.1, 60'000));
  ISOJOULE_TRY(plan.idle, milliseconds(request.idle_ms, "an idle time", 0, 600'000));
  plan.report = request.report;
  const std::string process = std::to_string(request.parent);
  for (std::size_t at = 0; (at = plan.report.find("%p", at)) != std::string::npos;
       at += process.size())
    plan.report.replace(at, 2, process);
  ISOJOULE_CHECK(check_report(plan.report));
  return plan;
}

Result<std::unique_ptr<Target>> open_real(const Paths& paths, const TargetOptions& options) {
  if (!options.sysroot.empty() && !std::filesystem::is_directory(options.sysroot))
    return fail(ErrorKind::not_found, "the sysroot " + options.sysroot + " is no folder",
                "Look at isojoule_options.sysroot and ISOJOULE_SYSROOT");
  if (options.board.starts_with(kTwinPrefix))
    return fail(ErrorKind::unsupported, "a program takes real time, a twin's clock does not",
                "Mount the twin and name its folder with --sysroot");
  return open_target(paths, options);
}

}  // namespace

Status serve_session(const Paths& paths, const SessionRequest& request,
                     const std::atomic<bool>& interrupted) {
  if (!is_socket(request.descriptor))
    return fail(ErrorKind::invalid,
                "descriptor " + std::to_string(request.descriptor) + " is no socket",
                "'isojoule session' is started by programs that measure themselves: docs/api.md");
  close_others(request.descriptor);
  const Descriptor socket(request.descriptor);
  // Nobody's child: the program's own wait() never meets us. The first process ends at once, and
  // the program waits for that alone.
  const pid_t child = ::fork();
  if (child < 0) return fail(ErrorKind::io, "no process could be made", "Look at ulimit -u.");
  if (child > 0) ::_exit(0);
  ::setsid();
  const auto refuse = [&request](const Error& error) {
    send_line(request.descriptor, "isojoule-session 0\t" + one_line(error) + "\n");
    return Status{};
  };
  auto plan = plan_of(request);
  if (!plan) return refuse(plan.error());
  auto target = open_real(paths, request.target);
  if (!target) return refuse(target.error());
  (*target)->board.release.watches.clear();  // only power is asked for
  return std::make_unique<Server>(**target, request, std::move(*plan), interrupted)->serve();
}

}  // namespace isojoule
