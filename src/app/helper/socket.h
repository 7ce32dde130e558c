// Unix stream sockets, as both sides of the helper use them.
#pragma once

#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/error.h"

namespace isojoule::helper {

// Listens at the path with mode 0660; a socket that nobody listens at any more is removed first.
// The caller removes it in the end. Errors: invalid (too long), busy (another program listens), io.
Result<Descriptor> listen_at(const std::string& path);
// Errors: invalid, not_found, permission_denied, io.
Result<Descriptor> connect_to(const std::string& path);

// Sends at once what fits, with `passed` (-1: none) at the first byte; the bytes that were taken.
Result<std::size_t> send_some(int socket, std::string_view bytes, int passed = -1);
struct Received {
  std::string bytes;      // empty: the other side has closed
  Descriptor descriptor;  // where one came along; of several the first
};
// What is there, at most 4 KiB; waits where the socket does. Errors: timeout (nothing there, or for
// as long as SO_RCVTIMEO says), io.
Result<Received> receive_some(int socket);

}  // namespace isojoule::helper
