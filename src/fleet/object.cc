#include "fleet/object.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/descriptor.h"
#include "base/whole_file.h"
#include "fleet/name.h"
#include "fleet/sha256.h"

namespace isojoule::fleet {

namespace {

constexpr std::size_t kLargestPiece = 512 << 10;  // bytes; a message is held whole by the servers
constexpr std::size_t kEnvelope = 4 << 10;        // of a message, beside the piece
constexpr std::size_t kReadBytes = 256 << 10;
constexpr std::int64_t kMostPieces = 1'000'000;

// Bytes one after the other; "" at the end.
using Source = std::function<Result<std::string>(std::size_t most)>;
using Sink = std::function<Status(std::string_view)>;

std::size_t piece_bytes(const Bus& bus) {
  const std::size_t largest = bus.largest_message();
  return largest > 2 * kEnvelope ? std::min(largest - kEnvelope, kLargestPiece) : largest / 2;
}

tl::unexpected<Error> file_error(const std::string& doing, const std::string& path) {
  const ErrorKind kind = errno == ENOENT   ? ErrorKind::not_found
                         : errno == EACCES ? ErrorKind::permission_denied
                                           : ErrorKind::io;
  return fail(kind, "cannot " + doing + " '" + path + "': " + std::strerror(errno));
}

Result<Descriptor> open_to_read(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return file_error("open", path);
  struct stat about {};
  if (::fstat(file.get(), &about) != 0) return file_error("look at", path);
  if (!S_ISREG(about.st_mode)) return fail(ErrorKind::invalid, "'" + path + "' is no plain file");
  return file;
}

// Fewer bytes than asked for at the end only.
Result<std::string> read_some(int file, std::size_t most, const std::string& path) {
  std::string bytes(most, '\0');
  std::size_t had = 0;
  while (had < most) {
    const ssize_t got = ::read(file, bytes.data() + had, most - had);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_error("read", path);
    if (got == 0) break;
    had += static_cast<std::size_t>(got);
  }
  bytes.resize(had);
  return bytes;
}

// One piece, where it is not there yet. Its place says what it is, so that there is nothing to
// compare: a second writer of the same hash writes the same.
Status put_piece(Bus& bus, const std::string& subject, std::string_view bytes) {
  const auto stored = bus.publish(subject, bytes, {.message_id = {}, .expected_last = 0});
  if (stored || stored.error().kind == ErrorKind::exists) return {};
  return tl::unexpected(stored.error());
}

std::string shape_bytes(const ObjectName& name, std::int64_t pieces) {
  return nlohmann::json{{"hash", name.hash}, {"bytes", name.bytes}, {"pieces", pieces}}.dump();
}

Result<bool> is_there(Bus& bus, const ObjectName& name) {
  const auto first = bus.last(kObjects, object_subject(name.writer, name.hash, 0));
  if (first) return true;
  if (first.error().kind == ErrorKind::not_found) return false;
  return tl::unexpected(first.error());
}

// Pieces 1.. of `source`, then piece 0 with their number. What `source` gave must be what `name`
// says, or the first piece is not written.
Result<ObjectName> put_from(Bus& bus, const ObjectName& name, const Source& source) {
  ISOJOULE_TRY(const bool there, is_there(bus, name));
  if (there) return name;
  const std::size_t most = piece_bytes(bus);
  Sha256 hash;
  std::int64_t pieces = 0, bytes = 0;
  while (true) {
    ISOJOULE_TRY(const std::string piece, source(most));
    if (piece.empty()) break;
    hash.add(piece);
    bytes += static_cast<std::int64_t>(piece.size());
    ISOJOULE_CHECK(put_piece(bus, object_subject(name.writer, name.hash, ++pieces), piece));
  }
  if (bytes != name.bytes || hash.digits() != name.hash)
    return fail(ErrorKind::damaged, "the file changed while it was sent", "Send it again");
  ISOJOULE_CHECK(
      put_piece(bus, object_subject(name.writer, name.hash, 0), shape_bytes(name, pieces)));
  return name;
}

std::string object_words(const ObjectName& name) {
  return "the object " + name.hash.substr(0, 12) + "... of '" + name.writer + "'";
}

// The number of pieces.
Result<std::int64_t> pieces_of(Bus& bus, const ObjectName& name) {
  auto first = bus.last(kObjects, object_subject(name.writer, name.hash, 0));
  if (!first && first.error().kind == ErrorKind::not_found)
    return fail(ErrorKind::not_found, object_words(name) + " is not on the server",
                "Whoever has it stores it again: start the sweep once more");
  if (!first) return tl::unexpected(first.error());
  const auto shape = nlohmann::json::parse(first->bytes, nullptr, false);
  const auto number = [&shape](const char* key) -> std::int64_t {
    const auto found = shape.find(key);
    return found != shape.end() && found->is_number_integer() ? found->get<std::int64_t>() : -1;
  };
  if (!shape.is_object() || number("pieces") < 0 || number("pieces") > kMostPieces)
    return fail(ErrorKind::damaged, object_words(name) + " begins with something else");
  if (number("bytes") != name.bytes)
    return fail(ErrorKind::damaged, object_words(name) + " should have " +
                                        std::to_string(name.bytes) + " bytes, the server says " +
                                        std::to_string(number("bytes")));
  return number("pieces");
}

Status hash_differs(const ObjectName& name, const std::string& came, std::int64_t bytes) {
  return fail(ErrorKind::damaged,
              "the bytes of " + object_words(name) + " are others than its name says: SHA-256 " +
                  name.hash + " of " + std::to_string(name.bytes) + " bytes was wanted, " + came +
                  " of " + std::to_string(bytes) + " bytes came",
              "Nothing is done with it; remove it and store it again");
}

Status get_into(Bus& bus, const ObjectName& name, const Sink& sink) {
  ISOJOULE_TRY(const std::int64_t pieces, pieces_of(bus, name));
  Sha256 hash;
  std::int64_t bytes = 0;
  for (std::int64_t piece = 1; piece <= pieces; ++piece) {
    auto message = bus.last(kObjects, object_subject(name.writer, name.hash, piece));
    if (!message && message.error().kind == ErrorKind::not_found)
      return fail(ErrorKind::damaged, "piece " + std::to_string(piece) + " of " +
                                          std::to_string(pieces) + " of " + object_words(name) +
                                          " is not on the server");
    if (!message) return tl::unexpected(message.error());
    bytes += static_cast<std::int64_t>(message->bytes.size());
    if (bytes > name.bytes) break;  // no more is taken than was to come
    hash.add(message->bytes);
    ISOJOULE_CHECK(sink(message->bytes));
  }
  const std::string came = hash.digits();
  if (bytes != name.bytes || came != name.hash) return hash_differs(name, came, bytes);
  return {};
}

// A hash becomes a file's name and a token of a subject.
Status check_object_name(const ObjectName& name) {
  const bool hash = name.hash.size() == 64 &&
                    name.hash.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (hash && name.bytes >= 0 && check_board_name(name.writer)) return {};
  return fail(ErrorKind::invalid,
              "'" + name.hash + "' of '" + name.writer + "' is no object's name");
}

Status write_bytes(int file, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(file, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0 && errno == ENOSPC)
      return fail(ErrorKind::disk_full, "no room for '" + path + "'");
    if (wrote < 0) return file_error("write", path);
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return {};
}

}  // namespace

Result<std::string> sha256_of_file(const std::string& path, std::int64_t* bytes) {
  ISOJOULE_TRY(const Descriptor file, open_to_read(path));
  Sha256 hash;
  std::int64_t length = 0;
  while (true) {
    ISOJOULE_TRY(const std::string some, read_some(file.get(), kReadBytes, path));
    if (some.empty()) break;
    length += static_cast<std::int64_t>(some.size());
    hash.add(some);
  }
  if (bytes != nullptr) *bytes = length;
  return hash.digits();
}

Result<ObjectName> put_object(Bus& bus, const std::string& writer, std::string_view bytes) {
  const ObjectName name{writer, sha256(bytes), static_cast<std::int64_t>(bytes.size())};
  ISOJOULE_CHECK(check_object_name(name));
  return put_from(bus, name, [bytes](std::size_t most) mutable -> Result<std::string> {
    std::string piece(bytes.substr(0, most));
    bytes.remove_prefix(piece.size());
    return piece;
  });
}

Result<ObjectName> put_file(Bus& bus, const std::string& writer, const std::string& path) {
  ObjectName name{writer, {}, 0};
  ISOJOULE_TRY(name.hash, sha256_of_file(path, &name.bytes));
  ISOJOULE_CHECK(check_object_name(name));
  ISOJOULE_TRY(const Descriptor file, open_to_read(path));
  return put_from(bus, name, [&](std::size_t most) { return read_some(file.get(), most, path); });
}

Result<std::string> get_object(Bus& bus, const ObjectName& name) {
  ISOJOULE_CHECK(check_object_name(name));
  std::string bytes;
  ISOJOULE_CHECK(get_into(bus, name, [&bytes](std::string_view piece) -> Status {
    bytes += piece;
    return {};
  }));
  return bytes;
}

Result<std::string> get_file(Bus& bus, const ObjectName& name, const std::string& folder) {
  ISOJOULE_CHECK(check_object_name(name));
  std::string path = (std::filesystem::path(folder) / name.hash).string();
  const auto there = sha256_of_file(path);
  if (there && *there == name.hash) return path;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    return fail(ErrorKind::io, "cannot make the folder '" + folder + "': " + error.message());
  ISOJOULE_CHECK(write_whole_file(path, [&](int file) {
    return get_into(bus, name,
                    [&](std::string_view piece) { return write_bytes(file, piece, path); });
  }));
  return path;
}

}  // namespace isojoule::fleet
