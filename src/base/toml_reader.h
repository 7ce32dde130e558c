// Reads our TOML files (boards, plans, claims) with errors that say where: "plan.toml:12:7: ...".
#pragma once

#include <toml++/toml.h>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace isojoule {

class TomlReader {
 public:
  // Errors: parse, with path:line:column.
  static Result<TomlReader> parse(std::string_view text, std::string path);

  const toml::table& root() const { return root_; }

  // An error at the place of a node, a key or the beginning of a table.
  tl::unexpected<Error> error(const toml::source_region& at, const std::string& what,
                              std::string remedy = {}, ErrorKind kind = ErrorKind::parse) const;
  tl::unexpected<Error> error(const toml::node& at, const std::string& what,
                              std::string remedy = {}, ErrorKind kind = ErrorKind::parse) const {
    return error(at.source(), what, std::move(remedy), kind);
  }
  // Every key of the table is one of these; otherwise the first in the file that is not, with the
  // nearest of them.
  Status check_keys(const toml::table& table, const std::vector<std::string>& known,
                    std::string_view where) const;

  // Each leaves `value` as it is where the key is absent; parse error where the type is another.
  Status read(const toml::table& table, std::string_view key, std::string& value) const;
  Status read(const toml::table& table, std::string_view key, double& value) const;
  Status read(const toml::table& table, std::string_view key, std::int64_t& value) const;
  Status read(const toml::table& table, std::string_view key, bool& value) const;
  Status read(const toml::table& table, std::string_view key,
              std::vector<std::string>& value) const;
  Status read(const toml::table& table, std::string_view key, std::vector<double>& value) const;
  // The [[key]] tables, in the order of the file; none where the key is absent.
  Result<std::vector<const toml::table*>> tables(const toml::table& table,
                                                 std::string_view key) const;

 private:
  TomlReader(toml::table root, std::string path) : root_(std::move(root)), path_(std::move(path)) {}
  template <typename T>
  Status read_as(const toml::table& table, std::string_view key, T& value,
                 std::string_view wanted) const;
  tl::unexpected<Error> wrong_type(const toml::node& at, std::string_view key,
                                   std::string_view wanted) const;

  toml::table root_;
  std::string path_;
};

}  // namespace isojoule
