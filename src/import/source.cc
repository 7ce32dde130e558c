#include "import/source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/file_tree.h"

namespace isojoule {
namespace {

constexpr std::size_t kBlock = std::size_t{256} * 1024;  // stays in the processor's cache
constexpr std::size_t kLongestLine = 1 << 20;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

class FileSource final : public ByteSource {
 public:
  FileSource(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  ~FileSource() override { ::close(descriptor_); }

 private:
  Result<std::size_t> do_read(std::span<char> buffer) override {
    for (;;) {
      const ssize_t size = ::read(descriptor_, buffer.data(), buffer.size());
      if (size >= 0) return static_cast<std::size_t>(size);
      if (errno != EINTR) return tl::unexpected<Error>(error_from_errno(errno, path_, "read"));
    }
  }
  int descriptor_;
  std::string path_;
};

class TextSource final : public ByteSource {
 public:
  TextSource(std::string text, std::size_t chunk) : text_(std::move(text)), chunk_(chunk) {}

 private:
  Result<std::size_t> do_read(std::span<char> buffer) override {
    const std::size_t size = std::min({buffer.size(), chunk_, text_.size() - at_});
    text_.copy(buffer.data(), size, at_);
    at_ += size;
    return size;
  }
  std::string text_;
  std::size_t chunk_, at_ = 0;
};

class HeadSource final : public ByteSource {
 public:
  HeadSource(std::string head, std::unique_ptr<ByteSource> rest)
      : head_(std::move(head)), rest_(std::move(rest)) {}

 private:
  Result<std::size_t> do_read(std::span<char> buffer) override {
    if (at_ == head_.size()) return rest_->read(buffer);
    const std::size_t size = std::min(buffer.size(), head_.size() - at_);
    head_.copy(buffer.data(), size, at_);
    at_ += size;
    return size;
  }
  std::string head_;
  std::size_t at_ = 0;
  std::unique_ptr<ByteSource> rest_;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> open_source(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    Error error = error_from_errno(errno, path, "open");
    if (error.kind == ErrorKind::not_found) error.remedy = "Check the path of the log";
    return tl::unexpected<Error>(std::move(error));
  }
  auto source = std::make_unique<FileSource>(descriptor, path);
  struct stat status {};
  if (::fstat(descriptor, &status) != 0)
    return tl::unexpected<Error>(error_from_errno(errno, path, "stat"));
  if (S_ISDIR(status.st_mode))
    return fail(ErrorKind::invalid, path + ": is a folder, not a log", "Name the file inside it");
  return source;
}

std::unique_ptr<ByteSource> text_source(std::string text, std::size_t chunk) {
  return std::make_unique<TextSource>(std::move(text), std::max<std::size_t>(1, chunk));
}

std::unique_ptr<ByteSource> with_head(std::string head, std::unique_ptr<ByteSource> rest) {
  return std::make_unique<HeadSource>(std::move(head), std::move(rest));
}

Result<std::string> read_ahead(ByteSource& source, std::size_t size) {
  std::string text(std::min<std::size_t>(size, 65536), '\0');
  std::size_t done = 0;
  while (done < size) {
    if (done == text.size()) text.resize(std::min(size, 2 * text.size()));
    ISOJOULE_TRY(const std::size_t count, source.read(std::span(text).subspan(done)));
    if (count == 0) break;
    done += count;
  }
  text.resize(done);
  return text;
}

Result<LogFile> LogFile::open(const std::string& path) {
  ISOJOULE_TRY(auto source, open_source(path));
  return from(path, std::move(source));
}

Result<LogFile> LogFile::from(std::string path, std::unique_ptr<ByteSource> source) {
  LogFile file;
  file.path = std::move(path);
  ISOJOULE_TRY(file.head, read_ahead(*source, kHeadSize));
  file.head_is_all = file.head.size() < kHeadSize;
  if (file.head.empty())
    return fail(ErrorKind::no_data, file.path + ": is empty", "Record the log again");
  if (const std::size_t zero = file.head.find('\0'); zero != std::string::npos)
    return fail(
        ErrorKind::parse, file.path + ": is not a text (a byte 0 at " + std::to_string(zero) + ")",
        "Give the log as the meter's program writes it; convert UTF-16 to UTF-8 with iconv");
  if (file.head.starts_with(kByteOrderMark)) file.head.erase(0, kByteOrderMark.size());
  if (file.head.empty())
    return fail(ErrorKind::no_data, file.path + ": holds a mark of byte order and nothing else",
                "Record the log again");
  if (file.head.find('\n') == std::string::npos &&
      file.head.find('\r') < file.head.find_last_not_of('\r'))
    return fail(ErrorKind::parse, file.path + ": its lines end with CR alone",
                "Write it with line feeds: tr '\\r' '\\n' < FILE");
  file.bytes = with_head(file.head, std::move(source));
  return file;
}

tl::unexpected<Error> fail_at(const std::string& path, std::int64_t line, const std::string& what,
                              std::string remedy) {
  return fail(ErrorKind::parse, path + ":" + std::to_string(line) + ": " + what, std::move(remedy));
}

LineBlocks::LineBlocks(std::unique_ptr<ByteSource> source, std::string path)
    : source_(std::move(source)), path_(std::move(path)), buffer_(kBlock) {}

Result<std::string_view> LineBlocks::next() {
  if (ended_) return std::string_view();
  size_ -= taken_;
  std::memmove(buffer_.data(), buffer_.data() + taken_, size_);
  taken_ = 0;
  for (;;) {
    if (size_ == buffer_.size()) {
      if (size_ >= kLongestLine)
        return fail(ErrorKind::parse, path_ + ": a line of more than a million bytes",
                    "This is not a log of lines");
      buffer_.resize(2 * size_);
    }
    ISOJOULE_TRY(const std::size_t count, source_->read(std::span(buffer_).subspan(size_)));
    if (count == 0) {
      ended_ = true;
      rest_ = std::string_view(buffer_.data(), size_);
      return std::string_view();
    }
    const void* last = ::memrchr(buffer_.data() + size_, '\n', count);
    size_ += count;
    if (last == nullptr) continue;
    taken_ = static_cast<std::size_t>(static_cast<const char*>(last) - buffer_.data()) + 1;
    return std::string_view(buffer_.data(), taken_);
  }
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace isojoule
