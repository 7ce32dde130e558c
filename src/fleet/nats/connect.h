// The options of a connection: addresses, credentials, TLS.
#pragma once

#include <string>
#include <vector>

#include "fleet/bus.h"
#include "fleet/nats/handle.h"

namespace isojoule::fleet {

struct ServerAddress {
  std::string url;    // as libnats takes it
  std::string shown;  // without user and password
  bool tls = false;
};
// Errors: invalid.
Result<std::vector<ServerAddress>> server_addresses(const std::string& urls);
std::string shown(const std::vector<ServerAddress>& addresses);

// Errors: invalid (a file that cannot be read or is of another kind).
Result<NatsOptions> nats_options(const BusOptions& options,
                                 const std::vector<ServerAddress>& addresses);

// The public name ("U...") of an nkey seed ("SU..."): base32 of a prefix byte, the Ed25519 key and
// its CRC-16 (https://docs.nats.io/using-nats/developer/connecting/nkey). Errors: invalid.
Result<std::string> nkey_of_seed(std::string_view seed);

}  // namespace isojoule::fleet
