#include "cli/bus_options.h"

#include <sys/stat.h>

#include <cstdio>

namespace isojoule::cli {
namespace {

// Its secret lets anybody speak as this board, or as the lab.
void warn_of_readable_key(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || (status.st_mode & S_IRWXO) == 0) return;
  std::fprintf(stderr, "warning: %s can be read by every user of this machine: chmod o= %s\n",
               path.c_str(), path.c_str());
}

}  // namespace

void add_bus_options(CLI::App& command, fleet::BusOptions& bus, const std::string& option,
                     bool required) {
  auto* url = command.add_option(
      option, bus.url, "The fleet's server: nats://HOST:4222, tls://HOST; several with commas");
  // Where it need not be given it decides what the command does, and that is for who types it.
  if (required) url->envname("ISOJOULE_NATS")->required();
  command
      .add_option("--creds", bus.credentials,
                  "File with what opens it: an nkey seed or NATS credentials")
      ->each(warn_of_readable_key);
  command.add_option("--tls-ca", bus.ca, "Certificate (PEM) that the server's is signed with");
  command.add_option("--tls-cert", bus.certificate,
                     "This client's certificate (PEM), where the server asks for one");
  command.add_option("--tls-key", bus.key, "Its key (PEM)");
}

}  // namespace isojoule::cli
