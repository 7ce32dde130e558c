#include "fleet/bus.h"

namespace isojoule::fleet {

#if defined(ISOJOULE_NATS)

Result<std::unique_ptr<Bus>> connect_nats(const BusOptions& options);  // nats/nats_bus.cc

Result<std::unique_ptr<Bus>> Bus::connect(const BusOptions& options) {
  return connect_nats(options);
}

#else

Result<std::unique_ptr<Bus>> Bus::connect(const BusOptions& /*options*/) {
  return fail(ErrorKind::unsupported, "this program was built without libnats: it knows no fleets",
              "Install libnats-dev and build it again");
}

#endif

}  // namespace isojoule::fleet
