// A twin's tree as real files, for tests of the real file access: `isojoule twin mount` in a folder
// of its own until the object goes.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "whole/program.h"

namespace isojoule::test {

class MountedTwin {
 public:
  // Why it cannot be tried here ("" = it can): no FUSE on this machine or in this build.
  static std::string why_not();

  // `more`: further arguments of `twin mount`. Check mounted() before use.
  MountedTwin(const Workplace& place, const std::string& board,
              const std::vector<std::string>& more = {});
  ~MountedTwin();
  MountedTwin(const MountedTwin&) = delete;
  MountedTwin& operator=(const MountedTwin&) = delete;

  bool mounted() const { return mounted_; }
  const std::string& root() const { return root_; }
  std::string path(const std::string& below) const { return root_ + below; }
  std::string read(const std::string& below) const;  // "" where it cannot be
  // The errno of one write() of the whole text; 0 = done.
  int write(const std::string& below, const std::string& text) const;
  // Path and text of every file that can be written: what a program can change.
  std::map<std::string, std::string> settings() const;
  std::string log() const;  // what the mount program printed

 private:
  std::string root_, log_;
  pid_t process_ = -1;
  bool mounted_ = false;
};

}  // namespace isojoule::test
