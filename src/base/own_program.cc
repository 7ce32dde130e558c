#include "base/own_program.h"

#include <filesystem>

namespace isojoule {
namespace {

namespace fs = std::filesystem;

fs::path running_file() {
  std::error_code code;
  const fs::path file = fs::read_symlink("/proc/self/exe", code);
  return code ? fs::path() : file;
}

bool is_loader(const fs::path& file) {
  return file.filename().string().starts_with("ld-linux") &&
         file.parent_path().filename() == "fleet";
}

}  // namespace

bool behind_own_loader() { return is_loader(running_file()); }

std::string own_program() {
  const fs::path file = running_file();
  if (!is_loader(file)) return file.string();
  const fs::path prefix = file.parent_path().parent_path().parent_path().parent_path();
  return (prefix / "bin" / "isojoule").string();
}

}  // namespace isojoule
