// Marks and windows as lines of text, without any power: what a program wrote beside a meter's log.
//   power_begin,08-07-2021 11:58:49.160      label and time
//   1612620862.373557 init_start             time and label
//   batch 1;12.5;13.75                       window, begin, end
#include <array>

#include "import/number.h"
#include "import/window_reader.h"

namespace isojoule {
namespace {

using import::MarkLine;

// "NAME,BEGIN,END"; nothing where the line is another.
std::optional<std::array<MarkLine, 2>> parse_window(std::string_view text) {
  for (const char sign : {';', '\t', ','}) {
    const std::size_t first = text.find(sign), second = text.find(sign, first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    const std::string name(text.substr(0, first));
    auto begin =
        import::parse_mark(name + "," + std::string(text.substr(first + 1, second - first - 1)));
    auto end = import::parse_mark(name + "," + std::string(text.substr(second + 1)));
    if (begin && end) return {{*begin, *end}};
  }
  return std::nullopt;
}

class MarksReader final : public import::WindowReader {
 public:
  explicit MarksReader(LogFile file) : WindowReader(std::move(file)) {}
  static Result<std::unique_ptr<LogReader>> open(LogFile file, const ImportOptions& /*options*/) {
    return std::make_unique<MarksReader>(std::move(file));
  }

 private:
  void do_take(std::string_view line, bool is_cut) override {
    line = import::trimmed_view(line);
    if (line.empty() || line.front() == '#') return;
    if (auto window = parse_window(line)) {
      auto& [begin, end] = *window;
      if (is_cut && begin.width != end.width) return counters_.add(Counter::line_truncated);
      if (!fits(begin)) return counters_.add(Counter::line_malformed);
      note(begin);
      if (!fits(end)) return counters_.add(Counter::line_malformed);
      note(end);
      if (end.ns < begin.ns) return counters_.add(Counter::time_backwards);
      windows_.push_back({begin.label, Instant{begin.ns}, Instant{end.ns}});
      return;
    }
    auto mark = import::parse_mark(line);
    // A time that lacks digits is not the time. The one before it shows how many there are.
    if (is_cut && (!mark || mark->width != width_)) return counters_.add(Counter::line_truncated);
    if (!mark) {
      if (found_) counters_.add(Counter::line_malformed);  // before the first mark: a header
      return;
    }
    if (!fits(*mark)) return counters_.add(Counter::line_malformed);
    note(*mark);
    pairs_.add(mark->label, Instant{mark->ns});
  }

  // One file has one clock: seconds from somewhere do not go with dates.
  bool fits(const MarkLine& mark) const {
    return !found_ || (mark.line.kind == line_.kind && mark.line.since_1970 == line_.since_1970 &&
                       mark.line.form.has_date == line_.form.has_date);
  }

  void note(MarkLine& mark) {
    if (!found_) {
      line_ = mark.line;
      if (time_base() == TimeBase::own_zero)
        notes_.emplace_back("the marks' times are taken as seconds");
    }
    found_ = true;
    width_ = mark.width;
    if (time_base() == TimeBase::time_of_day) mark.ns = midnights_.carry(mark.ns);
  }

  // Marks may lie hours apart.
  import::Midnights midnights_{Duration { 12 * std::int64_t { 3'600'000'000'000 } }};
  std::size_t width_ = 0;
  bool found_ = false;
};

int recognises(std::string_view head, const std::string& /*path*/) {
  int marks = 0, others = 0;
  for (int i = 0; i < 50 && !head.empty(); ++i) {
    const std::string_view line = take_line(head);
    if (import::trimmed_view(line).empty() || line.front() == '#') continue;
    const auto mark = import::parse_mark(line);
    const bool names_one =
        mark && import::MarkPairs::meaning_of(mark->label).role != import::MarkPairs::Role::point;
    (names_one || parse_window(line) ? marks : others) += 1;
  }
  return marks >= 1 && marks > others ? 80 : 0;
}

}  // namespace

const ImportKind& import_kind_marks();
const ImportKind& import_kind_marks() {
  static const ImportKind kind{
      "marks",
      "Windows: lines of a label (..._begin, ..._end) and a time, or NAME,BEGIN,END",
      {},
      recognises,
      MarksReader::open};
  return kind;
}

}  // namespace isojoule
