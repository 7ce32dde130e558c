#include "import/mark_pairs.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>

#include "import/number.h"

namespace isojoule::import {
namespace {

constexpr std::array<std::string_view, 5> kBegin = {"begin", "start", "started", "enter", "begins"};
constexpr std::array<std::string_view, 7> kEnd = {"end",  "stop",     "finish", "finished",
                                                  "exit", "finishes", "ends"};

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_between(char c) { return c == '_' || c == '-' || c == '.' || c == ':' || c == ' '; }

std::string lower(std::string_view text) {
  std::string result;
  for (const char c : text)
    result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

// The end of the word that begins at `at`.
std::size_t word_end(std::string_view label, std::size_t at) {
  std::size_t end = at + 1;
  while (end < label.size() && !is_between(label[end]) &&
         !(is_upper(label[end]) && is_lower(label[end - 1])))
    ++end;
  return end;
}

// The label without the word, and without the sign that joined it.
std::string without(std::string_view label, std::size_t begin, std::size_t end) {
  if (begin > 0 && is_between(label[begin - 1])) {
    --begin;
  } else if (begin == 0 && end < label.size() && is_between(label[end])) {
    ++end;
  }
  return std::string(label.substr(0, begin)) + std::string(label.substr(end));
}

std::optional<MarkLine> mark_of(std::string_view time, std::string_view label) {
  time = trimmed_view(time);
  label = trimmed_view(label);
  if (label.empty() || time.empty() || parse_decimal(label) || parse_stamp(label))
    return std::nullopt;
  MarkLine mark;
  mark.label = label;
  mark.width = time.size();
  if (const auto stamp = parse_stamp(time)) {
    mark.ns = stamp->ns;
    mark.line.kind = TimeLine::Kind::stamps;
    mark.line.form = stamp->form;
  } else if (const auto number = parse_decimal(time)) {
    const auto unit = epoch_unit_ns(*number);
    mark.line.since_1970 = unit.has_value();
    mark.line.unit_ns = unit.value_or(1'000'000'000);
    const auto ns = parse_scaled(time, mark.line.unit_ns);
    if (!ns) return std::nullopt;
    mark.ns = *ns;
  } else {
    return std::nullopt;
  }
  if (std::abs(mark.ns) > kLargestTime_ns) return std::nullopt;
  mark.line.first_ns = mark.ns;
  return mark;
}

// A date holds a space itself: every space may be the one.
std::optional<MarkLine> mark_between_spaces(std::string_view text) {
  for (std::size_t at = text.find(' '); at != std::string_view::npos; at = text.find(' ', at + 1)) {
    if (auto mark = mark_of(text.substr(0, at), text.substr(at + 1))) return mark;
    if (auto mark = mark_of(text.substr(at + 1), text.substr(0, at))) return mark;
  }
  return std::nullopt;
}

// "2021-02-06 13:36:32,500 init_start", as Python's logging writes it: a comma between two digits
// that belongs to the time.
std::optional<MarkLine> mark_with_decimal_comma(std::string_view text, std::size_t comma) {
  const auto is_digit = [&](std::size_t at) {
    return at < text.size() && text[at] >= '0' && text[at] <= '9';
  };
  if (comma == 0 || !is_digit(comma - 1) || !is_digit(comma + 1)) return std::nullopt;
  auto mark = mark_between_spaces(text);
  const bool is_in_label = mark && mark->label.find(',') != std::string::npos;
  return is_in_label ? std::nullopt : mark;
}

}  // namespace

MarkPairs::Label MarkPairs::meaning_of(std::string_view label) {
  for (std::size_t at = 0; at < label.size();) {
    if (is_between(label[at])) {
      ++at;
      continue;
    }
    const std::size_t end = word_end(label, at);
    const std::string word = lower(label.substr(at, end - at));
    const bool begins = std::find(kBegin.begin(), kBegin.end(), word) != kBegin.end();
    if (begins || std::find(kEnd.begin(), kEnd.end(), word) != kEnd.end()) {
      std::string window = without(label, at, end);
      return {begins ? Role::begin : Role::end, window.empty() ? "window" : std::move(window)};
    }
    at = end;
  }
  return {Role::point, std::string(label)};
}

void MarkPairs::add(std::string_view label, Instant at) {
  Label meaning = meaning_of(label);
  if (meaning.role == Role::point) return;
  const auto found = open_.find(meaning.window);
  if (meaning.role == Role::begin) {
    if (found != open_.end()) {
      ++never_ended_;
      found->second = at;
    } else {
      open_.emplace(std::move(meaning.window), at);
    }
  } else if (found == open_.end() || at < found->second) {
    ++never_begun_;
  } else {
    windows_.push_back({std::move(meaning.window), found->second, at});
    open_.erase(found);
  }
}

std::vector<Window> MarkPairs::take(Counters& counters) {
  if (never_ended_ + open_.size() > 0)
    counters.add(Counter::trace_ends_in_phase, never_ended_ + open_.size());
  if (never_begun_ > 0) counters.add(Counter::line_malformed, never_begun_);
  open_.clear();
  never_ended_ = never_begun_ = 0;
  std::stable_sort(windows_.begin(), windows_.end(),
                   [](const Window& a, const Window& b) { return a.begin < b.begin; });
  return std::move(windows_);
}

std::optional<MarkLine> parse_mark(std::string_view text) {
  constexpr std::size_t kLongest = 512;  // else it is no mark, and every space a try
  text = trimmed_view(text);
  if (text.size() > kLongest) return std::nullopt;
  constexpr std::string_view kStrong = ",;\t";
  const std::size_t comma = text.find(',');
  if (comma != std::string_view::npos && text.find_first_of(";\t") == std::string_view::npos)
    if (auto mark = mark_with_decimal_comma(text, comma)) return mark;
  if (const std::size_t at = text.find_first_of(kStrong); at != std::string_view::npos) {
    const std::string_view first = text.substr(0, at), second = text.substr(at + 1);
    auto mark = mark_of(first, second);
    return mark ? mark : mark_of(second, first);
  }
  return mark_between_spaces(text);
}

}  // namespace isojoule::import
