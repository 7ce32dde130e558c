// What a live view costs the program that is watched: sampling three INA3221 rails (files in tmpfs)
// at 1 kHz and publishing ten frames a second, with nobody, with clients that read, and with
// clients that connect and read nothing.
//
// The clients are processes of their own (or real browsers), so that the processor time of this one
// is the sampler's and the server's alone. The ways take turns of a few seconds, again and again,
// so that a drift of the machine falls on all alike. No figure here is a test.
//
//   isojoule-live-view-bench [--seconds S] [--rounds N] [--clients N] [--browser /usr/bin/chromium]
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "app/http_get.h"
#include "app/http_server.h"
#include "app/live_view.h"
#include "base/clock.h"
#include "base/subprocess.h"
#include "board/board.h"
#include "experiment/live_session.h"
#include "experiment/sampler.h"
#include "ina_files.h"

namespace {

using namespace isojoule;

constexpr Duration kSampling = Duration::milliseconds(1);
constexpr Duration kFrame = Duration::milliseconds(100);
const std::string kAsk = "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n";

// ---- the watched program ------------------------------------------------------------------------

struct Seen {
  std::vector<std::int64_t> late_ns;  // of the sampler's ticks
  std::int64_t cpu_ns = 0;            // of the whole process
  double seconds = 0;
  long most_kb = 0;   // resident memory at the end of a turn
  int listeners = 0;  // streams open at the end of the last turn
};

// The real clock; notes how late the ticks of the sampler come.
class LateClock final : public Clock {
 public:
  Seen* seen = nullptr;  // of the present turn; set before ticks begin

 private:
  Instant do_now() override { return real_->now(); }
  void do_sleep_until(Instant deadline) override { real_->sleep_until(deadline); }
  std::unique_ptr<Ticker> do_every(Duration period, std::function<void(Instant)> tick) override {
    return real_->every(period, [this, tick = std::move(tick)](Instant due) {
      seen->late_ns.push_back((real_->now() - due).ns);
      tick(due);
    });
  }
  bool do_is_virtual() const override { return false; }
  std::unique_ptr<Clock> real_ = make_real_clock();
};

// As app/monitor/live_frame.h has them, with the watches of a Jetson Nano.
std::string head_text() {
  nlohmann::json head = {{"schema", 1},
                         {"event", "head"},
                         {"board", "bench"},
                         {"release", ""},
                         {"version", "bench"},
                         {"simulated", true},
                         {"start_unix_s", 1.7e9},
                         {"sampling_period_s", 0.001},
                         {"frame_period_s", 0.1},
                         {"total", "RAIL1"},
                         {"notes", nlohmann::json::array()}};
  for (const char* rail : {"RAIL1", "RAIL2", "RAIL3", "total"})
    head["rails"].push_back({{"name", rail}, {"parent", ""}, {"what", ""}, {"sensor", "ina3221"}});
  for (int i = 0; i < 6; ++i)
    head["watches"].push_back(
        {{"name", "clock" + std::to_string(i)}, {"kind", "clock"}, {"unit", "Hz"}});
  return head.dump();
}

std::string frame_text(const LiveSession::State& state, std::int64_t number) {
  nlohmann::json frame = {{"schema", 1},
                          {"event", "frame"},
                          {"number", number},
                          {"time_s", 0.1 * static_cast<double>(number + 1)},
                          {"phase", "inference"},
                          {"watches", {921.6e6, 1.4784e9, 1.6e9, 1.4784e9, 1.4784e9, 1.4784e9}},
                          {"counters", {{"sample_gap", 3}}},
                          {"throttled", false},
                          {"late_s", 0.0001},
                          {"cost_percent", 2.5}};
  for (const auto& rail : state.rails) {
    const double power = rail.power_w.value_or(0);
    frame["power_w"].push_back(power);
    frame["least_w"].push_back(power);
    frame["most_w"].push_back(power);
    frame["energy_j"].push_back(rail.energy_j);
  }
  return frame.dump();
}

std::int64_t own_cpu_ns() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

long resident_kb() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("VmRSS:")) return std::atol(line.c_str() + 6);
  return 0;
}

struct Program {
  std::unique_ptr<FileTree> tree;
  LateClock clock;
  std::unique_ptr<HttpServer> server;
  std::uint16_t port = 0;
  std::int64_t number = 0;

  explicit Program(const std::string& root) : tree(make_real_file_tree(root)) {
    auto listening = HttpServer::listen({});
    if (!listening) std::exit(1);
    server = std::move(*listening);
    const std::string url = server->url();
    port = test::port_of_url(url.substr(0, url.size() - 1));
    server->page("/", [] { return live_view_answer(); });
    server->stream("/events", head_text);
    if (!server->start()) std::exit(1);
  }

  void turn(double seconds, Seen& seen) {
    clock.seen = &seen;
    seen.late_ns.reserve(seen.late_ns.size() + static_cast<std::size_t>(seconds * 1100));
    Board board = bench::ina_board(*tree, clock);
    LiveSession live(board);
    Sampler sampler(board, kSampling, Duration::from(Second(seconds + 1)), &live);
    sampler.start();
    const std::int64_t cpu = own_cpu_ns();
    const Instant start = clock.now(), end = start + Duration::from(Second(seconds));
    for (Instant next = start + kFrame; next <= end; next = next + kFrame) {
      clock.sleep_until(next);
      server->publish("/events", frame_text(live.snapshot(), number++));
    }
    seen.cpu_ns += own_cpu_ns() - cpu;
    seen.seconds += (clock.now() - start).seconds().value();
    seen.listeners = server->listeners("/events");
    seen.most_kb = std::max(seen.most_kb, resident_kb());
    sampler.stop();
  }
};

