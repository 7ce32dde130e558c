#include "tensor/option_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.h"

namespace isojoule {
namespace {

template <typename T>
std::optional<T> number(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string short_number(double value) {
  std::string text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

}  // namespace

OptionReader::OptionReader(std::map<std::string, std::string>& options, std::string prefix)
    : prefix_(std::move(prefix)) {
  for (auto at = options.lower_bound(prefix_);
       at != options.end() && at->first.starts_with(prefix_);) {
    mine_.insert(*at);
    at = options.erase(at);
  }
}

const std::string* OptionReader::find(const std::string& key) {
  known_.push_back(prefix_ + key);
  const auto found = mine_.find(prefix_ + key);
  return found == mine_.end() ? nullptr : &found->second;
}

void OptionReader::refuse(const std::string& key, const std::string& wanted) {
  if (error_) return;
  error_ = Error{ErrorKind::invalid,
                 "option " + prefix_ + key + "=" + mine_[prefix_ + key] + " is not " + wanted,
                 {},
                 "Give " + wanted};
}

void OptionReader::read(const std::string& key, std::string& value) {
  const std::string* text = find(key);
  if (text == nullptr) return;
  if (text->empty()) return refuse(key, "a text of at least one character");
  value = *text;
}

void OptionReader::read(const std::string& key, bool& value) {
  const std::string* text = find(key);
  if (text == nullptr) return;
  if (*text != "on" && *text != "off") return refuse(key, "on or off");
  value = *text == "on";
}

void OptionReader::read(const std::string& key, std::int64_t& value, std::int64_t least,
                        std::int64_t most) {
  const std::string* text = find(key);
  if (text == nullptr) return;
  const auto parsed = number<std::int64_t>(*text);
  if (!parsed || *parsed < least || *parsed > most)
    return refuse(key,
                  "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  value = *parsed;
}

void OptionReader::read(const std::string& key, double& value, double least, double most) {
  const std::string* text = find(key);
  if (text == nullptr) return;
  const auto parsed = number<double>(*text);
  if (!parsed || !(*parsed >= least && *parsed <= most))
    return refuse(key, "a number from " + short_number(least) + " to " + short_number(most));
  value = *parsed;
}

void OptionReader::read(const std::string& key, std::vector<double>& value) {
  const std::string* text = find(key);
  if (text == nullptr) return;
  std::vector<double> numbers;
  std::string_view rest = *text;
  for (;;) {
    const std::size_t comma = rest.find(',');
    const auto parsed = number<double>(rest.substr(0, comma));
    if (!parsed || !std::isfinite(*parsed))
      return refuse(key, "a list of numbers separated by commas");
    numbers.push_back(*parsed);
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  value = std::move(numbers);
}

std::optional<std::size_t> OptionReader::choose(const std::string& key,
                                                const std::vector<std::string>& names) {
  const std::string* text = find(key);
  if (text == nullptr) return std::nullopt;
  const auto found = std::find(names.begin(), names.end(), *text);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  refuse(key, "one of " + join(names, ", "));
  return std::nullopt;
}

Status OptionReader::finish() {
  for (const auto& [key, value] : mine_)
    if (std::find(known_.begin(), known_.end(), key) == known_.end())
      return fail(ErrorKind::not_found, "unknown option '" + key + "'",
                  unknown_name_remedy(key, known_));
  if (error_) return tl::unexpected<Error>(*error_);
  return {};
}

}  // namespace isojoule
