// What is measured on: this machine, or a twin.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "app/helper/client_tree.h"
#include "app/paths.h"
#include "base/refusal_tree.h"
#include "board/board.h"
#include "engine/engine.h"
#include "twin/twin.h"

namespace isojoule {

// Of a board's name: the simulated one.
inline constexpr std::string_view kTwinPrefix = "twin:";

// "twin:jetson-orin-nx/super#3" in its parts.
struct TwinName {
  std::string board;
  std::string variant;        // "": none
  std::uint64_t silicon = 0;  // twin/silicon.h
};
// Errors: invalid (what stands behind '#' is no whole number). Whether board and variant are known
// is not looked at.
Result<TwinName> parse_twin_name(const std::string& board);

// Owns everything that the board refers to. Movable only through the pointer that open_target
// gives.
struct Target {
  std::unique_ptr<Twin> twin;          // null on a real machine
  std::unique_ptr<FileTree> own_tree;  // null on a twin
  std::unique_ptr<Clock> own_clock;    // null on a twin
  // In front of own_tree where a helper does what this user may not; it keeps the board, too.
  std::unique_ptr<helper::ClientTree> helper;
  std::unique_ptr<RefusalTree> refusals;  // in front of the tree where note_refusals was asked for
  Board board;
};

// A file at the root of a mounted twin's tree: what is measured below it is simulated.
inline constexpr const char* kTwinMark = "/isojoule-twin";

struct TargetOptions {
  // "twin:jetson-nano": a twin; "twin:jetson-orin-nx/super": of a variant; "twin:jetson-nano#7":
  // of silicon 7 (twin/silicon.h), which comes last. "jetson-nano": this machine, which must be
  // one. "": this machine, whatever it is.
  std::string board;
  std::string release;  // "" = detected, on a twin the newest
  std::uint64_t seed = 1;
  // Root of the tree that stands for the machine's own (a mounted twin); "" = /.
  std::string sysroot = {};
  // Socket of isojouled; "" = the usual one, where it is there, this process is not root's and the
  // tree is the machine's own; "none" = without.
  std::string helper = {};
  bool as_user = false;        // of a twin: the tree answers as to a user without rights
  bool note_refusals = false;  // keep what the tree refuses, see Target::refusals
  bool calibrated = true;      // use what `isojoule calibrate` found of this board's rails
  bool noise = true;           // of a twin: false: neither run-to-run variation nor sensor noise
  double pace = 0;  // of a twin: its time passes at most so many times as fast as the real one; 0:
                    // as fast as it can
  // While it is true a twin with a pace waits no more, so that who is told to stop does so at once.
  const std::atomic<bool>* interrupted = nullptr;
};

// Errors: not_found (an unknown board with the nearest name; this machine is none), parse, invalid;
// of the file of calibrations, unless they are not wanted.
Result<std::unique_ptr<Target>> open_target(const Paths& paths, const TargetOptions& options);

// The board that a tree shows: the detected one, or what is found of any machine. `release` "" =
// detected. Errors: parse, invalid, those of reading the tree.
Result<Board> open_detected(const Paths& paths, FileTree& tree, Clock& clock,
                            const std::string& release = {});

// What a reader of a measurement there must know first: a mounted twin's power is not that of the
// work. "" = nothing.
std::string caution_of(const Target& target);

// The file of a network for this target, by zoo name or path. A twin needs shapes only, so its zoo
// files come without weights.
Result<std::string> network_file(const Target& target, const Paths& paths,
                                 const std::string& name_or_path, int opset = 0);
// The same for boards that are elsewhere, simulated or not.
Result<std::string> network_file(bool simulated, const Paths& paths,
                                 const std::string& name_or_path, int opset = 0);

}  // namespace isojoule
