#include "cli/check_no_study.h"

#include <array>
#include <fstream>
#include <string_view>

namespace isojoule::cli {

Status check_no_study(const std::string& path) {
  constexpr std::string_view kMark = "SQLite format 3";  // https://sqlite.org/fileformat.html
  std::array<char, kMark.size()> head{};
  std::ifstream file(path, std::ios::binary);
  if (!file.read(head.data(), head.size())) return {};
  if (std::string_view(head.data(), head.size()) != kMark) return {};
  return fail(ErrorKind::invalid,
              path + " is a study (or another database), and is not written over",
              "Name another file");
}

}  // namespace isojoule::cli
