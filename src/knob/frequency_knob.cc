#include "knob/frequency_knob.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "knob/node.h"

namespace isojoule {
namespace {

// devfreq's limits go through PM QoS in kHz (5.5 and later), so that is how well they read back.
constexpr double kLimitTolerance_hz = 1e3;
// A counted clock (TX2, Xavier, the GPU) reads a little beside the table; see FrequencyKnob::near.
constexpr double kClockTolerance = 0.01;

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
  Result<double> read(const std::string& node, std::string_view file);
  Status write(const std::string& node, std::string_view file, double frequency);
  bool near(double frequency, double entry) const;
  double snapped(double frequency) const;
  Status check_in_table(double frequency) const;
  Status pin(const std::string& node, double frequency);
  Result<bool> is_userspace(const std::string& node);
  Result<double> held(const std::string& node, double frequency);
  Status open_wide(const std::string& node);

  KnobSpec spec_;
  FileTree& tree_;
  const FrequencyFiles& files_;
  Axis axis_;
  std::vector<double> table_;  // hertz, ascending
  std::vector<Value> values_;
};

Result<std::vector<double>> table_of(const std::string& path, double scale, FileTree& tree) {
  ISOJOULE_TRY(const auto words, read_words(tree, path));
  std::vector<double> table;
  for (const auto& word : words) {
    std::int64_t number = 0;
    const auto parsed = std::from_chars(word.data(), word.data() + word.size(), number);
    if (parsed.ec != std::errc() || parsed.ptr != word.data() + word.size() || number <= 0)
      return fail(ErrorKind::parse, path + ": not a frequency: '" + word.substr(0, 40) + "'", {},
                  "read");
    table.push_back(static_cast<double>(number) * scale);
  }
  std::sort(table.begin(), table.end());
  table.erase(std::unique(table.begin(), table.end()), table.end());
  if (table.empty()) return fail(ErrorKind::no_data, path + ": the table is empty", {}, "read");
  return table;
}

// What all policies have in common.
Status FrequencyKnob::read_table() {
  ISOJOULE_TRY(const auto nodes, node::present(tree_, spec_.nodes, axis_.name));
  for (const auto& node : nodes) {
    ISOJOULE_TRY(const auto table, table_of(path(node, files_.table), spec_.scale, tree_));
    if (table_.empty()) {
      table_ = table;
      continue;
    }
    std::vector<double> both;
    std::set_intersection(table_.begin(), table_.end(), table.begin(), table.end(),
                          std::back_inserter(both));
    table_ = std::move(both);
    if (table_.empty())
      return fail(ErrorKind::unsupported, axis_.name + ": no frequency is common to all its nodes");
  }
  values_.assign(table_.begin(), table_.end());
  return {};
}

Result<double> FrequencyKnob::read(const std::string& node, std::string_view file) {
  ISOJOULE_TRY(const std::int64_t number, read_integer(tree_, path(node, file)));
  return static_cast<double>(number) * spec_.scale;
}

Status FrequencyKnob::write(const std::string& node, std::string_view file, double frequency) {
  return node::write(tree_, path(node, file),
                     static_cast<std::int64_t>(std::llround(frequency / spec_.scale)));
}

// Whether a clock that reads `frequency` runs at the table's `entry`: within 1 %, and closer to it
// than to either neighbour.
bool FrequencyKnob::near(double frequency, double entry) const {
  if (std::abs(frequency - entry) > kClockTolerance * entry) return false;
  return std::none_of(table_.begin(), table_.end(), [&](double other) {
    return std::abs(frequency - other) < std::abs(frequency - entry);
  });
}

double FrequencyKnob::snapped(double frequency) const {
  for (const double entry : table_)
    if (near(frequency, entry)) return entry;
  return frequency;
}

Status FrequencyKnob::check_in_table(double frequency) const {
  const double half_step = spec_.scale / 2;
  const auto above = std::lower_bound(table_.begin(), table_.end(), frequency - half_step);
  if (above != table_.end() && *above <= frequency + half_step) return {};
  std::string nearest;
  if (above != table_.begin()) nearest = to_string(Value(*std::prev(above)));
  if (above != table_.end()) {
    if (!nearest.empty()) nearest += " and ";
    nearest += to_string(Value(*above));
  }
  return fail(ErrorKind::out_of_range,
              axis_.name + ": the board has no " + to_string(Value(frequency)) + " Hz",
              "Nearest: " + nearest + " Hz", spec_.nodes.front());
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
  ISOJOULE_TRY(const double current, read(node, files_.current));
  if (!near(current, frequency)) return snapped(current);
  for (const std::string_view file : {files_.maximum, files_.minimum}) {
    ISOJOULE_TRY(const double limit, read(node, file));
    if (std::abs(limit - frequency) >= kLimitTolerance_hz) return limit;
  }
  return frequency;
}

Result<Value> FrequencyKnob::do_get() {
  ISOJOULE_TRY(const auto nodes, node::present(tree_, spec_.nodes, axis_.name));
  ISOJOULE_TRY(const double current, read(nodes.front(), files_.current));
  return Value(snapped(current));
}

Result<Value> FrequencyKnob::do_set(const Value& value, Clock& clock, Duration deadline) {
  ISOJOULE_TRY(const double frequency, node::number_of(axis_, value));
  ISOJOULE_CHECK(check_in_table(frequency));
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

// A limit below the table's end after the write may be the kernel's own (thermal); one that did not
// move at all was ignored.
Status FrequencyKnob::open_wide(const std::string& node) {
  const std::pair<std::string_view, double> ends[] = {{files_.maximum, table_.back()},
                                                      {files_.minimum, table_.front()}};
  for (const auto& [file, end] : ends) {
    ISOJOULE_TRY(const double before, read(node, file));
    ISOJOULE_CHECK(write(node, file, end));
    ISOJOULE_TRY(const double after, read(node, file));
    if (std::abs(after - end) >= kLimitTolerance_hz && after == before)
      return fail(ErrorKind::not_reached,
                  path(node, file) + ": " + to_string(Value(end / spec_.scale)) +
                      " was written and it still reads " + to_string(Value(after / spec_.scale)),
                  "Look for another program that holds this clock (nvpmodel, jetson_clocks)",
                  "write");
  }
  return {};
}

Status FrequencyKnob::do_release() {
  ISOJOULE_TRY(const auto nodes, node::present(tree_, spec_.nodes, axis_.name));
  for (const auto& node : nodes) ISOJOULE_CHECK(open_wide(node));
  return {};
}

Result<std::vector<SavedNode>> FrequencyKnob::do_save() {
  ISOJOULE_TRY(const auto nodes, node::present(tree_, spec_.nodes, axis_.name));
  std::vector<SavedNode> saved;
  for (const auto& node : nodes) {
    ISOJOULE_CHECK(node::save(tree_, path(node, files_.maximum), saved));
    ISOJOULE_CHECK(node::save(tree_, path(node, files_.minimum), saved));
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
