#include "base/file_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/clock.h"
#include "base/subprocess.h"
#include "base/text.h"

namespace isojoule {
namespace {

constexpr std::size_t kChunk = 4096;  // sysfs nodes are at most a page

class RealFile final : public File {
 public:
  RealFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  ~RealFile() override { ::close(descriptor_); }
  RealFile(const RealFile&) = delete;
  RealFile& operator=(const RealFile&) = delete;

 private:
  Result<std::size_t> do_read(std::span<char> buffer) override {
    const ssize_t size = ::pread(descriptor_, buffer.data(), buffer.size(), 0);
    if (size < 0) return tl::unexpected<Error>(error_from_errno(errno, path_, "read"));
    return static_cast<std::size_t>(size);
  }
  int descriptor_;
  std::string path_;
};

// Where programs of a board live, whatever PATH says (a service's may be empty).
constexpr std::array<std::string_view, 7> kProgramFolders = {
    "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/opt/vc/bin"};
constexpr std::size_t kOutputLimit = 1 << 20;

tl::unexpected<Error> no_programs(const std::vector<std::string>& command) {
  return fail(ErrorKind::unsupported,
              (command.empty() ? std::string("a program") : command[0]) +
                  ": programs are run on the machine's own tree only",
              {}, "run");
}

Result<std::string> find_program(const std::string& name) {
  if (!name.empty() && name.front() == '/') return name;
  for (const std::string_view folder : kProgramFolders) {
    std::string path = std::string(folder) + "/" + name;
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return fail(ErrorKind::not_found, name + ": this program is not installed", {},
              "looked in " + join({kProgramFolders.begin(), kProgramFolders.end()}, ", "));
}

class RealFileTree final : public FileTree {
 public:
  explicit RealFileTree(std::string root) : root_(std::move(root)) {}

 private:
  std::string below(std::string_view path) const { return root_ + std::string(path); }

  Result<std::string> do_read(std::string_view path) override {
    const int descriptor = ::open(below(path).c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return tl::unexpected<Error>(error_from_errno(errno, path, "open"));
    const RealFile closer(descriptor, std::string(path));
    std::string text;
    std::array<char, kChunk> chunk{};
    for (;;) {
      const ssize_t size = ::read(descriptor, chunk.data(), chunk.size());
      if (size < 0) return tl::unexpected<Error>(error_from_errno(errno, path, "read"));
      if (size == 0) return text;
      text.append(chunk.data(), static_cast<std::size_t>(size));
    }
  }

  Status do_write(std::string_view path, std::string_view text) override {
    const int descriptor = ::open(below(path).c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
    if (descriptor < 0)
      return tl::unexpected<Error>(error_from_errno(errno, path, "open for writing"));
    const RealFile closer(descriptor, std::string(path));
    const ssize_t size = ::write(descriptor, text.data(), text.size());
    if (size < 0) return tl::unexpected<Error>(error_from_errno(errno, path, "write"));
    if (static_cast<std::size_t>(size) != text.size())
      return fail(ErrorKind::io, std::string(path) + ": only part of the text was taken", {},
                  "write");
    return {};
  }

  Result<std::vector<std::string>> do_list(std::string_view path) override {
    std::error_code code;
    std::vector<std::string> names;
    for (auto it = std::filesystem::directory_iterator(below(path), code);
         !code && it != std::filesystem::directory_iterator(); it.increment(code))
      names.push_back(it->path().filename().string());
    if (code) return tl::unexpected<Error>(error_from_errno(code.value(), path, "list"));
    std::sort(names.begin(), names.end());
    return names;
  }

  bool do_exists(std::string_view path) override {
    struct stat status {};
    return ::stat(below(path).c_str(), &status) == 0;
  }

  bool do_may_write(std::string_view path) override {
    return ::faccessat(AT_FDCWD, below(path).c_str(), W_OK, AT_EACCESS) == 0;
  }

  Result<std::string> do_canonical(std::string_view path) override {
    std::error_code code;
    std::string full = std::filesystem::canonical(below(path), code).string();
    if (code) return tl::unexpected<Error>(error_from_errno(code.value(), path, "resolve"));
    const std::string root = root_.empty() ? "" : std::filesystem::canonical(root_, code).string();
    return full.rfind(root, 0) == 0 ? full.substr(root.size()) : full;
  }

  Result<std::unique_ptr<File>> do_open(std::string_view path) override {
    const int descriptor = ::open(below(path).c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return tl::unexpected<Error>(error_from_errno(errno, path, "open"));
    return std::make_unique<RealFile>(descriptor, std::string(path));
  }

  Result<std::string> do_run(const std::vector<std::string>& command, Duration limit) override {
    if (!root_.empty()) return no_programs(command);
    if (command.empty()) return fail(ErrorKind::invalid, "no program was named");
    SubprocessOptions options;
    options.command = command;
    ISOJOULE_TRY(options.command[0], find_program(command[0]));
    options.output_limit = kOutputLimit;
    ISOJOULE_TRY(const auto child, Subprocess::start(options));
    const auto ended = child->wait(make_real_clock()->now() + limit);
    if (!ended) return fail(ErrorKind::timeout, command[0] + ": no end in sight", {}, "run");
    if (ended->by_signal || ended->code != 0)
      return fail(ErrorKind::io,
                  command[0] + ": " + to_string(*ended) + ": " + child->last_output_line(), {},
                  "run " + join(command, " "));
    return child->output_tail();
  }

  std::string root_;
};

Result<std::int64_t> leading_integer(std::string_view text, std::string_view path) {
  const std::size_t start = text.find_first_not_of(" \t\n");
  std::int64_t value = 0;
  if (start != std::string_view::npos) {
    const auto parsed = std::from_chars(text.data() + start, text.data() + text.size(), value);
    if (parsed.ec == std::errc()) return value;
  }
  return fail(ErrorKind::parse,
              std::string(path) + ": not a number: '" + trimmed(text.substr(0, 40)) + "'", {},
              "read");
}

}  // namespace

Result<std::string> FileTree::do_run(const std::vector<std::string>& command, Duration) {
  return no_programs(command);
}

std::unique_ptr<FileTree> make_real_file_tree(std::string root) {
  while (!root.empty() && root.back() == '/') root.pop_back();
  return std::make_unique<RealFileTree>(std::move(root));
}

std::string trimmed(std::string_view text) {
  std::string result(text);
  result.erase(std::remove(result.begin(), result.end(), '\0'), result.end());
  const std::size_t first = result.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return {};
  return result.substr(first, result.find_last_not_of(" \t\r\n") - first + 1);
}

Result<std::int64_t> read_integer(FileTree& tree, std::string_view path) {
  ISOJOULE_TRY(const std::string text, tree.read(path));
  return leading_integer(text, path);
}

Result<std::int64_t> read_integer(File& file) {
  std::array<char, 64> buffer{};
  const auto size = file.read(buffer);
  if (!size) return tl::unexpected<Error>(size.error());
  return leading_integer({buffer.data(), *size}, "node");
}

Result<std::string> read_line(FileTree& tree, std::string_view path) {
  ISOJOULE_TRY(const std::string text, tree.read(path));
  return trimmed(text);
}

Result<std::vector<std::string>> read_words(FileTree& tree, std::string_view path) {
  ISOJOULE_TRY(const std::string text, tree.read(path));
  std::vector<std::string> words;
  const std::string_view white = " \t\r\n";
  for (std::size_t at = text.find_first_not_of(white); at != std::string::npos;) {
    const std::size_t end = std::min(text.find_first_of(white, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = text.find_first_not_of(white, end);
  }
  return words;
}

Error error_from_errno(int number, std::string_view path, std::string_view tried) {
  Error error;
  error.what = std::string(path) + ": " + std::generic_category().message(number);
  error.tried = std::string(tried);
  switch (number) {
    case ENOENT:
    case ENOTDIR:
    case ENODEV: error.kind = ErrorKind::not_found; break;
    case EACCES:
    case EPERM:
      error.kind = ErrorKind::permission_denied;
      error.remedy = "Run as root, or give this user access to the node";
      break;
    case ENODATA: error.kind = ErrorKind::no_data; break;
    case EINVAL:
    case ERANGE: error.kind = ErrorKind::invalid; break;
    case EROFS: error.kind = ErrorKind::read_only; break;
    case ENOSPC:
    case EDQUOT: error.kind = ErrorKind::disk_full; break;
    case EBUSY: error.kind = ErrorKind::busy; break;
    case ETIMEDOUT: error.kind = ErrorKind::timeout; break;
    default: error.kind = ErrorKind::io; break;
  }
  return error;
}

}  // namespace isojoule
