#include "fleet/nkey.h"

#ifdef ISOJOULE_NATS
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <memory>
#endif

namespace isojoule::fleet {
namespace {

constexpr std::size_t kSecretBytes = 32;

#ifdef ISOJOULE_NATS
// "S" and "U" as five bits each: 18 and 20, in front of the bytes (nkeys' prefix).
constexpr unsigned kSeedPrefix = 18U << 3U, kUserKeyPrefix = 20U << 3U;

using PrivateKey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

PrivateKey private_key_of(std::string_view secret) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(secret.data());
  return {EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes, secret.size()),
          EVP_PKEY_free};
}

std::string seed_text(std::string_view secret) {
  const std::string prefix = {static_cast<char>(kSeedPrefix | (kUserKeyPrefix >> 5U)),
                              static_cast<char>((kUserKeyPrefix & 31U) << 3U)};
  return nkey_text(prefix + std::string(secret));
}
#endif

}  // namespace

Result<UserKey> user_key_of([[maybe_unused]] std::string_view secret) {
  if (secret.size() != kSecretBytes)
    return fail(ErrorKind::invalid, "the secret of a key has 32 bytes");
#ifdef ISOJOULE_NATS
  const PrivateKey key = private_key_of(secret);
  std::array<char, kSecretBytes> name{};
  std::size_t length = name.size();
  if (!key || EVP_PKEY_get_raw_public_key(key.get(), reinterpret_cast<unsigned char*>(name.data()),
                                          &length) != 1)
    return fail(ErrorKind::unsupported, "this machine's libcrypto has no Ed25519");
  return UserKey{seed_text(secret), nkey_text(std::string(1, static_cast<char>(kUserKeyPrefix)) +
                                              std::string(name.data(), length))};
#else
  return fail(ErrorKind::unsupported, "this program was built without libnats: it makes no keys",
              "Install libnats-dev and build it again");
#endif
}

Result<UserKey> user_key_of_seed(std::string_view seed) {
  const auto bytes = nkey_bytes(seed);
  if (!bytes || !seed.starts_with("SU") || bytes->size() != kSecretBytes + 2)
    return fail(ErrorKind::invalid, "this is no nkey seed of a user (SU...)",
                "Copy it again, whole: 58 letters and digits");
  return user_key_of(std::string_view(*bytes).substr(2));
}

Result<UserKey> make_user_key() {
  std::string secret(kSecretBytes, '\0');
#ifdef ISOJOULE_NATS
  if (RAND_priv_bytes(reinterpret_cast<unsigned char*>(secret.data()), kSecretBytes) != 1)
    return fail(ErrorKind::io, "this machine gives no random numbers to make a key of");
  auto key = user_key_of(secret);
  OPENSSL_cleanse(secret.data(), secret.size());
  return key;
#else
  return user_key_of(secret);
#endif
}

}  // namespace isojoule::fleet
