#include "engine/command/find_program.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <optional>

namespace isojoule {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> not_executable(const std::string& path) {
  return fail(ErrorKind::permission_denied, path + " is not executable",
              "Make it so (chmod +x), or name its interpreter: -- python3 " + path);
}

Result<std::string> check_path(const std::string& path) {
  std::error_code code;
  const fs::file_status status = fs::status(path, code);
  if (!fs::exists(status))
    return fail(ErrorKind::not_found, "program " + path + " is not there",
                "Give a program as you would run it in a shell.");
  if (fs::is_directory(status))
    return fail(ErrorKind::invalid, path + " is a folder, no program",
                "Give a program as you would run it in a shell.");
  if (access(path.c_str(), X_OK) != 0) return not_executable(path);
  return path;
}

}  // namespace

Result<std::string> find_program(const std::string& name) {
  if (name.empty())
    return fail(ErrorKind::invalid, "no program to run",
                "Give it after two dashes: isojoule measure -- PROGRAM ARGUMENTS");
  if (name.find('/') != std::string::npos) return check_path(name);
  const char* variable = std::getenv("PATH");
  const std::string path = variable == nullptr ? "/usr/local/bin:/usr/bin:/bin" : variable;
  std::optional<std::string> there;  // but not executable
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find(':', at), path.size());
    const std::string folder = path.substr(at, end - at);
    const std::string file = (fs::path(folder.empty() ? "." : folder) / name).string();
    std::error_code code;
    if (fs::is_regular_file(file, code)) {
      if (access(file.c_str(), X_OK) == 0) return file;
      if (!there) there = file;
    }
    at = end + 1;
  }
  if (there) return not_executable(*there);
  return fail(
      ErrorKind::not_found, "program '" + name + "' is not there",
      "Give a program as you would run it in a shell; one in this folder as ./" + name + ".",
      "looked in " + path);
}

}  // namespace isojoule
