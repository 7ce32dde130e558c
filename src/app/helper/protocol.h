// What the program and its privileged helper say to each other: one JSON object a line, over a
// Unix stream socket. Every request gets one reply, in order.
//
//   {"request":"hello","protocol":1}   -> {"ok":true,"protocol":1,"board":"jetson-nano",
//                                          "readable":[paths],"writable":[paths]}
//   {"request":"open","path":P}        -> {"ok":true}, with a read-only descriptor (SCM_RIGHTS) at
//                                         the reply's first byte
//   {"request":"write","path":P,"text":T} -> {"ok":true}
//   {"request":"bye"}                  -> {"ok":true}, after what was written is restored
//   any of them                        -> {"ok":false,"kind":"busy","what":W,"tried":T,"remedy":R}
//
// Both sides hold what they get to the limits below; a request that is none is answered with the
// reason and the connection is closed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace isojoule::helper {

inline constexpr const char* kDefaultSocket = "/run/isojoule/helper.sock";
inline constexpr int kProtocol = 1;
inline constexpr std::size_t kRequestLimit = 4096;  // bytes of a request's line
inline constexpr std::size_t kPathLimit = 1024;
inline constexpr std::size_t kTextLimit = 64;  // of what is written, without a newline at its end
// Of a reply's line: the two lists of the largest board have some 50 kB.
inline constexpr std::size_t kReplyLimit = 4 << 20;

enum class Verb : std::uint8_t { hello, open, write, bye };

struct Request {
  Verb verb = Verb::hello;
  std::string path;  // of open and write
  std::string text;  // of write
  bool operator==(const Request&) const = default;
};

// Strict: exactly the keys of the request, each of its type. A path is absolute, of printable
// ASCII, without empty parts, "." and ".."; a text is 1 to kTextLimit bytes of printable ASCII,
// with at most one newline after them. Errors: parse (no JSON object), invalid, newer_schema
// (another protocol).
Result<Request> parse_request(std::string_view line);
std::string to_line(const Request& request);  // with its newline

struct Reply {
  std::optional<Error> error;
  // Of hello's.
  std::string board = {};
  std::vector<std::string> readable = {}, writable = {};
};

// Errors: parse, invalid.
Result<Reply> parse_reply(std::string_view line);
// With its newline. `verb` says which reply it is.
std::string to_line(const Reply& reply, Verb verb);

// Bytes as they come in, lines as they go out. Keeps at most `limit` bytes.
class LineBuffer {
 public:
  explicit LineBuffer(std::size_t limit) : limit_(limit) {}
  void append(std::string_view bytes) { bytes_.append(bytes); }
  // The next whole line without its newline; nullopt: not there yet. Errors: invalid (longer than
  // the limit).
  Result<std::optional<std::string>> next();

 private:
  std::size_t limit_;
  std::string bytes_;
};

// What holds of every line, whatever is in it (for the fuzzer and the test over its corpus): what
// is taken reads back the same and keeps to the limits, what is not says why.
bool protocol_holds(std::string_view line);

}  // namespace isojoule::helper
