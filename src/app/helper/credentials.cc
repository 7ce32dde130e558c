#include "app/helper/credentials.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <sstream>

#include "base/file_tree.h"

namespace isojoule::helper {
namespace {

// Of kernels before 4.13 (JetPack 4 has 4.9).
std::vector<gid_t> groups_of_process(pid_t process) {
  const auto text = make_real_file_tree()->read("/proc/" + std::to_string(process) + "/status");
  std::vector<gid_t> groups;
  if (!text) return groups;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("Groups:")) continue;
    std::istringstream numbers(line.substr(sizeof "Groups:" - 1));
    for (gid_t group = 0; numbers >> group;) groups.push_back(group);
  }
  return groups;
}

}  // namespace

Result<Peer> peer_of(int socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
    return tl::unexpected<Error>(error_from_errno(errno, "the socket", "ask for the peer"));
  Peer peer{credentials.pid, credentials.uid, credentials.gid};
  constexpr std::size_t kMostGroups = 65536;  // NGROUPS_MAX (linux/limits.h)
  peer.groups.resize(64);
  for (;;) {
    size = static_cast<socklen_t>(peer.groups.size() * sizeof(gid_t));
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, peer.groups.data(), &size) == 0) {
      peer.groups.resize(size / sizeof(gid_t));
      return peer;
    }
    if (errno != ERANGE || peer.groups.size() >= kMostGroups) break;
    peer.groups.resize(kMostGroups);
  }
  peer.groups = groups_of_process(peer.process);
  return peer;
}

std::int64_t group_number(const std::string& group_file, const std::string& name) {
  std::istringstream lines(group_file);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(name + ":")) continue;
    const std::size_t begin = line.find(':', name.size() + 1);
    if (begin == std::string::npos) continue;
    std::uint32_t number = 0;
    const char* end = line.data() + line.size();
    const auto parsed = std::from_chars(line.data() + begin + 1, end, number);
    if (parsed.ec == std::errc() && parsed.ptr != end && *parsed.ptr == ':') return number;
  }
  return -1;
}

bool may_use_helper(const Peer& peer) {
  if (peer.user == 0 || peer.user == ::geteuid()) return true;
  const auto groups = make_real_file_tree()->read("/etc/group");
  const std::int64_t wanted = groups ? group_number(*groups, kGroup) : -1;
  if (wanted < 0) return false;
  const auto group = static_cast<gid_t>(wanted);
  return peer.group == group ||
         std::find(peer.groups.begin(), peer.groups.end(), group) != peer.groups.end();
}

}  // namespace isojoule::helper
