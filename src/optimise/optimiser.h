// Ask and tell: a search over settings that somebody else measures.
//
// A new optimiser is a folder of src/optimise/ that defines `const OptimiserKind&
// optimiser_kind_<folder>()`; siblings do not know each other. An optimiser is deterministic: the
// same space, goal, options and answers give the same questions, which is how a search that was
// interrupted goes on: its answers are told again.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "optimise/goal.h"
#include "optimise/probe.h"
#include "optimise/space.h"

namespace isojoule {

// What is known before the first probe of this search.
struct PriorProbe {
  Probe probe;
  double log_sd = 0.1;  // how far this board may be from it, as a share
};

struct SearchOptions {
  std::uint64_t seed = 1;
  std::int64_t budget = 0;        // probes that the search will have; 0: not known
  double noise = 0.01;            // relative standard deviation of a probe's energy, a first guess
  std::vector<Probe> warm;        // of an earlier search of this very space: as if told
  std::vector<PriorProbe> prior;  // of another board, or predicted
};

struct Question {
  GridPoint point = 0;
  std::string why;  // a few words for people: "expected improvement 3.1 %"
};

struct Answer {
  GridPoint point = 0;
  double cost = 0;      // what the optimiser believes; > 0
  double log_sd = 0;    // of it, as a share
  bool certain = true;  // it meets the limits as measured; false: the nearest to them
  // Expected relative gain of the best setting that was not measured over this one; absent: the
  // optimiser has no opinion.
  std::optional<double> expected_gain;
};

class Optimiser {
 public:
  virtual ~Optimiser() = default;
  Optimiser(const Optimiser&) = delete;
  Optimiser& operator=(const Optimiser&) = delete;

  // Nothing: it has nothing more to ask. Asking twice without an answer gives the same question.
  std::optional<Question> ask() { return do_ask(); }
  void tell(const Probe& probe) { do_tell(probe); }
  // The best of the settings that were measured; nothing before the first that ran.
  std::optional<Answer> recommend() { return do_recommend(); }

 protected:
  Optimiser() = default;

 private:
  virtual std::optional<Question> do_ask() = 0;
  virtual void do_tell(const Probe& probe) = 0;
  virtual std::optional<Answer> do_recommend() = 0;
};

struct OptimiserKind {
  std::string_view name;     // the folder's
  std::string_view summary;  // a line for `isojoule list optimisers`
  std::string_view source;   // the publication whose idea it is
  // The space outlives the optimiser. Errors: invalid (a space or goal that it cannot search).
  Result<std::unique_ptr<Optimiser>> (*make)(const SearchSpace& space, const Goal& goal,
                                             const SearchOptions& options);
};

std::span<const OptimiserKind> optimiser_kinds();  // sorted by name; generated table
// Error: not_found, with the nearest name.
Result<const OptimiserKind*> find_optimiser(std::string_view name);

}  // namespace isojoule
