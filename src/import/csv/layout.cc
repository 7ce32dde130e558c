#include "import/csv/layout.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "base/text.h"
#include "import/csv/table.h"
#include "import/reader.h"

namespace isojoule::csv {
namespace {

using import::option;
using import::parse_decimal;
using import::parse_stamp;
using import::trimmed_view;

// Puts a layout together from options and the log's first rows.
class Finder {
 public:
  Finder(const LogFile& file, const ImportOptions& options) : file_(file), options_(options) {}

  Result<Layout> find() {
    ISOJOULE_TRY(table_, table_of(file_, options_));
    layout_.delimiter = table_.delimiter;
    layout_.point = table_.point;
    layout_.width = table_.width;
    layout_.first_row = static_cast<std::size_t>(table_.rows[table_.first].number) - 1;
    layout_.notes = table_.notes;
    ISOJOULE_CHECK(find_time());
    ISOJOULE_CHECK(find_rails());
    ISOJOULE_CHECK(find_time_form());
    ISOJOULE_CHECK(find_cell_units());
    return std::move(layout_);
  }

 private:
  Result<std::size_t> column(const std::string& word) const {
    std::vector<std::string> known;
    for (std::size_t i = 0; i < table_.names.size(); ++i) {
      if (!table_.names[i].text.empty() && lower(table_.names[i].text) == lower(word)) return i;
      if (!table_.names[i].text.empty()) known.push_back(table_.names[i].text);
    }
    for (std::size_t i = 0; i < table_.names.size(); ++i)
      if (!table_.names[i].base.empty() && lower(table_.names[i].base) == lower(word)) return i;
    const auto number = parse_decimal(word);
    if (number && *number >= 1 && *number <= static_cast<double>(table_.width) &&
        *number == std::floor(*number))
      return static_cast<std::size_t>(*number) - 1;
    return fail(ErrorKind::invalid, file_.path + ": no column '" + word + "'",
                known.empty() ? "It has no names; columns are 1 to " + std::to_string(table_.width)
                              : unknown_name_remedy(word, known));
  }

  // "COLUMN" or "COLUMN:UNIT"
  Result<Column> column_of(std::string_view word, Quantity quantity) const {
    const std::size_t colon = word.rfind(':');
    const Unit* unit = nullptr;
    if (colon != std::string_view::npos) {
      unit = find_unit(word.substr(colon + 1));
      if (unit == nullptr || unit->quantity != quantity)
        return fail(ErrorKind::invalid,
                    "'" + std::string(word.substr(colon + 1)) + "' is no unit of that column",
                    "Units: W mW uW kW, V mV uV, A mA uA, J mJ uJ kJ Wh mWh kWh, s ms us ns");
      word = word.substr(0, colon);
    }
    ISOJOULE_TRY(const std::size_t place, column(std::string(trimmed_view(word))));
    return column_at(place, quantity, unit);
  }

  // `unit`: as the user says; nullptr: as the column's name does.
  Result<Column> column_at(std::size_t place, Quantity quantity, const Unit* unit) const {
    const ColumnName& name = table_.names[place];
    if (unit == nullptr) unit = name.unit;
    if (unit == nullptr ? name.other_unit : unit->quantity != quantity)
      return fail(ErrorKind::invalid,
                  file_.path + ": column '" + name.text + "' is in another unit than is asked for",
                  "If its name is wrong, say the unit: COLUMN:W");
    if (unit == nullptr) return Column{place, quantity, 1, ""};
    return Column{place, quantity, unit->scale, std::string(unit->name)};
  }

  static std::vector<std::string> words_of(const std::string& text, char sign) {
    std::vector<std::string> words;
    for (std::size_t at = 0; at <= text.size();) {
      const std::size_t end = std::min(text.find(sign, at), text.size());
      if (const auto word = trimmed_view(std::string_view(text).substr(at, end - at));
          !word.empty())
        words.emplace_back(word);
      at = end + 1;
    }
    return words;
  }

  // ---- time ----

  Status find_time() {
    std::string wanted = option(options_, "time");
    if (wanted.empty()) return guess_time();
    if (const std::size_t colon = wanted.rfind(':'); colon != std::string::npos) {
      const Unit* unit = find_unit(wanted.substr(colon + 1));
      if (unit != nullptr && unit->quantity == Quantity::time) {
        time_unit_ns_ = std::llround(unit->scale * 1e9);
        wanted.erase(colon);
      }
    }
    for (const std::string& word : words_of(wanted, '+')) {
      ISOJOULE_TRY(const std::size_t place, column(word));
      layout_.time.push_back(place);
    }
    if (layout_.time.empty() || layout_.time.size() > 2)
      return fail(ErrorKind::invalid, "option time '" + wanted + "' names no column",
                  "time=COLUMN, time=COLUMN:ms, or time=DATE+CLOCK for two columns");
    return take_time_unit();
  }

