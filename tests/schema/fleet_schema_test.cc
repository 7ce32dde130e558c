// The schemas of docs/fleet.schema.json say what the program checks: whatever is changed in a
// message, both take it or both refuse it.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "fleet/message_same.h"
#include "fleet/message_shape.h"

namespace isojoule::fleet {
namespace {

using nlohmann::json;
using MessageAdapter = valijson::adapters::NlohmannJsonAdapter;

class MessageSchema {
 public:
  explicit MessageSchema(const MessageShape& shape) : text_(schema_of(shape)) {
    valijson::SchemaParser(valijson::SchemaParser::kDraft7)
        .populateSchema(MessageAdapter(text_), schema_);
  }
  bool takes(const json& document) const {
    valijson::Validator validator;
    return validator.validate(schema_, MessageAdapter(document), nullptr);
  }

 private:
  json text_;
  valijson::Schema schema_;
};

// Blocks of bytes are base64 to a schema; any text of letters will do.
json with_blocks_as_text(json document) {
  if (document.is_binary()) return std::string(document.get_binary().size(), 'A');
  if (document.is_structured())
    for (json& part : document) part = with_blocks_as_text(part);
  return document;
}

void collect_places(const json& document, const json::json_pointer& here,
                    std::vector<json::json_pointer>& places) {
  places.push_back(here);
  if (document.is_object())
    for (const auto& [key, part] : document.items()) collect_places(part, here / key, places);
  if (document.is_array())
    for (std::size_t i = 0; i < document.size(); ++i) collect_places(document[i], here / i, places);
}

std::vector<json> other_values() {
  return {nullptr,
          true,
          -1,
          -2,
          70'000,
          9'000'000'000'000'000'000,
          1.5,
          1e300,
          "",
          "x",
          "a b",
          "a\nb",
          "a\x1b[2Jb",
          "\xC3\xA4",
          std::string(1500, 'a'),
          json::array(),
          json::object(),
          json::array({1, 2}),
          {{"a", 1}},
          {{std::string(300, 'k'), "v"}},
          {{"\x01", "v"}}};
}

struct Mutations {
  int taken = 0, refused = 0;
};

void compare(const MessageForm& form, const MessageSchema& schema, const json& document,
             const std::string& what, Mutations& seen) {
  const Status own = check_shape(form, document);
  ++(own ? seen.taken : seen.refused);
  EXPECT_EQ(own.has_value(), schema.takes(with_blocks_as_text(document)))
      << form.name << ", " << what << ": " << (own ? "taken" : own.error().what);
}

bool is_block(const json& document, const json::json_pointer& place) {
  return document[place].is_binary();
}

Mutations compare_all(const MessageForm& form, const json& good) {
  Mutations seen;
  const MessageSchema schema(form.shape);
  compare(form, schema, good, "as it is", seen);
  std::vector<json::json_pointer> places;
  collect_places(good, json::json_pointer(), places);
  const std::vector<json> values = other_values();
  // A run has so many places that each gets a part of the values.
  const std::size_t step = places.size() > 120 ? 5 : 1;
  for (std::size_t p = 0; p < places.size(); ++p) {
    const json::json_pointer& place = places[p];
    for (std::size_t v = p % step; v < values.size(); v += step) {
      if (values[v].is_string() && is_block(good, place)) continue;  // no base64 in CBOR
      json bad = good;
      bad[place] = values[v];
      compare(form, schema, bad, place.to_string() + " = " + values[v].dump(), seen);
    }
    if (place.empty() || good[place.parent_pointer()].is_array()) continue;
    json bad = good;
    bad[place.parent_pointer()].erase(place.back());
    compare(form, schema, bad, "without " + place.to_string(), seen);
  }
  return seen;
}

json cbor(const std::string& bytes) { return json::from_cbor(bytes); }

TEST(FleetSchema, TakesWhatTheProgramTakesAndNothingElse) {
  const std::map<std::string, json> examples = {
      {"board card", json::parse(to_bytes(example_card()))},
      {"pulse", json::parse(to_bytes(example_pulse()))},
      {"order", json::parse(to_bytes(Order{true, "fan", 3}))},
      {"join", json::parse(to_bytes(Join{1, "no gpu_frequency"}))},
      {"trouble", json::parse(to_bytes(Trouble{2, "rack1-7"}))},
      {"study", json::parse(to_bytes(example_study()))},
      {"block", json::parse(to_bytes(example_block()))},
      {"run", cbor(to_bytes(example_run_message()))},
      {"trace", cbor(trace_bytes(example_trace()))}};
  for (const MessageForm* form : message_forms()) {
    const Mutations seen = compare_all(*form, examples.at(form->name));
    EXPECT_GT(seen.taken, 5) << form->name;
    EXPECT_GT(seen.refused, 20) << form->name;
  }
}

}  // namespace
}  // namespace isojoule::fleet
