// The stored form of EnergyModelFile: JSON with sorted keys, two spaces a level and the shortest
// numbers that read back the same, so that two fits can be compared line by line.
#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "predict/energy_model.h"
#include "predict/json_at.h"

namespace isojoule {
namespace {

using nlohmann::json;

constexpr const char* kFormat = "isojoule-model";

// ---- writing ------------------------------------------------------------------------------------

json stored(const std::optional<double>& value) { return value ? json(*value) : json(); }

json stored(const Setting& setting) {
  json object = json::object();
  for (const auto& [axis, value] : setting.values())
    std::visit([&, key = axis](const auto& one) { object[key] = one; }, value);
  return object;
}

json stored(const ConformalSpread& spread) {
  return {{"quantile", std::isfinite(spread.quantile) ? json(spread.quantile) : json()},
          {"floor", spread.floor},
          {"runs", spread.runs},
          {"groups", spread.groups}};
}

json stored(const OperatingPoint& point) {
  return {{"cpu_hz", point.cpu_hz},
          {"gpu_hz", point.gpu_hz},
          {"memory_hz", point.memory_hz},
          {"cores", point.cores}};
}

json stored(const Validation& row) {
  return {{"kind", row.kind},
          {"energy_mape_percent", stored(row.energy_mape_percent)},
          {"time_mape_percent", stored(row.time_mape_percent)},
          {"layer_energy_mape_percent", stored(row.layer_energy_mape_percent)},
          {"layer_time_mape_percent", stored(row.layer_time_mape_percent)},
          {"coverage_percent", stored(row.coverage_percent)},
          {"groups", row.groups},
          {"runs", row.runs},
          {"chosen", row.chosen},
          {"why_not", row.why_not}};
}

json stored(const Additivity& a) {
  return {{"sequences", a.sequences},
          {"median_ratio", a.median_ratio},
          {"low", a.low},
          {"high", a.high},
          {"mean_absolute_percent", a.mean_absolute_percent}};
}

json stored(const EnergyModel& model);

template <typename T>
json stored_list(const std::vector<T>& items) {
  json list = json::array();
  for (const T& item : items) list.push_back(stored(item));
  return list;
}

json stored(const EnergyModel& model) {
  json ranges = json::object();
  for (const auto& [name, range] : model.ranges)
    ranges[name] = json::array({range.first, range.second});
  return {{"job", stored(model.job)},
          {"predictor", {{"kind", model.predictor->kind()}, {"state", model.predictor->state()}}},
          {"intervals",
           {{"network_energy", stored(model.network_energy)},
            {"network_time", stored(model.network_time)},
            {"layer_energy", stored(model.layer_energy)},
            {"layer_time", stored(model.layer_time)}}},
          {"ranges", std::move(ranges)},
          {"points", stored_list(model.points)},
          {"validations", stored_list(model.validations)},
          {"additivity", model.additivity ? stored(*model.additivity) : json()},
          {"runs", model.runs},
          {"network_groups", model.network_groups},
          {"why_no_interval", model.why_no_interval}};
}

// ---- reading ------------------------------------------------------------------------------------

Result<Setting> setting_from(const JsonAt& at) {
  Setting setting;
  for (const auto& [axis, value] : at.json().items()) {
    if (value.is_string())
      setting.set(axis, value.get<std::string>());
    else if (value.is_number() && std::isfinite(value.get<double>()))
      setting.set(axis, value.get<double>());
    else
      return at.bad("'" + axis + "' is neither a word nor a number");
  }
  return setting;
}

Result<ConformalSpread> spread_from(const JsonAt& intervals, const char* key) {
  ISOJOULE_TRY(const JsonAt at, intervals.object(key));
  ConformalSpread spread = unknown_spread();
  if (at.has("quantile")) {
    ISOJOULE_TRY(spread.quantile, at.number("quantile", 0));
  }
  ISOJOULE_TRY(spread.floor, at.number("floor", 0));
  ISOJOULE_TRY(spread.runs, at.count("runs"));
  ISOJOULE_TRY(spread.groups, at.count("groups"));
  return spread;
}

Result<OperatingPoint> point_from(const JsonAt& at) {
  OperatingPoint point;
  ISOJOULE_TRY(point.cpu_hz, at.number("cpu_hz", 0));
  ISOJOULE_TRY(point.gpu_hz, at.number("gpu_hz", 0));
  ISOJOULE_TRY(point.memory_hz, at.number("memory_hz", 0));
  ISOJOULE_TRY(point.cores, at.number("cores", 0));
  return point;
}

Result<Validation> validation_from(const JsonAt& at) {
  Validation row;
  ISOJOULE_TRY(row.kind, at.text("kind"));
  ISOJOULE_TRY(row.energy_mape_percent, at.optional_number("energy_mape_percent", 0));
  ISOJOULE_TRY(row.time_mape_percent, at.optional_number("time_mape_percent", 0));
  ISOJOULE_TRY(row.layer_energy_mape_percent, at.optional_number("layer_energy_mape_percent", 0));
  ISOJOULE_TRY(row.layer_time_mape_percent, at.optional_number("layer_time_mape_percent", 0));
  ISOJOULE_TRY(row.coverage_percent, at.optional_number("coverage_percent", 0));
  ISOJOULE_TRY(row.groups, at.count("groups"));
  ISOJOULE_TRY(row.runs, at.count("runs"));
  ISOJOULE_TRY(row.chosen, at.truth("chosen"));
  ISOJOULE_TRY(row.why_not, at.text("why_not"));
  return row;
}

Result<Additivity> additivity_from(const JsonAt& at) {
  Additivity additivity;
  ISOJOULE_TRY(additivity.sequences, at.count("sequences"));
  ISOJOULE_TRY(additivity.median_ratio, at.number("median_ratio", 0));
  ISOJOULE_TRY(additivity.low, at.number("low", 0));
  ISOJOULE_TRY(additivity.high, at.number("high", 0));
  ISOJOULE_TRY(additivity.mean_absolute_percent, at.number("mean_absolute_percent", 0));
  return additivity;
}

template <typename T, typename Read>
Result<std::vector<T>> list_from(const JsonAt& at, const char* key, Read read) {
  ISOJOULE_TRY(const std::vector<JsonAt> items, at.list(key));
  std::vector<T> values;
  for (const JsonAt& item : items) {
    ISOJOULE_TRY(T value, read(item));
    values.push_back(std::move(value));
  }
  return values;
}

Result<std::string> text_item(const JsonAt& at) {
  if (!at.json().is_string()) return at.bad("not a text");
  return at.json().get<std::string>();
}

Result<std::unique_ptr<const Predictor>> predictor_from(const JsonAt& model) {
  ISOJOULE_TRY(const JsonAt at, model.object("predictor"));
  ISOJOULE_TRY(const std::string name, at.text("kind"));
  const auto kind = find_predictor(name);
  if (!kind)
    return fail(ErrorKind::unsupported, at.where() + ": " + kind.error().what,
                "Use a version of isojoule that has it, or fit the model again");
  ISOJOULE_TRY(const JsonAt state, at.at("state"));
  auto predictor = (*kind)->load(state.json());
  if (predictor) return predictor;
  Error error = std::move(predictor).error();
  error.what = state.where() + ": " + error.what;
  return tl::unexpected<Error>(std::move(error));
}

Status read_ranges(const JsonAt& at, EnergyModel& model) {
  ISOJOULE_TRY(const JsonAt ranges, at.object("ranges"));
  for (const auto& [name, unused] : ranges.json().items()) {
    ISOJOULE_TRY(const std::vector<double> range, ranges.numbers(name));
    if (range.size() != 2 || !(range[0] > 0) || range[1] < range[0])
      return ranges.bad("'" + name + "' is not two positive numbers in order");
    model.ranges[name] = {range[0], range[1]};
  }
  return {};
}

Result<EnergyModel> model_from(const JsonAt& at) {
  EnergyModel model;
  ISOJOULE_TRY(const JsonAt job, at.object("job"));
  ISOJOULE_TRY(model.job, setting_from(job));
  ISOJOULE_TRY(model.predictor, predictor_from(at));
  ISOJOULE_TRY(const JsonAt intervals, at.object("intervals"));
  ISOJOULE_TRY(model.network_energy, spread_from(intervals, "network_energy"));
  ISOJOULE_TRY(model.network_time, spread_from(intervals, "network_time"));
  ISOJOULE_TRY(model.layer_energy, spread_from(intervals, "layer_energy"));
  ISOJOULE_TRY(model.layer_time, spread_from(intervals, "layer_time"));
  ISOJOULE_CHECK(read_ranges(at, model));
  ISOJOULE_TRY(model.points, list_from<OperatingPoint>(at, "points", point_from));
  ISOJOULE_TRY(model.validations, list_from<Validation>(at, "validations", validation_from));
  if (at.has("additivity")) {
    ISOJOULE_TRY(const JsonAt additivity, at.object("additivity"));
    ISOJOULE_TRY(model.additivity, additivity_from(additivity));
  }
  ISOJOULE_TRY(model.runs, at.count("runs"));
  ISOJOULE_TRY(model.network_groups, at.count("network_groups"));
  ISOJOULE_TRY(model.why_no_interval, at.text("why_no_interval"));
  return model;
}

Result<json> document_of(const std::string& text, const std::string& path) {
  try {
    return json::parse(text);
  } catch (const json::parse_error& error) {
    const std::size_t end = std::min(error.byte, text.size());
    const auto line =
        1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end), '\n');
    return fail(ErrorKind::parse, path + ", line " + std::to_string(line) + ": not JSON",
                "Take the file as 'isojoule fit' wrote it, or fit it again", error.what());
  } catch (const json::out_of_range& error) {  // a number beyond doubles
    return fail(ErrorKind::parse, path + ": a number is out of range",
                "Take the file as 'isojoule fit' wrote it, or fit it again", error.what());
  }
}

