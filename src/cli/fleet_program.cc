#include "cli/fleet_program.h"

#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/own_program.h"

namespace isojoule::cli {
namespace {

namespace fs = std::filesystem;

// The options of an address come together (bus_options.h), so one of them tells the others.
bool speaks_to_fleet(const CLI::App& command) {
  if (command.get_name() == "credentials") return true;  // makes keys with libcrypto
  if (command.get_option_no_throw("--creds") != nullptr) {
    for (const char* address : {"--nats", "--fleet"}) {
      const CLI::Option* option = command.get_option_no_throw(address);
      if (option != nullptr && option->count() > 0) return true;
    }
  }
  for (const CLI::App* chosen : command.get_subcommands())
    if (speaks_to_fleet(*chosen)) return true;
  return false;
}

[[maybe_unused]] std::string loader_in(const fs::path& folder) {
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder, code))
    if (entry.path().filename().string().starts_with("ld-linux")) return entry.path().string();
  return "";
}

}  // namespace

void hand_to_fleet_program([[maybe_unused]] const CLI::App& app, [[maybe_unused]] char** words) {
#ifdef ISOJOULE_STATIC
  if (behind_own_loader() || !speaks_to_fleet(app)) return;
  const fs::path prefix = fs::path(own_program()).parent_path().parent_path();
  std::string folder = (prefix / "lib" / "isojoule" / "fleet").string();
  std::string program = (prefix / "libexec" / "isojoule" / "isojoule-fleet").string();
  std::string loader = loader_in(folder);
  if (loader.empty() || ::access(program.c_str(), X_OK) != 0) return;
  std::string library_path = "--library-path";
  std::vector<char*> line = {loader.data(), library_path.data(), folder.data(), program.data()};
  for (char** word = words + 1; *word != nullptr; ++word) line.push_back(*word);
  line.push_back(nullptr);
  ::execv(loader.c_str(), line.data());
#endif
}

}  // namespace isojoule::cli
