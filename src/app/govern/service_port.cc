#include "app/govern/service_port.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "app/helper/socket.h"
#include "base/file_tree.h"

namespace isojoule {
namespace {

// More at once are refused: each has half a megabyte.
constexpr std::size_t kMostServices = 64;
// In one look: those that are refused and come again at once must not keep us here.
constexpr int kMostAtOnce = 16;
// A thread that took its place in the queue writes it within microseconds, if it is not killed.
constexpr Duration kSlotPatience = Duration::milliseconds(1000);

std::string name_of_peer(int socket) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.pid <= 0)
    return "a service";
  std::ifstream file("/proc/" + std::to_string(peer.pid) + "/comm");
  std::string name;
  std::getline(file, name);
  for (char& c : name)
    if (c < ' ' || c > '~') c = '?';
  return fmt::format("{} (process {})", name.empty() ? "a service" : name, peer.pid);
}

bool has_left(int socket) {
  pollfd ready{socket, POLLIN | POLLRDHUP, 0};
  return ::poll(&ready, 1, 0) > 0 && (ready.revents & (POLLHUP | POLLRDHUP | POLLERR)) != 0;
}

// getgrnam() wants the name service, which a static program does not have.
std::optional<gid_t> group_number(const std::string& name) {
  std::ifstream file("/etc/group");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(name + ":")) continue;
    const std::size_t at = line.find(':', name.size() + 1);
    gid_t number = 0;
    const char* const end = line.data() + line.size();
    if (at == std::string::npos) return std::nullopt;
    if (std::from_chars(line.data() + at + 1, end, number).ec != std::errc()) return std::nullopt;
    return number;
  }
  return std::nullopt;
}

Status open_to_group(const std::string& path, const std::string& group) {
  if (group.empty()) {
    if (::chmod(path.c_str(), 0600) == 0) return {};
    return tl::unexpected<Error>(error_from_errno(errno, path, "chmod"));
  }
  const auto known = group_number(group);
  if (!known)
    return fail(ErrorKind::not_found, "there is no group '" + group + "' here",
                "Look into /etc/group, or leave --group away", path);
  if (::chown(path.c_str(), static_cast<uid_t>(-1), *known) != 0 ||
      ::chmod(path.c_str(), 0660) != 0)
    return tl::unexpected<Error>(error_from_errno(errno, path, "give to group " + group));
  return {};
}

}  // namespace

std::string runtime_folder() {
  if (const char* set = std::getenv("ISOJOULE_RUNTIME"); set != nullptr && *set != '\0') return set;
  if (::geteuid() == 0) return "/run/isojoule";
  if (const char* set = std::getenv("XDG_RUNTIME_DIR"); set != nullptr && *set != '\0')
    return std::string(set) + "/isojoule";
  return "/tmp/isojoule-" + std::to_string(::getuid());
}

std::string usual_service_socket() { return runtime_folder() + "/govern.sock"; }

Status make_runtime_folder(const std::string& folder, bool for_others) {
  std::error_code code;
  std::filesystem::create_directories(std::filesystem::path(folder).parent_path(), code);
  // Root's governors are everybody's to see; a group's members must find the socket.
  const mode_t mode = ::geteuid() == 0 ? 0755 : for_others ? 0711 : 0700;
  if (::mkdir(folder.c_str(), mode) != 0 && errno != EEXIST)
    return tl::unexpected<Error>(error_from_errno(errno, folder, "mkdir"));
  struct stat found {};
  if (::lstat(folder.c_str(), &found) != 0)
    return tl::unexpected<Error>(error_from_errno(errno, folder, "lstat"));
  if (S_ISDIR(found.st_mode) && found.st_uid == ::geteuid() &&
      (found.st_mode & (S_IWGRP | S_IWOTH)) == 0)
    return {};
  return fail(ErrorKind::permission_denied,
              folder + " is not a folder that this user alone may write to",
              "Remove it, or name another one: ISOJOULE_RUNTIME=FOLDER", folder);
}

Result<std::unique_ptr<ServicePort>> ServicePort::open(const std::string& path,
                                                       const std::string& group,
                                                       const ServiceBookOptions& options) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (folder == std::filesystem::path(runtime_folder())) {
    ISOJOULE_CHECK(make_runtime_folder(folder.string(), !group.empty()));
  } else {
    std::error_code code;  // what fails shows itself at the socket
    std::filesystem::create_directories(folder, code);
  }
  std::unique_ptr<ServicePort> port(new ServicePort(options));
  ISOJOULE_TRY(port->listener_, helper::listen_at(path));
  port->path_ = path;
  ISOJOULE_CHECK(open_to_group(path, group));
  return port;
}

ServicePort::~ServicePort() {
  if (listener_) ::unlink(path_.c_str());
}

void ServicePort::do_poll(Instant now) {
  pollfd ready{listener_.get(), POLLIN, 0};
  for (int i = 0; i < kMostAtOnce; ++i) {
    const bool knocks = ::poll(&ready, 1, 0) > 0 && (ready.revents & POLLIN) != 0;
    if (!knocks || !admit(now)) break;
  }
  for (auto guest = guests_.begin(); guest != guests_.end();) {
    // Looked at first: what it said before it left is then in the queue.
    const bool leaves = has_left(guest->second.socket.get());
    take_from(guest->first, guest->second, now);
    if (leaves) book_.leave(guest->first);
    guest = leaves ? guests_.erase(guest) : std::next(guest);
  }
}

bool ServicePort::admit(Instant now) {
  Descriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  // Without descriptors whoever knocks goes on knocking: later.
  if (!socket) return false;
  if (guests_.size() >= kMostServices) return true;
  auto ring = ServiceRing::make();
  if (!ring) return false;
  ring->set_batch_limit(batch_limit_);
  if (!helper::send_some(socket.get(), kGovernHello, ring->descriptor())) return true;
  book_.join(next_, name_of_peer(socket.get()), now);
  guests_.emplace(next_++, Guest{std::move(socket), std::move(*ring)});
  return true;
}

void ServicePort::take_from(std::int64_t id, Guest& guest, Instant now) {
  marks_.clear();
  guest.ring.take(marks_, now, kSlotPatience);
  // Looked at after them: on a busy machine `now` may be long past, and no mark is ahead of time.
  book_.take(id, marks_, guest.ring.take_lost(), std::max(now, real_->now()));
}

ServiceEpoch ServicePort::do_close(Instant now) {
  do_poll(now);
  return book_.close(now);
}

void ServicePort::do_set_batch_limit(std::int64_t most) {
  batch_limit_ = most;
  for (auto& [id, guest] : guests_) guest.ring.set_batch_limit(most);
}

}  // namespace isojoule
