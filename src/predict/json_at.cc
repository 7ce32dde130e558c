#include "predict/json_at.h"

#include <cmath>

namespace isojoule {

tl::unexpected<Error> JsonAt::bad(const std::string& why) const {
  return fail(ErrorKind::parse, where_ + ": " + why,
              "Take the file as 'isojoule fit' wrote it, or fit it again");
}

bool JsonAt::has(const std::string& key) const {
  return json_->is_object() && json_->contains(key) && !(*json_)[key].is_null();
}

Result<JsonAt> JsonAt::at(const std::string& key) const {
  const JsonAt place(*json_, where_.empty() ? key : where_ + "." + key);
  if (!json_->is_object() || !json_->contains(key)) return place.bad("missing");
  return JsonAt((*json_)[key], place.where_);
}

Result<JsonAt> JsonAt::object(const std::string& key) const {
  ISOJOULE_TRY(const JsonAt place, at(key));
  if (!place.json_->is_object()) return place.bad("not an object");
  return place;
}

Result<std::vector<JsonAt>> JsonAt::list(const std::string& key) const {
  ISOJOULE_TRY(const JsonAt place, at(key));
  if (!place.json_->is_array()) return place.bad("not a list");
  std::vector<JsonAt> items;
  for (const nlohmann::json& item : *place.json_)
    items.emplace_back(item, place.where_ + "[" + std::to_string(items.size()) + "]");
  return items;
}

Result<std::string> JsonAt::text(const std::string& key) const {
  ISOJOULE_TRY(const JsonAt place, at(key));
  if (!place.json_->is_string()) return place.bad("not a text");
  return place.json_->get<std::string>();
}

Result<bool> JsonAt::truth(const std::string& key) const {
  ISOJOULE_TRY(const JsonAt place, at(key));
  if (!place.json_->is_boolean()) return place.bad("neither true nor false");
  return place.json_->get<bool>();
}

Result<std::int64_t> JsonAt::count(const std::string& key) const {
  ISOJOULE_TRY(const JsonAt place, at(key));
  // Beyond 2^53 it is no count of anything, and a double would not hold it.
  if (!place.json_->is_number_integer() || place.json_->get<double>() < 0 ||
      place.json_->get<double>() > 9007199254740992.0)
    return place.bad("not a whole number from 0");
  return place.json_->get<std::int64_t>();
}

Result<double> JsonAt::number(const std::string& key, double least) const {
  ISOJOULE_TRY(const JsonAt place, at(key));
  if (!place.json_->is_number()) return place.bad("not a number");
  const double value = place.json_->get<double>();
  if (!std::isfinite(value) || value < least) return place.bad("out of range");
  return value;
}

Result<std::optional<double>> JsonAt::optional_number(const std::string& key, double least) const {
  if (!has(key)) return std::optional<double>();
  ISOJOULE_TRY(const double value, number(key, least));
  return std::optional(value);
}

Result<std::vector<double>> numbers_of(const JsonAt& list) {
  if (!list.json().is_array()) return list.bad("not a list");
  std::vector<double> values;
  values.reserve(list.json().size());
  for (const nlohmann::json& item : list.json()) {
    if (!item.is_number() || !std::isfinite(item.get<double>()))
      return list.bad("holds something that is no finite number");
    values.push_back(item.get<double>());
  }
  return values;
}

Result<std::vector<double>> JsonAt::numbers(const std::string& key) const {
  ISOJOULE_TRY(const JsonAt place, at(key));
  return numbers_of(place);
}

Status JsonAt::version(std::int64_t latest) const {
  ISOJOULE_TRY(const std::int64_t version, count("version"));
  if (version >= 1 && version <= latest) return {};
  return bad("of version " + std::to_string(version) + ", this program knows 1 to " +
             std::to_string(latest));
}

}  // namespace isojoule
