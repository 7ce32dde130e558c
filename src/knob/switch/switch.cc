// Something that is on or off: files that take two texts (options.on, options.off; "1" and "0"
// unless said). All files together.
#include <algorithm>

#include "base/text.h"
#include "knob/node.h"

namespace isojoule {
namespace {

class SwitchKnob final : public Knob {
 public:
  SwitchKnob(const KnobSpec& spec, FileTree& tree)
      : spec_(spec),
        tree_(tree),
        axis_{spec.axis, Unit::none, false, "on or off"},
        values_{Value("off"), Value("on")},
        off_(option("off", "0")),
        on_(option("on", "1")) {}
  bool is_clear() const { return off_ != on_; }

 private:
  const Axis& do_axis() const override { return axis_; }
  const std::vector<Value>& do_values() const override { return values_; }
  Result<Value> do_get() override { return state_of(spec_.nodes.front()); }
  Result<Value> do_set(const Value& value, Clock& clock, Duration deadline) override;
  Status do_release() override { return {}; }
  Result<std::vector<SavedNode>> do_save() override;

  std::string option(const std::string& key, const std::string& otherwise) const {
    const auto found = spec_.options.find(key);
    return found == spec_.options.end() ? otherwise : found->second;
  }
  Result<Value> state_of(const std::string& node);

  KnobSpec spec_;
  FileTree& tree_;
  Axis axis_;
  std::vector<Value> values_;
  std::string off_, on_;
};

Result<Value> SwitchKnob::state_of(const std::string& node) {
  ISOJOULE_TRY(const std::string text, read_line(tree_, node));
  if (text == on_) return Value("on");
  if (text == off_) return Value("off");
  return fail(ErrorKind::parse,
              node + ": '" + text.substr(0, 40) + "' is neither '" + on_ + "' (on) nor '" + off_ +
                  "' (off)",
              {}, "read");
}

Result<Value> SwitchKnob::do_set(const Value& value, Clock& clock, Duration deadline) {
  if (std::find(values_.begin(), values_.end(), value) == values_.end())
    return fail(ErrorKind::out_of_range, axis_.name + ": '" + to_string(value) + "' is no state",
                unknown_name_remedy(to_string(value), {"off", "on"}), spec_.nodes.front());
  for (const auto& node : spec_.nodes)
    ISOJOULE_CHECK(node::write(tree_, node, value == Value("on") ? on_ : off_));
  Value achieved = value;
  const auto reached = [&]() -> Result<bool> {
    for (const auto& node : spec_.nodes) {
      ISOJOULE_TRY(achieved, state_of(node));
      if (achieved != value) return false;
    }
    return true;
  };
  ISOJOULE_CHECK(node::wait_until(reached, clock, deadline));
  return achieved;
}

Result<std::vector<SavedNode>> SwitchKnob::do_save() {
  std::vector<SavedNode> saved;
  for (const auto& node : spec_.nodes) ISOJOULE_CHECK(node::save(tree_, node, saved));
  return saved;
}

Result<std::unique_ptr<Knob>> open_switch(const KnobSpec& spec, FileTree& tree) {
  auto knob = std::make_unique<SwitchKnob>(spec, tree);
  if (spec.nodes.empty() || !knob->is_clear())
    return fail(ErrorKind::invalid, spec.axis + ": a switch needs nodes and two different texts",
                "Correct the knob in the board file");
  // A node may say something else for the moment (a railgated GPU), but it must be there.
  for (const auto& node : spec.nodes) ISOJOULE_CHECK(read_line(tree, node));
  return std::unique_ptr<Knob>(std::move(knob));
}

}  // namespace

const KnobKind& knob_kind_switch();
const KnobKind& knob_kind_switch() {
  static const KnobKind kind{"switch", "files that take one text for on and one for off",
                             open_switch};
  return kind;
}

}  // namespace isojoule
