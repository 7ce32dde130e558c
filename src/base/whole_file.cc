#include "base/whole_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "base/file_tree.h"

namespace isojoule {
namespace {

Error write_error(int number, const std::string& path, const char* tried) {
  Error error = error_from_errno(number, path, tried);
  switch (error.kind) {
    case ErrorKind::not_found: error.remedy = "Make the folder first, or name another one"; break;
    case ErrorKind::permission_denied:
    case ErrorKind::read_only: error.remedy = "Name a folder that you may write to"; break;
    case ErrorKind::disk_full: error.remedy = "Free some space, or name another disk"; break;
    default: break;
  }
  return error;
}

// The errors of `write`, too, get the remedy of their kind.
Status with_remedy(Status status, const std::string& path) {
  if (status || !status.error().remedy.empty()) return status;
  Error error = status.error();
  if (error.kind == ErrorKind::disk_full) error.remedy = write_error(ENOSPC, path, "write").remedy;
  return tl::unexpected<Error>(std::move(error));
}

// Closes the descriptor and removes the file unless it was kept.
class PartFile {
 public:
  PartFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  ~PartFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  int descriptor() const { return descriptor_; }
  // 0 or errno.
  int keep_as(const std::string& path) {
    if (::fsync(descriptor_) != 0) return errno;
    const int descriptor = std::exchange(descriptor_, -1);
    if (::close(descriptor) != 0) return errno;
    if (::rename(path_.c_str(), path.c_str()) != 0) return errno;
    path_.clear();
    return 0;
  }

 private:
  int descriptor_;
  std::string path_;
};

Status write_straight(const std::string& path, const std::function<Status(int)>& write) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) return tl::unexpected<Error>(write_error(errno, path, "open for writing"));
  const PartFile closer(descriptor, "");
  return with_remedy(write(descriptor), path);
}

}  // namespace

Status write_whole_file(const std::string& path, const std::function<Status(int)>& write) {
  if (path.empty()) return fail(ErrorKind::invalid, "the file to write has no name");
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode))
      return fail(ErrorKind::invalid, path + ": is a folder", "Name a file in it");
    if (!S_ISREG(status.st_mode)) return write_straight(path, write);
  }
  static std::atomic<unsigned> counter = 0;
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash + 1);
  const std::string part = folder + "." + path.substr(folder.size()) + "." +
                           std::to_string(::getpid()) + "-" + std::to_string(counter++) + ".part";
  const int descriptor = ::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor < 0) return tl::unexpected<Error>(write_error(errno, path, "create"));
  PartFile file(descriptor, part);
  ISOJOULE_CHECK(with_remedy(write(descriptor), path));
  if (const int number = file.keep_as(path); number != 0)
    return tl::unexpected<Error>(write_error(number, path, "write to the disk"));
  return {};
}

}  // namespace isojoule
