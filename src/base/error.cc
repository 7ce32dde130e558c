#include "base/error.h"

#include <algorithm>

namespace isojoule {

std::string_view name_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::not_found: return "not_found";
    case ErrorKind::permission_denied: return "permission_denied";
    case ErrorKind::no_data: return "no_data";
    case ErrorKind::io: return "io";
    case ErrorKind::disk_full: return "disk_full";
    case ErrorKind::read_only: return "read_only";
    case ErrorKind::invalid: return "invalid";
    case ErrorKind::out_of_range: return "out_of_range";
    case ErrorKind::unsupported: return "unsupported";
    case ErrorKind::parse: return "parse";
    case ErrorKind::damaged: return "damaged";
    case ErrorKind::newer_schema: return "newer_schema";
    case ErrorKind::exists: return "exists";
    case ErrorKind::busy: return "busy";
    case ErrorKind::timeout: return "timeout";
    case ErrorKind::not_reached: return "not_reached";
    case ErrorKind::engine: return "engine";
    case ErrorKind::unmeasured: return "unmeasured";
    case ErrorKind::interrupted: return "interrupted";
    case ErrorKind::internal: return "internal";
  }
  return "internal";
}

std::string to_string(const Error& error) {
  std::string line = "error: " + error.what;
  if (!error.tried.empty()) line += " (tried: " + error.tried + ")";
  if (!error.remedy.empty()) line += ". " + error.remedy;
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

}  // namespace isojoule
