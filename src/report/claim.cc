#include "report/claim.h"

#include <set>

#include "base/text.h"
#include "base/toml_reader.h"
#include "data/value_text.h"
#include "report/finding.h"

namespace isojoule {
namespace {

const std::vector<std::string> kClaimKeys = {
    "id",       "source",  "where",    "board",    "other_board", "kind",     "what",    "note",
    "networks", "batches", "baseline", "watch",    "fixed",       "quantity", "setting", "against",
    "axis",     "claimed", "unit",     "relation", "tolerance",   "covered",  "reason"};

class ClaimReader {
 public:
  explicit ClaimReader(const TomlReader& toml) : toml_(toml) {}

  Result<ClaimFile> read() {
    const toml::table& root = toml_.root();
    ISOJOULE_CHECK(toml_.check_keys(root, {"schema", "source", "group"}, "the claims"));
    ISOJOULE_TRY(const auto sources, toml_.tables(root, "source"));
    for (const toml::table* table : sources) {
      ClaimSource source;
      ISOJOULE_CHECK(toml_.check_keys(*table, {"id", "title"}, "[[source]]"));
      ISOJOULE_CHECK(toml_.read(*table, "id", source.id));
      ISOJOULE_CHECK(toml_.read(*table, "title", source.title));
      source_ids_.push_back(source.id);
      file_.sources.push_back(std::move(source));
    }
    ISOJOULE_TRY(const auto groups, toml_.tables(root, "group"));
    for (const toml::table* table : groups) ISOJOULE_CHECK(read_group(*table));
    return std::move(file_);
  }

 private:
  Status read_group(const toml::table& table) {
    std::vector<std::string> keys = kClaimKeys;
    keys.emplace_back("claim");
    ISOJOULE_CHECK(toml_.check_keys(table, keys, "[[group]]"));
    Claim common;
    ISOJOULE_CHECK(read_keys(table, common));
    ISOJOULE_TRY(const auto claims, toml_.tables(table, "claim"));
    for (const toml::table* one : claims) {
      ISOJOULE_CHECK(toml_.check_keys(*one, kClaimKeys, "a claim"));
      Claim claim = common;
      ISOJOULE_CHECK(read_keys(*one, claim));
      ISOJOULE_CHECK(check(*one, claim));
      file_.claims.push_back(std::move(claim));
    }
    return {};
  }

  Status read_keys(const toml::table& table, Claim& claim) {
    ISOJOULE_CHECK(toml_.read(table, "id", claim.id));
    ISOJOULE_CHECK(toml_.read(table, "source", claim.source));
    ISOJOULE_CHECK(toml_.read(table, "where", claim.where));
    ISOJOULE_CHECK(toml_.read(table, "board", claim.board));
    ISOJOULE_CHECK(toml_.read(table, "other_board", claim.other_board));
    ISOJOULE_CHECK(toml_.read(table, "kind", claim.kind));
    ISOJOULE_CHECK(toml_.read(table, "what", claim.what));
    ISOJOULE_CHECK(toml_.read(table, "note", claim.note));
    ISOJOULE_CHECK(toml_.read(table, "networks", claim.networks));
    ISOJOULE_CHECK(toml_.read(table, "baseline", claim.baseline));
    ISOJOULE_CHECK(toml_.read(table, "watch", claim.watch));
    ISOJOULE_CHECK(toml_.read(table, "quantity", claim.quantity));
    ISOJOULE_CHECK(toml_.read(table, "unit", claim.unit));
    ISOJOULE_CHECK(toml_.read(table, "covered", claim.covered));
    ISOJOULE_CHECK(toml_.read(table, "reason", claim.reason));
    ISOJOULE_CHECK(read_numbers(table, "batches", claim.batches));
    ISOJOULE_CHECK(read_claimed(table, claim));
    ISOJOULE_CHECK(read_relation(table, claim));
    ISOJOULE_CHECK(toml_.read(table, "axis", claim.axis));
    ISOJOULE_CHECK(read_setting(table, "fixed", claim.fixed));
    ISOJOULE_CHECK(read_setting(table, "setting", claim.setting));
    ISOJOULE_CHECK(read_setting(table, "against", claim.against));
    if (table.contains("tolerance")) {
      claim.tolerance = 0;
      ISOJOULE_CHECK(toml_.read(table, "tolerance", *claim.tolerance));
    }
    return {};
  }

