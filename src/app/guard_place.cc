#include "app/guard_place.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/hash.h"

namespace isojoule {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSystemState = "/var/lib/isojoule";
constexpr const char* kLockFolders[] = {"/run/lock", "/var/lock", "/tmp"};

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

std::string machine_lock() {
  for (const char* folder : kLockFolders)
    if (::access(folder, W_OK) == 0) return std::string(folder) + "/isojoule.lock";
  return {};
}

std::string this_program() {
  std::error_code code;
  const fs::path program = fs::read_symlink("/proc/self/exe", code);
  return code ? "" : program.string();
}

}  // namespace

GuardOptions guard_options(const Paths& paths, const TargetOptions& target,
                           const std::string& command) {
  const std::string state = state_folder(paths);
  if (target.board.rfind("twin:", 0) == 0)
    return GuardOptions(state + "/twin-" + std::to_string(::getpid()) + ".journal");
  GuardOptions options(state + "/machine.journal");
  options.command = command;
  options.keeper_program = this_program();
  if (target.sysroot.empty()) {
    options.lock = machine_lock();
    return options;
  }
  std::error_code code;
  const fs::path real = fs::canonical(target.sysroot, code);
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
