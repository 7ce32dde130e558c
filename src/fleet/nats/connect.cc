#include "fleet/nats/connect.h"

#include <algorithm>

#include "base/text.h"
#include "base/text_file.h"

namespace isojoule::fleet {

namespace {

constexpr std::int64_t kPingMs = 4000;  // a server that is silent for three of them is lost
constexpr int kPings = 2;
constexpr int kReconnectBytes = 8 << 20;

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

Result<ServerAddress> server_address(std::string_view text) {
  const auto colon = text.find("://");
  const std::string scheme =
      colon == std::string_view::npos ? "nats" : std::string(text.substr(0, colon));
  if (scheme != "nats" && scheme != "tls")
    return fail(ErrorKind::invalid, "a fleet's server is not reached by " + scheme + "://",
                "Write nats://HOST:PORT or tls://HOST:PORT");
  const std::string_view rest = colon == std::string_view::npos ? text : text.substr(colon + 3);
  const auto at = rest.rfind('@');
  const std::string_view host = at == std::string_view::npos ? rest : rest.substr(at + 1);
  if (host.empty() || host.front() == ':' || host.find_first_of(" /?#") != std::string_view::npos)
    return fail(ErrorKind::invalid, "'" + std::string(host) + "' is no address of a server",
                "Write nats://HOST:PORT, several with commas");
  return ServerAddress{scheme + "://" + std::string(rest), scheme + "://" + std::string(host),
                       scheme == "tls"};
}

// What a file has, for files that must be readable before libnats tries.
Result<std::string> readable(const std::string& what, const std::string& path) {
  auto text = read_text_file(path);
  if (!text)
    return fail(ErrorKind::invalid, what + " cannot be read: " + text.error().what,
                text.error().remedy, text.error().tried);
  return text;
}

// The line of a seed file that is the seed.
std::optional<std::string> seed_in(const std::string& text) {
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    const std::string_view line = trimmed(rest.substr(0, end));
    if (line.starts_with("SU")) return std::string(line);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  return std::nullopt;
}

Result<natsStatus> set_credentials(natsOptions* options, const std::string& path) {
  if (path.empty()) return NATS_OK;
  ISOJOULE_TRY(const std::string text, readable("the file of credentials", path));
  if (text.find("NATS USER JWT") != std::string::npos)
    return natsOptions_SetUserCredentialsFromFiles(options, path.c_str(), nullptr);
  const auto seed = seed_in(text);
  if (!seed)
    return fail(ErrorKind::invalid,
                "'" + path + "' is neither an nkey seed (SU...) nor a .creds file of NATS",
                "isojoule fleet credentials writes such files");
  ISOJOULE_TRY(const std::string name, nkey_of_seed(*seed));
  return natsOptions_SetNKeyFromSeed(options, name.c_str(), path.c_str());
}

Result<natsStatus> set_tls(natsOptions* options, const BusOptions& given, bool tls) {
  if (given.certificate.empty() != given.key.empty())
    return fail(ErrorKind::invalid, "a certificate and its key are needed both, or none",
                "Give --tls-cert FILE and --tls-key FILE");
  if (!tls && given.ca.empty() && given.certificate.empty()) return NATS_OK;
  for (const std::string& path : {given.ca, given.certificate, given.key})
    if (!path.empty()) ISOJOULE_CHECK(readable("a file of TLS", path));
  natsStatus status = natsOptions_SetSecure(options, true);
  if (status == NATS_OK && !given.ca.empty())
    status = natsOptions_LoadCATrustedCertificates(options, given.ca.c_str());
  if (status == NATS_OK && !given.certificate.empty())
    status =
        natsOptions_LoadCertificatesChain(options, given.certificate.c_str(), given.key.c_str());
  if (status == NATS_SSL_ERROR)
    return fail(ErrorKind::invalid,
                "the files of TLS are no certificates, or the key is not the certificate's",
                "Give PEM files", nats_GetLastError(nullptr));
  return status;
}

natsStatus set_servers(natsOptions* options, const std::vector<ServerAddress>& addresses) {
  std::vector<const char*> urls;
  for (const ServerAddress& address : addresses) urls.push_back(address.url.c_str());
  return natsOptions_SetServers(options, urls.data(), static_cast<int>(urls.size()));
}

natsStatus set_manner(natsOptions* options, const BusOptions& given) {
  natsStatus status = natsOptions_SetName(
      options, given.client.empty() ? "isojoule" : ("isojoule " + given.client).c_str());
  const auto also = [&status](natsStatus next) {
    if (status == NATS_OK) status = next;
  };
  also(natsOptions_SetTimeout(options, std::max<std::int64_t>(given.patience.ns / 1'000'000, 100)));
  also(natsOptions_SetAllowReconnect(options, true));
  also(natsOptions_SetMaxReconnect(options, -1));  // for ever
  also(natsOptions_SetReconnectBufSize(options, kReconnectBytes));
  also(natsOptions_SetPingInterval(options, kPingMs));
  also(natsOptions_SetMaxPingsOut(options, kPings));
  also(natsOptions_SetFailRequestsOnDisconnect(options, true));
  also(natsOptions_SetSendAsap(options, true));  // a request waits for no others to go with
  return status;
}

}  // namespace

Result<std::vector<ServerAddress>> server_addresses(const std::string& urls) {
  std::vector<ServerAddress> addresses;
  std::string_view rest = urls;
  while (true) {
    const auto comma = rest.find(',');
    const std::string_view one = trimmed(rest.substr(0, comma));
    ISOJOULE_TRY(ServerAddress address, server_address(one));
    addresses.push_back(std::move(address));
    if (comma == std::string_view::npos) return addresses;
    rest = rest.substr(comma + 1);
  }
}

std::string shown(const std::vector<ServerAddress>& addresses) {
  std::vector<std::string> names;
  for (const ServerAddress& address : addresses) names.push_back(address.shown);
  return join(names, ", ");
}

Result<NatsOptions> nats_options(const BusOptions& given,
                                 const std::vector<ServerAddress>& addresses) {
  natsOptions* made = nullptr;
  if (const natsStatus status = natsOptions_Create(&made); status != NATS_OK)
    return fail(ErrorKind::internal,
                std::string("libnats makes no options: ") + natsStatus_GetText(status));
  NatsOptions options(made);
  const bool tls = std::any_of(addresses.begin(), addresses.end(),
                               [](const ServerAddress& address) { return address.tls; });
  natsStatus status = set_servers(made, addresses);
  if (status == NATS_OK) status = set_manner(made, given);
  if (status == NATS_OK) {
    ISOJOULE_TRY(status, set_credentials(made, given.credentials));
  }
  if (status == NATS_OK) {
    ISOJOULE_TRY(status, set_tls(made, given, tls));
  }
  if (status != NATS_OK)
    return fail(ErrorKind::invalid,
                "the address " + shown(addresses) + " or its options make no sense",
                "Write nats://HOST:PORT, several with commas", natsStatus_GetText(status));
  return options;
}

}  // namespace isojoule::fleet
