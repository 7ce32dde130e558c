// A board that does not exist: a tree with that board's nodes, a virtual clock, and an engine whose
// time and power come from a physical model. Whatever it says is simulated.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory_tree.h"
#include "board/board.h"
#include "engine/engine.h"
#include "twin/pace.h"

namespace isojoule {

class Twin {
 public:
  virtual ~Twin() = default;
  MemoryTree& tree() { return do_tree(); }
  Clock& clock() { return do_clock(); }
  Engine& engine() { return do_engine(); }
  // Brings the board into the state that belongs to this seed: temperature of an idle board,
  // governors and power chip from their start, run-to-run variation and noise drawn from the seed.
  // Settings stay.
  void begin_run(std::uint64_t seed) { do_begin_run(seed); }
  // What the rail has really taken since the run began, without the power chip's errors: what a
  // perfect meter would say. Errors: not_found, with the nearest rail.
  Result<Joule> true_energy(const std::string& rail) const { return do_true_energy(rail); }

 private:
  virtual MemoryTree& do_tree() = 0;
  virtual Clock& do_clock() = 0;
  virtual Engine& do_engine() = 0;
  virtual void do_begin_run(std::uint64_t seed) = 0;
  virtual Result<Joule> do_true_energy(const std::string& rail) const = 0;
};

struct TwinOptions {
  std::string release;     // a release of the board file; "" = the newest
  std::uint64_t seed = 1;  // of run-to-run variation and sensor noise
  bool noise = true;
  bool root = true;          // false: the tree answers as to a user without rights
  std::string variant = {};  // "super": a module or mode of the same board; "" = none
  // Which piece of silicon: 0 the nominal one, else one of a population that differs in leakage,
  // switched capacitance and shunts ("twin:jetson-nano#7"; twin/silicon.h).
  std::uint64_t silicon = 0;
  twin::PaceOptions pace = {};
};

// Reads twin.toml (physics) and tree.toml (nodes) beside the board's file. Errors: not_found,
// parse, invalid, out_of_range (a release or a variant that the twin does not have; the known ones
// are named).
Result<std::unique_ptr<Twin>> make_twin(const BoardFile& board, const TwinOptions& options);

}  // namespace isojoule
