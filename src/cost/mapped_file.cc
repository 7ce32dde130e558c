#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/file_tree.h"
#include "cost/onnx_reader.h"

namespace isojoule {
namespace {

Error open_error(int number, const std::string& path) {
  Error error = error_from_errno(number, path, "open");
  if (error.kind == ErrorKind::not_found) error.remedy = "Check the path of the ONNX file";
  if (error.kind == ErrorKind::permission_denied)
    error.remedy = "Make the file readable for this user";
  return error;
}

}  // namespace

Result<MappedFile> MappedFile::open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return tl::unexpected<Error>(open_error(errno, path));
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(descriptor);
    return fail(ErrorKind::invalid, path + ": is no plain file", "Name an ONNX file");
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) {  // cannot be mapped
    ::close(descriptor);
    return MappedFile(nullptr, 0);
  }
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  const int number = errno;
  ::close(descriptor);
  if (data == MAP_FAILED) return tl::unexpected<Error>(error_from_errno(number, path, "map"));
  // Between the nodes lie weights that nobody reads: read ahead, they would be most of a cold
  // start.
  ::madvise(data, size, MADV_RANDOM);
  return MappedFile(static_cast<const char*>(data), size);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<char*>(data_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

}  // namespace isojoule