  Status take_time_unit() {
    const ColumnName& name = table_.names[layout_.time.front()];
    const Unit* unit = name.unit;
    if (time_unit_ns_ == 0 && name.other_unit)
      return fail(ErrorKind::invalid,
                  file_.path + ": column '" + name.text + "' counts in a unit that is not read",
                  "Units of a time are s, ms, us and ns; if its name is wrong, say it: time=" +
                      std::to_string(layout_.time.front() + 1) + ":s");
    if (time_unit_ns_ == 0 && unit != nullptr && unit->quantity == Quantity::time)
      time_unit_ns_ = std::llround(unit->scale * 1e9);
    return {};
  }

  static bool is_time_name(const ColumnName& name) {
    const std::string base = lower(name.base);
    constexpr std::array<std::string_view, 5> kWords = {"t", "ts", "epoch", "elapsed", "seconds"};
    return base.find("time") != std::string::npos || base.find("date") != std::string::npos ||
           std::find(kWords.begin(), kWords.end(), base) != kWords.end() ||
           (name.unit != nullptr && name.unit->quantity == Quantity::time);
  }

  Status guess_time() {
    for (std::size_t i = 0; i < table_.names.size() && layout_.time.empty(); ++i)
      if (table_.has_names && is_time_name(table_.names[i])) layout_.time = {i};
    if (layout_.time.empty() && table_.has_names)
      return fail(ErrorKind::parse, file_.path + ": none of its columns is called a time",
                  std::string(kNameTheColumns));
    if (layout_.time.empty()) layout_.time = {0};
    // A date whose time of day stands in the next column.
    const std::size_t place = layout_.time.front();
    if (!parse_stamp(table_.cells[place]) && !table_.is_number(table_.cells[place]) &&
        place + 1 < table_.cells.size() &&
        parse_stamp(table_.cells[place] + " " + table_.cells[place + 1]))
      layout_.time.push_back(place + 1);
    return take_time_unit();
  }

  std::string time_cell(const std::vector<std::string>& cells) const {
    std::string text;
    for (const std::size_t place : layout_.time)
      text += (text.empty() ? "" : " ") + std::string(cells[place]);
    return text;
  }

