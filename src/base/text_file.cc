#include "base/text_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/descriptor.h"
#include "base/file_tree.h"
#include "base/whole_file.h"

namespace isojoule {
namespace {

tl::unexpected<Error> os_error(const std::string& path, const char* tried) {
  return tl::unexpected<Error>(error_from_errno(errno, path, tried));
}

Status write_all(int descriptor, const std::string& text, const std::string& path) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t size = ::write(descriptor, text.data() + done, text.size() - done);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return os_error(path, "write");
    done += static_cast<std::size_t>(size);
  }
  return {};
}

}  // namespace

Result<std::string> read_text_file(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return os_error(path, "open");
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return os_error(path, "stat");
  if (S_ISDIR(status.st_mode)) return fail(ErrorKind::invalid, path + ": is a folder, not a file");
  std::string text(static_cast<std::size_t>(status.st_size > 0 ? status.st_size : 0), '\0');
  std::size_t done = 0;
  for (;;) {
    if (done == text.size()) text.resize(text.size() + 4096);
    const ssize_t size = ::read(file.get(), text.data() + done, text.size() - done);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return os_error(path, "read");
    if (size == 0) break;
    done += static_cast<std::size_t>(size);
  }
  text.resize(done);
  return text;
}

Status write_text_file(const std::string& path, const std::string& text) {
  return write_whole_file(path, [&](int descriptor) { return write_all(descriptor, text, path); });
}

}  // namespace isojoule
