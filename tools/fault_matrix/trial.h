// One fault on one node of one twin: a whole measured run with every knob turned, and the way back.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "access_log.h"
#include "base/faulty_tree.h"
#include "board/board.h"
#include "data/run.h"

namespace isojoule::faults {

// A column of the matrix.
struct Column {
  std::string_view name;
  Fault fault;
};
std::span<const Column> columns();

struct Injection {
  std::string path;
  Fault fault;  // with the access from which on it is there
};

// What the program said and what it found, in the order in which it happens.
struct Observed {
  std::vector<Error> problems;  // of opening the board
  // Rails and knobs that a machine without a board file turned out to have: what `probe` lists.
  std::set<std::string> found;
  std::optional<Error> guard;  // of saving the nodes before the first write
  std::optional<Error> error;  // of the run as a whole
  std::optional<Run> run;
  std::optional<Error> restore;
  std::map<std::string, Use> uses;
};

// `inferences` make the run as long as its faults need to show. Errors: those of making the twin.
Result<Observed> observe(const BoardFile& board, const std::string& release,
                         const std::string& model_path, std::int64_t inferences,
                         const std::optional<Injection>& injection);
// So many that the run has more than fifty windows of the slowest source.
std::int64_t enough_inferences(const Observed& clean);
inline constexpr std::int64_t kFirstInferences = 1600;

enum class Verdict : std::uint8_t {
  noticed,  // a typed error, a problem, a failed run, or a counter that the clean run does not have
  harmless,  // nothing was said, and every energy and every achieved value is as in the clean run
  silent,    // nothing was said, and something is different: what must not be
};
struct Judgement {
  Verdict verdict = Verdict::noticed;
  std::string how;  // "sample_failed", "problem: no_data", "run failed", "" for harmless
};
Judgement judge(const Observed& clean, const Observed& faulty);

}  // namespace isojoule::faults