  Status find_time_form() {
    const std::string date = option(options_, "date");
    static const std::map<std::string, import::DateOrder> kOrders = {
        {"ymd", import::DateOrder::year_first},
        {"mdy", import::DateOrder::month_first},
        {"dmy", import::DateOrder::day_first}};
    import::TimeLine& line = layout_.line;
    if (!date.empty()) {
      const auto order = kOrders.find(date);
      if (order == kOrders.end())
        return fail(ErrorKind::invalid, "option date '" + date + "' is no order of a date",
                    "Give ymd, mdy or dmy");
      line.order = order->second;
    }
    line.point = table_.point;
    const std::string text = time_cell(table_.cells);
    if (const auto stamp = parse_stamp(text, line.order)) {
      line.kind = import::TimeLine::Kind::stamps;
      line.form = stamp->form;
      line.first_ns = stamp->ns;
      return {};
    }
    const auto number = parse_decimal(text, table_.point);
    if (!number)
      return fail_at(file_.path, table_.cells_line, "'" + text + "' is no time",
                     std::string(kNameTheColumns));
    const auto epoch = import::epoch_unit_ns(*number);
    line.since_1970 = epoch && (time_unit_ns_ == 0 || time_unit_ns_ == *epoch);
    line.unit_ns = time_unit_ns_ != 0 ? time_unit_ns_ : epoch.value_or(1'000'000'000);
    if (time_unit_ns_ == 0 && !epoch)
      layout_.notes.emplace_back("times are taken as seconds since the log's begin");
    const auto first = import::parse_scaled(text, line.unit_ns, table_.point);
    if (!first || std::abs(*first) > import::kLargestTime_ns)
      return fail_at(file_.path, table_.cells_line, "'" + text + "' is beyond all times");
    line.first_ns = *first;
    return {};
  }

  // ---- rails ----

  bool is_time(std::size_t place) const {
    return std::find(layout_.time.begin(), layout_.time.end(), place) != layout_.time.end();
  }

  Status find_rails() {
    ISOJOULE_CHECK(named_rails());
    if (layout_.rails.empty()) {
      ISOJOULE_CHECK(table_.has_names ? rails_by_name() : rails_by_number());
    }
    const std::vector<std::string> names = words_of(option(options_, "rail"), ',');
    if (names.size() > layout_.rails.size())
      return fail(ErrorKind::invalid, "option rail names more rails than there are columns");
    for (std::size_t i = 0; i < names.size(); ++i) layout_.rails[i].name = names[i];
    std::map<std::string, int> seen;  // two rails of one name could not be told apart
    for (RailColumns& rail : layout_.rails)
      if (const int count = ++seen[rail.name]; count > 1) rail.name += " " + std::to_string(count);
    layout_.total = option(options_, "total");
    if (layout_.total.empty() && layout_.rails.size() == 1) layout_.total = layout_.rails[0].name;
    const auto is_rail = [&](const std::string& name) {
      return std::any_of(layout_.rails.begin(), layout_.rails.end(),
                         [&](const RailColumns& rail) { return rail.name == name; });
    };
    if (is_rail(layout_.total)) return {};  // it may be called "CPU + GPU"
    for (const std::string& part : words_of(layout_.total, '+'))
      if (!is_rail(part))
        return fail(ErrorKind::invalid, "option total: no rail is called '" + part + "'",
                    "Give the names of rails with + between them");
    return {};
  }

  std::string rail_name(std::size_t place) const {
    const std::string base = lower(table_.names[place].base);
    constexpr std::array<std::string_view, 8> kGeneric = {"",     "power",  "p",       "watts",
                                                          "watt", "energy", "voltage", "current"};
    if (std::find(kGeneric.begin(), kGeneric.end(), base) != kGeneric.end()) return "power";
    return table_.names[place].base;
  }

  Status named_rails() {
    struct Kind {
      const char* option;
      Quantity quantity;
      std::optional<Column> RailColumns::*place;
    };
    for (const Kind& kind : {Kind{"power", Quantity::power, &RailColumns::power},
                             Kind{"energy", Quantity::energy, &RailColumns::energy},
                             Kind{"voltage", Quantity::voltage, &RailColumns::voltage}})
      for (const std::string& word : words_of(option(options_, kind.option), ',')) {
        ISOJOULE_TRY(const Column column, column_of(word, kind.quantity));
        RailColumns rail;
        rail.name = rail_name(column.place);
        rail.*kind.place = column;
        layout_.rails.push_back(std::move(rail));
      }
    std::size_t at = 0;
    for (const std::string& word : words_of(option(options_, "current"), ',')) {
      while (at < layout_.rails.size() && !layout_.rails[at].voltage) ++at;
      if (at == layout_.rails.size())
        return fail(ErrorKind::invalid, "option current: no voltage to go with '" + word + "'",
                    "Give as many columns of voltage as of current, in the same order");
      ISOJOULE_TRY(layout_.rails[at++].current, column_of(word, Quantity::current));
    }
    for (const RailColumns& rail : layout_.rails)
      if (rail.voltage && !rail.current)
        return fail(ErrorKind::invalid, "option voltage: no current to go with it",
                    "Give as many columns of voltage as of current, in the same order");
    return {};
  }

  // The quantity of a column by its unit, else by its name.
  static std::optional<Quantity> quantity_of(const ColumnName& name) {
    const std::string base = lower(name.base);
    const auto has = [&](std::string_view word) { return base.find(word) != std::string::npos; };
    // What a meter or a driver writes beside the power, and what is none.
    if (name.other_unit || has("factor") || has("apparent") || has("reactive") || has("limit"))
      return std::nullopt;
    if (name.unit != nullptr) return name.unit->quantity;
    if (has("power") || has("watt") || base == "p") return Quantity::power;
    if (has("volt") || base == "v" || base == "u") return Quantity::voltage;
    if (has("current") || has("amp") || base == "i") return Quantity::current;
    return std::nullopt;
  }

  Status rails_by_name() {
    std::vector<std::size_t> powers, voltages, currents;
    for (std::size_t i = 0; i < table_.names.size(); ++i) {
      if (is_time(i) || table_.first_number(i).empty()) continue;
      const auto quantity = quantity_of(table_.names[i]);
      if (quantity == Quantity::power) powers.push_back(i);
      if (quantity == Quantity::voltage) voltages.push_back(i);
      if (quantity == Quantity::current) currents.push_back(i);
    }
    for (const std::size_t place : powers) {
      RailColumns rail;
      rail.name = rail_name(place);
      ISOJOULE_TRY(rail.power, column_at(place, Quantity::power, nullptr));
      note_unit(place, "watts");
      layout_.rails.push_back(std::move(rail));
    }
    if (!powers.empty()) return {};
    if (voltages.size() != 1 || currents.size() != 1)
      return fail(ErrorKind::parse, file_.path + ": its columns do not say which is the power",
                  std::string(kNameTheColumns));
    RailColumns rail;
    rail.name = "power";
    ISOJOULE_TRY(rail.voltage, column_at(voltages[0], Quantity::voltage, nullptr));
    ISOJOULE_TRY(rail.current, column_at(currents[0], Quantity::current, nullptr));
    note_unit(voltages[0], "volts");
    note_unit(currents[0], "amperes");
    layout_.rails.push_back(std::move(rail));
    return {};
  }

  void note_unit(std::size_t place, const char* unit) {
    if (table_.names[place].unit == nullptr &&
        split_cell(table_.first_number(place), table_.point).unit.empty())
      layout_.notes.push_back("column " + std::to_string(place + 1) + " is taken as " + unit);
  }

  // Without names: the one number beside the time; of three the one that is the others' product.
  Status rails_by_number() {
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < table_.cells.size(); ++i)
      if (!is_time(i) && !table_.first_number(i).empty()) places.push_back(i);
    std::optional<std::size_t> power;
    if (places.size() == 1) power = places.front();
    if (places.size() == 3) power = product_of(places);
    if (!power)
      return fail(ErrorKind::parse, file_.path + ": its columns have no names",
                  std::string(kNameTheColumns));
    RailColumns rail;
    rail.name = "power";
    rail.power = Column{*power, Quantity::power, 1, ""};
    note_unit(*power, "watts");
    layout_.rails.push_back(std::move(rail));
    return {};
  }

