// A tree that passes everything on and counts what was done with each file.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/file_tree.h"

namespace isojoule::faults {

struct Use {
  int reads = 0;  // opening counts as one, each read of a kept-open file too
  int writes = 0;
};

class AccessLog final : public FileTree {
 public:
  explicit AccessLog(FileTree& tree) : tree_(tree) {}
  const std::map<std::string, Use>& uses() const { return uses_; }

 private:
  class LoggedFile final : public File {
   public:
    LoggedFile(Use& use, std::unique_ptr<File> file) : use_(use), file_(std::move(file)) {}

   private:
    Result<std::size_t> do_read(std::span<char> buffer) override {
      ++use_.reads;
      return file_->read(buffer);
    }
    Use& use_;  // a map's values stay where they are
    std::unique_ptr<File> file_;
  };

  Result<std::string> do_read(std::string_view path) override {
    ++uses_[std::string(path)].reads;
    return tree_.read(path);
  }
  Status do_write(std::string_view path, std::string_view text) override {
    ++uses_[std::string(path)].writes;
    return tree_.write(path, text);
  }
  Result<std::vector<std::string>> do_list(std::string_view path) override {
    return tree_.list(path);
  }
  bool do_exists(std::string_view path) override { return tree_.exists(path); }
  bool do_may_write(std::string_view path) override { return tree_.may_write(path); }
  Result<std::string> do_canonical(std::string_view path) override { return tree_.canonical(path); }
  Result<std::unique_ptr<File>> do_open(std::string_view path) override {
    Use& use = uses_[std::string(path)];
    ++use.reads;
    ISOJOULE_TRY(auto file, tree_.open(path));
    return std::make_unique<LoggedFile>(use, std::move(file));
  }
  Result<std::string> do_run(const std::vector<std::string>& command, Duration limit) override {
    if (!command.empty()) ++uses_[command[0]].reads;
    return tree_.run(command, limit);
  }

  FileTree& tree_;
  std::map<std::string, Use> uses_;
};

}  // namespace isojoule::faults
