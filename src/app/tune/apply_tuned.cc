// The best setting, set.
#include <fmt/format.h>

#include "app/guard_place.h"
#include "app/pin.h"
#include "app/tune/tune.h"
#include "app/tune/tune_words.h"

namespace isojoule {

Result<std::vector<std::string>> apply_tuned(const Paths& paths, const TargetOptions& options,
                                             const std::string& command, const TuneResult& result) {
  const TuneCandidate* const winner = result.winner();
  if (winner == nullptr)
    return fail(ErrorKind::no_data, "there is no best setting to apply", "Measure more: --budget");
  ISOJOULE_TRY(const auto target, open_target(paths, options));
  Board& board = target->board;
  if (board.file.name != result.info.board || board.simulated != result.info.simulated)
    return fail(ErrorKind::invalid,
                fmt::format("the search was on {}{}, and this is {}{}",
                            result.info.simulated ? "twin:" : "", result.info.board,
                            board.simulated ? "twin:" : "", board.file.name),
                "Say --board, or search on this board");
  Setting knobs;
  for (const auto& [axis, value] : winner->setting.values())
    if (board.knob(axis) != nullptr) knobs.set(axis, value);
  if (knobs.values().empty())
    return fail(ErrorKind::no_data, "the best setting turns no knob of the board",
                "What it says of the engine is the program's to do");
  if (target->helper)
    return fail(ErrorKind::unsupported,
                "the helper puts the board back as soon as this program ends",
                "Hold it with isojoule apply ... --for, or set it as root", "apply");
  GuardOptions guard_at = guard_options(paths, options, *target, command);
  guard_at.take_over_held = true;
  ISOJOULE_TRY(const auto guard, BoardGuard::take(board, guard_at));
  const auto pinned = pin(board, knobs);
  if (!pinned) return tl::unexpected<Error>(guard->restore_after(pinned.error()));
  std::vector<std::string> words;
  for (const PinnedKnob& knob : *pinned) {
    // What was measured was another setting than the board has now: better none than half of it.
    if (!knob.reached)
      return tl::unexpected<Error>(guard->restore_after(
          Error{ErrorKind::not_reached,
                fmt::format("{}: asked for {}, reads {}", knob.axis,
                            value_words(knob.axis, knob.requested),
                            value_words(knob.axis, knob.achieved)),
                "apply", "The board is as it was before; does a power mode or a cap hold it?"}));
    words.push_back(fmt::format("{} {}", knob.axis, value_words(knob.axis, knob.achieved)));
  }
  if (target->twin) {
    ISOJOULE_CHECK(guard->restore());
    words.emplace_back("on a twin it ends with this program");
  } else {
    ISOJOULE_CHECK(guard->hold());
    words.emplace_back("it stays so until `isojoule restore`, or a restart");
  }
  return words;
}

}  // namespace isojoule