  std::optional<std::size_t> product_of(const std::vector<std::size_t>& places) const {
    std::array<bool, 3> holds = {true, true, true};
    std::size_t rows = 0;
    std::vector<std::string_view> cells;
    for (std::size_t i = table_.first; i < table_.rows.size(); ++i) {
      split_row(table_.rows[i].text, table_.delimiter, cells);
      if (cells.size() != table_.width ||
          !std::all_of(places.begin(), places.end(),
                       [&](std::size_t place) { return table_.is_number(cells[place]); }))
        continue;
      std::array<double, 3> value{};
      for (std::size_t k = 0; k < 3; ++k)
        value[k] = parse_decimal(cells[places[k]], table_.point).value_or(0);
      ++rows;
      for (std::size_t k = 0; k < 3; ++k) {
        const double product = value[(k + 1) % 3] * value[(k + 2) % 3];
        constexpr double kClose = 0.01;
        holds[k] = holds[k] && std::abs(value[k] - product) <= kClose * std::abs(product) + 1e-9;
      }
    }
    const auto count = std::count(holds.begin(), holds.end(), true);
    if (rows < 3 || count != 1) return std::nullopt;
    return places[static_cast<std::size_t>(std::find(holds.begin(), holds.end(), true) -
                                           holds.begin())];
  }

  // A unit behind the first number of a column is that of all.
  Status find_cell_units() {
    for (RailColumns& rail : layout_.rails)
      for (auto* column : {&rail.power, &rail.voltage, &rail.current, &rail.energy}) {
        if (!*column || !(*column)->unit.empty()) continue;
        const std::string_view text = table_.first_number((*column)->place);
        const Unit* unit = find_unit(split_cell(text, table_.point).unit);
        if (unit == nullptr) continue;
        if (unit->quantity != (*column)->quantity)
          return fail_at(file_.path, table_.cells_line,
                         "'" + std::string(text) + "' is in another unit than is asked for",
                         std::string(kNameTheColumns));
        (*column)->unit = unit->name;
        (*column)->scale = unit->scale;
      }
    return {};
  }

  const LogFile& file_;
  const ImportOptions& options_;
  Table table_;
  std::int64_t time_unit_ns_ = 0;
  Layout layout_;
};

}  // namespace

Result<Layout> layout_of(const LogFile& file, const ImportOptions& options) {
  return Finder(file, options).find();
}

}  // namespace isojoule::csv
