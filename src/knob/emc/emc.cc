// The memory's clock, held against the kernel's own choice through debugfs. nodes: the clock's
// folder; driver: whose it is.
//
//   bpmp (TX2 and later): /sys/kernel/debug/bpmp/debug/clk/emc; 1 to mrq_rate_locked, Hz to rate,
//     1 to state; 0 to mrq_rate_locked gives it back.
//   tegra210 (Nano): /sys/kernel/debug/clk/override.emc; Hz to clk_update_rate, 1 to clk_state; 0
//     to clk_state gives it back. Limits: /sys/kernel/debug/tegra_bwmgr/emc_{min,max}_rate.
//   (As jetson_clocks of L4T 32 and 35 does.)
//
// options.rates: the table ("204000 665600 2133000 (kHz)"); without one, or where it cannot be read
// because it is not there, `values` of the board file, else the clock's two ends. options.cap: the
// power mode's cap, above which nothing is asked for. A rate that the memory does not have is
// rounded or passed over without a word, so it is read back.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "knob/node.h"
#include "knob/number_choice.h"

namespace isojoule {
namespace {

constexpr const char* kDebugfs = "/sys/kernel/debug";

struct EmcFiles {
  std::string_view driver, rate, update, lock, state;
  std::string_view lowest, highest;  // absolute, or in the clock's folder
  bool lock_first;                   // otherwise the override begins with the rate already there
};
constexpr EmcFiles kDrivers[] = {
    {"bpmp", "rate", "rate", "mrq_rate_locked", "state", "min_rate", "max_rate", true},
    {"tegra210", "clk_rate", "clk_update_rate", "clk_state", "",
     "/sys/kernel/debug/tegra_bwmgr/emc_min_rate", "/sys/kernel/debug/tegra_bwmgr/emc_max_rate",
     false}};

// What helps where debugfs is closed or away.
Error explained(Error error, FileTree& tree) {
  if (error.kind == ErrorKind::permission_denied)
    error.remedy = std::string("Run as root: debugfs (") + kDebugfs + ") is closed to other users";
  if (error.kind != ErrorKind::not_found) return error;
  const auto names = tree.list(kDebugfs);
  const bool is_mounted = names && !names->empty();
  error.remedy = is_mounted ? "Check the board and its release: this kernel shows no such clock"
                            : std::string("Mount debugfs: mount -t debugfs debugfs ") + kDebugfs;
  return error;
}

class EmcKnob final : public Knob {
 public:
  EmcKnob(const KnobSpec& spec, FileTree& tree, const EmcFiles& files)
      : spec_(spec),
        tree_(tree),
        files_(files),
        axis_{spec.axis, Unit::hertz, false, "clock of the memory"} {}
  Status find_rates();

 private:
  const Axis& do_axis() const override { return axis_; }
  const std::vector<Value>& do_values() const override { return values_; }
  Result<Value> do_get() override;
  Result<Value> do_set(const Value& value, Clock& clock, Duration deadline) override;
  Status do_release() override;
  Result<std::vector<SavedNode>> do_save() override;

  std::string path(std::string_view file) const {
    return file.starts_with("/") ? std::string(file)
                                 : spec_.nodes.front() + "/" + std::string(file);
  }
  std::string option(const std::string& key) const {
    const auto found = spec_.options.find(key);
    return found == spec_.options.end() ? std::string() : found->second;
  }
  Result<double> read(std::string_view file);
  Result<NumberChoice> table();
  Status check_cap(double frequency);
  Status lock(bool on);
  Status hold(double frequency);

