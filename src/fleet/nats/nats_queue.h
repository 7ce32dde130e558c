#pragma once

#include <memory>
#include <string>

#include "fleet/nats/link.h"

namespace isojoule::fleet {

// Errors: not_found (no such stream or queue). `link` must outlive it and its claims.
Result<std::unique_ptr<Queue>> make_nats_queue(const Link& link, const std::string& stream,
                                               const std::string& queue);

}  // namespace isojoule::fleet
