#include "app/paths.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "base/own_program.h"
#include "base/text.h"

namespace isojoule {
namespace {

namespace fs = std::filesystem;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

fs::path program_folder() {
  const std::string program = own_program();
  return program.empty() ? fs::path(".") : fs::path(program).parent_path();
}

// $XDG_..., else below the home folder, else below /tmp with the user's number.
std::string user_folder(const char* xdg, const char* below_home) {
  if (const std::string set = variable(xdg); !set.empty()) return set + "/isojoule";
  if (const std::string home = variable("HOME"); !home.empty())
    return home + "/" + below_home + "/isojoule";
  return "/tmp/isojoule-" + std::to_string(::getuid());
}

bool has_boards(const fs::path& folder) {
  std::error_code code;
  return fs::is_directory(folder / "boards", code);
}

}  // namespace

Result<Paths> find_paths() {
  const fs::path beside = program_folder();
  std::vector<std::string> tried;
  fs::path data;
  if (const std::string set = variable("ISOJOULE_DATA"); !set.empty()) {
    tried.push_back(set);
  } else {
    tried.push_back((beside.parent_path() / "share" / "isojoule").string());
    tried.push_back(ISOJOULE_SOURCE_FOLDER);
  }
  for (const auto& place : tried) {
    if (has_boards(place)) {
      data = place;
      break;
    }
  }
  if (data.empty())
    return fail(ErrorKind::not_found, "the folder with the boards' files is not there",
                "Set ISOJOULE_DATA to the folder that has boards/ and studies/", join(tried, ", "));
  Paths paths;
  paths.boards = (data / "boards").string();
  paths.studies = (data / "studies").string();
  const fs::path installed = beside.parent_path() / "libexec" / "isojoule";
  std::error_code code;
  paths.workers = fs::is_directory(installed, code) ? installed.string() : beside.string();
  paths.cache = user_folder("XDG_CACHE_HOME", ".cache");
  paths.state = user_folder("XDG_STATE_HOME", ".local/state");
  return paths;
}

}  // namespace isojoule
