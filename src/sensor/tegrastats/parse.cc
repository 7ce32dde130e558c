#include "sensor/tegrastats/parse.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "base/file_tree.h"

namespace isojoule::tegrastats {
namespace {

// Eats a text from its front. Every step either takes what it names or leaves the text alone.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}
  bool done() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

  bool skip(std::string_view word) {
    if (rest_.substr(0, word.size()) != word) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  bool integer(std::int64_t& value) {
    const auto parsed = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (parsed.ec != std::errc()) return false;
    rest_.remove_prefix(static_cast<std::size_t>(parsed.ptr - rest_.data()));
    return true;
  }
  bool decimal(double& value) {
    // from_chars would take "inf" and "nan" too.
    const std::size_t digit = !rest_.empty() && rest_.front() == '-' ? 1 : 0;
    if (rest_.size() <= digit || std::isdigit(static_cast<unsigned char>(rest_[digit])) == 0)
      return false;
    const auto parsed =
        std::from_chars(rest_.data(), rest_.data() + rest_.size(), value, std::chars_format::fixed);
    if (parsed.ec != std::errc()) return false;
    rest_.remove_prefix(static_cast<std::size_t>(parsed.ptr - rest_.data()));
    return true;
  }

 private:
  std::string_view rest_;
};

// The words of a line; "[...]" and "(...)" are one word each whatever white space is inside.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  int depth = 0;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0';
    if (c == '[' || c == '(') ++depth;
    if ((c == ']' || c == ')') && depth > 0) --depth;
    if (!space) {
      word += c;
    } else if (depth > 0 && !word.empty() && word.find('(') != std::string::npos) {
      word += ' ';
    } else if (depth == 0 && !word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

bool is_name(std::string_view word) {
  return !word.empty() && std::isalpha(static_cast<unsigned char>(word.front())) != 0 &&
         std::all_of(word.begin(), word.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
         });
}

// Names after which a bare number is a frequency. Elsewhere it may be the beginning of a rail's
// values that was cut.
bool is_clock_name(std::string_view name) {
  constexpr std::array<std::string_view, 13> kStems = {"APE",   "VIC", "NVENC", "NVDEC", "MSENC",
                                                       "NVJPG", "OFA", "NVDLA", "DLA",   "PVA",
                                                       "SE",    "EMC", "GR3D"};
  if (name.size() > 5 && name.substr(name.size() - 5) == "_FREQ") return true;
  return std::any_of(kStems.begin(), kStems.end(), [&](std::string_view stem) {
    return name.substr(0, stem.size()) == stem &&
           std::all_of(name.begin() + static_cast<std::ptrdiff_t>(stem.size()), name.end(),
                       [](unsigned char c) { return std::isdigit(c) != 0; });
  });
}

bool parse_date(std::string_view date, std::string_view clock, WallTime& time) {
  std::int64_t month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0;
  Scanner d(date), c(clock);
  if (!(d.integer(month) && d.skip("-") && d.integer(day) && d.skip("-") && d.integer(year) &&
        d.done() && c.integer(hour) && c.skip(":") && c.integer(minute) && c.skip(":") &&
        c.integer(second) && c.done()))
    return false;
  const auto within = [](std::int64_t n, std::int64_t low, std::int64_t high) {
    return n >= low && n <= high;
  };
  if (!within(month, 1, 12) || !within(day, 1, 31) || !within(year, 1970, 9999) ||
      !within(hour, 0, 23) || !within(minute, 0, 59) || !within(second, 0, 60))
    return false;
  time = {static_cast<int>(year), static_cast<int>(month),  static_cast<int>(day),
          static_cast<int>(hour), static_cast<int>(minute), static_cast<int>(second)};
  return true;
}

// "(lfb 120x4MB)"
bool parse_free_blocks(std::string_view word, Memory& memory) {
  Scanner s(word);
  return s.skip("(lfb ") && s.integer(memory.free_blocks) && s.skip("x") &&
         s.integer(memory.free_block_mb) && s.skip("MB)") && s.done();
}

bool parse_used(std::string_view word, std::int64_t& used, std::int64_t& total) {
  Scanner s(word);
  return s.integer(used) && s.skip("/") && s.integer(total) && s.skip("MB") && s.done();
}

bool parse_core(std::string_view word, Core& core) {
  if (word == "off") return true;
  Scanner s(word);
  core.online = true;
  if (!s.integer(core.load_percent) || !s.skip("%")) return false;
  if (s.done()) return true;
  std::int64_t frequency = 0;
  if (!s.skip("@") || !s.integer(frequency) || !s.done()) return false;
  core.frequency_mhz = frequency;
  return true;
}

// "[1%@102,off,...]"; of a list that was cut, the cores before its last comma.
bool parse_cores(std::string_view word, std::vector<Core>& cores, std::string& cut) {
  if (word.empty() || word.front() != '[') return false;
  word.remove_prefix(1);
  const bool whole = !word.empty() && word.back() == ']';
  if (whole) word.remove_suffix(1);
  while (!word.empty()) {
    const std::size_t comma = word.find(',');
    const std::string_view piece = word.substr(0, comma);
    Core core;
    if ((comma == std::string_view::npos && !whole) || !parse_core(piece, core)) {
      cut = piece;
      return !cores.empty();
    }
    cores.push_back(core);
    word = comma == std::string_view::npos ? std::string_view() : word.substr(comma + 1);
  }
  return true;
}

bool parse_frequencies(Scanner& s, std::vector<std::int64_t>& frequencies) {
  std::int64_t value = 0;
  if (!s.skip("[")) {
    if (!s.integer(value)) return false;
    frequencies.push_back(value);
    return true;
  }
  do {
    if (!s.integer(value)) return false;
    frequencies.push_back(value);
  } while (s.skip(","));
  return s.skip("]");
}

// "off", "729" (after a clock's name), "12%", "7%@408", "0%@[305,305]"
bool parse_engine(std::string_view word, Engine& engine) {
  if (word == "off") {
    engine.off = true;
    return true;
  }
  Scanner s(word);
  std::int64_t number = 0;
  if (!s.integer(number)) return false;
  if (s.done()) {
    engine.frequency_mhz = {number};
    return is_clock_name(engine.name);
  }
  if (!s.skip("%")) return false;
  engine.load_percent = number;
  if (s.done()) return true;
  return s.skip("@") && parse_frequencies(s, engine.frequency_mhz) && s.done();
}

// "2532/2698", "515mW/501mW", "3034mW/3049mW/3412mW"
bool parse_rail(std::string_view word, RailPower& rail) {
  Scanner s(word);
  if (!s.integer(rail.now_mw)) return false;
  const bool unit = s.skip("mW");
  if (!s.skip("/") || !s.integer(rail.average_mw) || s.skip("mW") != unit) return false;
  if (s.done()) return true;
  std::int64_t maximum = 0;
  if (!unit || !s.skip("/") || !s.integer(maximum) || !s.skip("mW") || !s.done()) return false;
  rail.maximum_mw = maximum;
  return true;
}

// "CPU@47.937C", "tj@49.062C/50C"
bool parse_temperature(std::string_view word, Temperature& temperature) {
  const std::size_t at = word.find('@');
  if (at == std::string_view::npos || !is_name(word.substr(0, at))) return false;
  temperature.zone = word.substr(0, at);
  Scanner s(word.substr(at + 1));
  if (!s.decimal(temperature.celsius) || !s.skip("C")) return false;
  if (s.done()) return true;
  double maximum = 0;
  if (!s.skip("/") || !s.decimal(maximum) || !s.skip("C") || !s.done()) return false;
  temperature.maximum = maximum;
  return true;
}

// Goes through a line's words; each step says how many it took, 0: not its form.
class LineParser {
 public:
  explicit LineParser(std::string_view text) : words_(words_of(text)) {}

