#include "app/helper/rehearsal.h"

#include <algorithm>
#include <charconv>

#include "app/helper/rehearsal_tree.h"
#include "board/throttle.h"

namespace isojoule::helper {
namespace {

constexpr Duration kDeadline = Duration::milliseconds(1);
const Value kUserspace = std::string("userspace");

// A whole number as a kernel prints it: no sign, no leading zero, above 0.
std::optional<std::int64_t> positive_number(std::string_view text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  if (number <= 0 || text.front() == '0') return std::nullopt;
  return number;
}

// One rehearsal, from the opened board to its permissions.
class Rehearsal {
 public:
  Rehearsal(Board& board, RehearsalTree& tree, RehearsalClock& clock)
      : board_(board), tree_(tree), clock_(clock) {
    permissions_.board = board.file.name;
  }

  Permissions run() {
    read_sensors();
    read_texts();
    save_knobs();
    turn_all();
    tree_.forget_writes();
    choose_userspace();
    turn_all();
    tree_.forget_writes();
    tree_.refuse_once(true);
    turn_all();
    tree_.refuse_once(false);
    tree_.forget_writes();
    return finish();
  }

 private:
  void read_sensors();
  void read_texts();
  void save_knobs();
  void choose_userspace();
  void turn_all();
  void note_written(bool by_number);
  Permissions finish();

  Board& board_;
  RehearsalTree& tree_;
  RehearsalClock& clock_;
  Permissions permissions_;
};

void Rehearsal::read_sensors() {
  for (const auto& sensor : board_.sensors) {
    std::vector<RawReading> readings(sensor->channels().size());
    sensor->read(clock_, readings);
  }
}

// What is asked for at run time. A node that does not answer now may answer then.
void Rehearsal::read_texts() {
  for (const auto& watch : board_.release.watches) (void)tree_.read(watch.path);
  for (const auto& throttle : board_.release.throttles) (void)read_throttle(tree_, throttle);
  for (const auto& [name, path] : board_.thermal_paths) (void)tree_.read(path);
}

// Only what can be saved may be written.
void Rehearsal::save_knobs() {
  for (const auto& knob : board_.knobs) {
    (void)knob->get();
    const auto saved = knob->save();
    if (!saved) continue;
    for (const auto& node : *saved) permissions_.writable[node.path].add_text(node.text);
  }
}

void Rehearsal::choose_userspace() {
  for (const auto& knob : board_.knobs) {
    const auto& values = knob->values();
    if (std::find(values.begin(), values.end(), kUserspace) != values.end())
      (void)knob->set(kUserspace, clock_, kDeadline);
  }
}

void Rehearsal::turn_all() {
  (void)tree_.take_written();
  for (const auto& knob : board_.knobs) {
    const bool is_governor =
        std::find(knob->values().begin(), knob->values().end(), kUserspace) != knob->values().end();
    for (const Value& value : knob->values()) {
      (void)knob->set(value, clock_, kDeadline);
      note_written(std::holds_alternative<double>(value));
    }
    // The others are then turned under the governor that was chosen.
    if (is_governor) (void)knob->set(kUserspace, clock_, kDeadline);
    (void)knob->release();
    note_written(false);
  }
}

void Rehearsal::note_written(bool by_number) {
  const auto written = tree_.take_written();
  // What came after a refusal is a second choice: that text, and no range up to it.
  bool was_refused = false;
  for (const auto& one : written) {
    const auto rule = permissions_.writable.find(one.path);
    was_refused = was_refused || one.refused;
    if (rule == permissions_.writable.end()) continue;
    rule->second.add_text(trimmed(one.text));
    if (by_number && !was_refused) rule->second.add_number(trimmed(one.text));
  }
}

Permissions Rehearsal::finish() {
  for (const auto& path : tree_.read_paths())
    if (path.starts_with("/sys/")) permissions_.readable.insert(path);
  return std::move(permissions_);
}

}  // namespace

void TextRule::add_number(const std::string& text) {
  const auto number = positive_number(text);
  if (!number) return;
  if (!range_) range_ = {*number, *number};
  range_->first = std::min(range_->first, *number);
  range_->second = std::max(range_->second, *number);
}

bool TextRule::takes(std::string_view text) const {
  if (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  if (texts_.contains(text)) return true;
  const auto number = positive_number(text);
  return number && range_ && *number >= range_->first && *number <= range_->second;
}

Result<Permissions> rehearse(const OpenBoard& open_board, FileTree& tree) {
  RehearsalTree rehearsal_tree(tree);
  RehearsalClock clock;
  ISOJOULE_TRY(Board board, open_board(rehearsal_tree, clock));
  return Rehearsal(board, rehearsal_tree, clock).run();
}

}  // namespace isojoule::helper
