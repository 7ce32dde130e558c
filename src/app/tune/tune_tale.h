// A search as it goes on: what was asked and told, by setting, whoever measured it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/tune/tune_memory.h"
#include "app/tune/tune_verdict.h"
#include "optimise/probe_log.h"
#include "optimise/search.h"

namespace isojoule {

class TuneTale {
 public:
  // `space` and `goal` outlive it. Errors: those of the optimiser.
  static Result<std::unique_ptr<TuneTale>> make(const SearchSpace& space, Goal& goal,
                                                const std::string& optimiser,
                                                const SearchOptions& options);

  std::optional<Question> ask();
  // A probe of the search.
  const SearchStep& tell(Question question, const Probe& probe);
  // A setting that cannot run, as others have shown: told, and no step.
  void tell_out(GridPoint point, const std::string& why);
  bool is_out(GridPoint point) const { return log_.is_out(point); }
  // A run of the interleaved blocks: told, and no step.
  void tell_again(const Probe& probe, std::int64_t block);
  void tell_governors(const Setting& setting, const std::string& baseline, std::int64_t block,
                      const Metrics& metrics);

  const std::vector<SearchStep>& steps() const { return steps_; }
  std::optional<Answer> recommend();
  // The recommended one first, then by what was measured: at most `most`.
  std::vector<GridPoint> finalists(std::size_t most);
  // Those that were measured again, or where none was the finalists.
  std::vector<TuneCandidate> candidates(std::size_t most);
  // The best by all that was measured of each, in blocks or not.
  std::vector<TuneCandidate> best_of_all(std::size_t most);
  // One for each engine part that they ran with; those of the blocks first.
  std::vector<TuneCandidate> governors() const;
  double decide_s() const { return decide_s_; }

 private:
  TuneTale(const SearchSpace& space, Goal& goal) : space_(space), goal_(goal), log_(space, goal) {}
  void take(const Probe& probe, std::int64_t block);
  void remember(const Probe& probe, std::int64_t block);

  const SearchSpace& space_;
  Goal& goal_;
  std::unique_ptr<Optimiser> optimiser_;
  ProbeLog log_;
  std::vector<SearchStep> steps_;
  std::map<GridPoint, std::vector<CandidateRun>> runs_;
  std::map<std::pair<std::string, Setting>, std::vector<CandidateRun>> governors_;
  bool referred_ = false;  // the cost has its reference
  double decide_s_ = 0;
};

}  // namespace isojoule
