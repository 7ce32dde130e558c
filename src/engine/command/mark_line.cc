#include "engine/command/mark_line.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/file_tree.h"
#include "base/text.h"
#include "engine/worker_protocol.h"

namespace isojoule {
namespace {

constexpr std::string_view kPrefix = "isojoule:";
// A line for us that grows longer is cut here, and then no mark.
constexpr std::size_t kLongestLine = 8192;
constexpr std::size_t kLongestWindowName = 255;  // isojoule.h

std::string shown(std::string_view line) {
  constexpr std::size_t limit = 60;
  std::string text;
  for (const char c : line.substr(0, limit)) text += (c >= ' ' && c <= '~') ? c : '?';
  return "'" + text + (line.size() > limit ? "...'" : "'");
}

tl::unexpected<Error> no_mark(std::string_view line, const std::string& why) {
  return fail(ErrorKind::parse, "mark " + shown(line) + ": " + why,
              "docs/engines/command.md has the forms of a mark.");
}

std::string_view next_word(std::string_view& rest) {
  const std::size_t begin = std::min(rest.find_first_not_of(" \t"), rest.size());
  rest.remove_prefix(begin);
  const std::string_view word = rest.substr(0, rest.find_first_of(" \t"));
  rest.remove_prefix(word.size());
  return word;
}

// Reads the line that words make. Each method says false and why it is none.
class Words {
 public:
  Words(std::string_view line, Instant now) : line_(line), rest_(line), now_(now) {}

  Result<Mark> read() {
    const std::string_view verb = next_word(rest_);
    if (verb == "begin" || verb == "end") return phase(verb == "begin");
    if (verb == "batch") return batch();
    if (verb == "note") return note();
    if (verb == "window") return window();
    if (verb == "mark") return named(WindowMark::Kind::moment);
    return no_mark(line_, "it begins with none of begin, end, batch, note, window, mark");
  }

 private:
  Result<Mark> phase(bool begins) {
    const std::string_view name = next_word(rest_);
    const auto kind = phase_named(name);
    if (!kind) return no_mark(line_, "unknown phase. " + unknown_name_remedy(name, names()));
    Mark mark;
    ISOJOULE_CHECK(time(mark));
    mark.event.kind = begins ? EventKind::phase_begin : EventKind::phase_end;
    mark.event.phase = *kind;
    (begins ? mark.event.begin : mark.event.end) = mark.at;
    return mark;
  }
  Result<Mark> batch() {
    const std::string_view which = next_word(rest_);
    if (which != "begin" && which != "end") return no_mark(line_, "neither begin nor end");
    Mark mark;
    ISOJOULE_CHECK(time(mark));
    mark.kind = which == "begin" ? Mark::Kind::batch_begin : Mark::Kind::batch_end;
    return mark;
  }
  Result<Mark> note() {
    Mark mark;
    mark.event.kind = EventKind::note;
    mark.event.key = as_utf8(next_word(rest_));
    mark.event.value = as_utf8(trimmed(rest_));
    if (mark.event.key.empty() || mark.event.value.empty())
      return no_mark(line_, "a note has a key and a value");
    return mark;
  }
  Result<Mark> window() {
    const std::string_view which = next_word(rest_);
    if (which != "begin" && which != "end") return no_mark(line_, "neither begin nor end");
    return named(which == "begin" ? WindowMark::Kind::begin : WindowMark::Kind::end);
  }
  Result<Mark> named(WindowMark::Kind kind) {
    Mark mark;
    mark.kind = Mark::Kind::windows;
    mark.windows.name = as_utf8(next_word(rest_));
    if (mark.windows.name.empty() || mark.windows.name.size() > kLongestWindowName)
      return no_mark(line_, "a window has a name of 1 to 255 bytes");
    ISOJOULE_CHECK(time(mark));
    mark.windows.marks.push_back({kind, 0, 0, mark.at});
    return mark;
  }
  Status time(Mark& mark) {
    const std::string_view word = next_word(rest_);
    mark.timed = !word.empty();
    mark.at = now_;
    if (!mark.timed) return {};
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), mark.at.ns);
    if (error != std::errc() || end != word.data() + word.size() || mark.at.ns < 0)
      return no_mark(line_, "its time is no whole number of nanoseconds");
    if (!next_word(rest_).empty()) return no_mark(line_, "too many words");
    return {};
  }
  static std::vector<std::string> names() {
    std::vector<std::string> all;
    for (int i = 0; i <= static_cast<int>(PhaseKind::tear_down); ++i)
      all.emplace_back(name_of(static_cast<PhaseKind>(i)));
    return all;
  }

  std::string_view line_, rest_;
  Instant now_;
};

// Marks of windows come by the thousand: numbers alone, each time as the step from the one before.
//   0,id,name,step  a begin     1,id,step  an end     2,name,step  a moment
// No tree of JSON is made of them: it would cost the measured machine more than they did.
class WindowMarks {
 public:
  explicit WindowMarks(std::string_view line) : rest_(line) {}

