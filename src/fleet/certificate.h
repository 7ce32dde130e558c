// Certificates for a fleet's server: an authority of the lab's own, and a certificate of the server
// that it vouches for. X.509 with keys of the curve P-256, all as PEM.
//
// Where the program was built without libnats, and so without libcrypto, ErrorKind::unsupported.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace isojoule::fleet {

struct Certificate {
  std::string certificate, key;  // PEM
};

// May sign certificates, and is nothing else.
Result<Certificate> make_authority(const std::string& name, int days);
// `hosts`: names or addresses by which the server is reached; at least one. Errors: invalid (the
// authority's files, a host).
Result<Certificate> make_server_certificate(const Certificate& authority,
                                            const std::vector<std::string>& hosts, int days);

}  // namespace isojoule::fleet
