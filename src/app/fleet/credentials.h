// Keys of a fleet's boards and people, and the server's configuration that lets each do its part
// and no more (docs/fleet-security.md).
//
// A folder has: NAME.nk, the secret of each (mode 0600; it may be moved away to where it is used),
// fleet.json, who there is, with public keys, accounts.conf, made of it anew each time, and
// nats-server.conf, which includes it and is written once, for the owner to change.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace isojoule {

enum class FleetRole : std::uint8_t {
  board,        // an agent: its own runs, pulse, card, joins; blocks of every study
  coordinator,  // sweep --fleet, drain, exec: everything of isojoule's
  viewer,       // sees boards and progress, changes nothing
};
std::string_view name_of(FleetRole role);

struct FleetUser {
  std::string name;
  FleetRole role = FleetRole::board;
  std::string key;  // public: "U..."
  bool operator==(const FleetUser&) const = default;
};

// What the server is told: an account of isojoule's with the coordinators, one for each board and
// each viewer, which can do nothing but what is imported. So what a board publishes under a name
// that is not its own, or names as the place for an answer, stays in its own account, and nobody
// hears another's answers.
std::string accounts_text(const std::vector<FleetUser>& users);
// The rest: where it listens, storage, limits, TLS.
std::string server_text(bool tls);

struct CredentialsRequest {
  std::string folder;
  std::vector<std::string> boards, coordinators, viewers;
  std::vector<std::string> revoke;     // names that lose their right
  std::vector<std::string> tls_hosts;  // names or addresses of the server: a certificate for it
};
struct CredentialsResult {
  std::vector<std::string> made;     // files
  std::vector<FleetUser> users;      // all that there are now
  std::vector<std::string> there;    // names that had a key before
  std::vector<std::string> revoked;  // names
  bool tls = false;
};
// Makes what is not there; a key or certificate that is there is never changed. Errors: invalid (a
// name; one name in two roles; nothing asked for), not_found (revoke), parse (fleet.json), exists
// (NAME.nk of somebody unknown), those of files, unsupported (built without libnats).
Result<CredentialsResult> make_credentials(const CredentialsRequest& request);

}  // namespace isojoule
