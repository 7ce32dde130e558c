#include "fleet/sha256.h"

#include "fleet/object.h"

#if defined(ISOJOULE_NATS)
#include <openssl/evp.h>

#include <array>
#endif

namespace isojoule::fleet {

#if defined(ISOJOULE_NATS)

Sha256::Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
  EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
}

void Sha256::add(std::string_view bytes) {
  EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
}

std::string Sha256::digits() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned length = 0;
  EVP_DigestFinal_ex(context_.get(), hash.data(), &length);
  std::string text;
  for (unsigned i = 0; i < length; ++i) {
    text += "0123456789abcdef"[hash[i] >> 4U];
    text += "0123456789abcdef"[hash[i] & 15U];
  }
  return text;
}

#else

Sha256::Sha256() : context_(nullptr, [](evp_md_ctx_st*) {}) {}
void Sha256::add(std::string_view /*bytes*/) {}
std::string Sha256::digits() { return {}; }

#endif

std::string sha256(std::string_view bytes) {
  Sha256 hash;
  hash.add(bytes);
  return hash.digits();
}

}  // namespace isojoule::fleet
