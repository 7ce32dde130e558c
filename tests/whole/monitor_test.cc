// `isojoule monitor` from the outside: its stream, its screen in a real terminal, its recording,
// and a real Prometheus that scrapes it.
#include <gtest/gtest.h>

#include <fcntl.h>
#include <pty.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <thread>

#include "app/http_get.h"
#include "whole/program.h"

namespace isojoule::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::vector<json> lines_of(const std::string& text) {
  std::vector<json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(json::parse(line));
  return lines;
}

std::string text_in(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Monitor, AStreamOfFramesAndARecordingOfTheSame) {
  const Workplace place;
  const std::string study = place.path("live.study");
  const Outcome outcome =
      place.run({"monitor", "--board", "twin:jetson-nano", "--load", "alexnet", "--batch", "4",
                 "--json", "--for", "1500ms", "--period", "10ms", "--record", study});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const std::vector<json> events = lines_of(outcome.out);
  ASSERT_GT(events.size(), 5U);
  const json& head = events.front();
  EXPECT_EQ(head.at("event"), "head");
  EXPECT_TRUE(head.at("simulated").get<bool>());
  ASSERT_EQ(head.at("rails").size(), 4U);  // three and the total
  EXPECT_EQ(head.at("rails").back().at("name"), "total");
  const json &first = events[2], &last = events.back();
  EXPECT_GT(last.at("number").get<int>(), first.at("number").get<int>());
  double before_j = -1;
  std::set<std::string> phases;
  for (std::size_t i = 1; i < events.size(); ++i) {
    const json& frame = events[i];
    ASSERT_EQ(frame.at("event"), "frame");
    ASSERT_EQ(frame.at("power_w").size(), 4U);
    ASSERT_EQ(frame.at("watches").size(), head.at("watches").size());
    phases.insert(frame.at("phase").get<std::string>());
    if (frame.at("energy_j").at(3).is_null()) continue;
    EXPECT_GE(frame.at("energy_j").at(3).get<double>(), before_j);
    before_j = frame.at("energy_j").at(3).get<double>();
  }
  const double watts = before_j / last.at("time_s").get<double>();
  EXPECT_GT(watts, 0.5);
  EXPECT_LT(watts, 15);
  EXPECT_GT(last.at("readings").at(0).get<int>(), 100);
  // What was recorded gives the same energy, by the rules of a measurement: up to the ends, where
  // the monitor has no reading outside.
  const Outcome shown = place.run({"show", study, "--json"});
  ASSERT_EQ(shown.status, 0) << shown.err;
  const json window = json::parse(shown.out).at("runs").at(0).at("windows").at(0);
  EXPECT_EQ(window.at("name"), "monitored");
  EXPECT_NEAR(window.at("duration_s").get<double>(), last.at("time_s").get<double>(), 0.01);
  EXPECT_NEAR(window.at("energy_j").get<double>(), before_j, 0.03 * before_j);
  const Outcome exported =
      place.run({"export", study, "--as", "trace-csv", "-o", place.path("trace")});
  EXPECT_EQ(exported.status, 0) << exported.err;
  const Outcome report =
      place.run({"report", study, "-o", place.path("report.json"), "--format", "json"});
  EXPECT_EQ(report.status, 0) << report.err;
}

TEST(Monitor, WhatCannotBeIsRefused) {
  const Workplace place;
  const auto refused = [&](std::vector<std::string> words, const std::string& why) {
    words.insert(words.begin(), "monitor");
    const Outcome outcome = place.run(words);
    EXPECT_EQ(outcome.status, 2) << why;
    EXPECT_NE(outcome.err.find(why), std::string::npos) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  };
  place.write("there", "x");
  refused({"--load", "alexnet"}, "--load runs a network on a simulated board only");
  refused({"--board", "twin:jetson-nano", "--", "/bin/true"}, "a program cannot run there");
  refused({"--board", "twin:jetson-nano", "--for", "1s", "--record", place.path("there")},
          "is there already");
  refused({"--board", "twin:jetson-nano", "--period", "1us"}, "--period '1us'");
  refused({"--board", "twin:jetson-nano", "--serve", "0.0.0.0:0", "--no-token"},
          "which others can reach");
  refused({"--board", "twin:jetson-nano", "--serve", "nonsense"}, "is no place to serve at");
  EXPECT_EQ(text_in(place.path("there")), "x");
}

