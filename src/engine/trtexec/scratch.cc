#include "engine/trtexec/scratch.h"

#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <filesystem>

namespace isojoule::trtexec {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "isojoule_trtexec_";  // then the owner's process id

bool is_orphan(const std::string& name) {
  if (!name.starts_with(kPrefix)) return false;
  pid_t owner = 0;
  const char* end = name.data() + name.size();
  const auto read = std::from_chars(name.data() + kPrefix.size(), end, owner);
  if (read.ec != std::errc() || read.ptr == end || *read.ptr != '_' || owner <= 0) return false;
  return kill(owner, 0) != 0 && errno == ESRCH;
}

void remove_orphans(const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::error_code ignored;
    if (is_orphan(at->path().filename().string())) fs::remove_all(at->path(), ignored);
  }
}

}  // namespace

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

Status ScratchFolder::make() {
  std::error_code error;
  const fs::path folder = fs::temp_directory_path(error);
  if (!error) remove_orphans(folder);
  std::string pattern =
      (folder / (std::string(kPrefix) + std::to_string(getpid()) + "_XXXXXX")).string();
  if (error || mkdtemp(pattern.data()) == nullptr)
    return fail(ErrorKind::io, "no folder for the engine: " + pattern,
                "Let TMPDIR name a folder that can be written.");
  path_ = pattern;
  return {};
}

}  // namespace isojoule::trtexec
