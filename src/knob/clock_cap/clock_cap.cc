// The highest clock that a part without limits of its own may have (EMC, DLA, PVA): files that take
// hertz, and a text that means no cap (options.no_cap, "0" unless said; the value is named "none").
//
// emc_iso_cap shows what was written, 0: no cap. The files below clk_cap/ show what the clock may
// reach under the cap, rounded to a rate that it has, so without a cap they read its highest rate;
// on JetPack 6 they refuse "-1" (EINVAL) and take 0 for the lowest rate. A kernel that refuses the
// text gets the largest number instead. (NVIDIA L4T 35, drivers/nvpmodel: nvpmodel_emc_cap;
// nvidia-oot r36, nvpmodel-clk-cap.c: kstrtoul, clk_round_rate.)
//
// options.maximum: the clock's highest rate in hertz, one for each end that it has on the board's
// modules ("614400000 1203200000"). A cap is none where it reads as none, as no_cap, at the highest
// of these, or as the clock read when this knob lifted it; where the rate is offered as a value it
// is shown as that. Whatever is offered may be a power mode's cap, so nothing below is none.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <sstream>

#include "knob/node.h"
#include "knob/number_choice.h"

namespace isojoule {
namespace {

const std::string kNone = "none";
constexpr std::int64_t kLargest = INT64_MAX;

class ClockCapKnob final : public Knob {
 public:
  ClockCapKnob(const KnobSpec& spec, FileTree& tree, std::vector<double> maxima)
      : spec_(spec),
        tree_(tree),
        axis_{spec.axis, Unit::hertz, false, "highest clock that is allowed; none: no cap"},
        choice_(NumberChoice::of_spec(spec, kClockGrid_hz)),
        values_(choice_.listed().begin(), choice_.listed().end()),
        maxima_(std::move(maxima)) {
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

  Result<std::optional<double>> cap_of(const std::string& node);
  Result<Value> value_of(const std::string& node);
  Status lift(const std::string& node);
  bool is_offered(double hertz) const;
  bool is_lifted(const std::string& node, double hertz) const;
  Result<bool> is_there(const std::string& node, const Value& wanted, Value& found);

  KnobSpec spec_;
  FileTree& tree_;
  Axis axis_;
  NumberChoice choice_;
  std::vector<Value> values_;
  std::string no_cap_;
  std::vector<double> maxima_;            // ascending; empty: not known
  std::map<std::string, double> lifted_;  // node -> what its clock read without a cap
};

// In hertz; nullopt: none, by the text.
Result<std::optional<double>> ClockCapKnob::cap_of(const std::string& node) {
  ISOJOULE_TRY(auto cap, node::read_cap(tree_, node));
  if (!cap) return cap;
  ISOJOULE_TRY(const std::string text, read_line(tree_, node));
  if (text == no_cap_) return std::optional<double>();
  return std::optional(*cap * spec_.scale);
}

bool ClockCapKnob::is_offered(double hertz) const {
  if (choice_.is_range()) return hertz >= choice_.lowest() && hertz <= choice_.highest();
  const auto& listed = choice_.listed();
  return std::any_of(listed.begin(), listed.end(),
                     [&](double one) { return std::abs(one - hertz) <= spec_.scale / 2; });
}

Result<Value> ClockCapKnob::value_of(const std::string& node) {
  ISOJOULE_TRY(const auto cap, cap_of(node));
  if (!cap) return Value(kNone);
  if (is_offered(*cap)) return Value(*cap);
  const auto lifted = lifted_.find(node);
  const bool is_end = (lifted != lifted_.end() && *cap >= lifted->second) ||
                      (!maxima_.empty() && *cap >= maxima_.back());
  return is_end ? Value(kNone) : Value(*cap);
}

Status ClockCapKnob::lift(const std::string& node) {
  auto status = node::write(tree_, node, no_cap_);
  if (status || status.error().kind != ErrorKind::invalid) return status;
  return node::write(tree_, node, kLargest);
}

// Of a number that stands there after the cap was lifted. The module's clock may end at any of the
// known ends, or above all values that are offered.
bool ClockCapKnob::is_lifted(const std::string& node, double hertz) const {
  if (!maxima_.empty() && hertz >= maxima_.back()) return true;
  if (node::shows_what_was_written(node)) return false;
  return hertz >= choice_.highest() || std::any_of(maxima_.begin(), maxima_.end(), [&](double end) {
           return std::abs(end - hertz) <= spec_.scale / 2;
         });
}

Result<bool> ClockCapKnob::is_there(const std::string& node, const Value& wanted, Value& found) {
  ISOJOULE_TRY(const auto cap, cap_of(node));
  const double* asked = std::get_if<double>(&wanted);
  const bool there = asked == nullptr ? !cap || is_lifted(node, *cap)
                                      : cap && std::abs(*cap - *asked) <= spec_.scale / 2;
  if (there && asked == nullptr && cap) lifted_[node] = *cap;
  if (there) {
    found = wanted;
    return true;
  }
  ISOJOULE_TRY(found, value_of(node));
  return false;
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

// "614400000 1203200000": ascending, and nothing is offered beyond the last.
Result<std::vector<double>> maxima_of(const KnobSpec& spec) {
  std::vector<double> maxima;
  const auto option = spec.options.find("maximum");
  if (option == spec.options.end()) return maxima;
  std::istringstream words(option->second);
  double last = 0;
  for (std::string word; words >> word; maxima.push_back(last)) {
    std::int64_t hertz = 0;
    const auto parsed = std::from_chars(word.data(), word.data() + word.size(), hertz);
    const bool is_number = parsed.ec == std::errc() && parsed.ptr == word.data() + word.size();
    if (!is_number || static_cast<double>(hertz) <= last)
      return fail(ErrorKind::invalid,
                  spec.axis + ": options.maximum: '" + word + "' is no rate above the one before",
                  "Write whole hertz, ascending: \"614400000 1203200000\"");
    last = static_cast<double>(hertz);
  }
  if (last < NumberChoice::of_spec(spec, kClockGrid_hz).highest())
    return fail(ErrorKind::invalid, spec.axis + ": options.maximum is below the highest value",
                "Write the clock's highest rate on any module");
  return maxima;
}

Result<std::unique_ptr<Knob>> open_clock_cap(const KnobSpec& spec, FileTree& tree) {
  if (spec.nodes.empty() || !(spec.scale > 0) || NumberChoice::of_spec(spec, kClockGrid_hz).empty())
    return fail(ErrorKind::invalid, spec.axis + ": a cap needs nodes, and values or a range",
                "Write nodes and range = [lowest, highest] in the board file");
  for (const auto& node : spec.nodes) ISOJOULE_CHECK(node::read_cap(tree, node));
  ISOJOULE_TRY(auto maxima, maxima_of(spec));
  return std::unique_ptr<Knob>(std::make_unique<ClockCapKnob>(spec, tree, std::move(maxima)));
}

}  // namespace

const KnobKind& knob_kind_clock_cap();
const KnobKind& knob_kind_clock_cap() {
  static const KnobKind kind{"clock_cap", "cap of the memory's, a DLA's or a PVA's clock",
                             open_clock_cap, nullptr, true};
  return kind;
}

}  // namespace isojoule
