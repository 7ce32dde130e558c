#include "whole/mounted_twin.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

namespace isojoule::test {
namespace {

namespace fs = std::filesystem;

std::string whole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

std::string MountedTwin::why_not() {
  if (!fs::exists(ISOJOULE_BINARY_DIR "/bin/isojoule-twin-mount")) return "built without libfuse3";
  if (::access("/dev/fuse", R_OK | W_OK) != 0) return "no /dev/fuse here";
  if (::geteuid() != 0 && !fs::exists("/usr/bin/fusermount3")) return "no fusermount3 here";
  return {};
}

MountedTwin::MountedTwin(const Workplace& place, const std::string& board,
                         const std::vector<std::string>& more)
    : root_(place.path("mount")), log_(place.path("mount-log")) {
  fs::create_directories(root_);
  std::vector<std::string> words = {program_path(), "twin", "mount", board, root_, "--own"};
  words.insert(words.end(), more.begin(), more.end());
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  process_ = ::fork();
  if (process_ == 0) {
    const int file = ::open(log_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ::dup2(file, STDOUT_FILENO);
    ::dup2(file, STDERR_FILENO);
    ::setenv("XDG_CACHE_HOME", place.path("cache").c_str(), 1);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  for (int i = 0; i < 1000 && !mounted_; ++i) {
    mounted_ = fs::exists(root_ + "/isojoule-twin");
    int status = 0;
    if (!mounted_ && ::waitpid(process_, &status, WNOHANG) == process_) {
      process_ = -1;
      return;
    }
    if (!mounted_) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

MountedTwin::~MountedTwin() {
  if (process_ <= 0) return;
  ::kill(process_, SIGTERM);
  ::waitpid(process_, nullptr, 0);
}

std::string MountedTwin::read(const std::string& below) const { return whole(path(below)); }

int MountedTwin::write(const std::string& below, const std::string& text) const {
  const int file = ::open(path(below).c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return errno;
  const ssize_t size = ::write(file, text.data(), text.size());
  const int number = size < 0 ? errno : 0;
  ::close(file);
  return number;
}

std::map<std::string, std::string> MountedTwin::settings() const {
  std::map<std::string, std::string> texts;
  for (const auto& entry : fs::recursive_directory_iterator(root_)) {
    if (entry.is_symlink() || !entry.is_regular_file()) continue;
    const auto mode = entry.status().permissions();
    if ((mode & fs::perms::owner_write) != fs::perms::none)
      texts[entry.path().string().substr(root_.size())] = whole(entry.path().string());
  }
  return texts;
}

std::string MountedTwin::log() const { return whole(log_); }

}  // namespace isojoule::test
