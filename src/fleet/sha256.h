// SHA-256 (FIPS 180-4) of bytes that come piece by piece, by OpenSSL's libcrypto. A program that
// was built without libnats has neither: its hashes are "", and nothing asks for them, because it
// has no Bus.
#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;  // EVP_MD_CTX of OpenSSL

namespace isojoule::fleet {

class Sha256 {
 public:
  Sha256();
  void add(std::string_view bytes);
  std::string digits();  // 64 hexadecimal digits; once, at the end

 private:
  std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
};

}  // namespace isojoule::fleet
