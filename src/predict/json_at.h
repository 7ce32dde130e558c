// A place in a JSON document that somebody may have edited: typed access, errors that name the
// place ("model.isojoule: models[0].predictor.state.energy: missing").
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace isojoule {

// Refers to the document, which must outlive it.
class JsonAt {
 public:
  JsonAt(const nlohmann::json& json, std::string where) : json_(&json), where_(std::move(where)) {}

  const nlohmann::json& json() const { return *json_; }
  const std::string& where() const { return where_; }
  tl::unexpected<Error> bad(const std::string& why) const;

  bool has(const std::string& key) const;  // and it is not null
  Result<JsonAt> at(const std::string& key) const;
  Result<JsonAt> object(const std::string& key) const;
  Result<std::vector<JsonAt>> list(const std::string& key) const;
  Result<std::string> text(const std::string& key) const;
  Result<bool> truth(const std::string& key) const;
  Result<std::int64_t> count(const std::string& key) const;  // >= 0
  // Finite and at least `least`.
  Result<double> number(const std::string& key, double least) const;
  Result<std::optional<double>> optional_number(const std::string& key, double least) const;
  Result<std::vector<double>> numbers(const std::string& key) const;  // finite
  // "version" is a whole number from 1 to the latest that this program knows.
  Status version(std::int64_t latest) const;

 private:
  const nlohmann::json* json_;
  std::string where_;
};

// Its numbers as doubles; the place itself must be a list of finite numbers.
Result<std::vector<double>> numbers_of(const JsonAt& list);

}  // namespace isojoule
