// The fan's speed in whole percent, as a pwm of 0 to 255: /sys/devices/pwm-fan/target_pwm (JetPack
// 4) or pwm1 of the pwm-fan driver (kernel: Documentation/hwmon/pwm-fan.rst, hwmon's sysfs
// interface). One step of a percent is 2.55 of the pwm, so a percent comes back from its pwm as it
// was.
//
// options.control: the node that hands the fan back to the kernel, absolute or beside the pwm
// ("pwm1_enable"); a kernel without it lets the fan be set as it is. options.manual: its text while
// the fan is ours ("0" of temp_control, otherwise "1": hwmon's manual control).
#include <algorithm>
#include <cmath>

#include "knob/node.h"
#include "knob/number_choice.h"

namespace isojoule {
namespace {

constexpr double kFullPwm = 255;

std::int64_t pwm_of(double percent) { return std::llround(percent * kFullPwm / 100); }
double percent_of(std::int64_t pwm) {
  return std::round(static_cast<double>(pwm) * 100 / kFullPwm);
}

NumberChoice whole_percents(const KnobSpec& spec) {
  if (!spec.values.empty()) return NumberChoice::of_table(spec.values);
  const auto [low, high] = spec.range.value_or(std::pair(0.0, 100.0));
  std::vector<double> percents;
  for (auto percent = std::llround(std::ceil(low)); static_cast<double>(percent) <= high; ++percent)
    percents.push_back(static_cast<double>(percent));
  return NumberChoice::of_table(std::move(percents));
}

class FanKnob final : public Knob {
 public:
  FanKnob(const KnobSpec& spec, FileTree& tree, std::string control)
      : spec_(spec),
        tree_(tree),
        axis_{spec.axis, Unit::none, false, "speed of the fan in percent"},
        choice_(whole_percents(spec)),
        values_(choice_.listed().begin(), choice_.listed().end()),
        control_(std::move(control)) {
    const auto manual = spec.options.find("manual");
    manual_ = manual != spec.options.end()         ? manual->second
              : control_.ends_with("temp_control") ? "0"
                                                   : "1";
  }

 private:
  const Axis& do_axis() const override { return axis_; }
  const std::vector<Value>& do_values() const override { return values_; }
  Result<Value> do_get() override;
  Result<Value> do_set(const Value& value, Clock& clock, Duration deadline) override;
  Status do_release() override { return {}; }
  Result<std::vector<SavedNode>> do_save() override;

  Status take_control();

  KnobSpec spec_;
  FileTree& tree_;
  Axis axis_;
  NumberChoice choice_;
  std::vector<Value> values_;
  std::string control_;  // path; empty: none
  std::string manual_;
};

Result<Value> FanKnob::do_get() {
  ISOJOULE_TRY(const std::int64_t pwm, read_integer(tree_, spec_.nodes.front()));
  return Value(percent_of(pwm));
}

Status FanKnob::take_control() {
  if (control_.empty()) return {};
  ISOJOULE_TRY(const std::string before, read_line(tree_, control_));
  if (before == manual_) return {};
  ISOJOULE_CHECK(node::write(tree_, control_, manual_));
  ISOJOULE_TRY(const std::string after, read_line(tree_, control_));
  if (after == manual_) return {};
  return fail(ErrorKind::not_reached,
              control_ + ": '" + manual_ + "' was written and it still reads '" + after + "'",
              "Stop the program that steers the fan (systemctl stop nvfancontrol)", "write");
}

Result<Value> FanKnob::do_set(const Value& value, Clock& clock, Duration deadline) {
  ISOJOULE_TRY(const double percent, node::number_of(axis_, value));
  const std::string& node = spec_.nodes.front();
  ISOJOULE_CHECK(choice_.check(axis_, percent, 1e-6, node));
  ISOJOULE_CHECK(take_control());
  ISOJOULE_CHECK(node::write(tree_, node, pwm_of(percent)));
  std::int64_t pwm = 0;
  const auto reached = [&]() -> Result<bool> {
    ISOJOULE_TRY(pwm, read_integer(tree_, node));
    return pwm == pwm_of(percent);
  };
  ISOJOULE_TRY(const bool there, node::wait_until(reached, clock, deadline));
  return there ? value : Value(percent_of(pwm));
}

// The speed first, while it is still taken; where the kernel steered the fan it moves it on from
// there, so it is not compared, and not touched if nobody took it.
Result<std::vector<SavedNode>> FanKnob::do_save() {
  std::vector<SavedNode> saved;
  ISOJOULE_CHECK(node::save(tree_, spec_.nodes.front(), saved));
  if (control_.empty()) return saved;
  ISOJOULE_CHECK(node::save(tree_, control_, saved));
  if (saved.back().text != manual_) {
    saved.front().settles = false;
    saved.front().follows = control_;
  }
  return saved;
}

Result<std::unique_ptr<Knob>> open_fan(const KnobSpec& spec, FileTree& tree) {
  const auto low = spec.range ? spec.range->first : 0;
  const auto high = spec.range ? spec.range->second : 100;
  if (spec.nodes.size() != 1 || low < 0 || high > 100 || whole_percents(spec).empty() ||
      whole_percents(spec).lowest() < 0 || whole_percents(spec).highest() > 100)
    return fail(ErrorKind::invalid, spec.axis + ": needs one node, and a range within 0 to 100",
                "Correct the knob in the board file");
  ISOJOULE_CHECK(read_integer(tree, spec.nodes.front()));
  std::string control;
  if (const auto option = spec.options.find("control"); option != spec.options.end()) {
    const std::string& pwm = spec.nodes.front();
    control = option->second.starts_with("/") ? option->second
                                              : pwm.substr(0, pwm.rfind('/') + 1) + option->second;
    const auto now = read_line(tree, control);
    if (!now && now.error().kind != ErrorKind::not_found) return tl::unexpected<Error>(now.error());
    if (!now) control.clear();
  }
  return std::unique_ptr<Knob>(std::make_unique<FanKnob>(spec, tree, std::move(control)));
}

}  // namespace

const KnobKind& knob_kind_fan();
const KnobKind& knob_kind_fan() {
  static const KnobKind kind{"fan", "speed of the board's fan, taken from the kernel", open_fan};
  return kind;
}

}  // namespace isojoule
