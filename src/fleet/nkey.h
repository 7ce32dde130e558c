// NATS's keys (nkeys): an Ed25519 key as text, by which a server knows a user without having its
// secret. Text: base32 of one or two prefix bytes, 32 bytes and their CRC-16
// (https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/nkey_auth).
//
// Where the program was built without libnats, and so without libcrypto, making one answers
// ErrorKind::unsupported.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace isojoule::fleet {

struct UserKey {
  std::string seed;  // "SU...", 58 characters: the secret
  std::string name;  // "U...", 56 characters: what the server is told
};

// From the machine's source of random numbers.
Result<UserKey> make_user_key();
// Of these 32 bytes; errors: invalid.
Result<UserKey> user_key_of(std::string_view secret);
// Of a seed; errors: invalid.
Result<UserKey> user_key_of_seed(std::string_view seed);

// The text of prefix and bytes, and back; the inverse's error: invalid (a letter, the length or the
// CRC is wrong).
std::string nkey_text(std::string_view bytes_with_prefix);
Result<std::string> nkey_bytes(std::string_view text);

}  // namespace isojoule::fleet
