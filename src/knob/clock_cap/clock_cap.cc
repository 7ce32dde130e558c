// The highest clock that a part without limits of its own may have (EMC, DLA, PVA): files that take
// hertz, and a text that means no cap (options.no_cap, "0" unless said; the value is named "none").
//
// emc_iso_cap shows what was written, 0: no cap. The files below clk_cap/ show what the clock may
// reach under the cap, rounded to a rate that it has, so without a cap they read its highest rate;
// on JetPack 6 they refuse "-1" (EINVAL) and take 0 for the lowest rate. No cap is therefore
// whatever reads as none or not below the highest value, and a kernel that refuses the text gets
// the largest number instead. (NVIDIA L4T 35, drivers/nvpmodel: nvpmodel_emc_cap; nvidia-oot r36,
// nvpmodel-clk-cap.c: kstrtoul, clk_round_rate.)
#include <cmath>

#include "knob/node.h"
#include "knob/number_choice.h"

namespace isojoule {
namespace {

const std::string kNone = "none";
constexpr std::int64_t kLargest = INT64_MAX;

class ClockCapKnob final : public Knob {
 public:
  ClockCapKnob(const KnobSpec& spec, FileTree& tree)
      : spec_(spec),
        tree_(tree),
        axis_{spec.axis, Unit::hertz, false, "highest clock that is allowed; none: no cap"},
        choice_(NumberChoice::of_spec(spec, kClockGrid_hz)),
        values_(choice_.listed().begin(), choice_.listed().end()) {
    const auto text = spec.options.find("no_cap");
    no_cap_ = text == spec.options.end() ? "0" : text->second;
    values_.emplace_back(kNone);
  }

 private:
  const Axis& do_axis() const override { return axis_; }
  const std::vector<Value>& do_values() const override { return values_; }
  Result<Value> do_get() override { return value_of(spec_.nodes.front()); }
  Result<Value> do_set(const Value& value, Clock& clock, Duration deadline) override;
  Status do_release() override;
  Result<std::vector<SavedNode>> do_save() override;

  Result<Value> value_of(const std::string& node);
  Status lift(const std::string& node);
  Result<bool> is_there(const std::string& node, const Value& wanted, Value& found);

  KnobSpec spec_;
  FileTree& tree_;
  Axis axis_;
  NumberChoice choice_;
  std::vector<Value> values_;
  std::string no_cap_;
};

Result<Value> ClockCapKnob::value_of(const std::string& node) {
  ISOJOULE_TRY(const auto cap, node::read_cap(tree_, node));
  if (!cap || *cap * spec_.scale > choice_.highest()) return Value(kNone);
  return Value(*cap * spec_.scale);
}

Status ClockCapKnob::lift(const std::string& node) {
  auto status = node::write(tree_, node, no_cap_);
  if (status || status.error().kind != ErrorKind::invalid) return status;
  return node::write(tree_, node, kLargest);
}

// None is also there where the cap is the highest value: it caps nothing.
Result<bool> ClockCapKnob::is_there(const std::string& node, const Value& wanted, Value& found) {
  ISOJOULE_TRY(found, value_of(node));
  const double* number = std::get_if<double>(&found);
  const double* asked = std::get_if<double>(&wanted);
  const bool there = asked == nullptr    ? number == nullptr || *number >= choice_.highest()
                     : number != nullptr ? std::abs(*number - *asked) <= spec_.scale / 2
                                         : false;
  if (there) found = wanted;
  return there;
}

Result<Value> ClockCapKnob::do_set(const Value& value, Clock& clock, Duration deadline) {
  const bool is_none = value == Value(kNone);
  if (!is_none) {
    ISOJOULE_TRY(const double frequency, node::number_of(axis_, value));
    ISOJOULE_CHECK(choice_.check(axis_, frequency, spec_.scale, spec_.nodes.front()));
    for (const auto& node : spec_.nodes)
      ISOJOULE_CHECK(node::write(tree_, node,
                                 static_cast<std::int64_t>(std::llround(frequency / spec_.scale))));
  } else {
    for (const auto& node : spec_.nodes) ISOJOULE_CHECK(lift(node));
  }
  Value achieved = value;
  const auto reached = [&]() -> Result<bool> {
    for (const auto& node : spec_.nodes) {
      ISOJOULE_TRY(const bool there, is_there(node, value, achieved));
      if (!there) return false;
    }
    return true;
  };
  ISOJOULE_CHECK(node::wait_until(reached, clock, deadline));
  return achieved;
}

Status ClockCapKnob::do_release() {
  for (const auto& node : spec_.nodes) {
    ISOJOULE_CHECK(lift(node));
    Value found;
    ISOJOULE_TRY(const bool lifted, is_there(node, Value(kNone), found));
    if (!lifted)
      return fail(ErrorKind::not_reached,
                  node + ": the cap was lifted and it still reads " + to_string(found),
                  "Look for another program that sets it (nvpmodel)", "write");
  }
  return {};
}

Result<std::vector<SavedNode>> ClockCapKnob::do_save() {
  std::vector<SavedNode> saved;
  for (const auto& node : spec_.nodes) ISOJOULE_CHECK(node::save(tree_, node, saved));
  return saved;
}

Result<std::unique_ptr<Knob>> open_clock_cap(const KnobSpec& spec, FileTree& tree) {
  if (spec.nodes.empty() || !(spec.scale > 0) || NumberChoice::of_spec(spec, kClockGrid_hz).empty())
    return fail(ErrorKind::invalid, spec.axis + ": a cap needs nodes, and values or a range",
                "Write nodes and range = [lowest, highest] in the board file");
  for (const auto& node : spec.nodes) ISOJOULE_CHECK(node::read_cap(tree, node));
  return std::unique_ptr<Knob>(std::make_unique<ClockCapKnob>(spec, tree));
}

}  // namespace

const KnobKind& knob_kind_clock_cap();
const KnobKind& knob_kind_clock_cap() {
  static const KnobKind kind{"clock_cap", "cap of the memory's, a DLA's or a PVA's clock",
                             open_clock_cap, nullptr, true};
  return kind;
}

}  // namespace isojoule
