#include "knob/nvpmodel/conf.h"

#include <algorithm>
#include <charconv>

namespace isojoule::nvpmodel {
namespace {

constexpr std::string_view kWhite = " \t\r\v\f";

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  for (std::size_t at = line.find_first_not_of(kWhite); at != std::string_view::npos;) {
    const std::size_t end = std::min(line.find_first_of(kWhite, at), line.size());
    words.emplace_back(line.substr(at, end - at));
    at = line.find_first_not_of(kWhite, end);
  }
  return words;
}

// Without a comment: '#' at the line's start or after white space.
std::string_view without_comment(std::string_view line) {
  for (std::size_t at = line.find('#'); at != std::string_view::npos; at = line.find('#', at + 1))
    if (at == 0 || kWhite.find(line[at - 1]) != std::string_view::npos) return line.substr(0, at);
  return line;
}

template <typename Number>
std::optional<Number> number_in(std::string_view text) {
  Number number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  return whole ? std::optional(number) : std::nullopt;
}

class Parser {
 public:
  explicit Parser(const std::string& name) : name_(name) {}
  Result<Conf> parse(std::string_view text);

 private:
  enum class Section { none, param, mode, config, other };

  tl::unexpected<Error> fault(const std::string& what, std::size_t line) const {
    return fail(ErrorKind::parse, name_ + ":" + std::to_string(line) + ": " + what,
                "Correct the line, or take NVIDIA's file again (/etc/nvpmodel)");
  }
  tl::unexpected<Error> fault(const std::string& what) const { return fault(what, line_); }
  Status read_line(std::string_view line);
  Status read_header(std::string_view line);
  Result<std::string> attribute(const std::map<std::string, std::string>& attributes,
                                const char* key) const;
  Status begin_param(const std::map<std::string, std::string>& attributes);
  Status begin_mode(const std::map<std::string, std::string>& attributes);
  Status read_default(const std::map<std::string, std::string>& attributes);
  Status read_argument(const std::vector<std::string>& words);
  Status read_assignment(const std::vector<std::string>& words);
  Status check();

  const std::string& name_;
  std::size_t line_ = 0;
  Section section_ = Section::none;
  Conf conf_;
  std::vector<std::vector<std::size_t>> assignment_lines_;  // by mode
  std::size_t default_line_ = 0;
};

// "< PARAM TYPE = FILE NAME=x >" -> PARAM, {TYPE: FILE, NAME: x}
Status Parser::read_header(std::string_view line) {
  const std::size_t open = line.find('<');
  const std::size_t close = line.rfind('>');
  if (close == std::string_view::npos || close < open) return fault("the section has no '>'");
  if (!words_of(line.substr(close + 1)).empty()) return fault("text after the section's '>'");
  std::string inside;
  for (const char c : line.substr(open + 1, close - open - 1)) {
    if (c == '<' || c == '>') return fault("a second bracket in one line");
    const bool after_equals = !inside.empty() && inside.back() == '=';
    if (after_equals && kWhite.find(c) != std::string_view::npos) continue;
    if (c == '=') inside.erase(inside.find_last_not_of(kWhite) + 1);
    inside += c;
  }
  const auto words = words_of(inside);
  if (words.empty()) return fault("a section without a name");
  std::map<std::string, std::string> attributes;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::size_t equals = words[i].find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == words[i].size())
      return fault("'" + words[i] + "' is not KEY=VALUE");
    if (!attributes.emplace(words[i].substr(0, equals), words[i].substr(equals + 1)).second)
      return fault("'" + words[i].substr(0, equals) + "' stands twice");
  }
  if (words[0] == "PARAM") return begin_param(attributes);
  if (words[0] == "POWER_MODEL") return begin_mode(attributes);
  if (words[0] == "PM_CONFIG") return read_default(attributes);
  section_ = Section::other;
  std::string other = words[0];
  for (std::size_t i = 1; i < words.size(); ++i) other += " " + words[i];
  conf_.other_sections.push_back(std::move(other));
  return {};
}

