// A message's shape as JSON Schema.
#include <nlohmann/json.hpp>

#include "fleet/message_shape.h"

namespace isojoule::fleet {
namespace {

using nlohmann::ordered_json;
using Kind = MessageShape::Kind;

std::string pattern_of(Letters letters) {
  switch (letters) {
    case Letters::name:
    case Letters::line: return "^[^\\x00-\\x1f\\x7f]*$";
    case Letters::text: return "^[^\\x00-\\x08\\x0b-\\x1f\\x7f]*$";
    case Letters::token: return "^[A-Za-z0-9_-]*$";
    case Letters::hexadecimal: return "^[0-9a-f]*$";
  }
  return "";
}

void put_text(const MessageShape& shape, ordered_json& schema) {
  if (shape.least > 0) schema["minLength"] = shape.least;
  schema["maxLength"] = shape.most;
  schema["pattern"] = pattern_of(shape.letters);
}

void put_range(const MessageShape& shape, ordered_json& schema) {
  // The ends of what a double holds are no limits.
  constexpr double kEnd = 1e308;
  const auto limit = [&](double end) {
    return shape.kind == Kind::integer ? ordered_json(static_cast<std::int64_t>(end))
                                       : ordered_json(end);
  };
  if (shape.lowest > -kEnd) schema["minimum"] = limit(shape.lowest);
  if (shape.highest < kEnd) schema["maximum"] = limit(shape.highest);
}

ordered_json schema_of_table(const MessageShape& shape) {
  ordered_json schema = {{"type", "object"}, {"maxProperties", shape.most}};
  schema["propertyNames"] = schema_of(shape.key[0]);
  schema["additionalProperties"] = schema_of(shape.item[0]);
  return schema;
}

ordered_json schema_of_record(const MessageShape& shape) {
  ordered_json schema = {{"type", "object"}}, required = ordered_json::array();
  ordered_json& properties = schema["properties"] = ordered_json::object();
  for (const ShapeField& field : shape.fields) {
    ordered_json one = schema_of(field.shape);
    if (!field.what.empty()) one["description"] = field.what;
    properties[field.key] = std::move(one);
    if (field.required) required.push_back(field.key);
  }
  if (!required.empty()) schema["required"] = required;
  return schema;
}

ordered_json schema_of_list(const MessageShape& shape) {
  ordered_json schema = {{"type", "array"}, {"items", schema_of(shape.item[0])}};
  if (shape.least > 0) schema["minItems"] = shape.least;
  schema["maxItems"] = shape.most;
  return schema;
}

}  // namespace

ordered_json schema_of(const MessageShape& shape) {
  ordered_json schema;
  switch (shape.kind) {
    case Kind::text:
      schema["type"] = "string";
      put_text(shape, schema);
      break;
    case Kind::word:
      schema["type"] = "string";
      schema["enum"] = shape.words;
      break;
    case Kind::integer:
    case Kind::number:
      schema["type"] = shape.kind == Kind::integer ? "integer" : "number";
      put_range(shape, schema);
      break;
    case Kind::flag: schema["type"] = "boolean"; break;
    case Kind::value:
      schema["type"] = {"number", "string"};
      put_text(shape, schema);
      break;
    case Kind::block:
      schema = {{"type", "string"}, {"contentEncoding", "base64"}};
      schema["maxLength"] = (shape.most + 2) / 3 * 4;
      break;
    case Kind::list: return schema_of_list(shape);
    case Kind::table: return schema_of_table(shape);
    case Kind::record: return schema_of_record(shape);
  }
  return schema;
}

}  // namespace isojoule::fleet
