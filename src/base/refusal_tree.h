// A tree that passes everything on to another one and keeps what that one refused for lack of
// rights: what `isojoule probe` tells the user to make accessible.
#pragma once

#include <map>
#include <string>

#include "base/file_tree.h"

namespace isojoule {

enum class Access : std::uint8_t { read, write };

class RefusalTree final : public FileTree {
 public:
  // `tree` must outlive it.
  explicit RefusalTree(FileTree& tree) : tree_(tree) {}
  // Each path once, with the right that was missing.
  const std::map<std::string, Access>& refusals() const { return refusals_; }

 private:
  Result<std::string> do_read(std::string_view path) override;
  Status do_write(std::string_view path, std::string_view text) override;
  Result<std::vector<std::string>> do_list(std::string_view path) override;
  bool do_exists(std::string_view path) override { return tree_.exists(path); }
  bool do_may_write(std::string_view path) override { return tree_.may_write(path); }
  Result<std::string> do_canonical(std::string_view path) override;
  Result<std::unique_ptr<File>> do_open(std::string_view path) override;
  Result<std::string> do_run(const std::vector<std::string>& command, Duration limit) override;

  template <typename T>
  Result<T> noted(Result<T> result, std::string_view path, Access access) {
    if (!result && result.error().kind == ErrorKind::permission_denied)
      refusals_.try_emplace(std::string(path), access);
    return result;
  }

  FileTree& tree_;
  std::map<std::string, Access> refusals_;
};

}  // namespace isojoule
