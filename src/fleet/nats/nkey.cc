#include "fleet/nkey.h"

#include "fleet/nats/connect.h"

namespace isojoule::fleet {

Result<std::string> nkey_of_seed(std::string_view seed) {
  ISOJOULE_TRY(const UserKey key, user_key_of_seed(seed));
  return key.name;
}

}  // namespace isojoule::fleet
