#include "board/process_start.h"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace isojoule {

// Field 22 of /proc/PID/stat, 0 if the process is no more (or dead and not yet waited for); the
// second field, the name, may contain spaces and brackets (proc(5)).
std::int64_t process_start_of(std::int64_t process) {
  constexpr int kFieldsAfterName = 20;
  std::ifstream in("/proc/" + std::to_string(process) + "/stat");
  std::string text;
  if (!std::getline(in, text)) return 0;
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(text.substr(name_end + 1));
  std::string field;
  for (int i = 0; i < kFieldsAfterName; ++i) {
    fields >> field;
    if (i == 0 && (field == "Z" || field == "X")) return 0;
  }
  return std::strtoll(field.c_str(), nullptr, 10);
}

}  // namespace isojoule
