#include <fmt/format.h>

#include "app/fleet/credentials.h"
#include "fleet/name.h"

namespace isojoule {
namespace {

constexpr const char* kAccount = "ISOJOULE";

std::string account_of(const FleetUser& user) {
  return fmt::format("{}_{}", name_of(user.role), user.name);
}

std::string stream_of(const char* bucket) { return std::string("KV_") + bucket; }

const std::vector<std::string>& all_buckets() {
  static const std::vector<std::string> names = {
      stream_of(fleet::kCards),   stream_of(fleet::kPulses), stream_of(fleet::kOrders),
      stream_of(fleet::kStudies), stream_of(fleet::kJoins),  stream_of(fleet::kTroubles)};
  return names;
}

// What the account of isojoule's serves to others; an import names a part of it.
std::vector<std::string> served() {
  return {"$JS.API.INFO",
          "$JS.API.STREAM.INFO.*",
          "$JS.API.STREAM.MSG.GET.*",
          "$JS.API.DIRECT.GET.>",
          "$JS.API.CONSUMER.INFO.*.*",
          "$JS.API.CONSUMER.NAMES.*",
          "$JS.API.CONSUMER.CREATE.>",
          "$JS.API.CONSUMER.DELETE.*.*",
          "$JS.ACK.>",
          "isojoule.run.>",
          "isojoule.object.>",
          "$KV.>"};
}

// The message of a subject that came last, and of buckets all, one after the other.
void add_reading(const std::string& stream, std::vector<std::string>& subjects) {
  for (const char* verb : {"STREAM.MSG.GET.", "DIRECT.GET.", "CONSUMER.CREATE."})
    subjects.push_back("$JS.API." + (verb + stream));
  for (const char* verb : {"DIRECT.GET.", "CONSUMER.CREATE."})
    subjects.push_back("$JS.API." + (verb + stream) + ".>");
  for (const char* verb : {"CONSUMER.INFO.", "CONSUMER.MSG.NEXT.", "CONSUMER.DELETE."})
    subjects.push_back("$JS.API." + (verb + stream) + ".*");
}

// Looking at it: the buckets, and how much there is of the rest.
std::vector<std::string> of_viewer() {
  std::vector<std::string> subjects = {"$JS.API.INFO"};
  for (const char* stream : {fleet::kBlocks, fleet::kRuns, fleet::kObjects})
    subjects.push_back("$JS.API.STREAM.INFO." + std::string(stream));
  for (const std::string& stream : all_buckets()) {
    subjects.push_back("$JS.API.STREAM.INFO." + stream);
    add_reading(stream, subjects);
  }
  subjects.push_back(fmt::format("$JS.API.CONSUMER.INFO.{}.*", fleet::kBlocks));
  return subjects;
}

std::vector<std::string> of_board(const std::string& name) {
  std::vector<std::string> subjects = of_viewer();
  const std::string objects = fleet::kObjects;
  for (const std::string& more :
       {"$JS.API.STREAM.MSG.GET." + objects, "$JS.API.DIRECT.GET." + objects,
        "$JS.API.DIRECT.GET." + objects + ".>",
        fmt::format("$JS.API.CONSUMER.NAMES.{}", fleet::kBlocks),
        fmt::format("$JS.API.CONSUMER.MSG.NEXT.{}.*", fleet::kBlocks),
        fmt::format("$JS.ACK.{}.>", fleet::kBlocks), "isojoule.run." + name + ".>",
        "isojoule.object." + name + ".>", fmt::format("$KV.{}.{}", fleet::kCards, name),
        fmt::format("$KV.{}.{}", fleet::kPulses, name),
        fmt::format("$KV.{}.*.{}", fleet::kJoins, name), fmt::format("$KV.{}.>", fleet::kTroubles)})
    subjects.push_back(more);
  return subjects;
}

std::string users_line(const FleetUser& user) {
  return fmt::format("      {{ nkey: {} }}  # {}\n", user.key, user.name);
}

std::string main_account(const std::vector<FleetUser>& users) {
  std::string text = fmt::format(
      "  # Streams and buckets of isojoule, and who may do everything with them: coordinators.\n"
      "  {} {{\n    jetstream: enabled\n    users: [\n",
      kAccount);
  for (const FleetUser& user : users)
    if (user.role == FleetRole::coordinator) text += users_line(user);
  text += "    ]\n    exports: [\n";
  for (const std::string& subject : served())
    text += fmt::format("      {{ service: \"{}\" }}\n", subject);
  text +=
      "      # One question, several answers.\n"
      "      { service: \"$JS.API.CONSUMER.MSG.NEXT.*.*\", response: stream }\n    ]\n"
      "    imports: [  # questions to boards (isojoule fleet exec)\n";
  for (const FleetUser& user : users)
    if (user.role == FleetRole::board)
      text += fmt::format("      {{ service: {{ account: {}, subject: \"isojoule.ask.{}\" }} }}\n",
                          account_of(user), user.name);
  return text + "    ]\n  }\n";
}

std::string other_account(const FleetUser& user) {
  const bool board = user.role == FleetRole::board;
  std::string text =
      fmt::format("  {} {{\n    users: [\n{}    ]\n", account_of(user), users_line(user));
  if (board)
    text += fmt::format("    exports: [ {{ service: \"isojoule.ask.{}\", accounts: [{}] }} ]\n",
                        user.name, kAccount);
  text += "    imports: [\n";
  for (const std::string& subject : board ? of_board(user.name) : of_viewer())
    text +=
        fmt::format("      {{ service: {{ account: {}, subject: \"{}\" }} }}\n", kAccount, subject);
  return text + "    ]\n  }\n";
}

}  // namespace

std::string_view name_of(FleetRole role) {
  switch (role) {
    case FleetRole::board: return "board";
    case FleetRole::coordinator: return "coordinator";
    case FleetRole::viewer: return "viewer";
  }
  return "";
}

std::string accounts_text(const std::vector<FleetUser>& users) {
  std::string text =
      "# Written by 'isojoule fleet credentials', anew each time: changes belong into "
      "nats-server.conf,\n# which includes this file. Afterwards: nats-server --signal reload, "
      "twice\n"
      "#\n"
      "# Every board and viewer has an account of its own, into which only what its role needs is\n"
      "# imported. What it publishes elsewhere, or names as the place for an answer, reaches "
      "nobody.\n"
      "accounts {\n  # The server's own events; nobody has its key.\n  SYS { }\n" +
      main_account(users);
  for (const FleetUser& user : users)
    if (user.role != FleetRole::coordinator) text += other_account(user);
  return text + "}\nsystem_account: SYS\n";
}

std::string server_text(bool tls) {
  const std::string tls_text =
      tls ? "tls {\n  cert_file: \"server.pem\"\n  key_file: \"server.key\"\n  timeout: 5  # a "
            "loaded board takes its time\n}\n"
          : "# tls { cert_file: \"server.pem\", key_file: \"server.key\" }  # without it, whoever "
            "is between\n# can read and change everything but the keys: isojoule fleet credentials "
            "--tls-hosts\n";
  return "# The server of a fleet. Written once by 'isojoule fleet credentials'; yours to change.\n"
         "# Start it in this folder: nats-server -c nats-server.conf\n"
         "listen: 0.0.0.0:4222\n"
         "server_name: isojoule\n" +
         tls_text +
         "\njetstream {\n"
         "  store_dir: \"jetstream\"  # here; give a path of a disk that is safe\n"
         "  max_mem: 256MB          # isojoule stores nothing in memory\n"
         "  max_file: 20GB          # runs of all studies: then boards keep their runs until there "
         "is room\n"
         "}\n"
         "\n# What one client may take, so that none stops the others.\n"
         "max_payload: 1MB         # larger things go in pieces; a larger message is refused\n"
         "max_connections: 4096    # one a board, one or two a person\n"
         "max_subscriptions: 1024  # of one connection; an agent has fewer than 20\n"
         "max_pending: 64MB        # waiting for one slow reader, who is then cut off\n"
         "write_deadline: \"10s\"\n"
         "ping_interval: \"20s\"    # a board that lost its power is noticed\n"
         "\ninclude \"accounts.conf\"\n";
}

}  // namespace isojoule
