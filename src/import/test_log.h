// For tests: logs from a text, and what others measured where it lies beside the sources or in a
// folder above them (shared/measured/...). It is not part of the project.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "import/import.h"

namespace isojoule {

inline Result<std::unique_ptr<LogReader>> open_text(const std::string& text,
                                                    const ImportOptions& options,
                                                    std::size_t chunk = 65536) {
  auto file = LogFile::from("log", text_source(text, chunk));
  if (!file) return tl::unexpected<Error>(file.error());
  file->path.clear();  // nothing lies beside it
  return open_log(std::move(*file), options);
}

inline Result<Log> read_text(const std::string& text, const ImportOptions& options,
                             std::size_t chunk = 65536) {
  auto reader = open_text(text, options, chunk);
  if (!reader) return tl::unexpected<Error>(reader.error());
  return read_log(**reader);
}

inline ImportOptions format(const std::string& name,
                            std::map<std::string, std::string> options = {}) {
  ImportOptions result;
  result.format = name;
  result.options = std::move(options);
  return result;
}

inline std::string import_golden(const std::string& name) {
  return std::string(ISOJOULE_SOURCE_DIR) + "/src/import/golden/" + name;
}

inline std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Empty where there is none.
inline std::filesystem::path shared_measured() {
  for (std::filesystem::path at = ISOJOULE_SOURCE_DIR; at.has_relative_path();
       at = at.parent_path())
    if (std::filesystem::is_directory(at / "shared/measured")) return at / "shared/measured";
  return {};
}

}  // namespace isojoule
