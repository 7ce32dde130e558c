// boards/<name>/board.toml: reading and checking.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <set>

#include "base/text.h"
#include "base/text_file.h"
#include "board/board.h"
#include "board/table_reader.h"

namespace isojoule {
namespace {

using board_file::TableReader;

// Reads one file; `path` stands in every message.
class Parser {
 public:
  Parser(const TomlReader& file, const std::string& path) : toml_(file), path_(path) {}
  Result<BoardFile> parse();

 private:
  TableReader reader(const toml::table& table, const char* what) const {
    return TableReader(toml_, table, what);
  }
  Status read_board(const toml::table& table);
  Status read_rails(const std::vector<const toml::table*>& tables);
  Status read_total(const toml::table& table);
  Status read_thermal(const std::vector<const toml::table*>& tables);
  Status read_governors(const toml::table& table);
  Status read_variants(const std::vector<const toml::table*>& tables);
  Status read_quirks(const std::vector<const toml::table*>& tables);
  Status read_release(const toml::table& table);
  Status read_chip(const toml::table& table, BoardRelease& release);
  Result<ChipSpec::Channel> read_channel(const toml::table& table, bool measures_shunts);
  Status read_knob(const toml::table& table, BoardRelease& release);
  Status read_watch(const toml::table& table, BoardRelease& release);
  Status read_throttle(const toml::table& table, BoardRelease& release);
  Status check_rails(const std::vector<const toml::table*>& tables);
  const Rail* rail(const std::string& name) const;
  std::vector<std::string> rail_names() const;
  std::vector<std::string> axes() const;