  Line parse() {
    while (at_ < words_.size()) {
      std::size_t taken = 0;
      for (const auto step : {&LineParser::time, &LineParser::memory, &LineParser::cores,
                              &LineParser::mts, &LineParser::temperature, &LineParser::pair}) {
        taken = (this->*step)();
        if (taken > 0) break;
      }
      if (taken == 0) line_.unknown.push_back(words_[at_]);
      known_ += taken;
      at_ += std::max<std::size_t>(1, taken);
    }
    return std::move(line_);
  }
  std::size_t known() const { return known_; }

 private:
  std::string_view word(std::size_t ahead) const {
    return at_ + ahead < words_.size() ? std::string_view(words_[at_ + ahead]) : std::string_view();
  }

  std::size_t time() {
    WallTime time;
    if (line_.time || !parse_date(word(0), word(1), time)) return 0;
    line_.time = time;
    return 2;
  }
  std::size_t memory() {
    if (word(0) == "RAM") return ram();
    if (word(0) == "SWAP") return swap();
    return word(0) == "IRAM" ? iram() : 0;
  }
  std::size_t ram() {
    Memory memory;
    if (!parse_used(word(1), memory.used_mb, memory.total_mb)) return 0;
    const bool blocks = parse_free_blocks(word(2), memory);
    if (!blocks) memory.free_blocks = memory.free_block_mb = 0;
    line_.ram = memory;
    return blocks ? 3 : 2;
  }
  std::size_t swap() {
    Swap swap;
    if (!parse_used(word(1), swap.used_mb, swap.total_mb)) return 0;
    Scanner s(word(2));
    const bool cached =
        s.skip("(cached ") && s.integer(swap.cached_mb) && s.skip("MB)") && s.done();
    if (!cached) swap.cached_mb = 0;
    line_.swap = swap;
    return cached ? 3 : 2;
  }
  std::size_t iram() {
    InternalMemory iram;
    Scanner s(word(1));
    if (!s.integer(iram.used_kb) || !s.skip("/") || !s.integer(iram.total_kb) || !s.skip("kB"))
      return 0;
    if (!s.done() &&
        (!s.skip("(lfb ") || !s.integer(iram.largest_free_kb) || !s.skip("kB)") || !s.done()))
      return 0;
    line_.iram = iram;
    return 2;
  }
  std::size_t cores() {
    std::vector<Core> cores;
    std::string cut;
    if (word(0) != "CPU" || !parse_cores(word(1), cores, cut)) return 0;
    line_.cores = std::move(cores);
    if (!cut.empty()) line_.unknown.push_back(std::move(cut));
    return 2;
  }
  std::size_t mts() {
    BackgroundTasks tasks;
    Scanner f(word(2)), b(word(4));
    if (word(0) != "MTS" || word(1) != "fg" || word(3) != "bg" ||
        !f.integer(tasks.foreground_percent) || !f.skip("%") || !f.done() ||
        !b.integer(tasks.background_percent) || !b.skip("%") || !b.done())
      return 0;
    line_.mts = tasks;
    return 5;
  }
  std::size_t temperature() {
    Temperature temperature;
    if (!parse_temperature(word(0), temperature)) return 0;
    line_.temperatures.push_back(std::move(temperature));
    return 1;
  }
  std::size_t pair() {
    if (!is_name(word(0)) || word(1).empty()) return 0;
    RailPower rail;
    rail.name = word(0);
    if (parse_rail(word(1), rail)) {
      line_.rails.push_back(std::move(rail));
      return 2;
    }
    Engine engine;
    engine.name = word(0);
    if (!parse_engine(word(1), engine)) return 0;
    line_.engines.push_back(std::move(engine));
    return 2;
  }

