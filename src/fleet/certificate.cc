#include "fleet/certificate.h"

#ifdef ISOJOULE_NATS
#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>
#endif

namespace isojoule::fleet {

#ifdef ISOJOULE_NATS
namespace {

template <auto release>
struct Release {
  void operator()(auto* pointer) const { release(pointer); }
};
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;
using X509Pointer = std::unique_ptr<X509, Release<X509_free>>;
using Bio = std::unique_ptr<BIO, Release<BIO_free_all>>;

tl::unexpected<Error> crypto_failed(const std::string& what, ErrorKind kind = ErrorKind::internal) {
  std::array<char, 160> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  ERR_clear_error();
  return fail(kind, what + ": " + text.data());
}

std::string text_in(BIO* bio) {
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(length)};
}

// One extension, in the words of openssl's configuration.
bool add_extension(X509* certificate, X509* issuer, int which, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Release<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, &context, which, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool set_serial(X509* certificate) {
  std::uint64_t number = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&number), sizeof number) != 1) return false;
  return ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), number >> 1U) == 1;
}

// Version 3, valid from yesterday on (boards' clocks are wrong by hours), without extensions.
X509Pointer blank_certificate(EVP_PKEY* key, const std::string& name, int days) {
  X509Pointer certificate(X509_new());
  if (!certificate) return nullptr;
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  const bool done =
      X509_set_version(certificate.get(), 2) == 1 && set_serial(certificate.get()) &&
      X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -86'400L) != nullptr &&
      X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 86'400L * days) != nullptr &&
      X509_set_pubkey(certificate.get(), key) == 1 &&
      X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1,
                                 0) == 1;
  return done ? std::move(certificate) : nullptr;
}

Result<Certificate> as_pem(X509* certificate, EVP_PKEY* key) {
  const Bio one(BIO_new(BIO_s_mem())), other(BIO_new(BIO_s_mem()));
  if (!one || !other || PEM_write_bio_X509(one.get(), certificate) != 1 ||
      PEM_write_bio_PKCS8PrivateKey(other.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return crypto_failed("the certificate cannot be written");
  return Certificate{text_in(one.get()), text_in(other.get())};
}

bool is_address(const std::string& host) {
  std::array<unsigned char, 16> bytes{};
  return ::inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

// "DNS:nats.lab,IP:10.0.0.1". Letters that would begin another entry are no host's.
Result<std::string> alternative_names(const std::vector<std::string>& hosts) {
  std::string names;
  for (const std::string& host : hosts) {
    if (host.empty() || host.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWX"
                                               "YZ0123456789-.:*_") != std::string::npos)
      return fail(ErrorKind::invalid, "'" + host + "' is no name or address of a host");
    names += (names.empty() ? "" : ",") + std::string(is_address(host) ? "IP:" : "DNS:") + host;
  }
  if (names.empty()) return fail(ErrorKind::invalid, "a server's certificate needs a host");
  return names;
}

}  // namespace

Result<Certificate> make_authority(const std::string& name, int days) {
  const Key key(EVP_EC_gen("P-256"));
  if (!key) return crypto_failed("a key cannot be made");
  const X509Pointer certificate = blank_certificate(key.get(), name, days);
  X509* const own = certificate.get();
  if (own == nullptr || X509_set_issuer_name(own, X509_get_subject_name(own)) != 1 ||
      !add_extension(own, own, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !add_extension(own, own, NID_key_usage, "critical,keyCertSign,cRLSign") ||
      !add_extension(own, own, NID_subject_key_identifier, "hash") ||
      X509_sign(own, key.get(), EVP_sha256()) == 0)
    return crypto_failed("the authority's certificate cannot be made");
  return as_pem(own, key.get());
}

Result<Certificate> make_server_certificate(const Certificate& authority,
                                            const std::vector<std::string>& hosts, int days) {
  ISOJOULE_TRY(const std::string names, alternative_names(hosts));
  const Bio certificate_text(BIO_new_mem_buf(authority.certificate.data(),
                                             static_cast<int>(authority.certificate.size())));
  const Bio key_text(BIO_new_mem_buf(authority.key.data(), static_cast<int>(authority.key.size())));
  const X509Pointer issuer(PEM_read_bio_X509(certificate_text.get(), nullptr, nullptr, nullptr));
  const Key issuer_key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
  if (!issuer || !issuer_key || X509_check_private_key(issuer.get(), issuer_key.get()) != 1)
    return crypto_failed("the authority's certificate and key do not belong together",
                         ErrorKind::invalid);
  const Key key(EVP_EC_gen("P-256"));
  if (!key) return crypto_failed("a key cannot be made");
  const X509Pointer certificate = blank_certificate(key.get(), hosts.front(), days);
  X509* const own = certificate.get();
  if (own == nullptr || X509_set_issuer_name(own, X509_get_subject_name(issuer.get())) != 1 ||
      !add_extension(own, issuer.get(), NID_basic_constraints, "critical,CA:FALSE") ||
      !add_extension(own, issuer.get(), NID_key_usage, "critical,digitalSignature") ||
      !add_extension(own, issuer.get(), NID_ext_key_usage, "serverAuth,clientAuth") ||
      !add_extension(own, issuer.get(), NID_subject_alt_name, names) ||
      X509_sign(own, issuer_key.get(), EVP_sha256()) == 0)
    return crypto_failed("the server's certificate cannot be made", ErrorKind::invalid);
  return as_pem(own, key.get());
}

#else

Result<Certificate> make_authority(const std::string& /*name*/, int /*days*/) {
  return fail(ErrorKind::unsupported,
              "this program was built without libnats: it makes no certificates",
              "Install libnats-dev and build it again");
}

Result<Certificate> make_server_certificate(const Certificate& authority,
                                            const std::vector<std::string>& /*hosts*/, int days) {
  return make_authority(authority.certificate, days);
}

#endif

}  // namespace isojoule::fleet