Result<std::string> Parser::attribute(const std::map<std::string, std::string>& attributes,
                                      const char* key) const {
  const auto found = attributes.find(key);
  if (found == attributes.end()) return fault(std::string("the section has no ") + key);
  return found->second;
}

Status Parser::begin_param(const std::map<std::string, std::string>& attributes) {
  Param param;
  ISOJOULE_TRY(param.name, attribute(attributes, "NAME"));
  ISOJOULE_TRY(const std::string type, attribute(attributes, "TYPE"));
  if (type == "FILE")
    param.type = ParamType::file;
  else if (type == "CLOCK")
    param.type = ParamType::clock;
  else if (type == "HWMON")
    param.type = ParamType::hwmon;
  else
    return fault("TYPE=" + type + " is none of FILE, CLOCK, HWMON");
  if (conf_.find_param(param.name) != nullptr)
    return fault("a second PARAM of the name '" + param.name + "'");
  conf_.params.push_back(std::move(param));
  section_ = Section::param;
  return {};
}

Status Parser::begin_mode(const std::map<std::string, std::string>& attributes) {
  Mode mode;
  ISOJOULE_TRY(mode.name, attribute(attributes, "NAME"));
  ISOJOULE_TRY(const std::string id, attribute(attributes, "ID"));
  const auto number = number_in<int>(id);
  if (!number || *number < 0) return fault("ID=" + id + " is not a number of 0 and above");
  mode.id = *number;
  if (conf_.find_mode(mode.id) != nullptr) return fault("a second POWER_MODEL with ID=" + id);
  if (conf_.find_mode(mode.name) != nullptr)
    return fault("a second POWER_MODEL of the name '" + mode.name + "'");
  conf_.modes.push_back(std::move(mode));
  assignment_lines_.emplace_back();
  section_ = Section::mode;
  return {};
}

Status Parser::read_default(const std::map<std::string, std::string>& attributes) {
  ISOJOULE_TRY(const std::string id, attribute(attributes, "DEFAULT"));
  const auto number = number_in<int>(id);
  if (!number) return fault("DEFAULT=" + id + " is not a number");
  if (conf_.default_mode) return fault("a second PM_CONFIG");
  conf_.default_mode = number;
  default_line_ = line_;
  section_ = Section::config;
  return {};
}

Status Parser::read_argument(const std::vector<std::string>& words) {
  Param& param = conf_.params.back();
  const std::size_t expected = param.type == ParamType::hwmon ? 3 : 2;
  if (words.size() != expected)
    return fault("a line of PARAM " + param.name + " has " + std::to_string(expected) +
                 " words, not " + std::to_string(words.size()));
  if (words[1].front() != '/') return fault("'" + words[1] + "' is no absolute path");
  if (param.find(words[0]) != nullptr) return fault("'" + words[0] + "' stands twice");
  param.arguments.push_back({words[0], words[1], expected == 3 ? words[2] : std::string()});
  return {};
}

Status Parser::read_assignment(const std::vector<std::string>& words) {
  if (words.size() != 3)
    return fault("a line of POWER_MODEL " + conf_.modes.back().name +
                 " has 3 words (PARAM ARGUMENT value), not " + std::to_string(words.size()));
  conf_.modes.back().assignments.push_back({words[0], words[1], words[2], 0});
  assignment_lines_.back().push_back(line_);
  return {};
}

Status Parser::read_line(std::string_view line) {
  line = without_comment(line);
  const auto words = words_of(line);
  if (words.empty()) return {};
  if (words[0].front() == '<') return read_header(line);
  switch (section_) {
    case Section::param: return read_argument(words);
    case Section::mode: return read_assignment(words);
    case Section::none: return fault("'" + words[0] + "' stands in no section");
    case Section::config: return fault("'" + words[0] + "' stands behind PM_CONFIG");
    case Section::other: return {};
  }
  return {};
}

