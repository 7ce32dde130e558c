// A board that is somewhere else: its card says what can be set, nobody here can set it.
#include "fleet/block.h"

namespace isojoule::fleet {
namespace {

class DescribedKnob final : public Knob {
 public:
  explicit DescribedKnob(const CardKnob& knob) : values_(knob.values) {
    axis_.name = knob.axis;
    axis_.unit = unit_of_axis(knob.axis);
  }

 private:
  tl::unexpected<Error> elsewhere() const {
    return fail(ErrorKind::unsupported, axis_.name + " belongs to a board that is not here",
                "Ask the board's agent");
  }
  const Axis& do_axis() const override { return axis_; }
  const std::vector<Value>& do_values() const override { return values_; }
  Result<Value> do_get() override { return elsewhere(); }
  Result<Value> do_set(const Value&, Clock&, Duration) override { return elsewhere(); }
  Status do_release() override { return elsewhere(); }
  Result<std::vector<SavedNode>> do_save() override { return elsewhere(); }

  Axis axis_;
  std::vector<Value> values_;
};

}  // namespace

Result<Board> described_board(const BoardCard& card) {
  Board board;
  board.file.name = card.board;
  board.file.title = card.title;
  board.file.rails = card.rails;
  board.file.total = card.total;
  board.release.name = card.release;
  board.variant = card.variant;
  board.simulated = card.simulated;
  for (const CardKnob& knob : card.knobs) {
    if (board.knob(knob.axis) != nullptr)
      return fail(ErrorKind::invalid, card.name + ": its card has " + knob.axis + " twice",
                  "Look at the board with isojoule probe");
    board.knobs.push_back(std::make_unique<DescribedKnob>(knob));
  }
  return board;
}

}  // namespace isojoule::fleet