// ---- who watches --------------------------------------------------------------------------------

// A process that goes with this one. `browse` does not return.
pid_t other_process(const std::function<void()>& browse) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::close_range(3, ~0U, 0);  // the server's sockets are not this process's to hold
  browse();
  ::_exit(0);
}

[[noreturn]] void read_events(std::uint16_t port) {
  for (;;) {
    const int socket = test::connect_to(port);
    ::send(socket, kAsk.data(), kAsk.size(), MSG_NOSIGNAL);
    char buffer[65536];
    while (::recv(socket, buffer, sizeof buffer, 0) > 0) {
    }
    ::close(socket);
  }
}

// Connects, asks, and reads nothing; again when it was let go.
[[noreturn]] void stall(std::uint16_t port) {
  for (;;) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), small = 2048;
    ::setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    test::connect_socket(socket, port);
    ::send(socket, kAsk.data(), kAsk.size(), MSG_NOSIGNAL);
    ::sleep(20);
    ::close(socket);
  }
}

[[noreturn]] void browse(const std::string& browser, std::uint16_t port, int i) {
  const std::string profile = fmt::format("/dev/shm/isojoule-live-view-{}-{}", ::getppid(), i);
  const std::string url = fmt::format("http://127.0.0.1:{}/", port);
  if (::freopen("/dev/null", "w", stderr) == nullptr ||
      ::freopen("/dev/null", "w", stdout) == nullptr)
    ::_exit(1);
  ::setpgid(0, 0);
  ::execl(browser.c_str(), browser.c_str(), "--headless=new", "--no-sandbox", "--disable-gpu",
          "--remote-debugging-port=0", ("--user-data-dir=" + profile).c_str(), url.c_str(),
          nullptr);
  ::_exit(1);
}

struct Way {
  std::string name;
  std::function<void(int i)> client;  // in a process of its own
  int clients = 0;
  bool is_browser = false;
  Seen sum = {};
};

void run(Program& program, Way& way, double seconds) {
  std::vector<pid_t> children;
  for (int i = 0; i < way.clients; ++i) children.push_back(other_process([&] { way.client(i); }));
  // Until all are there: a browser takes seconds to start.
  for (int i = 0; i < 600 && program.server->listeners("/events") < way.clients; ++i)
    program.clock.sleep_for(Duration::milliseconds(50));
  if (way.is_browser) program.clock.sleep_for(Duration::milliseconds(3000));
  program.turn(seconds, way.sum);
  for (const pid_t child : children) {
    ::kill(way.is_browser ? -child : child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  for (int i = 0; i < 200 && program.server->listeners("/events") > 0; ++i)
    program.clock.sleep_for(Duration::milliseconds(50));
}

double quantile_us(std::vector<std::int64_t> values, double q) {
  if (values.empty()) return 0;
  const auto at =
      values.begin() + static_cast<std::ptrdiff_t>(q * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return static_cast<double>(*at) * 1e-3;
}

double percent_of_core(const Seen& seen) {
  return 100e-9 * static_cast<double>(seen.cpu_ns) / seen.seconds;
}

std::string word_after(int argc, char** argv, const std::string& flag,
                       const std::string& otherwise) {
  for (int i = 1; i + 1 < argc; ++i)
    if (flag == argv[i]) return argv[i + 1];
  return otherwise;
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = std::atof(word_after(argc, argv, "--seconds", "5").c_str());
  const int rounds = std::atoi(word_after(argc, argv, "--rounds", "4").c_str());
  const int clients = std::atoi(word_after(argc, argv, "--clients", "5").c_str());
  const std::string browser = word_after(argc, argv, "--browser", "");
  const std::string root = fmt::format("/dev/shm/isojoule-live-view-{}", ::getpid());
  bench::write_ina_files(root);
  Program program(root);
  const std::uint16_t port = program.port;
  std::vector<Way> ways = {
      {"nobody", nullptr, 0},
      {fmt::format("{} readers", clients), [port](int) { read_events(port); }, clients},
      {"1 that stalls", [port](int) { stall(port); }, 1},
      {fmt::format("{} that stall", clients), [port](int) { stall(port); }, clients}};
  if (!browser.empty())
    ways.push_back({fmt::format("{} browsers", clients),
                    [browser, port](int i) { browse(browser, port, i); }, clients, true});
  for (int round = 0; round < rounds; ++round)
    for (Way& way : ways) run(program, way, seconds);
  const Seen& base = ways.front().sum;
  fmt::print("{:<16} {:>8} {:>9} {:>10} {:>12} {:>12} {:>10} {:>12}\n", "watched by", "streams",
             "CPU, %", "more, %", "late p50, us", "late p99, us", "p99 ratio", "memory, MiB");
  for (const Way& way : ways)
    fmt::print("{:<16} {:>8} {:>9.2f} {:>10.2f} {:>12.1f} {:>12.1f} {:>10.2f} {:>12.1f}\n",
               way.name, way.sum.listeners, percent_of_core(way.sum),
               percent_of_core(way.sum) - percent_of_core(base), quantile_us(way.sum.late_ns, 0.5),
               quantile_us(way.sum.late_ns, 0.99),
               quantile_us(way.sum.late_ns, 0.99) / quantile_us(base.late_ns, 0.99),
               static_cast<double>(way.sum.most_kb) / 1024);
  std::filesystem::remove_all(root);
  for (int i = 0; i < clients; ++i) std::filesystem::remove_all(fmt::format("{}-{}", root, i));
  return 0;
}
