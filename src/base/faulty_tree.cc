#include "base/faulty_tree.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace isojoule {
namespace {

constexpr Duration kHang = Duration::milliseconds(2000);
constexpr std::string_view kGarbage = "\x01?#not a value\xff\n";

int errno_of(Fault fault) {
  switch (fault) {
    case Fault::io_error: return EIO;
    case Fault::no_data: return ENODATA;
    case Fault::no_permission: return EACCES;
    case Fault::gone: return ENOENT;
    default: return 0;
  }
}

}  // namespace

std::string_view name_of(Fault fault) {
  switch (fault) {
    case Fault::io_error: return "EIO";
    case Fault::no_data: return "ENODATA";
    case Fault::no_permission: return "EACCES";
    case Fault::gone: return "ENOENT";
    case Fault::empty: return "empty";
    case Fault::garbage: return "garbage";
    case Fault::frozen: return "frozen";
    case Fault::ignored: return "ignored write";
    case Fault::hang: return "hang of 2 s";
  }
  return "";
}

// A kept-open file meets what is injected at the time of each read.
class FaultyFile final : public File {
 public:
  FaultyFile(FaultyTree& tree, std::string path, std::unique_ptr<File> file)
      : tree_(tree), path_(std::move(path)), file_(std::move(file)) {}

 private:
  Result<std::size_t> do_read(std::span<char> buffer) override {
    const auto text = tree_.answer(path_, [&]() -> Result<std::string> {
      ISOJOULE_TRY(const std::size_t size, file_->read(buffer));
      return std::string(buffer.data(), size);
    });
    if (!text) return tl::unexpected<Error>(text.error());
    const std::size_t size = std::min(text->size(), buffer.size());
    std::memcpy(buffer.data(), text->data(), size);
    return size;
  }
  FaultyTree& tree_;
  std::string path_;
  std::unique_ptr<File> file_;
};

void FaultyTree::inject(std::string path, Fault fault, int after) {
  injected_[std::move(path)] = {fault, after, std::nullopt};
}

FaultyTree::Injected* FaultyTree::meet(std::string_view path) {
  const auto found = injected_.find(path);
  if (found == injected_.end()) return nullptr;
  if (found->second.after > 0) {
    --found->second.after;
    return nullptr;
  }
  if (found->second.fault == Fault::hang) clock_.sleep_for(kHang);
  return &found->second;
}

template <typename Text>
Result<std::string> FaultyTree::answer(std::string_view path, Text text) {
  ++uses_[std::string(path)].reads;
  Injected* injected = meet(path);
  if (injected == nullptr) return text();
  if (const int number = errno_of(injected->fault); number != 0)
    return tl::unexpected<Error>(error_from_errno(number, path, "read"));
  switch (injected->fault) {
    case Fault::empty: return std::string();
    case Fault::garbage: return std::string(kGarbage);
    case Fault::frozen:
      if (!injected->first) {
        ISOJOULE_TRY(injected->first, text());
      }
      return *injected->first;
    default: return text();
  }
}

Result<std::string> FaultyTree::do_read(std::string_view path) {
  return answer(path, [&] { return tree_.read(path); });
}

Status FaultyTree::do_write(std::string_view path, std::string_view text) {
  ++uses_[std::string(path)].writes;
  const Injected* injected = meet(path);
  if (injected == nullptr) return tree_.write(path, text);
  if (const int number = errno_of(injected->fault); number != 0)
    return tl::unexpected<Error>(error_from_errno(number, path, "write"));
  return injected->fault == Fault::ignored ? Status{} : tree_.write(path, text);
}

Result<std::vector<std::string>> FaultyTree::do_list(std::string_view path) {
  return tree_.list(path);
}

bool FaultyTree::do_exists(std::string_view path) {
  const auto found = injected_.find(path);
  const bool is_gone =
      found != injected_.end() && found->second.fault == Fault::gone && found->second.after == 0;
  return !is_gone && tree_.exists(path);
}

Result<std::string> FaultyTree::do_canonical(std::string_view path) {
  return tree_.canonical(path);
}

Result<std::unique_ptr<File>> FaultyTree::do_open(std::string_view path) {
  if (const auto found = injected_.find(path); found != injected_.end() && found->second.after == 0)
    if (const int number = errno_of(found->second.fault); number == EACCES || number == ENOENT)
      return tl::unexpected<Error>(error_from_errno(number, path, "open"));
  ISOJOULE_TRY(auto file, tree_.open(path));
  return std::make_unique<FaultyFile>(*this, std::string(path), std::move(file));
}

Result<std::string> FaultyTree::do_run(const std::vector<std::string>& command, Duration limit) {
  const std::string name = command.empty() ? std::string() : command[0];
  return answer(name, [&] { return tree_.run(command, limit); });
}

}  // namespace isojoule
