// One limit of a clock, and the governor stays free on its other side: cpufreq policies (kHz, scale
// 1e3) or devfreq folders (Hz). options.limit = "maximum" or "minimum".
//
// A limit that is asked for beyond the other one takes that along (a maximum below the present
// minimum lowers the minimum to itself): kernel 4.9 would refuse it (EINVAL), later ones would show
// the minimum capped, and the clock is the same on both.
#include <cmath>

#include "knob/frequency_files.h"
#include "knob/node.h"

namespace isojoule {
namespace {

class FrequencyCapKnob final : public Knob {
 public:
  FrequencyCapKnob(const KnobSpec& spec, FileTree& tree, bool is_maximum)
      : spec_(spec),
        tree_(tree),
        is_maximum_(is_maximum),
        axis_{spec.axis, Unit::hertz, false,
              is_maximum ? "highest clock that the governor may choose"
                         : "lowest clock that the governor may choose"} {}
  Status read_table();

 private:
  const Axis& do_axis() const override { return axis_; }
  const std::vector<Value>& do_values() const override { return values_; }
  Result<Value> do_get() override;
  Result<Value> do_set(const Value& value, Clock& clock, Duration deadline) override;
  Status do_release() override;
  Result<std::vector<SavedNode>> do_save() override;

  std::string_view limit() const { return is_maximum_ ? files_->maximum : files_->minimum; }
  std::string_view other() const { return is_maximum_ ? files_->minimum : files_->maximum; }
  Status move(const std::string& node, double frequency);

  KnobSpec spec_;
  FileTree& tree_;
  bool is_maximum_;
  const FrequencyFiles* files_ = &kCpufreqFiles;
  Axis axis_;
  NumberChoice choice_;
  std::vector<Value> values_;
};

Status FrequencyCapKnob::read_table() {
  ISOJOULE_TRY(const auto nodes, node::present(tree_, spec_.nodes, axis_.name));
  files_ = &frequency_files_of(nodes.front(), tree_);
  ISOJOULE_TRY(choice_, frequency_choice(spec_, nodes, *files_, tree_));
  values_.assign(choice_.listed().begin(), choice_.listed().end());
  return {};
}

Result<Value> FrequencyCapKnob::do_get() {
  ISOJOULE_TRY(const auto nodes, node::present(tree_, spec_.nodes, axis_.name));
  ISOJOULE_TRY(const double frequency, read_frequency(spec_, nodes.front(), limit(), tree_));
  // devfreq: 0 in max_freq is no limit.
  if (is_maximum_ && frequency == 0) return Value(choice_.highest());
  const double entry = choice_.nearest(frequency);
  return Value(std::abs(entry - frequency) < kLimitTolerance_hz ? entry : frequency);
}

Status FrequencyCapKnob::move(const std::string& node, double frequency) {
  ISOJOULE_TRY(const double across, read_frequency(spec_, node, other(), tree_));
  const bool crossed = is_maximum_ ? frequency < across : frequency > across && across > 0;
  if (crossed) ISOJOULE_CHECK(write_frequency(spec_, node, other(), frequency, tree_));
  return write_frequency(spec_, node, limit(), frequency, tree_);
}

Result<Value> FrequencyCapKnob::do_set(const Value& value, Clock& clock, Duration deadline) {
  ISOJOULE_TRY(const double frequency, node::number_of(axis_, value));
  ISOJOULE_CHECK(choice_.check(axis_, frequency, spec_.scale, spec_.nodes.front()));
  ISOJOULE_TRY(const auto nodes, node::present(tree_, spec_.nodes, axis_.name));
  for (const auto& node : nodes) ISOJOULE_CHECK(move(node, frequency));
  double achieved = frequency;
  const auto reached = [&]() -> Result<bool> {
    for (const auto& node : nodes) {
      ISOJOULE_TRY(achieved, read_frequency(spec_, node, limit(), tree_));
      if (std::abs(achieved - frequency) >= kLimitTolerance_hz) return false;
    }
    achieved = frequency;
    return true;
  };
  ISOJOULE_CHECK(node::wait_until(reached, clock, deadline));
  return Value(achieved);
}

Status FrequencyCapKnob::do_release() {
  ISOJOULE_TRY(const auto nodes, node::present(tree_, spec_.nodes, axis_.name));
  const double end = is_maximum_ ? choice_.highest() : choice_.lowest();
  for (const auto& node : nodes) ISOJOULE_CHECK(open_limit(spec_, node, limit(), end, tree_));
  return {};
}

// Both limits: the other one may have been taken along. The minimum first, as frequency_knob does.
Result<std::vector<SavedNode>> FrequencyCapKnob::do_save() {
  ISOJOULE_TRY(const auto nodes, node::present(tree_, spec_.nodes, axis_.name));
  std::vector<SavedNode> saved;
  for (const auto& node : nodes)
    for (const std::string_view file : {files_->minimum, files_->maximum})
      ISOJOULE_CHECK(node::save(tree_, node + "/" + std::string(file), saved));
  return saved;
}

Result<std::unique_ptr<Knob>> open_frequency_cap(const KnobSpec& spec, FileTree& tree) {
  const auto limit = spec.options.find("limit");
  if (limit == spec.options.end() || (limit->second != "maximum" && limit->second != "minimum"))
    return fail(ErrorKind::invalid, spec.axis + ": which limit it is was not said",
                "Write options = { limit = \"maximum\" } or \"minimum\" in the board file");
  if (spec.nodes.empty() || !(spec.scale > 0))
    return fail(ErrorKind::invalid, spec.axis + ": a limit needs nodes and a scale above 0",
                "Correct the knob in the board file");
  auto knob = std::make_unique<FrequencyCapKnob>(spec, tree, limit->second == "maximum");
  ISOJOULE_CHECK(knob->read_table());
  return std::unique_ptr<Knob>(std::move(knob));
}

}  // namespace

const KnobKind& knob_kind_frequency_cap();
const KnobKind& knob_kind_frequency_cap() {
  static const KnobKind kind{"frequency_cap",
                             "upper or lower limit of a clock; the governor stays free within",
                             open_frequency_cap};
  return kind;
}

}  // namespace isojoule
