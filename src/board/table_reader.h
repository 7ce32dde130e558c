// A table of a board file as a plain list of fields: the first fault is kept, later calls then
// change nothing that matters, and the keys that no field asked for are found at the end.
// Private to board/.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/toml_reader.h"

namespace isojoule::board_file {

class TableReader {
 public:
  // `what` names the table in messages: "[[release.knob]]". Both must outlive the reader.
  TableReader(const TomlReader& file, const toml::table& table, std::string what)
      : file_(file), table_(table), what_(std::move(what)) {}

  // A field that is required is there, and a text then not empty.
  void text(const char* key, std::string& value, bool required = true);
  void number(const char* key, double& value, bool required = true);
  void integer(const char* key, int& value, bool required = true);
  void flag(const char* key, bool& value);
  void texts(const char* key, std::vector<std::string>& values, bool required = true);
  void numbers(const char* key, std::vector<double>& values, bool required = true);
  // The tables of an array ([[key]]) or nothing.
  std::vector<const toml::table*> tables(const char* key);
  const toml::table* table(const char* key, bool required = true);
  // Every key -> text, for tables with free keys.
  std::vector<std::pair<std::string, std::string>> free_texts();
  // What is wrong with a value: at its key, or at the table where the key is absent.
  void fault(const char* key, const std::string& what, std::string remedy = {});
  void fault_of_table(const std::string& what, std::string remedy = {});
  // The first key that no field asked for, or the first fault: a misspelt key explains a missing
  // one better than the other way round.
  Status finish();

 private:
  bool take(const char* key, bool required);
  void keep(const Status& status);
  void keep(const toml::node& at, ErrorKind kind, const std::string& what, std::string remedy);

  const TomlReader& file_;
  const toml::table& table_;
  std::string what_;
  std::vector<std::string> known_;
  std::optional<Error> error_;
};

}  // namespace isojoule::board_file
