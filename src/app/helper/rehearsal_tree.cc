#include "app/helper/rehearsal_tree.h"

namespace isojoule::helper {
namespace {

// A node that was written stands still; reads after a write give the text as a kernel would.
class HeldText final : public File {
 public:
  HeldText(FileTree& tree, std::string path) : tree_(tree), path_(std::move(path)) {}

 private:
  Result<std::size_t> do_read(std::span<char> buffer) override {
    ISOJOULE_TRY(const std::string text, tree_.read(path_));
    return text.copy(buffer.data(), buffer.size());
  }
  FileTree& tree_;
  std::string path_;
};

}  // namespace

void RehearsalTree::refuse_once(bool on) {
  refuses_ = on;
  refused_.clear();
}

Result<std::string> RehearsalTree::do_read(std::string_view path) {
  const auto written = texts_.find(path);
  if (written != texts_.end()) return written->second;
  auto text = tree_.read(path);
  if (text || (text.error().kind != ErrorKind::not_found &&
               text.error().kind != ErrorKind::permission_denied))
    read_paths_.emplace(path);
  return text;
}

Status RehearsalTree::do_write(std::string_view path, std::string_view text) {
  const bool refused = refuses_ && refused_.emplace(path, text).second;
  written_.push_back({std::string(path), std::string(text), refused});
  if (refused) return fail(ErrorKind::invalid, std::string(path) + ": refused in a rehearsal");
  if (!tree_.exists(path))
    return fail(ErrorKind::not_found, std::string(path) + ": no such file", {}, "rehearse");
  texts_[std::string(path)] = trimmed(text) + "\n";
  return {};
}

Result<std::vector<std::string>> RehearsalTree::do_list(std::string_view path) {
  return tree_.list(path);
}
bool RehearsalTree::do_exists(std::string_view path) { return tree_.exists(path); }
Result<std::string> RehearsalTree::do_canonical(std::string_view path) {
  return tree_.canonical(path);
}
Result<std::unique_ptr<File>> RehearsalTree::do_open(std::string_view path) {
  ISOJOULE_CHECK(tree_.open(path));
  read_paths_.emplace(path);
  return std::unique_ptr<File>(std::make_unique<HeldText>(*this, std::string(path)));
}

}  // namespace isojoule::helper
