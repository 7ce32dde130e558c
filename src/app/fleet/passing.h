// Which errors of a fleet's server are of the moment.
#pragma once

#include "base/error.h"

namespace isojoule {

// A server that is away, or whose leaders are being elected (fleet/bus.h): the same may succeed
// when it is back.
inline bool passes(ErrorKind kind) { return kind == ErrorKind::timeout || kind == ErrorKind::io; }

}  // namespace isojoule
