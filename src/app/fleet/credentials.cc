#include "app/fleet/credentials.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/descriptor.h"
#include "base/file_tree.h"
#include "base/text_file.h"
#include "fleet/certificate.h"
#include "fleet/name.h"
#include "fleet/nkey.h"

namespace isojoule {
namespace {

using Json = nlohmann::ordered_json;
constexpr int kAuthorityDays = 3650, kServerDays = 825;
constexpr std::size_t kLargestFleetFile = 16U << 20U;

std::string in(const CredentialsRequest& request, const std::string& name) {
  return (std::filesystem::path(request.folder) / name).string();
}

// A file that was not there, readable by its owner alone from its first byte on.
Status write_secret(const std::string& path, std::string_view text) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file && errno == EEXIST)
    return fail(ErrorKind::exists, path + " is there already, and is never overwritten",
                "Move it away, or name another folder");
  if (!file) return tl::unexpected<Error>(error_from_errno(errno, path, "create"));
  const bool done =
      ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::fsync(file.get()) == 0;
  if (done) return {};
  const int number = errno;
  ::unlink(path.c_str());
  return tl::unexpected<Error>(error_from_errno(number, path, "write"));
}

// ---- fleet.json ----

std::string users_json(const std::vector<FleetUser>& users) {
  Json list = Json::array();
  for (const FleetUser& user : users)
    list.push_back({{"name", user.name}, {"role", name_of(user.role)}, {"key", user.key}});
  return Json{{"format", "isojoule fleet 1"}, {"users", list}}.dump(2) + "\n";
}

Result<FleetUser> user_in(const Json& one) {
  FleetUser user;
  const auto word = [&one](const char* key) {
    const auto at = one.find(key);
    return at != one.end() && at->is_string() ? at->get<std::string>() : std::string();
  };
  user.name = word("name");
  user.key = word("key");
  bool known = false;
  for (const FleetRole role : {FleetRole::board, FleetRole::coordinator, FleetRole::viewer}) {
    if (word("role") != name_of(role)) continue;
    user.role = role;
    known = true;
  }
  // It becomes a part of the server's configuration, where a brace too many would give rights.
  if (!known || !fleet::check_board_name(user.name) || !user.key.starts_with('U') ||
      !fleet::nkey_bytes(user.key))
    return fail(ErrorKind::parse, "a user of it has no name, role or public key");
  return user;
}

Result<std::vector<FleetUser>> read_users(const std::string& path) {
  const auto text = read_text_file(path);
  if (!text && text.error().kind == ErrorKind::not_found) return std::vector<FleetUser>{};
  if (!text) return tl::unexpected<Error>(text.error());
  const auto refuse = [&path](const std::string& why) {
    return fail(ErrorKind::parse, path + ": " + why,
                "Take it from a copy, or begin in another folder");
  };
  const Json json = text->size() <= kLargestFleetFile ? Json::parse(*text, nullptr, false) : Json();
  if (!json.is_object() || json.value("format", "") != "isojoule fleet 1" ||
      !json.contains("users") || !json["users"].is_array())
    return refuse("this is no list of a fleet's users");
  std::vector<FleetUser> users;
  for (const Json& one : json["users"]) {
    auto user = user_in(one);
    if (!user) return refuse(user.error().what);
    users.push_back(std::move(*user));
  }
  return users;
}

// ---- users ----

const FleetUser* find_user(const std::vector<FleetUser>& users, const std::string& name) {
  const auto at = std::find_if(users.begin(), users.end(),
                               [&](const FleetUser& user) { return user.name == name; });
  return at == users.end() ? nullptr : &*at;
}

Status revoke_user(const CredentialsRequest& request, const std::string& name,
                   CredentialsResult& result) {
  if (find_user(result.users, name) == nullptr)
    return fail(ErrorKind::not_found,
                "there is nobody called '" + name + "' in " + in(request, "fleet.json"));
  std::erase_if(result.users, [&](const FleetUser& user) { return user.name == name; });
  // Worthless from now on, and in the way of a new one.
  std::error_code ignored;
  std::filesystem::remove(in(request, name + ".nk"), ignored);
  result.revoked.push_back(name);
  return {};
}

