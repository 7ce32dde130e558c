#include "engine/command/window_book.h"

#include <algorithm>

namespace isojoule {
namespace {

// Of windows that are told in words: no process has this number.
constexpr std::int64_t kSpoken = -1;

}  // namespace

std::string WindowBook::take(const WindowWords& words) {
  if (std::string fault = take_names(words); !fault.empty()) return fault;
  for (const WindowMark& mark : words.marks)
    if (std::string fault = take_mark(words, mark); !fault.empty()) return fault;
  return {};
}

std::string WindowBook::take_names(const WindowWords& words) {
  if (words.names.empty()) return {};
  if (!names_.contains(words.client) && names_.size() >= limits_.clients)
    return "more processes name windows than the " + std::to_string(limits_.clients) +
           " that are told apart";
  std::vector<std::string>& names = names_[words.client];
  // A client that begins anew says them all again.
  if (words.names_from == 0) {
    name_count_ -= names.size();
    names.clear();
  }
  if (words.names_from != static_cast<std::int64_t>(names.size()))
    return "a window's name has the number " + std::to_string(words.names_from) + " instead of " +
           std::to_string(names.size());
  if (name_count_ + words.names.size() > limits_.names)
    return "more names of windows than " + std::to_string(limits_.names);
  name_count_ += words.names.size();
  names.insert(names.end(), words.names.begin(), words.names.end());
  return {};
}

std::string WindowBook::take_mark(const WindowWords& words, const WindowMark& mark) {
  if (!words.name.empty()) {
    take_spoken(mark, words.name);
    return {};
  }
  if (mark.kind == WindowMark::Kind::end) {
    take_end({words.client, mark.id}, mark.at);
    return {};
  }
  const auto names = names_.find(words.client);
  if (names == names_.end() || mark.name >= static_cast<std::int64_t>(names->second.size()))
    return "a window has the name number " + std::to_string(mark.name) + ", which was not told";
  const std::string& name = names->second[static_cast<std::size_t>(mark.name)];
  if (mark.kind == WindowMark::Kind::moment)
    add(name, mark.at, mark.at);
  else
    take_begin({words.client, mark.id}, name, mark.at);
  return {};
}

// Told in words, a window has no id: an end is that of the latest begin of its name.
void WindowBook::take_spoken(const WindowMark& mark, const std::string& name) {
  if (mark.kind == WindowMark::Kind::moment) return add(name, mark.at, mark.at);
  if (mark.kind == WindowMark::Kind::begin) {
    if (open_.size() >= limits_.open) {
      ++faults_.lost;
      return;
    }
    spoken_[name].push_back(next_spoken_);
    return take_begin({kSpoken, next_spoken_++}, name, mark.at);
  }
  const auto begun = spoken_.find(name);
  if (begun == spoken_.end()) {
    ++faults_.not_begun;
    return;
  }
  take_end({kSpoken, begun->second.back()}, mark.at);
  begun->second.pop_back();
  if (begun->second.empty()) spoken_.erase(begun);
}

void WindowBook::take_begin(const Key& key, const std::string& name, Instant at) {
  if (const auto end = early_ends_.find(key); end != early_ends_.end()) {
    close(key, name, at, end->second);
    early_ends_.erase(end);
  } else if (open_.size() >= limits_.open || open_.contains(key)) {
    ++faults_.lost;
  } else {
    open_.emplace(key, OpenWindow{name, at});
  }
}

void WindowBook::take_end(const Key& key, Instant at) {
  if (const auto found = open_.find(key); found != open_.end()) {
    close(key, found->second.name, found->second.begin, at);
    open_.erase(found);
  } else if (early_ends_.size() >= limits_.open || !early_ends_.emplace(key, at).second) {
    ++faults_.not_begun;
  }
}

void WindowBook::close(const Key& key, const std::string& name, Instant begin, Instant end) {
  if (end < begin) {
    ++faults_.not_begun;
    return;
  }
  if (kept_ >= limits_.windows) {
    ++faults_.lost;
    return;
  }
  ++kept_;
  closed_.push_back({{name, begin, end}, key.client, key.id});
}

void WindowBook::add(const std::string& name, Instant begin, Instant end) {
  close({0, 0}, name, begin, end);
}

void WindowBook::close_all(Instant end) {
  for (const auto& [key, window] : open_) {
    close(key, window.name, window.begin, std::max(window.begin, end));
    ++faults_.not_ended;
  }
  faults_.not_begun += early_ends_.size();
  open_.clear();
  early_ends_.clear();
  spoken_.clear();
}

const OpenWindow* WindowBook::open(std::int64_t client, std::int64_t id) const {
  const auto found = open_.find({client, id});
  return found == open_.end() ? nullptr : &found->second;
}

Instant WindowBook::earliest_open(Instant otherwise) const {
  for (const auto& [key, window] : open_) otherwise = std::min(otherwise, window.begin);
  return otherwise;
}

}  // namespace isojoule
