#include "cli/fleet_credentials.h"

#include <fmt/format.h>

#include "app/fleet/credentials.h"
#include "base/text.h"

namespace isojoule::cli {
namespace {

void print_users(const CredentialsResult& result) {
  for (const FleetRole role : {FleetRole::board, FleetRole::coordinator, FleetRole::viewer}) {
    std::vector<std::string> names;
    for (const FleetUser& user : result.users)
      if (user.role == role) names.push_back(user.name);
    if (!names.empty()) fmt::print("{:<12} {}\n", name_of(role), join(names, " "));
  }
}

Result<int> make(const CredentialsRequest& request) {
  ISOJOULE_TRY(const CredentialsResult result, make_credentials(request));
  for (const std::string& file : result.made) fmt::print("made {}\n", file);
  if (!result.there.empty()) fmt::print("left as it was: {}\n", join(result.there, " "));
  if (!result.revoked.empty()) fmt::print("revoked: {}\n", join(result.revoked, " "));
  print_users(result);
  fmt::print(
      "the server: cd {} && nats-server -c nats-server.conf   (running: nats-server --signal "
      "reload, twice)\n",
      request.folder);
  if (!result.tls)
    fmt::print(
        "without TLS: whoever is between can read and change what is said, but not the keys; "
        "--tls-hosts HOST makes certificates\n");
  return kDone;
}

}  // namespace

void add_fleet_credentials(CLI::App& fleet, Program& program) {
  auto* command = fleet.add_subcommand(
      "credentials", "Make keys for boards and people, and the server's configuration");
  auto request = std::make_shared<CredentialsRequest>();
  const auto names = [&](const char* option, std::vector<std::string>& to, const char* help) {
    command->add_option(option, to, help)->delimiter(',')->type_name("NAME,...");
  };
  names("--boards", request->boards, "Boards: an agent of this name, its own runs and no others");
  names("--coordinators", request->coordinators, "Who may sweep, drain and ask boards");
  names("--viewers", request->viewers, "Who may see boards and progress, and change nothing");
  names("--revoke", request->revoke, "Names whose keys are worth nothing from now on");
  names("--tls-hosts", request->tls_hosts,
        "Names or addresses of the server: make an authority (ca.pem) and a certificate");
  command->add_option("-o,--output", request->folder, "Folder of the keys and the configuration")
      ->required();
  command->callback([request, &program] { program.action = [request] { return make(*request); }; });
}

}  // namespace isojoule::cli
