#include "sensor/tegrastats/live.h"

#include <chrono>
#include <vector>

#include "base/clock.h"
#include "base/subprocess.h"
#include "base/text.h"

namespace isojoule::tegrastats {
namespace {

// /usr/bin since L4T 32; the home folder before.
const std::vector<std::string> kPlaces = {"/usr/bin/tegrastats", "/usr/local/bin/tegrastats",
                                          "/usr/sbin/tegrastats", "/home/nvidia/tegrastats",
                                          "/home/ubuntu/tegrastats"};

}  // namespace

Result<std::string> find_program(const std::string& wanted, FileTree& tree) {
  const std::vector<std::string> places = wanted.empty() ? kPlaces : std::vector{wanted};
  for (const std::string& place : places) {
    if (!tree.exists(place)) continue;
    // Also the question whether this tree is the machine's own. How the tool ends --help does not
    // matter, old ones do not know it.
    auto answer = tree.run({place, "--help"}, Duration::milliseconds(2000));
    if (answer || answer.error().kind == ErrorKind::io || answer.error().kind == ErrorKind::timeout)
      return place;
    answer.error().what = "tegrastats: " + answer.error().what;
    answer.error().remedy = "Give a log instead (options.log)";
    return tl::unexpected<Error>(std::move(answer.error()));
  }
  return fail(
      ErrorKind::not_found, "tegrastats is not installed",
      "It is part of JetPack (package nvidia-l4t-tools); other machines have none. A log of "
      "another board can be given (options.log)",
      "looked for " + join(places, ", "));
}

Live::Live(std::string program, Duration interval)
    : program_(std::move(program)), interval_(interval), thread_([this] { run(); }) {}

Live::~Live() {
  stop_.store(true);
  thread_.join();
}

Result<Live::Stamped> Live::first_line(Duration limit) {
  std::unique_lock lock(mutex_);
  if (changed_.wait_for(lock, std::chrono::nanoseconds(limit.ns),
                        [this] { return first_.has_value(); }))
    return *first_;
  if (!strange_.empty())
    return fail(ErrorKind::parse, program_ + ": prints something else: '" + strange_ + "'",
                "Run it by hand and see what it does", "run " + program_);
  return fail(ErrorKind::timeout,
              program_ + ": printed no line within " + std::to_string(limit.ns / 1'000'000) + " ms",
              "Run it by hand and see what it does", "run " + program_);
}

void Live::follow(Follow follow) {
  const std::lock_guard lock(mutex_);
  follow_ = std::move(follow);
}

void Live::give(Stamped line) {
  const std::lock_guard lock(mutex_);
  if (!first_) {
    first_ = std::move(line);
    changed_.notify_all();
  } else if (follow_) {
    follow_(&line.line, line.at);
  }
}

void Live::give_up(Error error) {
  const std::lock_guard lock(mutex_);
  if (!first_) {
    first_ = tl::unexpected<Error>(std::move(error));
    changed_.notify_all();
  } else if (follow_) {
    follow_(nullptr, make_real_clock()->now());
  }
}

// Whole lines of what has come; the rest waits for its end.
void Live::take(std::string& pending, const std::string& text, Instant at) {
  constexpr std::size_t kLongest = 1 << 16;  // of a program that never ends a line
  pending += text;
  std::size_t begin = 0;
  for (std::size_t end; (end = pending.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string row = trimmed(std::string_view(pending).substr(begin, end - begin));
    auto line = parse_line(row);
    if (line) {
      give({std::move(*line), at});
    } else {
      const std::lock_guard lock(mutex_);
      if (strange_.empty()) strange_ = row.substr(0, 80);
    }
  }
  pending.erase(0, begin);
  if (pending.size() > kLongest) pending.clear();
}

void Live::run() {
  const auto clock = make_real_clock();
  SubprocessOptions options;
  options.command = {program_, "--interval", std::to_string(interval_.ns / 1'000'000)};
  options.output_limit = 1 << 16;
  auto child = Subprocess::start(options);
  if (!child) return give_up(std::move(child.error()));
  std::string pending;
  while (!stop_.load()) {
    const std::string text = (*child)->take_output(clock->now() + Duration::milliseconds(100));
    if (!text.empty()) {
      take(pending, text, clock->now());
      continue;
    }
    if (!(*child)->output_closed()) continue;
    const ExitState how = (*child)->stop(Duration::milliseconds(500));
    Error error;
    error.kind = strange_.empty() ? ErrorKind::io : ErrorKind::parse;
    error.what = program_ + ": ended (" + to_string(how) + ")" +
                 (strange_.empty() ? "" : " after it printed '" + strange_ + "'");
    error.tried = "run " + join(options.command, " ");
    error.remedy = "Run it by hand and see what it says";
    return give_up(std::move(error));
  }
}

}  // namespace isojoule::tegrastats
