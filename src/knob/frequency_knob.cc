#include "knob/frequency_knob.h"

#include <algorithm>
#include <cmath>

#include "knob/node.h"

namespace isojoule {
namespace {

class FrequencyKnob final : public Knob {
 public:
  FrequencyKnob(const KnobSpec& spec, FileTree& tree, const FrequencyFiles& files, std::string help)
      : spec_(spec),
        tree_(tree),
        files_(files),
        axis_{spec.axis, Unit::hertz, false, std::move(help)} {}
  Status read_table();

 private:
  const Axis& do_axis() const override { return axis_; }
  const std::vector<Value>& do_values() const override { return values_; }
  Result<Value> do_get() override;
  Result<Value> do_set(const Value& value, Clock& clock, Duration deadline) override;
  Status do_release() override;
  Result<std::vector<SavedNode>> do_save() override;

  static std::string path(const std::string& node, std::string_view file) {
    return node + "/" + std::string(file);
  }
  Result<double> read(const std::string& node, std::string_view file) {
    return read_frequency(spec_, node, file, tree_);
  }
  Status write(const std::string& node, std::string_view file, double frequency) {
    return write_frequency(spec_, node, file, frequency, tree_);
  }
  Status pin(const std::string& node, double frequency);
  Result<bool> is_userspace(const std::string& node);
  Result<double> held(const std::string& node, double frequency);

  KnobSpec spec_;
  FileTree& tree_;
  const FrequencyFiles& files_;
  Axis axis_;
  NumberChoice choice_;  // hertz: what all policies have in common
  std::vector<Value> values_;
};

Status FrequencyKnob::read_table() {
  ISOJOULE_TRY(const auto nodes, node::present(tree_, spec_.nodes, axis_.name));
  ISOJOULE_TRY(choice_, frequency_choice(spec_, nodes, files_, tree_));
  values_.assign(choice_.listed().begin(), choice_.listed().end());
  return {};
}

Result<bool> FrequencyKnob::is_userspace(const std::string& node) {
  const auto governor = read_line(tree_, path(node, files_.governor));
  if (governor) return *governor == "userspace";
  if (governor.error().kind == ErrorKind::not_found) return false;
  return tl::unexpected<Error>(governor.error());
}

// At every moment min <= max, as 4.9 demands: a frequency that is not below the present minimum
// can become the maximum first; one below it can become the minimum first.
Status FrequencyKnob::pin(const std::string& node, double frequency) {
  ISOJOULE_TRY(const double minimum, read(node, files_.minimum));
  const bool maximum_first = frequency >= minimum;
  ISOJOULE_CHECK(write(node, maximum_first ? files_.maximum : files_.minimum, frequency));
  ISOJOULE_CHECK(write(node, maximum_first ? files_.minimum : files_.maximum, frequency));
  ISOJOULE_TRY(const bool userspace, is_userspace(node));
  if (userspace) ISOJOULE_CHECK(write(node, files_.setspeed, frequency));
  return {};
}

// The frequency where the clock is there and both limits hold it; otherwise what deviates: the
// clock, or, where it is there by chance, the limit that was ignored or rounded.
Result<double> FrequencyKnob::held(const std::string& node, double frequency) {
  if (!choice_.is_range()) {
    ISOJOULE_TRY(const double current, read(node, files_.current));
    if (!choice_.near(current, frequency)) return choice_.snapped(current);
  }
  for (const std::string_view file : {files_.maximum, files_.minimum}) {
    ISOJOULE_TRY(const double limit, read(node, file));
    if (std::abs(limit - frequency) >= kLimitTolerance_hz) return limit;
  }
  return frequency;
}

Result<Value> FrequencyKnob::do_get() {
  ISOJOULE_TRY(const auto nodes, node::present(tree_, spec_.nodes, axis_.name));
  ISOJOULE_TRY(const double current, read(nodes.front(), files_.current));
  if (!choice_.is_range()) return Value(choice_.snapped(current));
  ISOJOULE_TRY(const double minimum, read(nodes.front(), files_.minimum));
  ISOJOULE_TRY(const double maximum, read(nodes.front(), files_.maximum));
  return Value(minimum == maximum ? maximum : current);
}

Result<Value> FrequencyKnob::do_set(const Value& value, Clock& clock, Duration deadline) {
  ISOJOULE_TRY(const double frequency, node::number_of(axis_, value));
  ISOJOULE_CHECK(choice_.check(axis_, frequency, spec_.scale, spec_.nodes.front()));
  ISOJOULE_TRY(const auto nodes, node::present(tree_, spec_.nodes, axis_.name));
  for (const auto& node : nodes) ISOJOULE_CHECK(pin(node, frequency));
  double achieved = frequency;
  const auto reached = [&]() -> Result<bool> {
    for (const auto& node : nodes) {
      ISOJOULE_TRY(achieved, held(node, frequency));
      if (achieved != frequency) return false;
    }
    return true;
  };
  ISOJOULE_CHECK(node::wait_until(reached, clock, deadline));
  return Value(achieved);
}

Status FrequencyKnob::do_release() {
  ISOJOULE_TRY(const auto nodes, node::present(tree_, spec_.nodes, axis_.name));
  for (const auto& node : nodes) {
    ISOJOULE_CHECK(open_limit(spec_, node, files_.maximum, choice_.highest(), tree_));
    ISOJOULE_CHECK(open_limit(spec_, node, files_.minimum, choice_.lowest(), tree_));
  }
  return {};
}

// The minimum first: later kernels show a minimum above the maximum as the maximum, so after the
// maximum it might seem to be back and stay where it is (4.9 takes the pair in two passes either
// way).
Result<std::vector<SavedNode>> FrequencyKnob::do_save() {
  ISOJOULE_TRY(const auto nodes, node::present(tree_, spec_.nodes, axis_.name));
  std::vector<SavedNode> saved;
  for (const auto& node : nodes) {
    ISOJOULE_CHECK(node::save(tree_, path(node, files_.minimum), saved));
    ISOJOULE_CHECK(node::save(tree_, path(node, files_.maximum), saved));
    ISOJOULE_TRY(const bool userspace, is_userspace(node));
    if (!userspace) continue;
    // Before its first write devfreq's set_freq says "undefined", which cannot be written back.
    ISOJOULE_CHECK(node::save(tree_, path(node, files_.setspeed), saved));
    const std::string& text = saved.back().text;
    if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos) saved.pop_back();
  }
  return saved;
}

}  // namespace

Result<std::unique_ptr<Knob>> open_frequency_knob(const KnobSpec& spec, FileTree& tree,
                                                  const FrequencyFiles& files,
                                                  const std::string& help) {
  if (spec.nodes.empty() || !(spec.scale > 0))
    return fail(ErrorKind::invalid, spec.axis + ": a frequency needs nodes and a scale above 0",
                "Correct the knob in the board file");
  auto knob = std::make_unique<FrequencyKnob>(spec, tree, files, help);
  ISOJOULE_CHECK(knob->read_table());
  return std::unique_ptr<Knob>(std::move(knob));
}

}  // namespace isojoule
