// Where a log's bytes come from, and its whole lines, block by block: memory that does not grow
// with the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace isojoule {

class ByteSource {
 public:
  ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;
  virtual ~ByteSource() = default;
  // Puts further bytes into the buffer, at most its size; 0 at the end. Errors: io.
  Result<std::size_t> read(std::span<char> buffer) { return do_read(buffer); }

 private:
  virtual Result<std::size_t> do_read(std::span<char> buffer) = 0;
};

// A file, a pipe, /dev/stdin. Errors: not_found, permission_denied, invalid (a folder), io.
Result<std::unique_ptr<ByteSource>> open_source(const std::string& path);
// Bytes that are there already, at most `chunk` in one read.
std::unique_ptr<ByteSource> text_source(std::string text, std::size_t chunk = 65536);
// Bytes that were read ahead, then the others.
std::unique_ptr<ByteSource> with_head(std::string head, std::unique_ptr<ByteSource> rest);
// The next bytes of a source, at most `size`; fewer only at its end.
Result<std::string> read_ahead(ByteSource& source, std::size_t size);

// One log as a kind gets it.
struct LogFile {
  std::string path;  // for messages, and for files beside it; empty: there is none
  std::string head;  // its first bytes, at most kHeadSize; they stand in `bytes` too
  bool head_is_all = false;
  std::unique_ptr<ByteSource> bytes;

  static constexpr std::size_t kHeadSize = 65536;
  // Errors: as open_source(); no_data (empty), parse (not a text).
  static Result<LogFile> open(const std::string& path);
  static Result<LogFile> from(std::string path, std::unique_ptr<ByteSource> source);
};

// "FILE:LINE: WHAT", of kind parse.
tl::unexpected<Error> fail_at(const std::string& path, std::int64_t line, const std::string& what,
                              std::string remedy = {});

// The whole lines of a source.
class LineBlocks {
 public:
  LineBlocks(std::unique_ptr<ByteSource> source, std::string path);

  // The next whole lines, each with its '\n'; "" at the end of the log. They last until the next
  // call. Errors: io; parse (a line of more than a million bytes: not a log).
  Result<std::string_view> next();
  // After the end: a last line that has no '\n'.
  std::string_view rest() const { return rest_; }

 private:
  std::unique_ptr<ByteSource> source_;
  std::string path_;
  std::vector<char> buffer_;
  std::size_t size_ = 0, taken_ = 0;  // bytes in the buffer; of them given out
  bool ended_ = false;
  std::string_view rest_;
};

// Takes the first line off `text`; without its '\n' and '\r'.
std::string_view take_line(std::string_view& text);

}  // namespace isojoule
