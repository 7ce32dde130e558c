// The metrics of a running session: the page, the file, and the port, asked over real sockets.
#include <gtest/gtest.h>

#include <sys/resource.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include "app/http_get.h"
#include "app/live_page.h"
#include "app/metrics_endpoint.h"
#include "report/exposition_check.h"

namespace isojoule::test {
namespace {

namespace fs = std::filesystem;

TEST(MetricsTarget, FilesPortsAndAddresses) {
  EXPECT_EQ(parse_metrics_target("/run/x.prom").value().file, "/run/x.prom");
  EXPECT_EQ(parse_metrics_target("9464").value().address, "127.0.0.1");
  EXPECT_EQ(parse_metrics_target("9464").value().port, 9464);
  EXPECT_EQ(parse_metrics_target("localhost:1").value().address, "127.0.0.1");
  EXPECT_EQ(parse_metrics_target("0.0.0.0:80").value().address, "0.0.0.0");
  EXPECT_EQ(parse_metrics_target("[::1]:80").value().address, "::1");
  for (const char* wrong : {"", "x.txt", ":80", "70000", "-1", "127.0.0.1:", "a:b", ".prom"})
    EXPECT_FALSE(parse_metrics_target(wrong)) << wrong;
}

LiveSession::State busy_state() {
  LiveSession::State state;
  state.rails = {{"VDD_IN", 4.5, 12.25, 3}, {"VDD_GPU", std::nullopt, 0, 0}};
  state.phase = PhaseKind::inference;
  state.network = "a \"quoted\"\nname";
  state.sequence = 4;
  state.planned = 10;
  state.complete = 3;
  state.failed = 1;
  state.inference_s = 0.025;
  state.faults[Counter::sample_gap] = 2;
  return state;
}

TEST(LivePage, FollowsTheFormatAndWhatIsNotKnownIsAbsent) {
  const std::string page = live_page(busy_state(), {"jetson-nano", "twin", true, 1.5e9}, true);
  const ExpositionReader reader(page);
  EXPECT_EQ(reader.faults(), std::vector<std::string>{}) << page;
  EXPECT_EQ(reader.find("isojoule_power_watts", {})->value, 4.5);
  EXPECT_EQ(reader.find("isojoule_energy_joules_total", {})->value, 12.25);
  EXPECT_EQ(reader.find("isojoule_readings_total", {{"rail", "VDD_GPU"}})->value, 0);
  EXPECT_EQ(reader.find("isojoule_phase_active", {{"phase", "inference"}})->value, 1);
  EXPECT_EQ(reader.find("isojoule_phase_active", {{"phase", "idle"}})->value, 0);
  EXPECT_EQ(reader.find("isojoule_run_active_info", {})->labels.at("network"),
            "a \"quoted\"\nname");
  EXPECT_EQ(reader.find("isojoule_runs_total", {{"state", "failed"}})->value, 1);
  EXPECT_EQ(reader.find("isojoule_data_faults_total", {{"counter", "sample_gap"}})->value, 2);
  EXPECT_EQ(reader.find("isojoule_session_running", {})->value, 1);
  const ExpositionReader over(live_page(busy_state(), {"jetson-nano", "twin", true, 0}, false));
  EXPECT_EQ(over.find("isojoule_session_running", {})->value, 0);
  EXPECT_EQ(over.find("isojoule_phase_active", {{"phase", "inference"}})->value, 0);
  EXPECT_EQ(over.find("isojoule_run_active_info", {}), nullptr);
  EXPECT_EQ(over.find("isojoule_power_watts", {}), nullptr);  // nobody reads it any more
  EXPECT_EQ(over.find("isojoule_energy_joules_total", {})->value, 12.25);
}

TEST(LivePage, SplitsTheEnergyByPhase) {
  LiveSession::State state = busy_state();
  state.rails[0].phase_energy_j = {{"inference", 10}, {"none", 2.25}};
  const std::string page = live_page(state, {"jetson-nano", "twin", true, 1.5e9}, true);
  const ExpositionReader reader(page);
  EXPECT_EQ(reader.faults(), std::vector<std::string>{}) << page;
  const auto joules = [&](const std::string& phase) {
    return reader.find("isojoule_energy_joules_total", {{"rail", "VDD_IN"}, {"phase", phase}})
        ->value;
  };
  EXPECT_EQ(joules("inference") + joules("none"), 12.25);
  EXPECT_EQ(reader.find("isojoule_energy_joules_total", {{"rail", "VDD_GPU"}}), nullptr);
}

TEST(HttpAnswer, OneMethodOnePage) {
  int asked = 0;
  const auto page = [&asked] {
    ++asked;
    return std::string("x 1\n");
  };
  EXPECT_TRUE(
      http_answer("GET /metrics HTTP/1.1\r\n\r\n", page).starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(body_of(http_answer("GET /metrics?x=1 HTTP/1.0\n\n", page)), "x 1\n");
  const std::string head = http_answer("HEAD /metrics HTTP/1.1\r\n\r\n", page);
  EXPECT_NE(head.find("Content-Length: 4\r\n"), std::string::npos);
  EXPECT_EQ(body_of(head), "");
  EXPECT_EQ(asked, 3);
  // As a proxy asks; and a query that looks like it.
  EXPECT_EQ(body_of(http_answer("GET http://board:9464/metrics HTTP/1.1\r\n\r\n", page)), "x 1\n");
  EXPECT_EQ(body_of(http_answer("GET /metrics?a=http://b/c HTTP/1.1\r\n\r\n", page)), "x 1\n");
  EXPECT_EQ(asked, 5);
  EXPECT_TRUE(http_answer("GET http://board HTTP/1.1\r\n\r\n", page).starts_with("HTTP/1.1 404"));
  EXPECT_TRUE(http_answer("GET /other HTTP/1.1\r\n\r\n", page).starts_with("HTTP/1.1 404"));
  EXPECT_TRUE(http_answer("POST /metrics HTTP/1.1\r\n\r\n", page).starts_with("HTTP/1.1 405"));
  for (const char* broken : {"", "\r\n\r\n", "GET\r\n\r\n", "GET /metrics\r\n\r\n",
                             "GET /metrics FTP/1\r\n\r\n", " /metrics HTTP/1.1\r\n\r\n"})
    EXPECT_TRUE(http_answer(broken, page).starts_with("HTTP/1.1 400")) << broken;
  EXPECT_EQ(asked, 5);
}

TEST(MetricsEndpoint, ThePortIsAnsweredUntilTheEnd) {
  auto endpoint = MetricsEndpoint::open("0");
  ASSERT_TRUE(endpoint) << to_string(endpoint.error());
  const std::uint16_t port = port_of_url((*endpoint)->where());
  EXPECT_GT(port, 0);
  std::atomic<int> asked{0};
  ASSERT_TRUE((*endpoint)->begin([&](bool running) {
    ++asked;
    return "x " + std::string(running ? "1" : "0") + "\n";
  }));
  const std::string answer = http_get(port);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_NE(answer.find("text/plain; version=0.0.4"), std::string::npos);
  EXPECT_EQ(body_of(answer), "x 1\n");
  // One that says nothing does not keep the others waiting, nor the end.
  const int silent = connect_to(port);
  ASSERT_GE(silent, 0);
  EXPECT_EQ(body_of(http_get(port)), "x 1\n");
  EXPECT_TRUE(http_request(port, std::string(8193, 'x')).starts_with("HTTP/1.1 431"));
  // What is too long is answered too, although most of it is never looked at.
  EXPECT_TRUE(http_request(port, std::string(200'000, 'x')).starts_with("HTTP/1.1 431"));
  EXPECT_TRUE(http_get(port, "/").starts_with("HTTP/1.1 200"));
  (*endpoint)->end();
  EXPECT_EQ(asked, 2);
  ::close(silent);
}

TEST(MetricsEndpoint, ManyThatSayNothingDoNotKeepOutOneThatAsks) {
  auto endpoint = MetricsEndpoint::open("0");
  ASSERT_TRUE(endpoint);
  const std::uint16_t port = port_of_url((*endpoint)->where());
  ASSERT_TRUE((*endpoint)->begin([](bool) { return std::string("x 1\n"); }));
  std::vector<int> silent;
  for (int i = 0; i < 40; ++i) silent.push_back(connect_to(port));
  const int one = connect_to(port);
  ASSERT_GE(one, 0);
  const timeval patience{3, 0};  // less than the page has with those
  ASSERT_EQ(::setsockopt(one, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
  const std::string request = "GET /metrics HTTP/1.0\r\n\r\n";
  ASSERT_GT(::send(one, request.data(), request.size(), MSG_NOSIGNAL), 0);
  char answer[64] = {};
  EXPECT_GT(::recv(one, answer, sizeof answer - 1, 0), 0);
  EXPECT_TRUE(std::string(answer).starts_with("HTTP/1.1 200")) << answer;
  for (const int socket : silent) ::close(socket);
  ::close(one);
}

// Every descriptor is taken: nobody can be let in until one is free, and the page does not spin.
TEST(MetricsEndpoint, WithoutADescriptorItWaits) {
  auto endpoint = MetricsEndpoint::open("0");
  ASSERT_TRUE(endpoint);
  const std::uint16_t port = port_of_url((*endpoint)->where());
  ASSERT_TRUE((*endpoint)->begin([](bool) { return std::string("x 1\n"); }));
  const int waiting = connect_to(port);  // is let in, or is not: it says nothing
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const int mine = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  rlimit none = before;
  none.rlim_cur = 3;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  ASSERT_TRUE(connect_socket(mine, port));
  const auto cpu = [] { return std::clock() / static_cast<double>(CLOCKS_PER_SEC); };
  const double cpu_before = cpu();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_LT(cpu() - cpu_before, 0.15);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  const std::string request = "GET /metrics HTTP/1.0\r\n\r\n";
  ASSERT_GT(::send(mine, request.data(), request.size(), MSG_NOSIGNAL), 0);
  char answer[64] = {};
  EXPECT_GT(::recv(mine, answer, sizeof answer - 1, 0), 0);
  EXPECT_TRUE(std::string(answer).starts_with("HTTP/1.1 200")) << answer;
  ::close(mine);
  ::close(waiting);
}

TEST(MetricsEndpoint, ABusyPortIsToldBeforeAnythingIsMeasured) {
  const auto first = MetricsEndpoint::open("0");
  ASSERT_TRUE(first);
  const auto second =
      MetricsEndpoint::open("127.0.0.1:" + std::to_string(port_of_url((*first)->where())));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::busy);
  EXPECT_FALSE(MetricsEndpoint::open("name.example:9464"));
  EXPECT_FALSE(MetricsEndpoint::open("192.0.2.1:0"));  // none of this machine's (RFC 5737)
}

TEST(MetricsEndpoint, TheFileIsWrittenAtOnceAndStaysWithTheLastState) {
  std::string folder = (fs::temp_directory_path() / "isojoule-metrics-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const std::string path = folder + "/session.prom";
  auto endpoint = MetricsEndpoint::open(path);
  ASSERT_TRUE(endpoint) << to_string(endpoint.error());
  std::atomic<int> asked{0};
  ASSERT_TRUE((*endpoint)->begin([&](bool running) {
    ++asked;
    return "running " + std::to_string(running) + "\n";
  }));
  (*endpoint)->end();
  EXPECT_GE(asked, 1);
  EXPECT_FALSE((*endpoint)->problem());
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), "running 0\n");
  // Its folder goes: the session goes on, and at the end it is told.
  auto lost = MetricsEndpoint::open(path);
  ASSERT_TRUE(lost);
  fs::remove_all(folder);
  ASSERT_TRUE((*lost)->begin([](bool) { return std::string(); }));
  (*lost)->end();
  ASSERT_TRUE((*lost)->problem());
  EXPECT_EQ((*lost)->problem()->kind, ErrorKind::not_found);
  EXPECT_FALSE(MetricsEndpoint::open(path));
}

}  // namespace
}  // namespace isojoule::test
