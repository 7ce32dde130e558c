// Where an export's bytes go: a file, standard output, a test's counter.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace isojoule {

class Sink {
 public:
  virtual ~Sink() = default;
  // All of them, or an error; after an error nothing more is written.
  Status write(std::string_view bytes) { return do_write(bytes); }

 private:
  virtual Status do_write(std::string_view bytes) = 0;
};

// Keeps everything, for what is short.
class TextSink final : public Sink {
 public:
  const std::string& text() const { return text_; }

 private:
  Status do_write(std::string_view bytes) override {
    text_ += bytes;
    return {};
  }
  std::string text_;
};

// An open file descriptor, which it does not close. Errors: those of write(2).
class DescriptorSink final : public Sink {
 public:
  DescriptorSink(int descriptor, std::string name)
      : descriptor_(descriptor), name_(std::move(name)) {}
  bool reader_left() const { return reader_left_; }  // EPIPE: `| head`

 private:
  Status do_write(std::string_view bytes) override;
  int descriptor_;
  std::string name_;
  bool reader_left_ = false;
};

// Collects small pieces, so that a reading costs no call of the sink.
class Output {
 public:
  explicit Output(Sink& sink) : sink_(sink) {}
  std::string& text() { return text_; }  // append here
  // Passes on what is there once it is worth it; after each line or packet.
  Status spill() { return text_.size() < kEnough ? Status{} : finish(); }
  Status finish() {
    const Status written = sink_.write(text_);
    text_.clear();
    return written;
  }

 private:
  static constexpr std::size_t kEnough = 65536;
  Sink& sink_;
  std::string text_;
};

}  // namespace isojoule