  const TomlReader& toml_;
  const std::string& path_;
  BoardFile file_;
};

const Rail* Parser::rail(const std::string& name) const {
  for (const auto& rail : file_.rails)
    if (rail.name == name) return &rail;
  return nullptr;
}

std::vector<std::string> Parser::rail_names() const {
  std::vector<std::string> names;
  for (const auto& rail : file_.rails) names.push_back(rail.name);
  return names;
}

std::vector<std::string> Parser::axes() const {
  std::set<std::string> names;
  for (const auto& release : file_.releases)
    for (const auto& knob : release.knobs) names.insert(knob.axis);
  return {names.begin(), names.end()};
}

Status Parser::read_board(const toml::table& table) {
  TableReader in = reader(table, "[board]");
  in.text("name", file_.name);
  in.text("title", file_.title);
  in.texts("compatible", file_.compatible);
  in.texts("not_compatible", file_.not_compatible, false);
  return in.finish();
}

// Every parent is a rail, and no rail feeds itself, directly or through others.
Status Parser::check_rails(const std::vector<const toml::table*>& tables) {
  for (std::size_t i = 0; i < tables.size(); ++i) {
    const toml::node* parent = tables[i]->get("parent");
    const Rail& start = file_.rails[i];
    std::size_t steps = 0;
    for (const Rail* at = &start; !at->parent.empty();) {
      const Rail* up = rail(at->parent);
      if (up == nullptr)
        return toml_.error(
            *parent, "rail " + at->name + " is fed by '" + at->parent + "', which is not a rail",
            unknown_name_remedy(at->parent, rail_names()), ErrorKind::invalid);
      if (up == &start || ++steps > file_.rails.size())
        return toml_.error(*parent, "rail " + start.name + " feeds itself",
                           "Name the rail that really feeds it as its parent", ErrorKind::invalid);
      at = up;
    }
  }
  return {};
}

Status Parser::read_rails(const std::vector<const toml::table*>& tables) {
  for (const toml::table* table : tables) {
    TableReader in = reader(*table, "[[rail]]");
    Rail next;
    in.text("name", next.name);
    in.text("parent", next.parent, false);
    in.text("what", next.what);
    if (rail(next.name) != nullptr) in.fault("name", "rail " + next.name + " is there twice");
    ISOJOULE_CHECK(in.finish());
    file_.rails.push_back(std::move(next));
  }
  return check_rails(tables);
}

Status Parser::read_total(const toml::table& table) {
  TableReader in = reader(table, "[total]");
  in.text("expression", file_.total);
  ISOJOULE_CHECK(in.finish());
  const toml::node& at = *table.get("expression");
  auto rails = rails_of_total(file_.total);
  if (!rails) return toml_.error(at, rails.error().what, rails.error().remedy, rails.error().kind);
  for (const auto& name : *rails) {
    if (rail(name) == nullptr)
      return toml_.error(at, "the total names '" + name + "', which is not a rail",
                         unknown_name_remedy(name, rail_names()), ErrorKind::invalid);
    for (const Rail* up = rail(rail(name)->parent); up != nullptr; up = rail(up->parent))
      if (std::find(rails->begin(), rails->end(), up->name) != rails->end())
        return toml_.error(
            at, "the total adds " + name + " to " + up->name + ", which feeds it and has it inside",
            "Leave " + name + " out", ErrorKind::invalid);
  }
  return {};
}

Status Parser::read_thermal(const std::vector<const toml::table*>& tables) {
  for (const toml::table* table : tables) {
    TableReader in = reader(*table, "[[thermal]]");
    ThermalZone zone;
    in.text("name", zone.name);
    in.texts("also", zone.also, false);
    ISOJOULE_CHECK(in.finish());
    file_.thermal.push_back(std::move(zone));
  }
  return {};
}

Status Parser::read_variants(const std::vector<const toml::table*>& tables) {
  for (const toml::table* table : tables) {
    TableReader in = reader(*table, "[[variant]]");
    BoardVariant variant;
    in.text("name", variant.name);
    in.text("title", variant.title);
    in.texts("compatible", variant.compatible);
    ISOJOULE_CHECK(in.finish());
    file_.variants.push_back(std::move(variant));
  }
  return {};
}

// After the releases: an axis that no release has is a misspelt one.
Status Parser::read_governors(const toml::table& table) {
  TableReader in = reader(table, "[default_governors]");
  const auto known = axes();
  for (auto& [axis, value] : in.free_texts()) {
    if (std::find(known.begin(), known.end(), axis) == known.end())
      in.fault(axis.c_str(), "no release has a knob for the axis '" + axis + "'",
               unknown_name_remedy(axis, known));
    file_.default_governors[axis] = std::move(value);
  }
  return in.finish();
}

Status Parser::read_quirks(const std::vector<const toml::table*>& tables) {
  for (const toml::table* table : tables) {
    TableReader in = reader(*table, "[[quirk]]");
    std::string what, source;
    in.text("what", what);
    in.text("source", source);
    ISOJOULE_CHECK(in.finish());
    file_.quirks.push_back(what + " (source: " + source + ")");
  }
  return {};
}

Result<ChipSpec::Channel> Parser::read_channel(const toml::table& table, bool measures_shunts) {
  TableReader in = reader(table, "[[release.chip.channel]]");
  ChipSpec::Channel channel;
  in.integer("index", channel.index, measures_shunts);
  in.text("rail", channel.rail);
  in.text("label", channel.label, false);
  in.number("shunt_ohm", channel.shunt_ohm, measures_shunts);
  if (channel.index < 0) in.fault("index", "a channel's index is 0 or more");
  if (measures_shunts && !(channel.shunt_ohm > 0))
    in.fault("shunt_ohm", "shunt_ohm must be above 0");
  if (rail(channel.rail) == nullptr)
    in.fault("rail", "the channel measures '" + channel.rail + "', which is not a rail",
             unknown_name_remedy(channel.rail, rail_names()));
  ISOJOULE_CHECK(in.finish());
  return channel;
}

Status Parser::read_chip(const toml::table& table, BoardRelease& release) {
  TableReader in = reader(table, "[[release.chip]]");
  ChipSpec chip;
  in.text("type", chip.type);
  // A chip that measures voltage over a shunt sits on a bus; other sources have a path, or none.
  const bool measures_shunts = chip.type == "ina3221";
  in.text("bus_address", chip.bus_address, measures_shunts);
  in.text("driver", chip.driver, measures_shunts);
  in.text("path", chip.path, false);
  if (const toml::table* options = in.table("options", false)) {
    TableReader option = reader(*options, "[release.chip.options]");
    for (auto& [key, value] : option.free_texts()) chip.options[key] = std::move(value);
    ISOJOULE_CHECK(option.finish());
  }
  in.number("averaging_window_s", chip.averaging_window_s, false);
  in.number("shunt_tolerance", chip.shunt_tolerance, false);
  if (chip.averaging_window_s < 0) in.fault("averaging_window_s", "averaging_window_s is below 0");
  if (chip.shunt_tolerance < 0 || chip.shunt_tolerance >= 1)
    in.fault("shunt_tolerance", "shunt_tolerance is a share from 0 to below 1");
  const auto channels = in.tables("channel");
  if (channels.empty()) in.fault_of_table("the chip has no [[release.chip.channel]]");
  ISOJOULE_CHECK(in.finish());
  for (const toml::table* channel : channels) {
    ISOJOULE_TRY(auto next, read_channel(*channel, measures_shunts));
    chip.channels.push_back(std::move(next));
  }
  release.chips.push_back(std::move(chip));
  return {};
}

Status Parser::read_knob(const toml::table& table, BoardRelease& release) {
  TableReader in = reader(table, "[[release.knob]]");
  KnobSpec knob;
  in.text("type", knob.type);
  in.text("axis", knob.axis);
  in.texts("nodes", knob.nodes);
  in.flag("ordered_limits", knob.ordered_limits);
  in.number("scale", knob.scale, false);
  in.text("driver", knob.driver, false);
  in.numbers("values", knob.values, false);
  std::vector<double> range;
  in.numbers("range", range, false);
  if (!range.empty()) {
    if (range.size() != 2 || !(range[0] < range[1]))
      in.fault("range", "range is [lowest, highest]");
    else
      knob.range = {range[0], range[1]};
  }
  if (!std::is_sorted(knob.values.begin(), knob.values.end()))
    in.fault("values", "values must ascend");
  if (const toml::table* options = in.table("options", false)) {
    TableReader option = reader(*options, "[release.knob.options]");
    for (auto& [key, value] : option.free_texts()) knob.options[key] = std::move(value);
    ISOJOULE_CHECK(option.finish());
  }
  const auto kinds = knob_kinds();
  const auto kind = std::find_if(kinds.begin(), kinds.end(),
                                 [&](const KnobKind& one) { return one.name == knob.type; });
  if (kind == kinds.end()) {
    std::vector<std::string> names;
    for (const KnobKind& one : kinds) names.emplace_back(one.name);
    in.fault("type", "no knob is of the type '" + knob.type + "'",
             unknown_name_remedy(knob.type, names));
  } else if (kind->needs_range && knob.values.empty() && !knob.range) {
    in.fault_of_table("the knob '" + knob.axis + "' has no range",
                      "Give values = [...] or range = [lowest, highest], in SI units");
  }
  if (knob.nodes.empty())
    in.fault("nodes", "the knob '" + knob.axis + "' has no nodes",
             "Name at least one directory in nodes");
  for (const auto& node : knob.nodes)
    if (node.empty() || node.front() != '/')
      in.fault("nodes", "'" + node + "' is not an absolute path");
  if (!(knob.scale > 0)) in.fault("scale", "scale must be above 0");
  for (const auto& other : release.knobs)
    if (other.axis == knob.axis)
      in.fault("axis",
               "release " + release.name + " has two knobs for the axis '" + knob.axis + "'");
  ISOJOULE_CHECK(in.finish());
  release.knobs.push_back(std::move(knob));
  return {};
}

Status Parser::read_watch(const toml::table& table, BoardRelease& release) {
  TableReader in = reader(table, "[[release.watch]]");
  WatchSpec watch;
  in.text("name", watch.name);
  in.text("path", watch.path);
  in.number("scale", watch.scale, false);
  ISOJOULE_CHECK(in.finish());
  release.watches.push_back(std::move(watch));
  return {};
}

Status Parser::read_throttle(const toml::table& table, BoardRelease& release) {
  TableReader in = reader(table, "[[release.throttle]]");
  ThrottleSpec throttle;
  std::vector<double> bits;
  in.text("name", throttle.name);
  in.text("path", throttle.path, false);
  in.texts("command", throttle.command, false);
  in.numbers("bits", bits, false);
  in.flag("state", throttle.is_state);
  if (throttle.path.empty() == throttle.command.empty())
    in.fault_of_table("a throttle indicator is a path or a command", "Give one of the two");
  if (!bits.empty()) throttle.mask = 0;
  for (const double bit : bits) {
    if (!(bit >= 0 && bit < 63 && bit == std::floor(bit)))
      in.fault("bits", "bits are numbers from 0 to 62");
    else
      throttle.mask |= std::uint64_t{1} << static_cast<unsigned>(bit);
  }
  ISOJOULE_CHECK(in.finish());
  release.throttles.push_back(std::move(throttle));
  return {};
}

Status Parser::read_release(const toml::table& table) {
  TableReader in = reader(table, "[[release]]");
  BoardRelease release;
  in.text("name", release.name);
  in.texts("l4t", release.l4t, false);  // a board that is no Jetson has none
  in.flag("discover", release.discover);
  for (const auto& other : file_.releases)
    if (other.name == release.name) in.fault("name", "release " + release.name + " is there twice");
  const auto chips = in.tables("chip");
  const auto knobs = in.tables("knob");
  const auto watches = in.tables("watch");
  const auto throttles = in.tables("throttle");
  ISOJOULE_CHECK(in.finish());
  for (const auto* chip : chips) ISOJOULE_CHECK(read_chip(*chip, release));
  for (const auto* knob : knobs) ISOJOULE_CHECK(read_knob(*knob, release));
  for (const auto* watch : watches) ISOJOULE_CHECK(read_watch(*watch, release));
  for (const auto* throttle : throttles) ISOJOULE_CHECK(read_throttle(*throttle, release));
  file_.releases.push_back(std::move(release));
  return {};
}

Result<BoardFile> Parser::parse() {
  TableReader in = reader(toml_.root(), "the board file");
  const toml::table* board = in.table("board");
  const auto rails = in.tables("rail");
  const toml::table* total = in.table("total", false);
  const auto thermal = in.tables("thermal");
  const auto releases = in.tables("release");
  const toml::table* governors = in.table("default_governors", false);
  const auto quirks = in.tables("quirk");
  const auto variants = in.tables("variant");
  if (releases.empty()) in.fault_of_table("the board file has no [[release]]");
  ISOJOULE_CHECK(in.finish());
  ISOJOULE_CHECK(read_board(*board));
  ISOJOULE_CHECK(read_rails(rails));
  if (total != nullptr) ISOJOULE_CHECK(read_total(*total));
  ISOJOULE_CHECK(read_thermal(thermal));
  for (const toml::table* release : releases) ISOJOULE_CHECK(read_release(*release));
  if (governors != nullptr) ISOJOULE_CHECK(read_governors(*governors));
  ISOJOULE_CHECK(read_quirks(quirks));
  ISOJOULE_CHECK(read_variants(variants));
  file_.directory = std::filesystem::path(path_).parent_path().string();
  return std::move(file_);
}

}  // namespace

Result<BoardFile> parse_board(const std::string& toml, const std::string& path) {
  ISOJOULE_TRY(const TomlReader file, TomlReader::parse(toml, path));
  return Parser(file, path).parse();
}

std::vector<std::string> board_names(const std::string& boards_directory) {
  std::vector<std::string> names;
  std::error_code code;
  for (auto it = std::filesystem::directory_iterator(boards_directory, code);
       !code && it != std::filesystem::directory_iterator(); it.increment(code)) {
    std::error_code ignored;
    if (std::filesystem::is_regular_file(it->path() / "board.toml", ignored))
      names.push_back(it->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<BoardFile> load_board(const std::string& boards_directory, const std::string& name) {
  const std::string path = boards_directory + "/" + name + "/board.toml";
  const auto names = board_names(boards_directory);
  if (std::find(names.begin(), names.end(), name) == names.end())
    return fail(ErrorKind::not_found, "board '" + name + "' is not known",
                unknown_name_remedy(name, names), path);
  ISOJOULE_TRY(const std::string text, read_text_file(path));
  ISOJOULE_TRY(BoardFile file, parse_board(text, path));
  if (file.name != name)
    return fail(ErrorKind::invalid,
                path + ": the board calls itself '" + file.name + "', its folder is '" + name + "'",
                "Give both the same name");
  return file;
}

}  // namespace isojoule
