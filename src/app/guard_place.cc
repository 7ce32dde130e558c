#include "app/guard_place.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/hash.h"
#include "base/own_program.h"

namespace isojoule {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSystemState = "/var/lib/isojoule";
constexpr const char* kLockFolders[] = {"/run/lock", "/var/lock", "/tmp"};

}  // namespace

std::string state_folder(const Paths& paths) {
  std::error_code code;
  if (const char* set = std::getenv("ISOJOULE_STATE"); set != nullptr && *set != '\0') {
    fs::create_directories(set, code);
    return set;
  }
  if (::geteuid() == 0) {
    fs::create_directories(kSystemState, code);
    if (::access(kSystemState, W_OK) == 0) return kSystemState;
  }
  fs::create_directories(paths.state, code);  // what fails shows itself at the journal
  return paths.state;
}

std::vector<std::string> state_folders(const Paths& paths) {
  if (const char* set = std::getenv("ISOJOULE_STATE"); set != nullptr && *set != '\0') return {set};
  if (::geteuid() == 0) return {kSystemState, paths.state};
  return {paths.state, kSystemState};
}

// The first that is there, whoever asks: where each user took the first that he may write to, two
// would have two locks.
std::string machine_lock() {
  std::error_code code;
  for (const char* folder : kLockFolders)
    if (fs::is_directory(folder, code)) return std::string(folder) + "/isojoule.lock";
  return std::string(kLockFolders[0]) + "/isojoule.lock";  // its absence shows itself there
}

GuardOptions guard_options(const Paths& paths, const TargetOptions& target,
                           const std::string& command) {
  if (target.board.starts_with(kTwinPrefix)) return GuardOptions("");
  const std::string state = state_folder(paths);
  GuardOptions options(state + "/machine.journal");
  options.command = command;
  options.keeper_program = own_program();
  std::error_code code;
  const fs::path real = fs::canonical(target.sysroot.empty() ? "/" : target.sysroot, code);
  if (real == "/") {
    options.lock = machine_lock();
    return options;
  }
  options.root = code ? target.sysroot : real.string();
  const std::string name = state + "/sysroot-" + content_hash(options.root).substr(0, 12);
  options.journal = name + ".journal";
  options.lock = name + ".lock";
  return options;
}

GuardOptions guard_options(const Paths& paths, const TargetOptions& options, const Target& target,
                           const std::string& command) {
  return target.helper ? GuardOptions("") : guard_options(paths, options, command);
}

}  // namespace isojoule
