// For tests: NVIDIA's own files, where the facts lie beside the sources or in a folder above them
// (shared/facts/...). They are not part of the project.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace isojoule::nvpmodel {

inline std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Empty where there are none.
inline std::vector<std::filesystem::path> real_confs() {
  std::vector<std::filesystem::path> paths;
  for (std::filesystem::path at = ISOJOULE_SOURCE_DIR; at.has_relative_path();
       at = at.parent_path()) {
    const auto folder = at / "shared/facts/boards/data/nvpmodel";
    if (!std::filesystem::is_directory(folder)) continue;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
      if (entry.path().extension() == ".conf") paths.push_back(entry.path());
    break;
  }
  return paths;
}

}  // namespace isojoule::nvpmodel