Status check_head(const JsonAt& at) {
  const auto format = at.text("format");
  if (!format || *format != kFormat)
    return fail(ErrorKind::parse, at.where() + ": not an isojoule-model file",
                "Give a file that 'isojoule fit' wrote");
  ISOJOULE_TRY(const std::int64_t version, at.count("version"));
  if (version > EnergyModelFile::kVersion)
    return fail(ErrorKind::unsupported,
                at.where() + ": of version " + std::to_string(version) + ", this program reads " +
                    std::to_string(EnergyModelFile::kVersion),
                "Use the newer isojoule that wrote it, or fit the model again with this one");
  if (version != EnergyModelFile::kVersion) return at.bad("there is no such version");
  return {};
}

}  // namespace

std::string format_energy_model(const EnergyModelFile& file) {
  const json document = {{"format", kFormat},
                         {"version", EnergyModelFile::kVersion},
                         {"board", file.board},
                         {"release", file.release},
                         {"simulated", file.simulated},
                         {"what", file.what},
                         {"sources", file.sources},
                         {"created", file.created},
                         {"program_version", file.program_version},
                         {"models", stored_list(file.models)}};
  // Bytes of a name that are no UTF-8 become U+FFFD instead of an exception.
  return document.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

Result<EnergyModelFile> parse_energy_model(const std::string& text, const std::string& path) {
  ISOJOULE_TRY(const json document, document_of(text, path));
  const JsonAt at(document, path);
  ISOJOULE_CHECK(check_head(at));
  EnergyModelFile file;
  ISOJOULE_TRY(file.board, at.text("board"));
  ISOJOULE_TRY(file.release, at.text("release"));
  ISOJOULE_TRY(file.simulated, at.truth("simulated"));
  ISOJOULE_TRY(file.what, at.text("what"));
  ISOJOULE_TRY(file.sources, list_from<std::string>(at, "sources", text_item));
  ISOJOULE_TRY(file.created, at.text("created"));
  ISOJOULE_TRY(file.program_version, at.text("program_version"));
  ISOJOULE_TRY(file.models, list_from<EnergyModel>(at, "models", model_from));
  return file;
}

}  // namespace isojoule
