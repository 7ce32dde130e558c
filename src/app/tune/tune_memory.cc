#include "app/tune/tune_memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "base/toml_reader.h"
#include "import/number.h"

namespace isojoule {
namespace {

constexpr std::array<const char*, 3> kRoles = {"baseline", "search", "final"};
constexpr const char *kRole = "tune.role", *kWhy = "tune.why", *kTook = "tune.took_s",
                     *kDefinite = "tune.definite", *kEngineError = "tune.engine_error";

// A JSON string is a basic string of TOML.
std::string toml_text(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

std::string toml_list(const std::vector<std::string>& texts) {
  std::vector<std::string> quoted;
  quoted.reserve(texts.size());
  for (const std::string& text : texts) quoted.push_back(toml_text(text));
  return "[" + join(quoted, ", ") + "]";
}

// Nothing: no error, or one that only a later version knows.
std::optional<ErrorKind> kind_named(const std::string& name) {
  for (int kind = 0; kind <= static_cast<int>(ErrorKind::internal); ++kind)
    if (name_of(static_cast<ErrorKind>(kind)) == name) return static_cast<ErrorKind>(kind);
  return {};
}

Value value_from(const std::string& text) {
  const auto number = import::parse_decimal(text);
  if (number) return *number;
  return text;
}

}  // namespace

std::string to_toml(const TuneMemory& memory) {
  std::string text = fmt::format(
      "[tune]\nnetwork = {}\nminimise = {}\nlimits = {}\noptimiser = {}\nseed = {}\n"
      "inferences = {}\nfixed = {}\n",
      toml_text(memory.network), toml_text(memory.minimise), toml_list(memory.limits),
      toml_text(memory.optimiser), memory.seed, memory.inferences,
      toml_text(to_string(memory.fixed)));
  for (const SearchAxis& axis : memory.axes) {
    std::vector<std::string> values;
    for (const Value& value : axis.values) values.push_back(to_string(value));
    text += fmt::format("\n[[tune.axis]]\nname = {}\nvalues = {}\n", toml_text(axis.name),
                        toml_list(values));
  }
  return text;
}

Result<TuneMemory> tune_memory(const StudyInfo& info, const std::string& path) {
  const auto no_search = [&] {
    return fail(ErrorKind::invalid, path + ": no study of a search",
                "Give the study that 'isojoule tune NETWORK -o FILE.study' made");
  };
  if (info.name != "tune") return no_search();
  ISOJOULE_TRY(const TomlReader reader, TomlReader::parse(info.plan_toml, path));
  const toml::table* const tune = reader.root()["tune"].as_table();
  if (tune == nullptr) return no_search();
  TuneMemory memory;
  ISOJOULE_CHECK(reader.read(*tune, "network", memory.network));
  ISOJOULE_CHECK(reader.read(*tune, "minimise", memory.minimise));
  ISOJOULE_CHECK(reader.read(*tune, "limits", memory.limits));
  ISOJOULE_CHECK(reader.read(*tune, "optimiser", memory.optimiser));
  ISOJOULE_CHECK(reader.read(*tune, "seed", memory.seed));
  ISOJOULE_CHECK(reader.read(*tune, "inferences", memory.inferences));
  std::string fixed;
  ISOJOULE_CHECK(reader.read(*tune, "fixed", fixed));
  if (!fixed.empty()) {
    ISOJOULE_TRY(memory.fixed, parse_setting(fixed));
  }
  ISOJOULE_TRY(const auto axes, reader.tables(*tune, "axis"));
  for (const toml::table* table : axes) {
    SearchAxis axis;
    std::vector<std::string> values;
    ISOJOULE_CHECK(reader.read(*table, "name", axis.name));
    ISOJOULE_CHECK(reader.read(*table, "values", values));
    for (const std::string& value : values) axis.values.push_back(value_from(value));
    memory.axes.push_back(std::move(axis));
  }
  return memory;
}

void put_notes(const TuneNotes& notes, Run& run) {
  run.notes[kRole] = kRoles[static_cast<std::size_t>(notes.role)];
  if (!notes.why.empty()) run.notes[kWhy] = notes.why;
  run.notes[kTook] = to_string(Value(notes.took_s));
  if (notes.definite) run.notes[kDefinite] = "yes";
  if (notes.engine_error) run.notes[kEngineError] = std::string(name_of(*notes.engine_error));
}

Result<TuneNotes> notes_of(const Run& run) {
  TuneNotes notes;
  const auto role = run.notes.find(kRole);
  const auto known = role == run.notes.end()
                         ? kRoles.end()
                         : std::find(kRoles.begin(), kRoles.end(), role->second);
  if (known == kRoles.end())
    return fail(ErrorKind::damaged,
                fmt::format("run {} does not say what it was in the search", run.id),
                "Was the study written by another command?");
  notes.role = static_cast<TuneRole>(known - kRoles.begin());
  const auto text = [&](const char* key) {
    const auto found = run.notes.find(key);
    return found == run.notes.end() ? std::string() : found->second;
  };
  notes.why = text(kWhy);
  notes.took_s = import::parse_decimal(text(kTook)).value_or(0);
  notes.definite = text(kDefinite) == "yes";
  notes.engine_error = kind_named(text(kEngineError));
  return notes;
}

}  // namespace isojoule
