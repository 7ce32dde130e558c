// Takes options of one prefix out of a map, typed, and says which of them nobody knows.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace isojoule {

class OptionReader {
 public:
  // Takes every key that begins with `prefix`; the first error is kept until finish().
  OptionReader(std::map<std::string, std::string>& options, std::string prefix);

  // Each leaves `value` as it is where the option is absent.
  void read(const std::string& key, std::string& value);
  void read(const std::string& key, bool& value);  // on, off
  void read(const std::string& key, std::int64_t& value, std::int64_t least, std::int64_t most);
  void read(const std::string& key, double& value, double least, double most);
  void read(const std::string& key, std::vector<double>& value);  // separated by commas
  template <typename T>
  void read(const std::string& key, T& value,
            const std::vector<std::pair<std::string, T>>& choices) {
    std::vector<std::string> names;
    for (const auto& [name, choice] : choices) names.push_back(name);
    const std::optional<std::size_t> found = choose(key, names);
    if (found) value = choices[*found].second;
  }
  // An error of the caller's on an option that was read.
  void refuse(const std::string& key, const std::string& wanted);

  // Errors: not_found (an option that no read() asked for), invalid (a value).
  Status finish();

 private:
  const std::string* find(const std::string& key);
  std::optional<std::size_t> choose(const std::string& key, const std::vector<std::string>& names);

  std::string prefix_;
  std::map<std::string, std::string> mine_;
  std::vector<std::string> known_;
  std::optional<Error> error_;
};

}  // namespace isojoule