  bool skip(std::string_view words) {
    if (!rest_.starts_with(words)) return false;
    rest_.remove_prefix(words.size());
    return true;
  }
  std::optional<std::int64_t> number() {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc()) return std::nullopt;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }
  // From behind the bracket to the end of the line.
  bool read(std::int64_t at, std::vector<WindowMark>& marks) {
    if (skip("]}")) return rest_.empty();
    do {
      WindowMark mark;
      const std::int64_t kind = number().value_or(-1);
      if (kind < 0 || kind > 2) return false;
      mark.kind = static_cast<WindowMark::Kind>(kind);
      if (mark.kind != WindowMark::Kind::moment && !next(mark.id)) return false;
      if (mark.kind != WindowMark::Kind::end && !next(mark.name)) return false;
      std::int64_t step = 0;
      if (!next(step) || step > kFarthest || step < -kFarthest) return false;
      at += step;
      mark.at = {at};
      if (mark.id < 0 || mark.name < 0 || at < 0 || at > kFarthest) return false;
      marks.push_back(mark);
    } while (skip(","));
    return skip("]}") && rest_.empty();
  }

  static constexpr std::int64_t kFarthest = INT64_MAX / 4;  // two of them add without overflow

 private:
  bool next(std::int64_t& value) {
    const auto found = skip(",") ? number() : std::nullopt;
    value = found.value_or(0);
    return found.has_value();
  }

  std::string_view rest_;
};

std::optional<std::int64_t> whole_number(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_integer() ||
      (found->is_number_unsigned() && found->get<std::uint64_t>() > INT64_MAX))
    return std::nullopt;
  return found->get<std::int64_t>();
}

constexpr std::string_view kWindowMarks = "{\"type\":\"window_marks\",\"client\":";

// As the client writes it, letter by letter.
Result<std::vector<Mark>> parse_window_marks(std::string_view line) {
  WindowMarks words(line);
  words.skip(kWindowMarks);
  const auto client = words.number();
  const auto at = words.skip(",\"at_ns\":") ? words.number() : std::nullopt;
  if (!client || !at || !words.skip(",\"marks\":[") || *at < 0 || *at > WindowMarks::kFarthest)
    return no_mark(line, "it lacks client, at_ns or marks");
  Mark mark;
  mark.kind = Mark::Kind::windows;
  mark.windows.client = *client;
  if (!words.read(*at, mark.windows.marks))
    return no_mark(line, "its marks are not such as the client writes");
  return std::vector<Mark>{std::move(mark)};
}

Result<std::vector<Mark>> parse_window_names(std::string_view line, const nlohmann::json& object) {
  const auto client = whole_number(object, "client"), from = whole_number(object, "from");
  const auto names = object.find("names");
  if (!client || !from || names == object.end() || !names->is_array())
    return no_mark(line, "it lacks client, from or names");
  Mark mark;
  mark.kind = Mark::Kind::windows;
  mark.windows.client = *client;
  mark.windows.names_from = *from;
  for (const nlohmann::json& name : *names) {
    if (!name.is_string() || name.get_ref<const std::string&>().size() > kLongestWindowName)
      return no_mark(line, "a window's name is no text of at most 255 bytes");
    mark.windows.names.push_back(name.get<std::string>());
  }
  return std::vector<Mark>{std::move(mark)};
}

Result<std::vector<Mark>> parse_json(std::string_view line) {
  if (line.starts_with("{\"type\":\"window_marks\"")) return parse_window_marks(line);
  if (line.starts_with("{\"type\":\"window_names\"")) {
    const auto object = nlohmann::json::parse(line, nullptr, false);
    if (!object.is_object()) return no_mark(line, "not a JSON object");
    return parse_window_names(line, object);
  }
  ISOJOULE_TRY(std::vector<Event> events, decode_events(line));
  std::vector<Mark> marks;
  for (Event& event : events) {
    if (event.kind == EventKind::finished || event.kind == EventKind::failed)
      return no_mark(line, "a program says how it ended by its exit status");
    Mark mark;
    mark.event = std::move(event);
    marks.push_back(std::move(mark));
  }
  return marks;
}

}  // namespace

std::optional<std::string_view> addressed_to_us(std::string_view line) {
  if (!line.starts_with(kPrefix)) return std::nullopt;
  return line.substr(kPrefix.size());
}

std::string as_utf8(std::string_view text) {
  using nlohmann::json;
  const std::string quoted =
      json(std::string(text)).dump(-1, ' ', false, json::error_handler_t::replace);
  return json::parse(quoted).get<std::string>();
}

Result<std::vector<Mark>> parse_marks(std::string_view line, Instant now) {
  const std::string text = trimmed(line);
  if (text.starts_with('{')) return parse_json(text);
  ISOJOULE_TRY(Mark mark, Words(text, now).read());
  return std::vector<Mark>{std::move(mark)};
}

std::vector<std::string> MarkScanner::take(std::string_view bytes) {
  std::vector<std::string> lines;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    if (!skipping_) {
      line_ += bytes.substr(0, std::min(end, kLongestLine - line_.size()));
      const std::size_t known = std::min(line_.size(), kPrefix.size());
      skipping_ = line_.compare(0, known, kPrefix, 0, known) != 0 || line_.size() >= kLongestLine;
    }
    if (end == std::string_view::npos) return lines;
    if (const auto ours = addressed_to_us(line_); ours && !skipping_) lines.emplace_back(*ours);
    line_.clear();
    skipping_ = false;
    bytes.remove_prefix(end + 1);
  }
  return lines;
}

bool marks_hold(std::string_view bytes) {
  MarkScanner whole, single;
  std::vector<std::string> pieces;
  for (const char c : bytes)
    for (std::string& line : single.take({&c, 1})) pieces.push_back(std::move(line));
  if (whole.take(bytes) != pieces) return false;
  pieces.emplace_back(bytes);
  return std::all_of(pieces.begin(), pieces.end(), [](const std::string& line) {
    const auto marks = parse_marks(line, {1});
    return marks ? !marks->empty() || line.find("marks_ns") != std::string::npos
                 : marks.error().kind == ErrorKind::parse;
  });
}

}  // namespace isojoule