  Status read_numbers(const toml::table& table, std::string_view key, std::vector<double>& values) {
    const toml::node* node = table.get(key);
    if (node == nullptr) return {};
    values.clear();
    if (node->is_number()) {
      values.push_back(*node->value<double>());
      return {};
    }
    const std::string wanted = "'" + std::string(key) + "' must be a number or a list of numbers";
    if (!node->is_array()) return toml_.error(*node, wanted);
    for (const toml::node& item : *node->as_array()) {
      if (!item.is_number()) return toml_.error(item, wanted);
      values.push_back(*item.value<double>());
    }
    return {};
  }

  Status read_claimed(const toml::table& table, Claim& claim) {
    std::vector<double> values;
    ISOJOULE_CHECK(read_numbers(table, "claimed", values));
    if (!table.contains("claimed")) return {};
    if (values.empty() || values.size() > 2 || values.front() > values.back())
      return toml_.error(*table.get("claimed"), "'claimed' must be one number or [low, high]");
    claim.has_figure = true;
    claim.low = values.front();
    claim.high = values.back();
    return {};
  }

  Status read_relation(const toml::table& table, Claim& claim) {
    std::string name;
    ISOJOULE_CHECK(toml_.read(table, "relation", name));
    if (name.empty()) return {};
    if (name == "about")
      claim.relation = Relation::about;
    else if (name == "at most")
      claim.relation = Relation::at_most;
    else if (name == "at least")
      claim.relation = Relation::at_least;
    else
      return toml_.error(*table.get("relation"),
                         "'relation' must be \"about\", \"at most\" or \"at least\"");
    return {};
  }

  // { cpu_frequency_mhz = 729.6, accelerator = "dla" }: as in a plan.
  Status read_setting(const toml::table& table, std::string_view name, Setting& setting) {
    const toml::node* node = table.get(name);
    if (node == nullptr) return {};
    if (!node->is_table())
      return toml_.error(*node, "'" + std::string(name) + "' must be a table, { axis = value }");
    for (const auto& [key, value] : *node->as_table()) {
      const AxisKey axis = split_unit(key.str());
      if (const auto text = value.value<std::string>(); value.is_string()) {
        setting.set(axis.axis, *text);
      } else if (!value.is_number()) {
        return toml_.error(value, "'" + axis.axis + "' must be a number or a text in quotes");
      } else if (axis.axis.ends_with("frequency") && !axis.has_unit) {
        return toml_.error(value, "'" + axis.axis + "' has a number without a unit",
                           "Write " + axis.axis + "_hz or " + axis.axis + "_mhz");
      } else {
        setting.set(axis.axis, scaled(*value.value<double>(), axis.scale));
      }
    }
    return {};
  }

  Status check(const toml::table& table, const Claim& claim) {
    if (claim.id.empty() || !ids_.insert(claim.id).second)
      return toml_.error(table, "a claim needs an id of its own, not '" + claim.id + "'");
    bool known = false;
    for (const std::string& id : source_ids_) known = known || id == claim.source;
    if (!known)
      return toml_.error(table, "no [[source]] is '" + claim.source + "'",
                         unknown_name_remedy(claim.source, source_ids_));
    if (!claim.covered)
      return claim.reason.empty() ? toml_.error(table, "a claim that is not covered needs a reason")
                                  : Status();
    if (find_claim_kind(claim.kind) == nullptr)
      return toml_.error(table, "unknown kind of claim '" + claim.kind + "'",
                         unknown_name_remedy(claim.kind, claim_kind_names()));
    if (!claim.has_figure) return toml_.error(table, "a claim without 'claimed'");
    return {};
  }

  const TomlReader& toml_;
  ClaimFile file_;
  std::vector<std::string> source_ids_;
  std::set<std::string> ids_;
};

}  // namespace

Result<ClaimFile> parse_claims(const std::string& toml, const std::string& path) {
  ISOJOULE_TRY(const TomlReader reader, TomlReader::parse(toml, path));
  return ClaimReader(reader).read();
}

}  // namespace isojoule
