// The folder that `isojoule report --figures` fills: files of an earlier call are replaced, those
// of others never.
//
// What is ours stands in figures.json there; index.md is the same for people. Names of networks go
// into names of files by letters, digits, '-' and '_' alone, so that none leads out of the folder
// or troubles LaTeX.
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"

namespace isojoule {

class FigureFolder {
 public:
  // Makes the folder where it is not there. Errors: invalid (it is a file, or holds a figures.json
  // that is not ours), permission_denied, read_only, disk_full, io.
  static Result<FigureFolder> open(const std::string& folder);

  // "alexnet-batch16-heat-map"; with a number behind where this call had it already.
  std::string stem(const std::string& network, std::int64_t batch, const std::string& figure);
  // Writes a figure's files, ending and bytes of each, and its row of figures.json; the row first,
  // so that whatever happens a later call knows the files for ours. Answers their paths. Where one
  // cannot be written none is left. Errors: those of write_whole_file; invalid, where a file of the
  // name is there that no earlier call made.
  using Files = std::vector<std::pair<std::string, const std::string*>>;
  Result<std::vector<std::string>> add(const std::string& stem, const Files& files,
                                       const nlohmann::ordered_json& row);
  // figures.json and index.md: figures of this call, then those of earlier ones that are still
  // there.
  Status write_index();
  // Whose program made the figures, e.g. "isojoule 0.1.0".
  void set_generator(const std::string& generator) { generator_ = generator; }

 private:
  explicit FigureFolder(std::string folder) : folder_(std::move(folder)) {}
  Status read_earlier();
  bool is_there(const std::string& name) const;
  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  Status check_ours(const std::vector<std::string>& names) const;
  nlohmann::ordered_json index() const;
  Status write_json() const;

  std::string folder_, generator_;
  nlohmann::ordered_json figures_ = nlohmann::ordered_json::array();
  nlohmann::ordered_json earlier_ = nlohmann::ordered_json::array();
  std::set<std::string> ours_;   // names of files of earlier calls
  std::set<std::string> stems_;  // of this call, in small letters: some disks know no others
};

}  // namespace isojoule
