// What a publication states, as data (studies/claims/*.toml): which figure, of which board and
// setting, and whether a study of ours can say something about it.
//
// A file has [[source]] tables (id, title) and [[group]] tables, whose keys hold for every claim of
// the group unless the claim has its own.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "data/setting.h"

namespace isojoule {

enum class Relation { about, at_most, at_least };

struct Claim {
  std::string id;      // "nano-saving-alexnet", unique in the file
  std::string source;  // id of a [[source]]
  std::string where;   // "section 5.2": where in the source
  std::string board;
  std::string other_board;  // of a comparison between boards
  std::string kind;         // how a study is asked, see finding.h; empty where nothing can be asked
  std::string what;         // for people
  std::string note;
  std::vector<std::string> networks;
  std::vector<double> batches;  // the first that the study has; a batch effect: from and to
  std::string baseline;         // of a comparison with the default governors
  std::string watch;            // of a residency
  Setting fixed;                // what is held, of a sweep or a comparison
  Setting setting, against;     // the two sides of a comparison between settings
  std::string axis;             // that is turned, of an effect
  std::string quantity;     // "energy", "power", "latency", where a kind has several; see finding.h
  bool has_figure = false;  // otherwise the source states it in words
  double low = 0, high = 0;  // as claimed; the same where it is one number
  std::string unit;          // "%", "W", "s", "Hz", "J", "", as claimed
  Relation relation = Relation::about;
  std::optional<double> tolerance;  // otherwise the kind's
  bool covered = true;
  std::string reason;  // why nothing here can say something about it
};

struct ClaimSource {
  std::string id, title;
};

struct ClaimFile {
  std::vector<ClaimSource> sources;
  std::vector<Claim> claims;
};

// Errors: parse with path:line:column.
Result<ClaimFile> parse_claims(const std::string& toml, const std::string& path);

}  // namespace isojoule
