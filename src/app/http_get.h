// For tests: one request over a real socket, as a client without any library would make it.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <string>

namespace isojoule::test {

inline bool connect_socket(int socket, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr generic{};
  std::memcpy(&generic, &address, sizeof generic);
  return ::connect(socket, &generic, sizeof address) == 0;
}

inline int connect_to(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect_socket(socket, port)) return socket;
  ::close(socket);
  return -1;
}

// Everything up to the end of the connection; "" where nobody listens.
inline std::string http_request(std::uint16_t port, const std::string& request) {
  const int socket = connect_to(port);
  if (socket < 0) return "";
  std::string answer;
  if (::send(socket, request.data(), request.size(), MSG_NOSIGNAL) ==
      static_cast<ssize_t>(request.size())) {
    char buffer[4096];
    for (ssize_t size; (size = ::recv(socket, buffer, sizeof buffer, 0)) > 0;)
      answer.append(buffer, static_cast<std::size_t>(size));
  }
  ::close(socket);
  return answer;
}

inline std::string http_get(std::uint16_t port, const std::string& path = "/metrics") {
  return http_request(port, "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
}

inline std::string body_of(const std::string& answer) {
  const std::size_t end = answer.find("\r\n\r\n");
  return end == std::string::npos ? "" : answer.substr(end + 4);
}

// "http://127.0.0.1:9464/metrics" -> 9464
inline std::uint16_t port_of_url(const std::string& url) {
  const std::size_t colon = url.rfind(':');
  return static_cast<std::uint16_t>(std::stoi(url.substr(colon + 1)));
}

}  // namespace isojoule::test
