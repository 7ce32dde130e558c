// Who is at the other end of the helper's socket, as the kernel says it.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/error.h"

namespace isojoule::helper {

inline constexpr const char* kGroup = "isojoule";

struct Peer {
  pid_t process = 0;
  uid_t user = 0;
  gid_t group = 0;
  std::vector<gid_t> groups = {};  // the further ones
};

// SO_PEERCRED and SO_PEERGROUPS (unix(7); the groups since Linux 4.13, before that those that
// /proc/PID/status shows): what the process was when it connected. Errors: io.
Result<Peer> peer_of(int socket);

// Root, the user that this process runs as, and members of the group `isojoule`.
bool may_use_helper(const Peer& peer);
// The number of a group in a text like /etc/group; -1: it is not there.
std::int64_t group_number(const std::string& group_file, const std::string& name);

}  // namespace isojoule::helper
