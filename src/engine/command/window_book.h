// Begins and ends of a program's windows, put together. They come in any order: each thread sends
// its own, and one may end what another began.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/command/mark_line.h"

namespace isojoule {

// What a program can make us keep, at most. Beyond: window_lost, and the rest goes on.
struct WindowLimits {
  std::size_t windows = std::size_t{1} << 20;  // of a run, moments included
  std::size_t open = std::size_t{1} << 16;     // at a time; the same for ends without their begin
  std::size_t names = std::size_t{1} << 17;    // of all clients
  std::size_t clients = 256;
};

struct ClosedWindow {
  Window window;
  std::int64_t client = 0, id = 0;  // 0: a moment, or known by its name
};
struct OpenWindow {
  std::string name;
  Instant begin;
};

class WindowBook {
 public:
  explicit WindowBook(const WindowLimits& limits = {}) : limits_(limits) {}

  // "" or why a client cannot have said that: its names are out of order, or a number is none of
  // its names.
  std::string take(const WindowWords& words);
  // A window that was told as a whole.
  void add(const std::string& name, Instant begin, Instant end);
  // The end of the program: what is open ends there, ends that never had a begin are counted.
  void close_all(Instant end);

  std::vector<ClosedWindow> take_closed() { return std::exchange(closed_, {}); }
  WindowFaults take_faults() { return std::exchange(faults_, {}); }
  // Windows are no longer counted towards the limit when somebody has let go of them.
  void release(std::size_t windows) { kept_ -= std::min(kept_, windows); }
  const OpenWindow* open(std::int64_t client, std::int64_t id) const;
  // Of all that are open; `otherwise` where none is.
  Instant earliest_open(Instant otherwise) const;

 private:
  struct Key {
    std::int64_t client, id;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const {
      return std::hash<std::int64_t>()(key.id ^ (key.client << 20));
    }
  };

  std::string take_names(const WindowWords& words);
  std::string take_mark(const WindowWords& words, const WindowMark& mark);
  void take_begin(const Key& key, const std::string& name, Instant at);
  void take_end(const Key& key, Instant at);
  void take_spoken(const WindowMark& mark, const std::string& name);
  void close(const Key& key, const std::string& name, Instant begin, Instant end);

  WindowLimits limits_;
  std::map<std::int64_t, std::vector<std::string>> names_;  // by client
  std::size_t name_count_ = 0, kept_ = 0;
  std::unordered_map<Key, OpenWindow, Hash> open_;
  std::unordered_map<Key, Instant, Hash> early_ends_;
  std::map<std::string, std::vector<std::int64_t>> spoken_;  // ids of those without an id of theirs
  std::int64_t next_spoken_ = 1;
  std::vector<ClosedWindow> closed_;
  WindowFaults faults_;
};

}  // namespace isojoule