// What a mode names may stand behind it, so this is known at the end.
Status Parser::check() {
  if (conf_.modes.empty())
    return fail(ErrorKind::no_data, name_ + ": no POWER_MODEL in it",
                "Take the file for this module (/etc/nvpmodel)");
  for (std::size_t m = 0; m < conf_.modes.size(); ++m) {
    auto& assignments = conf_.modes[m].assignments;
    for (std::size_t i = 0; i < assignments.size(); ++i) {
      Assignment& one = assignments[i];
      const std::size_t line = assignment_lines_[m][i];
      const Param* param = conf_.find_param(one.param);
      if (param == nullptr) return fault("no PARAM has the name '" + one.param + "'", line);
      if (param->find(one.argument) == nullptr)
        return fault("PARAM " + one.param + " has no '" + one.argument + "'", line);
      if (param->type != ParamType::clock) continue;
      const auto number = number_in<std::int64_t>(one.value);
      if (!number || *number < -1)
        return fault("'" + one.value + "' is no frequency (a whole number, or -1)", line);
      one.number = *number;
    }
  }
  if (conf_.default_mode && conf_.find_mode(*conf_.default_mode) == nullptr)
    return fault("no POWER_MODEL has ID=" + std::to_string(*conf_.default_mode), default_line_);
  return {};
}

Result<Conf> Parser::parse(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    ++line_;
    ISOJOULE_CHECK(read_line(text.substr(at, end - at)));
    at = end + 1;
  }
  ISOJOULE_CHECK(check());
  return std::move(conf_);
}

}  // namespace

std::string_view name_of(ParamType type) {
  switch (type) {
    case ParamType::file: return "FILE";
    case ParamType::clock: return "CLOCK";
    case ParamType::hwmon: return "HWMON";
  }
  return "FILE";
}

const Argument* Param::find(std::string_view argument) const {
  const auto found = std::find_if(arguments.begin(), arguments.end(),
                                  [&](const Argument& one) { return one.name == argument; });
  return found == arguments.end() ? nullptr : &*found;
}

const Param* Conf::find_param(std::string_view name) const {
  const auto found = std::find_if(params.begin(), params.end(),
                                  [&](const Param& one) { return one.name == name; });
  return found == params.end() ? nullptr : &*found;
}

const Mode* Conf::find_mode(int id) const {
  const auto found =
      std::find_if(modes.begin(), modes.end(), [&](const Mode& one) { return one.id == id; });
  return found == modes.end() ? nullptr : &*found;
}

const Mode* Conf::find_mode(std::string_view name) const {
  const auto found =
      std::find_if(modes.begin(), modes.end(), [&](const Mode& one) { return one.name == name; });
  return found == modes.end() ? nullptr : &*found;
}

Result<Conf> parse_conf(std::string_view text, const std::string& name) {
  return Parser(name).parse(text);
}

std::string to_text(const Conf& conf) {
  std::string text;
  for (const auto& param : conf.params) {
    text += "< PARAM TYPE=" + std::string(name_of(param.type)) + " NAME=" + param.name + " >\n";
    for (const auto& argument : param.arguments)
      text += argument.name + " " + argument.path +
              (argument.file.empty() ? "" : " " + argument.file) + "\n";
  }
  for (const auto& mode : conf.modes) {
    text += "< POWER_MODEL ID=" + std::to_string(mode.id) + " NAME=" + mode.name + " >\n";
    for (const auto& one : mode.assignments)
      text += one.param + " " + one.argument + " " + one.value + "\n";
  }
  if (conf.default_mode)
    text += "< PM_CONFIG DEFAULT=" + std::to_string(*conf.default_mode) + " >\n";
  for (const auto& other : conf.other_sections) text += "< " + other + " >\n";
  return text;
}

}  // namespace isojoule::nvpmodel
