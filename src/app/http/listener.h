// A socket that listens at an address in digits.
#pragma once

#include <cstdint>
#include <string>

#include "base/descriptor.h"
#include "base/error.h"

namespace isojoule {

struct HttpListener {
  Descriptor socket;  // does not wait
  std::string host;   // "127.0.0.1", "[::1]"
  std::uint16_t port = 0;
};
// 127.0.0.0/8 or ::1; false for what is no address.
bool is_loopback_address(const std::string& address);

// Port 0: any that is free. Errors: invalid (the address), busy (the port is taken),
// permission_denied, io.
Result<HttpListener> listen_http(const std::string& address, std::uint16_t port);

// The address in digits that a connection came in by; an IPv4 one inside IPv6 as IPv4. "": unknown.
std::string local_address(int socket);

}  // namespace isojoule
