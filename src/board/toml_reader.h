// A table of a board file being read: typed values, and afterwards the keys that nobody asked for.
// Private to board/.
#pragma once

#include <string>
#include <vector>

#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include "base/error.h"

namespace isojoule::board_file {

// "boards/x/board.toml:12:3: what", as an error of this kind.
Error error_at(const toml::node& node, const std::string& path, ErrorKind kind, std::string what,
               std::string remedy = {});

// Reads one table. The first fault is kept and every later call then does nothing, so that a reader
// is a plain list of fields; finish() gives it, or the first key that no field asked for.
class TableReader {
 public:
  // `what` names the table in messages: "[[release.knob]]".
  TableReader(const toml::table& table, std::string path, std::string what)
      : table_(table), path_(std::move(path)), what_(std::move(what)) {}

  void text(const char* key, std::string& value, bool required = true);
  void number(const char* key, double& value, bool required = true);
  void integer(const char* key, int& value, bool required = true);
  void flag(const char* key, bool& value);
  void texts(const char* key, std::vector<std::string>& values, bool required = true);
  void numbers(const char* key, std::vector<double>& values, bool required = true);
  // The tables of an array ([[key]]) or nothing.
  std::vector<const toml::table*> tables(const char* key);
  const toml::table* table(const char* key, bool required = true);
  // Every other key -> text, for tables with free keys.
  std::vector<std::pair<std::string, std::string>> free_texts();
  void fault(const toml::node& node, ErrorKind kind, std::string what, std::string remedy = {});
  const toml::table& node() const { return table_; }
  const toml::node& node(const char* key) const;
  Status finish();

 private:
  const toml::node* take(const char* key, bool required);
  void wrong_type(const toml::node& node, const char* key, const char* wanted);

  const toml::table& table_;
  std::string path_;
  std::string what_;
  std::vector<std::string> known_;
  std::optional<Error> error_;
};

}  // namespace isojoule::board_file
