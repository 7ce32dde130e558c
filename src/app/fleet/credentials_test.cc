// Keys and accounts against a real nats-server: what each role can do, and what it cannot.
#include "app/fleet/credentials.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/subprocess.h"
#include "base/text_file.h"
#include "fleet/bus.h"
#include "fleet/catalogue.h"
#include "fleet/certificate.h"
#include "fleet/name.h"
#include "fleet/nkey.h"
#include "fleet/object.h"

namespace isojoule {
namespace {

namespace fs = std::filesystem;
using fleet::Bus;

constexpr Duration kSoon = Duration::milliseconds(10'000);
// What is forbidden fails after this; who asks must have come in within it, too.
constexpr Duration kForbidden = Duration::milliseconds(300);

class FolderOfKeys {
 public:
  FolderOfKeys() {
    std::string pattern = (fs::temp_directory_path() / "isojoule-keys-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~FolderOfKeys() { fs::remove_all(path_); }
  FolderOfKeys(const FolderOfKeys&) = delete;
  FolderOfKeys& operator=(const FolderOfKeys&) = delete;
  std::string in(const std::string& name) const { return (path_ / name).string(); }
  std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

std::string nats_server() {
  for (const char* path :
       {"/usr/sbin/nats-server", "/usr/bin/nats-server", "/usr/local/bin/nats-server"})
    if (::access(path, X_OK) == 0) return path;
  return "";
}

// The server with the folder's own nats-server.conf, but on a free port of this machine.
class ServerOfKeys {
 public:
  explicit ServerOfKeys(const FolderOfKeys& folder) {
    const std::string words = "cd '" + folder.path() + "' && exec " + nats_server() +
                              " -c nats-server.conf -a 127.0.0.1 -p -1 --ports_file_dir .";
    SubprocessOptions options;
    options.command = {"/bin/sh", "-c", words};
    auto started = Subprocess::start(options);
    if (!started) return;
    process_ = std::move(*started);
    const std::string ports =
        folder.in("nats-server_" + std::to_string(process_->pid()) + ".ports");
    for (int i = 0; i < 500 && port_.empty(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      const std::string text = read_text_file(ports).value_or("");
      const auto place = text.find("127.0.0.1:");
      if (place != std::string::npos)
        port_ = text.substr(place + 10, text.find('"', place) - place - 10);
    }
  }
  const std::string& port() const { return port_; }
  void reload() const { ::kill(process_->pid(), SIGHUP); }

 private:
  std::unique_ptr<Subprocess> process_;
  std::string port_;
};

Result<std::unique_ptr<Bus>> enter(const ServerOfKeys& server, const std::string& key,
                                   Duration patience = kSoon, const std::string& ca = "") {
  fleet::BusOptions options;
  options.url = (ca.empty() ? "nats://127.0.0.1:" : "tls://127.0.0.1:") + server.port();
  options.credentials = key;
  options.ca = ca == "none" ? "" : ca;
  options.patience = patience;
  return Bus::connect(options);
}

bool can_be_tested() { return !nats_server().empty() && fleet::make_user_key().has_value(); }

// One server for all: a board, another board, a coordinator, a viewer.
class Roles : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!can_be_tested()) return;
    folder_ = std::make_unique<FolderOfKeys>();
    CredentialsRequest request;
    request.folder = folder_->path();
    request.boards = {"board-1", "board-2"};
    request.coordinators = {"lab"};
    request.viewers = {"grafana"};
    ASSERT_TRUE(make_credentials(request).has_value());
    server_ = std::make_unique<ServerOfKeys>(*folder_);
    const auto lab = enter(*server_, folder_->in("lab.nk"));
    ASSERT_TRUE(lab.has_value()) << to_string(lab.error());
    const Status made = fleet::set_up(**lab, 1);
    ASSERT_TRUE(made.has_value()) << to_string(made.error());
  }
  static void TearDownTestSuite() {
    server_.reset();
    folder_.reset();
  }
  void SetUp() override {
    if (!can_be_tested()) GTEST_SKIP() << "skipped: no nats-server, or built without libnats";
    lab_ = as("lab");
    board_ = as("board-1");
    ASSERT_TRUE(lab_ && board_);
  }
  static std::unique_ptr<Bus> as(const std::string& name, Duration patience = kSoon) {
    auto bus = enter(*server_, folder_->in(name + ".nk"), patience);
    EXPECT_TRUE(bus.has_value()) << name << ": " << to_string(bus.error());
    return bus ? std::move(*bus) : nullptr;
  }

  static std::unique_ptr<FolderOfKeys> folder_;
  static std::unique_ptr<ServerOfKeys> server_;
  std::unique_ptr<Bus> lab_, board_;
};
std::unique_ptr<FolderOfKeys> Roles::folder_;
std::unique_ptr<ServerOfKeys> Roles::server_;

#define EXPECT_DONE(expression)                                                        \
  do {                                                                                 \
    const auto done_ = (expression);                                                   \
    EXPECT_TRUE(done_.has_value()) << #expression << ": " << to_string(done_.error()); \
  } while (false)

TEST_F(Roles, ABoardSpeaksForItself) {
  EXPECT_DONE(fleet::set_up(*board_, 1));
  EXPECT_DONE(board_->put(fleet::kCards, "board-1", "card"));
  const auto pulse = board_->put(fleet::kPulses, "board-1", "pulse");
  ASSERT_TRUE(pulse.has_value()) << to_string(pulse.error());
  EXPECT_DONE(board_->update(fleet::kPulses, "board-1", "pulse", *pulse));
  EXPECT_DONE(board_->create(fleet::kJoins, fleet::join_key("s", "board-1"), "join"));
  EXPECT_DONE(board_->put(fleet::kTroubles, fleet::trouble_key("s", 1), "trouble"));
  EXPECT_DONE(board_->list(fleet::kTroubles));
  EXPECT_EQ(lab_->get(fleet::kPulses, "board-1").value().value, "pulse");
  EXPECT_EQ(lab_->get(fleet::kJoins, fleet::join_key("s", "board-1")).value().value, "join");
}

TEST_F(Roles, ABoardTakesABlockAndSendsItsRuns) {
  EXPECT_DONE(lab_->put(fleet::kStudies, "s", "study"));
  EXPECT_DONE(lab_->make_queue(fleet::kBlocks, fleet::lane_queue("s", 0),
                               fleet::lane_filter("s", 0), kSoon));
  EXPECT_DONE(lab_->publish(fleet::block_subject("s", 0, 7), "block"));
  const auto studies = board_->list(fleet::kStudies);
  ASSERT_TRUE(studies.has_value()) << to_string(studies.error());
  EXPECT_EQ(studies->size(), 1U);
  const auto queue = board_->queue(fleet::kBlocks, fleet::lane_queue("s", 0));
  ASSERT_TRUE(queue.has_value()) << to_string(queue.error());
  const auto claim = (*queue)->take(kSoon);
  ASSERT_TRUE(claim.has_value()) << to_string(claim.error());
  ASSERT_TRUE(*claim);
  EXPECT_EQ((*claim)->message().bytes, "block");
  EXPECT_DONE((*claim)->extend());
  EXPECT_DONE(board_->subjects(fleet::kRuns, fleet::block_runs_filter("s", 7)));
  EXPECT_DONE(board_->publish(fleet::run_subject("board-1", "s", 7, 0), "run",
                              {.message_id = "s.0", .expected_last = {}}));
  const auto object = fleet::put_object(*board_, "board-1", std::string(3'000'000, 'x'));
  ASSERT_TRUE(object.has_value()) << to_string(object.error());
  EXPECT_DONE(fleet::get_object(*board_, *object));
  EXPECT_DONE((*claim)->done());
  EXPECT_EQ(lab_->subjects(fleet::kRuns, fleet::study_runs_filter("s")).value().size(), 1U);
  EXPECT_EQ(lab_->queue_state(fleet::kBlocks, fleet::lane_queue("s", 0)).value().waiting, 0U);
}

TEST_F(Roles, ABoardHearsOrdersAndAnswersQuestions) {
  const auto orders = board_->watch(fleet::kOrders, "board-1");
  ASSERT_TRUE(orders.has_value()) << to_string(orders.error());
  EXPECT_DONE(lab_->put(fleet::kOrders, "board-1", "drain"));
  const auto order = (*orders)->next(kSoon);
  ASSERT_TRUE(order.has_value() && *order);
  EXPECT_EQ((**order).value, "drain");
  EXPECT_DONE(board_->answer(fleet::ask_subject("board-1"), [](std::string_view question) {
    return "to " + std::string(question);
  }));
  EXPECT_EQ(lab_->ask(fleet::ask_subject("board-1"), "you", kSoon).value(), "to you");
}

// What is forbidden has nobody who takes it: it fails when the patience is over.
TEST_F(Roles, ABoardMayDoNoMore) {
  EXPECT_DONE(lab_->put(fleet::kPulses, "board-2", "its own"));
  EXPECT_DONE(lab_->publish(fleet::run_subject("board-2", "t", 0, 0), "its own"));
  EXPECT_DONE(lab_->make_queue(fleet::kBlocks, "t_0", fleet::lane_filter("t", 0), kSoon));
  const auto bad = as("board-1", kForbidden);
  ASSERT_TRUE(bad);
  EXPECT_FALSE(bad->publish(fleet::run_subject("board-2", "t", 0, 1), "forged"));
  EXPECT_FALSE(bad->put(fleet::kPulses, "board-2", "forged"));
  EXPECT_FALSE(bad->put(fleet::kCards, "board-2", "forged"));
  EXPECT_FALSE(bad->put(fleet::kJoins, fleet::join_key("t", "board-2"), "forged"));
  EXPECT_FALSE(bad->put(fleet::kOrders, "board-2", "forged"));
  EXPECT_FALSE(bad->put(fleet::kStudies, "t", "forged"));
  EXPECT_FALSE(bad->publish(fleet::block_subject("t", 0, 0), "forged"));
  EXPECT_FALSE(fleet::put_object(*bad, "plan", "forged"));
  EXPECT_FALSE(bad->make_stream({.name = "mine", .subjects = {"mine.>"}}, 1));
  EXPECT_FALSE(bad->make_queue(fleet::kBlocks, "mine", "isojoule.block.>", kSoon));
  EXPECT_FALSE(bad->remove_queue(fleet::kBlocks, "t_0"));
  EXPECT_FALSE(bad->purge(fleet::kRuns, ">"));
  EXPECT_FALSE(bad->read(fleet::kRuns, ">", 0));
  EXPECT_FALSE(bad->last(fleet::kRuns, fleet::run_subject("board-2", "t", 0, 0)));
  EXPECT_FALSE(bad->ask(fleet::ask_subject("board-2"), "you", kForbidden));

  EXPECT_EQ(lab_->subjects(fleet::kRuns, "isojoule.run.board-2.>").value().size(), 1U);
  EXPECT_EQ(lab_->get(fleet::kPulses, "board-2").value().value, "its own");
  EXPECT_FALSE(lab_->get(fleet::kCards, "board-2"));
  EXPECT_FALSE(lab_->get(fleet::kOrders, "board-2"));
  EXPECT_FALSE(lab_->get(fleet::kStudies, "t"));
  EXPECT_TRUE(lab_->subjects(fleet::kBlocks, "isojoule.block.t.>").value().empty());
  EXPECT_TRUE(lab_->subjects(fleet::kObjects, "isojoule.object.plan.>").value().empty());
  EXPECT_DONE(lab_->queue_state(fleet::kBlocks, "t_0"));
}

// An account of its own: what one board says to itself, the other does not hear.
TEST_F(Roles, ABoardHearsNoOther) {
  const auto other = as("board-2", kForbidden);
  ASSERT_TRUE(other);
  EXPECT_DONE(board_->answer("private.question", [](std::string_view) { return "mine"; }));
  EXPECT_EQ(board_->ask("private.question", "?", kSoon).value(), "mine");
  EXPECT_FALSE(other->ask("private.question", "?", kForbidden));
  EXPECT_FALSE(lab_->ask("private.question", "?", kForbidden));
}

TEST_F(Roles, AViewerSeesAndChangesNothing) {
  EXPECT_DONE(lab_->put(fleet::kCards, "board-1", "card"));
  EXPECT_DONE(lab_->make_queue(fleet::kBlocks, "v_0", fleet::lane_filter("v", 0), kSoon));
  const auto viewer = as("grafana", kForbidden);
  ASSERT_TRUE(viewer);
  for (const char* bucket : {fleet::kCards, fleet::kPulses, fleet::kOrders, fleet::kStudies,
                             fleet::kJoins, fleet::kTroubles})
    EXPECT_DONE(as("grafana")->list(bucket));
  EXPECT_DONE(as("grafana")->subjects(fleet::kRuns, ">"));
  EXPECT_DONE(as("grafana")->queue_state(fleet::kBlocks, "v_0"));
  EXPECT_FALSE(viewer->put(fleet::kOrders, "board-1", "drain"));
  EXPECT_FALSE(viewer->put(fleet::kPulses, "grafana", "pulse"));
  EXPECT_FALSE(viewer->publish(fleet::run_subject("grafana", "v", 0, 0), "run"));
  EXPECT_FALSE(viewer->publish(fleet::block_subject("v", 0, 0), "block"));
  EXPECT_FALSE(viewer->ask(fleet::ask_subject("board-1"), "you", kForbidden));
  EXPECT_DONE(lab_->publish(fleet::block_subject("v", 0, 0), "block"));
  const auto queue = viewer->queue(fleet::kBlocks, "v_0");
  if (queue) {
    const auto claim = (*queue)->take(Duration::milliseconds(200));
    EXPECT_TRUE(!claim || !*claim);
  }
  EXPECT_EQ(lab_->queue_state(fleet::kBlocks, "v_0").value().waiting, 1U);
}

TEST_F(Roles, WhoIsUnknownDoesNotComeIn) {
  const auto stranger = fleet::make_user_key();
  ASSERT_TRUE(write_text_file(folder_->in("stranger.nk"), stranger->seed + "\n"));
  for (const std::string& key : {folder_->in("stranger.nk"), std::string()}) {
    const auto bus = enter(*server_, key);
    ASSERT_FALSE(bus.has_value()) << key;
    EXPECT_EQ(bus.error().kind, ErrorKind::permission_denied) << to_string(bus.error());
  }
}

TEST_F(Roles, OneMoreBoardAndOneLess) {
  ASSERT_TRUE(make_credentials({.folder = folder_->path(),
                                .boards = {"board-3"},
                                .coordinators = {},
                                .viewers = {},
                                .revoke = {},
                                .tls_hosts = {}})
                  .has_value());
  std::unique_ptr<Bus> third;
  for (int i = 0; i < 250 && !third; ++i) {
    // nats-server 2.9 gives a new account what it imports at the second call.
    if (i % 25 == 0) server_->reload();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    if (auto bus = enter(*server_, folder_->in("board-3.nk"))) third = std::move(*bus);
  }
  ASSERT_TRUE(third) << "the server was not told of the new board";
  EXPECT_DONE(third->put(fleet::kPulses, "board-3", "pulse"));
  EXPECT_DONE(board_->put(fleet::kPulses, "board-1", "still there"));
  EXPECT_DONE(
      third->answer(fleet::ask_subject("board-3"), [](std::string_view) { return "here"; }));
  EXPECT_EQ(lab_->ask(fleet::ask_subject("board-3"), "?", kSoon).value(), "here");

  const std::string kept = folder_->in("kept.nk");
  fs::copy_file(folder_->in("board-3.nk"), kept);
  ASSERT_TRUE(make_credentials({.folder = folder_->path(),
                                .boards = {},
                                .coordinators = {},
                                .viewers = {},
                                .revoke = {"board-3"},
                                .tls_hosts = {}})
                  .has_value());
  server_->reload();
  bool let_in = true;
  for (int i = 0; i < 250 && let_in; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    let_in = enter(*server_, kept).has_value();
  }
  EXPECT_FALSE(let_in);
}

TEST(Credentials, AKeyIsItsOwnersAndStays) {
  if (!fleet::make_user_key()) GTEST_SKIP() << "skipped: built without libnats";
  const FolderOfKeys folder;
  CredentialsRequest request{.folder = folder.in("lab"),
                             .boards = {"board-1"},
                             .coordinators = {},
                             .viewers = {},
                             .revoke = {},
                             .tls_hosts = {}};
  ASSERT_TRUE(make_credentials(request).has_value());
  struct stat status {};
  ASSERT_EQ(::stat(folder.in("lab/board-1.nk").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  const std::string seed = read_text_file(folder.in("lab/board-1.nk")).value();
  ASSERT_TRUE(write_text_file(folder.in("lab/nats-server.conf"), "# mine\n").has_value());
  request.boards = {"board-1", "board-2"};
  const auto again = make_credentials(request);
  ASSERT_TRUE(again.has_value()) << to_string(again.error());
  EXPECT_EQ(again->there, std::vector<std::string>{"board-1"});
  EXPECT_EQ(again->made, std::vector<std::string>{folder.in("lab/board-2.nk")});
  EXPECT_EQ(read_text_file(folder.in("lab/board-1.nk")).value(), seed);
  EXPECT_EQ(read_text_file(folder.in("lab/nats-server.conf")).value(), "# mine\n");
  // The secrets are nowhere but in their files.
  for (const char* file : {"lab/fleet.json", "lab/accounts.conf"})
    EXPECT_EQ(read_text_file(folder.in(file)).value().find(seed.substr(0, 58)), std::string::npos)
        << file;
}

TEST(Credentials, WhatCannotBeIsRefused) {
  if (!fleet::make_user_key()) GTEST_SKIP() << "skipped: built without libnats";
  const FolderOfKeys folder;
  const auto refused = [&folder](CredentialsRequest request) {
    request.folder = folder.path();
    const auto result = make_credentials(request);
    return result ? std::string() : result.error().what;
  };
  CredentialsRequest request;
  EXPECT_NE(refused(request), "");
  for (const char* name : {"a b", "a.b", "*", ">", "", "../x", "a}", "\xc3\xa4"}) {
    request.boards = {name};
    EXPECT_NE(refused(request), "") << name;
  }
  request.boards = {"x"};
  request.viewers = {"x"};
  EXPECT_NE(refused(request).find("is a board already"), std::string::npos);
  request = {};
  request.revoke = {"nobody"};
  EXPECT_NE(refused(request).find("nobody"), std::string::npos);
  // A list that somebody changed must not become configuration.
  for (
      const char* users :
      {"", "[]", "{\"format\": \"isojoule fleet 1\"}",
       R"({"format": "isojoule fleet 1", "users": [{"name": "a } ]", "role": "board", "key": "U"}]})",
       R"({"format": "isojoule fleet 1", "users": [{"name": "a", "role": "king", "key": "UA5WUJ54Z23KILLCUOUNAKTPBVZWKMQVO4O6EQ5GHLAERIMLLHNCTYM5"}]})"}) {
    ASSERT_TRUE(write_text_file(folder.in("fleet.json"), users).has_value());
    request = {};
    request.boards = {"b"};
    EXPECT_NE(refused(request), "") << users;
    EXPECT_FALSE(fs::exists(folder.in("b.nk"))) << users;
  }
}

// ---- TLS ----

void write_server_certificate(const FolderOfKeys& folder, const std::vector<std::string>& hosts,
                              int days) {
  const fleet::Certificate authority{read_text_file(folder.in("ca.pem")).value(),
                                     read_text_file(folder.in("ca.key")).value()};
  const auto made = fleet::make_server_certificate(authority, hosts, days);
  ASSERT_TRUE(made.has_value()) << to_string(made.error());
  ASSERT_TRUE(write_text_file(folder.in("server.pem"), made->certificate).has_value());
  ASSERT_TRUE(write_text_file(folder.in("server.key"), made->key).has_value());
}

TEST(FleetTls, OnlyTheRightAuthorityAndTheRightHost) {
  if (!can_be_tested()) GTEST_SKIP() << "skipped: no nats-server, or built without libnats";
  const FolderOfKeys folder;
  const auto made = make_credentials({.folder = folder.path(),
                                      .boards = {},
                                      .coordinators = {"lab"},
                                      .viewers = {},
                                      .revoke = {},
                                      .tls_hosts = {"localhost", "127.0.0.1", "::1"}});
  ASSERT_TRUE(made.has_value()) << to_string(made.error());
  EXPECT_TRUE(made->tls);
  const auto other = fleet::make_authority("another", 10);
  ASSERT_TRUE(other.has_value());
  ASSERT_TRUE(write_text_file(folder.in("other.pem"), other->certificate).has_value());
  const std::string key = folder.in("lab.nk"), ca = folder.in("ca.pem");
  {
    const ServerOfKeys server(folder);
    const auto entered = enter(server, key, kSoon, ca);
    ASSERT_TRUE(entered.has_value()) << to_string(entered.error());
    EXPECT_FALSE(enter(server, key, kSoon, folder.in("other.pem")));
    EXPECT_FALSE(enter(server, key, kSoon, "none"));  // the system's authorities
    EXPECT_FALSE(enter(server, key));                 // without TLS
  }
  write_server_certificate(folder, {"localhost", "127.0.0.1"}, 0);  // over
  {
    const ServerOfKeys server(folder);
    EXPECT_FALSE(enter(server, key, kSoon, ca));
  }
  write_server_certificate(folder, {"elsewhere.example"}, 10);
  const ServerOfKeys server(folder);
  EXPECT_FALSE(enter(server, key, kSoon, ca));
}

}  // namespace
}  // namespace isojoule
