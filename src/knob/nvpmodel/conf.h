// The text of /etc/nvpmodel.conf: which nodes a Jetson's power modes set, and to what.
//
//   < PARAM TYPE=FILE|CLOCK|HWMON NAME=x >   then lines "ARGUMENT path" (HWMON: "ARGUMENT dir
//   file") < POWER_MODEL ID=n NAME=mode >           then lines "PARAM ARGUMENT value" < PM_CONFIG
//   DEFAULT=n >
//
// '#' begins a comment. White space of any kind, "<PARAM" without a space and CRLF are taken.
// Sections of other names (FAN_CONFIG of JetPack 4) are kept by name and their lines passed over.
// Syntax: the comment at the head of NVIDIA's own files (L4T 32 to 36).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace isojoule::nvpmodel {

enum class ParamType { file, clock, hwmon };
std::string_view name_of(ParamType type);  // "FILE"

struct Argument {
  std::string name;  // "MAX_FREQ", "CORE_0"; "MAX_FREQ_KNEXT" is its path in the next kernel
  std::string path;
  std::string file;  // HWMON only: the file in an hwmonN folder below `path`
};

struct Param {
  std::string name;  // "GPU"
  ParamType type = ParamType::file;
  std::vector<Argument> arguments;  // in the text's order, no two of a name
  const Argument* find(std::string_view argument) const;
};

struct Assignment {
  std::string param, argument;
  std::string value;        // of a CLOCK a whole number; -1: no limit
  std::int64_t number = 0;  // the value of a CLOCK
};

struct Mode {
  int id = 0;
  std::string name;
  std::vector<Assignment> assignments;  // in the order in which they are to be written
};

struct Conf {
  std::vector<Param> params;
  std::vector<Mode> modes;  // in the text's order; ids and names are unique
  std::optional<int> default_mode;
  std::vector<std::string> other_sections;  // "FAN_CONFIG DEFAULT=quiet"
  const Param* find_param(std::string_view name) const;
  const Mode* find_mode(int id) const;
  const Mode* find_mode(std::string_view name) const;
};

// `name` stands before the line in messages ("/etc/nvpmodel.conf:12: ..."). Errors: parse; no_data
// (no power mode in it).
Result<Conf> parse_conf(std::string_view text, const std::string& name);
// A text that parses to the same.
std::string to_text(const Conf& conf);

}  // namespace isojoule::nvpmodel