  KnobSpec spec_;
  FileTree& tree_;
  const EmcFiles& files_;
  Axis axis_;
  NumberChoice choice_;  // hertz
  std::vector<Value> values_;
};

Result<double> EmcKnob::read(std::string_view file) {
  auto number = read_integer(tree_, path(file));
  if (!number) return tl::unexpected<Error>(explained(std::move(number).error(), tree_));
  return static_cast<double>(*number) * spec_.scale;
}

// "204000 665600 2133000 (kHz)"; the unit stands at the end, kHz where it does not.
Result<NumberChoice> parse_rates(const std::vector<std::string>& words, const std::string& path) {
  double unit = 1e3;
  std::vector<double> rates;
  for (const auto& word : words) {
    std::int64_t number = 0;
    const auto parsed = std::from_chars(word.data(), word.data() + word.size(), number);
    const bool is_number = parsed.ec == std::errc() && parsed.ptr == word.data() + word.size();
    if (is_number && number > 0)
      rates.push_back(static_cast<double>(number));
    else if (word == "(Hz)" || word == "(MHz)" || word == "(kHz)")
      unit = word == "(Hz)" ? 1 : word == "(MHz)" ? 1e6 : 1e3;
    else
      return fail(ErrorKind::parse, path + ": not a rate: '" + word.substr(0, 40) + "'", {},
                  "read");
  }
  if (rates.empty()) return fail(ErrorKind::no_data, path + ": no rates there", {}, "read");
  for (double& rate : rates) rate *= unit;
  return NumberChoice::of_table(std::move(rates));
}

Result<NumberChoice> EmcKnob::table() {
  const std::string file = option("rates");
  const auto words = file.empty() ? Result<std::vector<std::string>>(fail(ErrorKind::not_found, ""))
                                  : read_words(tree_, file);
  if (words) return parse_rates(*words, file);
  if (words.error().kind != ErrorKind::not_found)
    return tl::unexpected<Error>(explained(words.error(), tree_));
  return NumberChoice::of_spec(spec_, kClockGrid_hz);
}

// Opening reads whatever save() will read, so that a closed debugfs is known before a study begins.
Status EmcKnob::find_rates() {
  ISOJOULE_CHECK(read(files_.rate));
  ISOJOULE_CHECK(read(files_.lock));
  ISOJOULE_TRY(choice_, table());
  const auto lowest = read(files_.lowest);
  const auto highest = read(files_.highest);
  // A clock without an end of its own reads 0 or more than any number here can be.
  if (lowest && highest && *highest > 0 && *lowest <= *highest) {
    const auto ends = NumberChoice::of_range(*lowest, *highest, kClockGrid_hz);
    choice_ = choice_.empty() ? NumberChoice::of_table({*lowest, *highest}) : choice_.common(ends);
  }
  if (choice_.empty())
    return fail(ErrorKind::unsupported, axis_.name + ": nothing says which rates the memory has",
                "Write values = [...] in hertz in the board file", option("rates"));
  values_.assign(choice_.listed().begin(), choice_.listed().end());
  return {};
}

Result<Value> EmcKnob::do_get() {
  ISOJOULE_TRY(const double rate, read(files_.rate));
  return Value(choice_.snapped(rate));
}

Status EmcKnob::check_cap(double frequency) {
  const std::string file = option("cap");
  if (file.empty()) return {};
  const auto cap = node::read_cap(tree_, file);
  if (!cap) {
    if (cap.error().kind == ErrorKind::not_found) return {};  // a kernel without this cap
    return tl::unexpected<Error>(cap.error());
  }
  if (!*cap || frequency <= **cap) return {};
  double reachable = choice_.lowest();
  for (const double entry : choice_.listed())
    if (entry <= **cap) reachable = entry;
  return fail(ErrorKind::out_of_range,
              axis_.name + ": " + to_string(Value(frequency)) + " Hz is above the cap of " +
                  to_string(Value(**cap)) + " Hz",
              "Choose " + to_string(Value(reachable)) +
                  " Hz, or lift the cap with another power mode or memory_maximum_frequency",
              file);
}

Status EmcKnob::lock(bool on) {
  const std::string file = path(files_.lock);
  auto status = node::write(tree_, file, on ? 1 : 0);
  if (!status) return tl::unexpected<Error>(explained(std::move(status).error(), tree_));
  ISOJOULE_TRY(const double now, read(files_.lock));
  if ((now != 0) == on) return {};
  return fail(ErrorKind::not_reached,
              file + (on ? ": 1 was written and it still reads 0: the memory's clock is not held"
                         : ": 0 was written and it still reads 1: the memory's clock stays held"),
              "Look for another program that holds it (jetson_clocks)", "write");
}

Status EmcKnob::hold(double frequency) {
  if (files_.lock_first) ISOJOULE_CHECK(lock(true));
  auto status = node::write(tree_, path(files_.update),
                            static_cast<std::int64_t>(std::llround(frequency / spec_.scale)));
  if (!status) return tl::unexpected<Error>(explained(std::move(status).error(), tree_));
  if (!files_.lock_first) return lock(true);
  const auto state = read_integer(tree_, path(files_.state));
  if (state && *state == 0) ISOJOULE_CHECK(node::write(tree_, path(files_.state), 1));
  return {};
}

Result<Value> EmcKnob::do_set(const Value& value, Clock& clock, Duration deadline) {
  ISOJOULE_TRY(const double frequency, node::number_of(axis_, value));
  ISOJOULE_CHECK(choice_.check(axis_, frequency, spec_.scale, spec_.nodes.front()));
  ISOJOULE_CHECK(check_cap(frequency));
  ISOJOULE_CHECK(hold(frequency));
  double achieved = frequency;
  const auto reached = [&]() -> Result<bool> {
    ISOJOULE_TRY(const double rate, read(files_.rate));
    achieved = choice_.is_range() ? rate : choice_.snapped(rate);
    return std::abs(achieved - frequency) <= spec_.scale / 2;
  };
  ISOJOULE_TRY(const bool there, node::wait_until(reached, clock, deadline));
  return there ? value : Value(achieved);
}

Status EmcKnob::do_release() {
  ISOJOULE_TRY(const double locked, read(files_.lock));
  return locked == 0 ? Status() : lock(false);
}

// The rate goes back before the lock, so that the memory does not stay at a rate of ours until the
// kernel next asks for one. Unlocked it moves on at once, so it is not compared, and not written if
// nobody locked it. The override of tegra210 has a node of its own, without effect while it is off,
// that is written before the lock: a death between the two shows in no other node.
Result<std::vector<SavedNode>> EmcKnob::do_save() {
  ISOJOULE_TRY(const double locked, read(files_.lock));
  ISOJOULE_CHECK(read(files_.rate));
  std::vector<SavedNode> saved;
  ISOJOULE_CHECK(node::save(tree_, path(files_.rate), saved));
  saved.back().path = path(files_.update);
  saved.back().settles = locked != 0;
  if (files_.update != files_.rate)
    saved.back().shown = path(files_.rate);
  else if (locked == 0)
    saved.back().follows = path(files_.lock);
  if (!files_.state.empty()) {
    const auto state = read_integer(tree_, path(files_.state));
    if (state && *state == 0) ISOJOULE_CHECK(node::save(tree_, path(files_.state), saved));
  }
  ISOJOULE_CHECK(node::save(tree_, path(files_.lock), saved));
  return saved;
}

Result<std::unique_ptr<Knob>> open_emc(const KnobSpec& spec, FileTree& tree) {
  const auto files = std::find_if(std::begin(kDrivers), std::end(kDrivers),
                                  [&](const EmcFiles& one) { return one.driver == spec.driver; });
  if (files == std::end(kDrivers))
    return fail(ErrorKind::invalid, spec.axis + ": no driver '" + spec.driver + "' for the memory",
                "Write driver = \"bpmp\" or \"tegra210\" in the board file");
  if (spec.nodes.size() != 1 || !(spec.scale > 0))
    return fail(ErrorKind::invalid, spec.axis + ": needs one node, the clock's folder",
                "Correct the knob in the board file");
  auto knob = std::make_unique<EmcKnob>(spec, tree, *files);
  ISOJOULE_CHECK(knob->find_rates());
  return std::unique_ptr<Knob>(std::move(knob));
}

}  // namespace

const KnobKind& knob_kind_emc();
const KnobKind& knob_kind_emc() {
  static const KnobKind kind{"emc", "memory clock of a Jetson, held through debugfs", open_emc};
  return kind;
}

}  // namespace isojoule