Status add_user(const CredentialsRequest& request, const std::string& name, FleetRole role,
                CredentialsResult& result) {
  ISOJOULE_CHECK(fleet::check_board_name(name));
  if (const FleetUser* there = find_user(result.users, name)) {
    if (there->role != role)
      return fail(ErrorKind::invalid,
                  "'" + name + "' is a " + std::string(name_of(there->role)) + " already",
                  "Choose another name, or --revoke it first");
    result.there.push_back(name);
    return {};
  }
  ISOJOULE_TRY(const fleet::UserKey key, fleet::make_user_key());
  const std::string path = in(request, name + ".nk");
  ISOJOULE_CHECK(write_secret(path, key.seed + "\n"));
  result.made.push_back(path);
  result.users.push_back({name, role, key.name});
  return {};
}

Status change_users(const CredentialsRequest& request, CredentialsResult& result) {
  for (const std::string& name : request.revoke) ISOJOULE_CHECK(revoke_user(request, name, result));
  const std::pair<const std::vector<std::string>*, FleetRole> roles[] = {
      {&request.boards, FleetRole::board},
      {&request.coordinators, FleetRole::coordinator},
      {&request.viewers, FleetRole::viewer}};
  for (const auto& [names, role] : roles)
    for (const std::string& name : *names) ISOJOULE_CHECK(add_user(request, name, role, result));
  return {};
}

// ---- certificates ----

Result<fleet::Certificate> authority_in(const CredentialsRequest& request,
                                        CredentialsResult& result) {
  const std::string path = in(request, "ca.pem"), key_path = in(request, "ca.key");
  if (std::filesystem::exists(path)) {
    fleet::Certificate there;
    ISOJOULE_TRY(there.certificate, read_text_file(path));
    ISOJOULE_TRY(there.key, read_text_file(key_path));
    return there;
  }
  ISOJOULE_TRY(fleet::Certificate made, fleet::make_authority("isojoule fleet", kAuthorityDays));
  ISOJOULE_CHECK(write_secret(key_path, made.key));
  ISOJOULE_CHECK(write_text_file(path, made.certificate));
  result.made.push_back(path);
  result.made.push_back(key_path);
  return made;
}

Status add_certificates(const CredentialsRequest& request, CredentialsResult& result) {
  const std::string path = in(request, "server.pem");
  if (request.tls_hosts.empty() || std::filesystem::exists(path)) return {};
  ISOJOULE_TRY(const fleet::Certificate authority, authority_in(request, result));
  ISOJOULE_TRY(const fleet::Certificate server,
               fleet::make_server_certificate(authority, request.tls_hosts, kServerDays));
  ISOJOULE_CHECK(write_secret(in(request, "server.key"), server.key));
  ISOJOULE_CHECK(write_text_file(path, server.certificate));
  result.made.push_back(path);
  result.made.push_back(in(request, "server.key"));
  return {};
}

}  // namespace

Result<CredentialsResult> make_credentials(const CredentialsRequest& request) {
  if (request.boards.empty() && request.coordinators.empty() && request.viewers.empty() &&
      request.revoke.empty() && request.tls_hosts.empty())
    return fail(ErrorKind::invalid, "nobody is named", "Name some: --boards board-1,board-2");
  std::error_code code;
  std::filesystem::create_directories(request.folder, code);
  if (code) return tl::unexpected<Error>(error_from_errno(code.value(), request.folder, "make"));
  CredentialsResult result;
  ISOJOULE_TRY(result.users, read_users(in(request, "fleet.json")));
  const Status changed = change_users(request, result);
  // Also where the last of several names failed: a key that was made must be known.
  ISOJOULE_CHECK(write_text_file(in(request, "fleet.json"), users_json(result.users)));
  ISOJOULE_CHECK(changed);
  ISOJOULE_CHECK(add_certificates(request, result));
  result.tls = std::filesystem::exists(in(request, "server.pem"));
  ISOJOULE_CHECK(write_text_file(in(request, "accounts.conf"), accounts_text(result.users)));
  const std::string server = in(request, "nats-server.conf");
  if (std::filesystem::exists(server)) return result;
  ISOJOULE_CHECK(write_text_file(server, server_text(result.tls)));
  result.made.push_back(server);
  return result;
}

}  // namespace isojoule