TEST(Monitor, AProgramEndsItAndItsPhasesAreTold) {
  const Workplace place;
  const std::string script =
      place.write("program",
                  "#!/bin/sh\necho 'isojoule: begin inference'\nsleep 2\n"
                  "echo 'isojoule: end inference'\necho of the program\nexit 7\n");
  fs::permissions(script, fs::perms::owner_all);
  const Outcome outcome = place.run({"monitor", "--json", "--every", "50ms", "--", script});
  EXPECT_EQ(outcome.status, 7) << outcome.err;
  EXPECT_NE(outcome.err.find("of the program"), std::string::npos);
  std::set<std::string> phases;
  for (const json& event : lines_of(outcome.out))
    if (event.at("event") == "frame") phases.insert(event.at("phase").get<std::string>());
  EXPECT_TRUE(phases.contains("inference"));
}

// A terminal of its own, in which the monitor runs.
class Terminal {
 public:
  Terminal(const Workplace& place, const std::vector<std::string>& words, unsigned short columns,
           unsigned short rows) {
    winsize size{rows, columns, 0, 0};
    std::vector<std::string> all = {program_path()};
    all.insert(all.end(), words.begin(), words.end());
    std::vector<char*> argv;
    for (auto& word : all) argv.push_back(word.data());
    argv.push_back(nullptr);
    const std::string home = place.path("cache");
    process_ = ::forkpty(&master_, nullptr, nullptr, &size);
    if (process_ == 0) {
      ::setenv("TERM", "xterm", 1);
      ::setenv("LC_ALL", "C.UTF-8", 1);
      ::setenv("HOME", home.c_str(), 1);
      ::setenv("XDG_CACHE_HOME", home.c_str(), 1);
      ::unsetenv("NO_COLOR");
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    ::fcntl(master_, F_SETFL, O_NONBLOCK);
  }
  ~Terminal() {
    if (process_ > 0) ::kill(process_, SIGKILL), ::waitpid(process_, nullptr, 0);
    ::close(master_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  bool shows(const std::string& text) {
    return becomes_true([&] { return read().find(text) != std::string::npos; });
  }
  const std::string& read() {
    char buffer[4096];
    for (ssize_t count; (count = ::read(master_, buffer, sizeof buffer)) > 0;)
      seen_.append(buffer, static_cast<std::size_t>(count));
    return seen_;
  }
  void forget() { read(), seen_.clear(); }
  void type(const std::string& keys) {
    ASSERT_EQ(::write(master_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }
  void resize(unsigned short columns, unsigned short rows) {
    winsize size{rows, columns, 0, 0};
    ::ioctl(master_, TIOCSWINSZ, &size);
  }
  void signal(int number) { ::kill(process_, number); }
  bool echoes() {
    termios mode{};
    ::tcgetattr(master_, &mode);
    return (mode.c_lflag & ECHO) != 0 && (mode.c_lflag & ICANON) != 0;
  }
  int wait() {
    int status = 0;
    const bool ended = becomes_true([&] {
      read();  // or it waits for us
      return ::waitpid(process_, &status, WNOHANG) == process_;
    });
    if (!ended) return -1;
    process_ = -1;
    read();
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  int master_ = -1;
  pid_t process_ = -1;
  std::string seen_;
};

// Of a screen, the longest line between two line ends, escape sequences left out.
std::size_t widest_line(const std::string& screen) {
  std::size_t widest = 0, width = 0;
  for (std::size_t i = 0; i < screen.size(); ++i) {
    if (screen[i] == '\x1b') {
      const bool is_home = screen.compare(i, 3, "\x1b[H") == 0;
      while (i + 1 < screen.size() && std::isalpha(static_cast<unsigned char>(screen[i])) == 0) ++i;
      if (is_home) width = 0;
    } else if (screen[i] == '\n' || screen[i] == '\r') {
      width = 0;
    } else if ((static_cast<unsigned char>(screen[i]) & 0xC0) != 0x80) {
      widest = std::max(widest, ++width);
    }
  }
  return widest;
}

constexpr const char* kOtherScreen = "\x1b[?1049h";
constexpr const char* kBack = "\x1b[?1049l";

TEST(Monitor, DrawsResizesPausesAndGivesTheScreenBack) {
  const Workplace place;
  Terminal terminal(place, {"monitor", "--board", "twin:jetson-nano"}, 80, 24);
  ASSERT_TRUE(terminal.shows("POM_5V_GPU")) << terminal.read();
  EXPECT_NE(terminal.read().find(kOtherScreen), std::string::npos);
  EXPECT_NE(terminal.read().find("simulated"), std::string::npos);
  EXPECT_FALSE(terminal.echoes());
  terminal.resize(40, 10);
  terminal.forget();
  ASSERT_TRUE(terminal.shows("rail"));
  terminal.forget();
  // A whole frame: forget() may have cut one.
  const auto whole = [&] {
    const std::size_t home = terminal.read().find("\x1b[H");
    return home == std::string::npos ? std::string() : terminal.read().substr(home);
  };
  ASSERT_TRUE(becomes_true([&] { return whole().find("rail") != std::string::npos; }));
  EXPECT_LE(widest_line(whole()), 40U);
  // Behind a full line a terminal still stands on its last character: nothing is cleared there.
  EXPECT_EQ(whole().find("\x1b[K\r"), std::string::npos);
  terminal.type("p");
  ASSERT_TRUE(terminal.shows("paused"));
  terminal.type("p");
  terminal.type("q");
  EXPECT_EQ(terminal.wait(), 0) << terminal.read();
  EXPECT_NE(terminal.read().find(kBack), std::string::npos);
  EXPECT_NE(terminal.read().find("J  mean"), std::string::npos);  // the totals stay
  EXPECT_TRUE(terminal.echoes());
}

TEST(Monitor, CtrlCAndATermGiveTheScreenBack) {
  const Workplace place;
  for (const bool by_key : {true, false}) {
    Terminal terminal(place, {"monitor", "--board", "twin:jetson-nano"}, 80, 24);
    ASSERT_TRUE(terminal.shows("POM_5V_GPU"));
    by_key ? terminal.type("\x03") : terminal.signal(SIGTERM);
    EXPECT_EQ(terminal.wait(), 0);
    EXPECT_NE(terminal.read().find(kBack), std::string::npos);
    EXPECT_TRUE(terminal.echoes());
  }
}

TEST(Monitor, AHeldTerminalHoldsNobodyUpAndIsGivenBack) {
  const Workplace place;
  Terminal terminal(place, {"monitor", "--board", "twin:jetson-nano"}, 80, 24);
  ASSERT_TRUE(terminal.shows("POM_5V_GPU"));
  terminal.type("\x13");  // Ctrl-S
  ASSERT_TRUE(becomes_true([&] {
    terminal.forget();
    std::this_thread::sleep_for(std::chrono::milliseconds(400));  // longer than some frames
    return terminal.read().empty();
  }));
  terminal.signal(SIGTERM);
  EXPECT_EQ(terminal.wait(), 0);
  EXPECT_NE(terminal.read().find(kBack), std::string::npos);
  EXPECT_TRUE(terminal.echoes());
}

TEST(Monitor, TwoSignalsAtOnceGiveTheScreenBack) {
  const Workplace place;
  Terminal terminal(place, {"monitor", "--board", "twin:jetson-nano"}, 80, 24);
  ASSERT_TRUE(terminal.shows("POM_5V_GPU"));
  for (const int number : {SIGSTOP, SIGTERM, SIGINT, SIGCONT}) terminal.signal(number);
  EXPECT_GT(terminal.wait(), 128);
  EXPECT_NE(terminal.read().find(kBack), std::string::npos);
  EXPECT_TRUE(terminal.echoes());
}

TEST(Monitor, AProgramThatIsKilledBySegvGivesTheScreenBack) {
  const Workplace place;
  Terminal terminal(place, {"monitor", "--board", "twin:jetson-nano"}, 80, 24);
  ASSERT_TRUE(terminal.shows("POM_5V_GPU"));
  terminal.signal(SIGSEGV);
  EXPECT_NE(terminal.wait(), 0);
  EXPECT_NE(terminal.read().find(kBack), std::string::npos);
  EXPECT_TRUE(terminal.echoes());
}

// The port that a program on our side says it serves at.
std::uint16_t served_port(const Workplace& place, const std::string& word) {
  std::uint16_t port = 0;
  becomes_true([&] {
    const std::string err = text_in(place.path("err"));
    const std::size_t at = err.find(word);
    if (at == std::string::npos || err.find('\n', at) == std::string::npos) return false;
    const std::string line = err.substr(at, err.find('\n', at) - at);
    const std::size_t colon = line.find(':', line.find("127.0.0.1"));
    port = static_cast<std::uint16_t>(std::stoi(line.substr(colon + 1)));
    return true;
  });
  return port;
}

std::uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address);
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(socket);
  return ntohs(address.sin_port);
}

TEST(Monitor, ServesThePageTheStreamAndTheMetricsToWhoHasTheToken) {
  const Workplace place;
  const std::string token = "0123456789abcdef0123456789abcdef";
  place.write("token", token + "\n");
  const pid_t process = place.start({"monitor", "--board", "twin:jetson-nano", "--serve",
                                     "127.0.0.1:0", "--token-file", place.path("token")});
  const std::uint16_t port = served_port(place, "serving: ");
  ASSERT_NE(port, 0);
  ASSERT_TRUE(becomes_true([&] {
    return http_get(port, "/metrics?token=" + token).find("isojoule_power_watts") !=
           std::string::npos;
  }));
  EXPECT_FALSE(http_get(port, "/metrics").starts_with("HTTP/1.1 200"));
  EXPECT_FALSE(http_get(port, "/events").starts_with("HTTP/1.1 200"));
  const int stream = connect_to(port);
  ASSERT_GE(stream, 0);
  const std::string request =
      "GET /events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token + "\r\n\r\n";
  ASSERT_GT(::send(stream, request.data(), request.size(), MSG_NOSIGNAL), 0);
  std::string events;
  char buffer[4096];
  while (events.size() < 6000) {
    const ssize_t count = ::recv(stream, buffer, sizeof buffer, 0);
    if (count <= 0) break;
    events.append(buffer, static_cast<std::size_t>(count));
  }
  ::close(stream);
  EXPECT_NE(events.find("text/event-stream"), std::string::npos);
  EXPECT_NE(events.find("data: {\"board\":\"jetson-nano\""), std::string::npos);
  EXPECT_NE(events.find("\"event\":\"frame\""), std::string::npos);
  ::kill(process, SIGTERM);
  EXPECT_EQ(place.wait(process).status, 0);
}

TEST(Monitor, AReaderThatStandsStillLosesFramesAndHoldsNobodyUp) {
  const Workplace place;
  ASSERT_EQ(::mkfifo(place.path("out").c_str(), 0600), 0);
  const int reader = ::open(place.path("out").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  ::fcntl(reader, F_SETPIPE_SZ, 4096);
  const pid_t process = place.start(
      {"monitor", "--board", "twin:jetson-nano", "--json", "--every", "20ms", "--metrics", "0"});
  const std::uint16_t port = served_port(place, "metrics: ");
  ASSERT_NE(port, 0);
  const auto readings = [&] {
    const std::string page = http_get(port), word = "isojoule_readings_total{";
    const std::size_t at = page.find("} ", std::min(page.find(word), page.size()));
    return at == std::string::npos ? 0 : std::stoi(page.substr(at + 2));
  };
  // 20 readings a second, 50 frames of more than 400 bytes: the pipe has been full for long.
  EXPECT_TRUE(becomes_true([&] { return readings() > 30; }, std::chrono::seconds(30)));
  std::string seen;
  char buffer[4096];
  const auto drain = [&] {
    for (ssize_t count; (count = ::read(reader, buffer, sizeof buffer)) > 0;)
      seen.append(buffer, static_cast<std::size_t>(count));
  };
  drain();
  EXPECT_TRUE(becomes_true([&] { return drain(), seen.size() > 20'000; }));
  ::kill(process, SIGTERM);
  fs::remove(place.path("out"));
  EXPECT_EQ(place.wait(process).status, 0);
  ::close(reader);
  // Lines are whole, whatever was dropped between them.
  const std::vector<json> events = lines_of(seen.substr(0, seen.rfind('\n') + 1));
  ASSERT_GT(events.size(), 2U);
  EXPECT_GT(events.back().at("number").get<std::size_t>(), events.size());
}

TEST(Monitor, ATokenThatWasGivenIsNeitherPrintedNorHandedOn) {
  const Workplace place;
  const std::string token = "0123456789abcdef0123456789abcdef";
  ::setenv("ISOJOULE_TOKEN", token.c_str(), 1);
  const Outcome outcome =
      place.run({"monitor", "--serve", "0", "--", "/bin/sh", "-c", "echo ${ISOJOULE_TOKEN:-none}"});
  ::unsetenv("ISOJOULE_TOKEN");
  EXPECT_EQ(outcome.status, 0);
  EXPECT_NE(outcome.err.find("serving: http://127.0.0.1:"), std::string::npos);
  EXPECT_EQ(outcome.err.find(token), std::string::npos);
  EXPECT_NE(outcome.out.find("none\n"), std::string::npos) << outcome.out;
}

TEST(Monitor, ARecordingThatDidNotBeginLeavesNoFile) {
  const Workplace place;
  const Outcome outcome =
      place.run({"monitor", "--record", place.path("live.study"), "--", "/nonexistent"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(place.files(), std::vector<std::string>{});
}

// A server of Prometheus with a data folder of its own.
class Prometheus {
 public:
  static std::string why_not() {
    for (const char* program : {"/usr/bin/prometheus", "/usr/bin/promtool"})
      if (!fs::exists(program)) return std::string(program) + " is not installed";
    return "";
  }
  // Of a port that another took between our look and its own, it says so and ends: then it is
  // tried with another.
  Prometheus(const Workplace& place, const std::string& config)
      : log_(place.path("prometheus.log")) {
    for (int attempt = 0; attempt < 5 && !is_up_; ++attempt) {
      end();
      port_ = free_port();
      start(place, config);
      becomes_true(
          [&] {
            is_up_ = http_request(port_,
                                  "GET /-/ready HTTP/1.1\r\nHost: localhost\r\n"
                                  "Connection: close\r\n\r\n")
                         .starts_with("HTTP/1.1 200");
            return is_up_ || has_ended();
          },
          std::chrono::seconds(60));
    }
  }
  ~Prometheus() { end(); }
  Prometheus(const Prometheus&) = delete;
  Prometheus& operator=(const Prometheus&) = delete;

  bool is_up() const { return is_up_; }
  std::string log() const { return text_in(log_); }
  // The result's list; empty where there is none yet.
  json query(const std::string& words) const {
    // HTTP/1.0, or a long answer comes in chunks.
    const std::string answer =
        http_request(port_, "GET /api/v1/query?query=" + words +
                                " HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    const json root = json::parse(body_of(answer), nullptr, false);
    if (root.is_discarded() || !root.contains("data")) return json::array();
    return root.at("data").at("result");
  }

 private:
  void start(const Workplace& place, const std::string& config) {
    const std::vector<std::string> words = {
        "/usr/bin/prometheus", "--config.file=" + config,
        "--storage.tsdb.path=" + place.path("data"),
        "--web.listen-address=127.0.0.1:" + std::to_string(port_), "--log.level=error"};
    std::vector<char*> argv;
    for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    process_ = ::fork();
    if (process_ != 0) return;
    const int file = ::open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(file, STDOUT_FILENO);
    ::dup2(file, STDERR_FILENO);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  bool has_ended() {
    if (process_ > 0 && ::waitpid(process_, nullptr, WNOHANG) == process_) process_ = -1;
    return process_ <= 0;
  }
  void end() {
    if (process_ <= 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = -1;
  }

  std::string log_;
  std::uint16_t port_ = 0;
  pid_t process_ = -1;
  bool is_up_ = false;
};

double value_of(const json& result) {
  return result.empty() ? -1 : std::stod(result.at(0).at("value").at(1).get<std::string>());
}

// Two jobs: the page of --metrics, and that of --serve with its token.
std::string scrape_config(const Workplace& place, std::uint16_t open, std::uint16_t guarded,
                          const std::string& token) {
  const auto job = [](const std::string& name, std::uint16_t port, const std::string& more) {
    return "  - job_name: " + name + "\n" + more + "    static_configs:\n" +
           "      - targets: ['127.0.0.1:" + std::to_string(port) + "']\n";
  };
  return place.write(
      "prometheus.yml",
      "global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\nscrape_configs:\n" +
          job("open", open, "") +
          job("guarded", guarded, "    authorization:\n      credentials: " + token + "\n"));
}

TEST(Monitor, ARealPrometheusScrapesItWithAndWithoutAToken) {
  if (const std::string why = Prometheus::why_not(); !why.empty()) GTEST_SKIP() << why;
  const Workplace place;
  const std::string token = "0123456789abcdef0123456789abcdef";
  const pid_t process = place.start({"monitor", "--board", "twin:jetson-nano", "--load", "alexnet",
                                     "--json", "--metrics", "0", "--serve", "127.0.0.1:0",
                                     "--token-file", place.write("token", token)});
  const std::uint16_t port = served_port(place, "metrics: ");
  const std::uint16_t guarded = served_port(place, "serving: ");
  ASSERT_NE(port, 0);
  ASSERT_NE(guarded, 0);
  {
    const Prometheus server(place, scrape_config(place, port, guarded, token));
    ASSERT_TRUE(server.is_up()) << server.log();
    const std::string energy =
        "sum(isojoule_energy_joules_total%7Bjob%3D%22open%22%2Crail%3D%22POM_5V_IN%22%2C"
        "simulated%3D%22true%22%7D)";
    const std::string up = "sum(up)";
    double first = -1;
    ASSERT_TRUE(becomes_true(
        [&] {
          return value_of(server.query(up)) == 2 && (first = value_of(server.query(energy))) > 0;
        },
        std::chrono::seconds(30)))
        << server.log();
    EXPECT_TRUE(becomes_true([&] { return value_of(server.query(energy)) > first; }));
    for (const std::string job : {"open", "guarded"}) {
      const json power =
          server.query("isojoule_power_watts%7Bjob%3D%22" + job + "%22%2Crail%3D%22total%22%7D");
      ASSERT_EQ(power.size(), 1U) << job;
      EXPECT_EQ(power.at(0).at("metric").at("board"), "jetson-nano");
      EXPECT_EQ(power.at(0).at("metric").at("simulated"), "true");
    }
    // From the first scrape on it is known what is monitored.
    EXPECT_TRUE(server.query("isojoule_monitor_info%7Bboard%3D%22%22%7D").empty());
    std::set<std::string> phases;
    for (const json& one : server.query("isojoule_energy_joules_total%7Brail%3D%22total%22%7D"))
      phases.insert(one.at("metric").at("phase").get<std::string>());
    EXPECT_GE(phases.size(), 1U);
    EXPECT_GT(value_of(server.query("isojoule_clock_hertz%7Bclock%3D%22cpu%22%7D")), 1e8);
  }
  // What it scraped keeps promtool's rules of names, too.
  const std::string page = place.write("page", body_of(http_get(port)));
  EXPECT_EQ(std::system(("/usr/bin/promtool check metrics < " + page + " > " + place.path("check") +
                         " 2>&1")
                            .c_str()),
            0)
      << text_in(place.path("check"));
  ::kill(process, SIGTERM);
  EXPECT_EQ(place.wait(process).status, 0);
}

}  // namespace
}  // namespace isojoule::test
