// Plans, networks, input files and long traces, stored once under the hash of their bytes and
// checked against it by whoever takes them: a network that is not the one of the study is never
// measured.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "fleet/bus.h"
#include "fleet/message.h"

namespace isojoule::fleet {

std::string sha256(std::string_view bytes);  // 64 hexadecimal digits
Result<std::string> sha256_of_file(const std::string& path, std::int64_t* bytes = nullptr);

// Stores what is not there yet, in pieces that the server takes; the first piece, which says how
// many there are, comes last, so that a half object is none. `writer`: a token of the subject, by
// which rights are given.
Result<ObjectName> put_object(Bus& bus, const std::string& writer, std::string_view bytes);
Result<ObjectName> put_file(Bus& bus, const std::string& writer, const std::string& path);
// Errors: not_found; damaged (the bytes do not have this hash or this length, in so many words).
Result<std::string> get_object(Bus& bus, const ObjectName& name);
// The same as a file FOLDER/HASH, which is there whole or not at all; one that is there is hashed
// again before it is used. Returns its path.
Result<std::string> get_file(Bus& bus, const ObjectName& name, const std::string& folder);

}  // namespace isojoule::fleet
