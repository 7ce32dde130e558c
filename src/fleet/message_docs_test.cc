// docs/fleet.schema.json and the tables of docs/fleet-protocol.md say what the shapes say.
// ISOJOULE_UPDATE_GOLDEN=1 writes both anew.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "fleet/message_shape.h"
#include "fleet/name.h"

namespace isojoule::fleet {
namespace {

using nlohmann::ordered_json;
using Kind = MessageShape::Kind;

const std::string kDocs = std::string(ISOJOULE_SOURCE_DIR) + "/docs/";
constexpr std::string_view kBegin = "<!-- shapes: written by message_docs_test -->\n";
constexpr std::string_view kEnd = "<!-- end of shapes -->\n";

std::string text_in(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool is_update() { return std::getenv("ISOJOULE_UPDATE_GOLDEN") != nullptr; }

std::string size_words(std::size_t bytes) {
  return bytes >= std::size_t{1} << 20 ? fmt::format("{} MiB", bytes >> 20U)
                                       : fmt::format("{} KiB", bytes >> 10U);
}

std::string number_words(double number) {
  return std::abs(number) < 1e15 ? fmt::format("{}", static_cast<std::int64_t>(number))
                                 : fmt::format("{:.2g}", number);
}

std::string range_words(const MessageShape& shape) {
  if (shape.lowest < -1e308) return "";
  if (shape.highest == 9007199254740992.0) return fmt::format(", {} or more", shape.lowest);
  return ", " + number_words(shape.lowest) + " to " + number_words(shape.highest);
}

std::string letters_words(const MessageShape& shape) {
  const std::string most = shape.least == shape.most
                               ? fmt::format("{}", shape.most)
                               : fmt::format("{} to {}", shape.least, shape.most);
  switch (shape.letters) {
    case Letters::name: return "name, " + most;
    case Letters::line: return "line, " + most;
    case Letters::text: return "text, " + most;
    case Letters::token: return "token, " + most;
    case Letters::hexadecimal: return most + " hexadecimal digits";
  }
  return "";
}

std::string words_of(const MessageShape& shape) {
  switch (shape.kind) {
    case Kind::text: return letters_words(shape);
    case Kind::word: {
      std::string words;
      for (const std::string& word : shape.words) words += (words.empty() ? "" : ", ") + word;
      return "one of " + words;
    }
    case Kind::integer: return "whole number" + range_words(shape);
    case Kind::number: return "number" + range_words(shape);
    case Kind::flag: return "true or false";
    case Kind::value: return "number, or " + letters_words(shape);
    case Kind::block: return "bytes, at most " + size_words(shape.most);
    case Kind::list: return fmt::format("list, {} to {}", shape.least, shape.most);
    case Kind::table: return fmt::format("object, at most {} keys", shape.most);
    case Kind::record: return "object";
  }
  return "";
}

void put_rows(const MessageShape& shape, const std::string& path, std::string& rows);

void put_row(const MessageShape& shape, const std::string& path, bool required,
             const std::string& what, std::string& rows) {
  rows +=
      fmt::format("| `{}` | {} | {} | {} |\n", path, words_of(shape), required ? "yes" : "", what);
  put_rows(shape, path, rows);
}

void put_rows(const MessageShape& shape, const std::string& path, std::string& rows) {
  if (shape.kind == Kind::list) {
    const MessageShape& item = shape.item[0];
    if (item.kind == Kind::record)
      put_rows(item, path + "[]", rows);
    else
      put_row(item, path + "[]", false, "", rows);
  }
  if (shape.kind == Kind::table) {
    rows += fmt::format("| `{}.KEY` | KEY: {}; {} |  |  |\n", path, words_of(shape.key[0]),
                        words_of(shape.item[0]));
    put_rows(shape.item[0], path + ".KEY", rows);
  }
  if (shape.kind == Kind::record)
    for (const ShapeField& field : shape.fields)
      put_row(field.shape, path.empty() ? field.key : path + "." + field.key, field.required,
              field.what, rows);
}

std::string tables() {
  std::string text;
  for (const MessageForm* form : message_forms()) {
    text += fmt::format("### {}\n\nIn {}. {}, at most {}.\n\n", form->name, form->place,
                        form->is_cbor ? "CBOR" : "JSON", size_words(form->most_bytes));
    text += "| key | what | required | meaning |\n|---|---|---|---|\n";
    put_rows(form->shape, "", text);
    text += "\n";
  }
  return text;
}

TEST(FleetDocs, TheTablesAreTheShapes) {
  const std::string path = kDocs + "fleet-protocol.md";
  std::string page = text_in(path);
  const std::size_t begin = page.find(kBegin), end = page.find(kEnd);
  ASSERT_NE(begin, std::string::npos);
  ASSERT_NE(end, std::string::npos);
  const std::size_t from = begin + kBegin.size();
  if (is_update()) {
    page.replace(from, end - from, "\n" + tables());
    std::ofstream(path) << page;
    return;
  }
  EXPECT_EQ(page.substr(from, end - from), "\n" + tables());
}

TEST(FleetDocs, TheSchemasAreTheShapes) {
  ordered_json all = {{"$schema", "http://json-schema.org/draft-07/schema#"},
                      {"title", "Messages of a fleet of isojoule, protocol " +
                                    std::to_string(kProtocol) + " (docs/fleet-protocol.md)"}};
  for (const MessageForm* form : message_forms()) {
    ordered_json schema = {
        {"description", fmt::format("in {}; {}, at most {} bytes", form->place,
                                    form->is_cbor ? "CBOR" : "JSON", form->most_bytes)}};
    schema.update(schema_of(form->shape));
    all["definitions"][form->name] = std::move(schema);
  }
  const std::string path = kDocs + "fleet.schema.json", text = all.dump(1) + "\n";
  if (is_update()) std::ofstream(path) << text;
  EXPECT_EQ(text_in(path), text);
}

}  // namespace
}  // namespace isojoule::fleet