  std::vector<std::string> words_;
  std::size_t at_ = 0;
  std::size_t known_ = 0;
  Line line_;
};

// Days since 1970-01-01 of the Gregorian calendar (the era method of H. Hinnant, "chrono-Compatible
// Low-Level Date Algorithms", here with years that begin in March).
std::int64_t days_of(const WallTime& time) {
  const std::int64_t year = time.month <= 2 ? time.year - 1 : time.year;
  const std::int64_t era = year / 400, of_era = year - era * 400;
  const std::int64_t month = (time.month + 9) % 12;
  const std::int64_t of_year = (153 * month + 2) / 5 + time.day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

std::int64_t seconds_of(const WallTime& time) {
  return ((days_of(time) * 24 + time.hour) * 60 + time.minute) * 60 + time.second;
}

// Lines of the same second are spread evenly over it. Where the wall clock was set (back, or ahead
// by more than a day: NTP after a boot without a battery) the log goes on one interval later.
std::vector<Duration> times_from_stamps(const std::vector<Line>& lines, Duration interval) {
  std::vector<Duration> at;
  std::int64_t origin_s = seconds_of(*lines.front().time);
  for (std::size_t i = 0; i < lines.size();) {
    std::size_t next = i;
    const std::int64_t stamp_s = seconds_of(*lines[i].time);
    while (next < lines.size() && seconds_of(*lines[next].time) == stamp_s) ++next;
    constexpr std::int64_t kSecond = 1'000'000'000, kDay_s = 86'400;
    Duration begin;
    if (!at.empty()) {
      const std::int64_t last_s = at.back().ns / kSecond, this_s = stamp_s - origin_s;
      begin = at.back() + interval;
      if (this_s > last_s && this_s - last_s <= kDay_s) {
        begin = Duration{this_s * kSecond};
      } else {
        origin_s = stamp_s - begin.ns / kSecond;
      }
    }
    const auto count = static_cast<std::int64_t>(next - i);
    for (std::int64_t k = 0; k < count; ++k) at.push_back(begin + Duration{k * kSecond / count});
    i = next;
  }
  return at;
}

}  // namespace

Result<Line> parse_line(std::string_view text) {
  LineParser parser(text);
  Line line = parser.parse();
  if (parser.known() > 0) return line;
  return fail(ErrorKind::parse, "not a line of tegrastats: '" + trimmed(text.substr(0, 60)) + "'");
}

Result<Log> parse_log(std::string_view text, Duration interval) {
  Log log;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view row = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    auto line = parse_line(row);
    if (line) {
      log.lines.push_back(std::move(*line));
    } else if (!trimmed(row).empty()) {
      ++log.skipped;
    }
  }
  if (log.lines.empty())
    return fail(ErrorKind::parse,
                "no line of tegrastats in " + std::to_string(log.skipped) + " lines",
                "Record one with: tegrastats --interval 100 --logfile FILE");
  if (std::all_of(log.lines.begin(), log.lines.end(),
                  [](const Line& line) { return line.time.has_value(); })) {
    log.at = times_from_stamps(log.lines, interval);
  } else {
    for (std::size_t i = 0; i < log.lines.size(); ++i)
      log.at.push_back(interval * static_cast<std::int64_t>(i));
  }
  return log;
}

}  // namespace isojoule::tegrastats
