// A table of readings: any delimiter, with names or without, columns and units found or named.
#include <algorithm>
#include <cmath>
#include <limits>

#include "import/csv/layout.h"
#include "import/number.h"
#include "import/reader.h"

namespace isojoule {
namespace {

using csv::Cell;
using csv::Column;
using csv::RailColumns;

constexpr std::int64_t kYear1973_ns = 100'000'000'000'000'000;  // 1e8 s

// One column with the integers that keep it.
struct ScaledColumn {
  Column column;
  import::Scale scale;
};

class CsvReader final : public import::Reader {
 public:
  static Result<std::unique_ptr<LogReader>> open(LogFile file, const ImportOptions& options) {
    auto reader = std::make_unique<CsvReader>();
    ISOJOULE_TRY(reader->layout_, csv::layout_of(file, options));
    ISOJOULE_TRY(const double largest, import::number_option(options, "largest", 0));
    reader->path_ = file.path;
    reader->line_ = reader->layout_.line;
    reader->is_of_day_ = reader->time_base() == TimeBase::time_of_day;
    reader->total_ = reader->layout_.total;
    reader->notes_ = reader->layout_.notes;
    reader->add_channels(file, largest);
    reader->apply(options);
    if (!options.gain_uncertainty)
      reader->notes_.emplace_back(
          "the log does not say how good the meter is: --gain-uncertainty and "
          "--offset-uncertainty do; without them the uncertainty is too small");
    reader->blocks_ = std::make_unique<LineBlocks>(std::move(file.bytes), file.path);
    return reader;
  }

 private:
  // What one cell holds.
  enum class CellState : std::uint8_t { value, none, malformed, other_unit };

  CellState read(const Column& column, double& value) const {
    const std::string_view text = cells_[column.place];
    const Cell cell = csv::split_cell(text, layout_.point);
    const auto number = import::parse_decimal(cell.number, layout_.point);
    if (!number) return import::is_no_number(text) ? CellState::none : CellState::malformed;
    if (!cell.unit.empty()) {
      const csv::Unit* unit = csv::find_unit(cell.unit);
      if (unit == nullptr) return CellState::malformed;
      if (column.unit.empty() || unit->scale != column.scale || unit->quantity != column.quantity)
        return CellState::other_unit;
    }
    value = *number * column.scale;
    return CellState::value;
  }

  // ---- at the begin ----

  void add_channels(const LogFile& file, double largest) {
    for (const RailColumns& rail : layout_.rails) {
      ChannelInfo info;
      info.rail = rail.name;
      info.sensor = "column " + std::to_string(first_column(rail).place + 1);
      info.step_b = 0;
      std::vector<ScaledColumn> columns;
      if (rail.voltage) {
        columns = {scaled(file, *rail.voltage, largest), scaled(file, *rail.current, largest)};
        info.kind = ChannelKind::voltage_current;
        info.step_b = columns[1].scale.step;
        info.voltage_quantum = Volt(columns[0].scale.resolution);
        info.current_quantum = Ampere(columns[1].scale.resolution);
      } else if (rail.power) {
        columns = {scaled(file, *rail.power, largest)};
        info.kind = ChannelKind::power;
        info.power_quantum = Watt(columns[0].scale.resolution);
      } else {
        columns = {counted(file, *rail.energy)};
        info.kind = ChannelKind::energy_counter;
      }
      info.step_a = columns[0].scale.step;
      channels_.push_back(info);
      columns_.push_back(std::move(columns));
    }
    counts_.resize(channels_.size());
  }

  static const Column& first_column(const RailColumns& rail) {
    return rail.voltage ? *rail.voltage : rail.power ? *rail.power : *rail.energy;
  }

  // What the log's first lines show of a column.
  struct Sizes {
    double largest = 0, largest_step = 0;  // of a value; from one to the next
    int decimals = 0;
    double resolution(const Column& column) const {
      return column.scale * std::pow(10.0, -std::min(decimals, 12));
    }
  };

  Sizes sizes_of(const LogFile& file, const Column& column) {
    Sizes sizes;
    std::optional<double> last;
    std::string_view head = file.head;
    if (!file.head_is_all) head = head.substr(0, head.rfind('\n') + 1);
    for (std::size_t row = 0; !head.empty(); ++row) {
      const std::string_view line = take_line(head);
      if (row < layout_.first_row) continue;
      csv::split_row(line, layout_.delimiter, cells_);
      double value = 0;
      if (cells_.size() <= column.place || read(column, value) != CellState::value) continue;
      sizes.largest = std::max(sizes.largest, std::abs(value));
      if (last) sizes.largest_step = std::max(sizes.largest_step, std::abs(value - *last));
      last = value;
      sizes.decimals =
          std::max(sizes.decimals, import::decimals_of(cells_[column.place], layout_.point));
    }
    return sizes;
  }

  ScaledColumn scaled(const LogFile& file, const Column& column, double largest) {
    const Sizes sizes = sizes_of(file, column);
    return {column, import::scale_for(largest > 0 ? largest / 20 : sizes.largest,
                                      sizes.resolution(column))};
  }

  // Of a counter only the way from one reading to the next has to fit, in 2^31 steps: what the
  // first lines show of it, and kilojoules in any case.
  ScaledColumn counted(const LogFile& file, const Column& column) {
    const Sizes sizes = sizes_of(file, column);
    const double resolution = sizes.resolution(column);
    const double room = import::scale_for(std::max(sizes.largest_step, resolution), 0).step;
    return {column, {std::max({resolution, room, import::kFinestCount_j}), resolution}};
  }

  // ---- line by line ----

  Result<bool> do_next(std::vector<Channel>& block) override {
    clear(block);
    return each_line(*blocks_, [&](std::string_view line) -> Status {
      return ++number_ > static_cast<std::int64_t>(layout_.first_row) ? take(line, block)
                                                                      : Status();
    });
  }

  Status take(std::string_view line, std::vector<Channel>& block) {
    const std::string_view trimmed = import::trimmed_view(line);
    if (trimmed.empty() || trimmed.front() == '#' || trimmed.front() == '%') return {};
    csv::split_row(line, layout_.delimiter, cells_);
    if (cells_.size() != layout_.width) {
      counters_.add(Counter::line_malformed);
      return {};
    }
    ISOJOULE_TRY(const auto time_ns, take_time());
    if (!time_ns || std::abs(*time_ns) > import::kLargestTime_ns) {
      counters_.add(Counter::line_malformed);
      return {};
    }
    const std::int64_t at_ns = is_of_day_ ? midnights_.carry(*time_ns) : *time_ns;
    if (at_ns <= last_ns_) {
      counters_.add(Counter::time_backwards);
      return {};
    }
    last_ns_ = at_ns;
    for (std::size_t i = 0; i < channels_.size(); ++i)
      ISOJOULE_CHECK(take_rail(i, at_ns, block[i]));
    return {};
  }

  Result<std::optional<std::int64_t>> take_time() {
    std::string_view text = cells_[layout_.time.front()];
    if (layout_.time.size() == 2) {
      joined_.assign(text).append(" ").append(cells_[layout_.time.back()]);
      text = joined_;
    }
    if (line_.kind == import::TimeLine::Kind::stamps) {
      const auto stamp = import::parse_stamp(text, line_.order);
      if (!stamp || stamp->form.has_date != line_.form.has_date) return std::nullopt;
      return stamp->ns;
    }
    const auto ns = import::parse_scaled(text, line_.unit_ns, layout_.point);
    if (!line_.since_1970) return ns;
    const auto number = import::parse_decimal(text, layout_.point);
    if (!number) return std::nullopt;
    if (ns && *ns >= kYear1973_ns) return ns;
    if (*number == 0) return std::nullopt;
    return fail_at(path_, number_, "mixed units of time: '" + std::string(text) + "'",
                   "The rows before it count in another unit; give the file a single one");
  }

  Status take_rail(std::size_t place, std::int64_t time_ns, Channel& channel) {
    std::array<double, 2> value{};
    const auto& columns = columns_[place];
    for (std::size_t k = 0; k < columns.size(); ++k) {
      switch (read(columns[k].column, value[k])) {
        case CellState::value: break;
        case CellState::none: counters_.add(Counter::not_a_number); return {};
        case CellState::malformed: counters_.add(Counter::line_malformed); return {};
        case CellState::other_unit: return other_unit(columns[k].column);
      }
    }
    return keep(place, time_ns, value, channel);
  }

  Status keep(std::size_t place, std::int64_t time_ns, const std::array<double, 2>& value,
              Channel& channel) {
    const auto& columns = columns_[place];
    const std::optional<std::int32_t> a =
        channels_[place].kind == ChannelKind::energy_counter
            ? counts_[place].raw(std::round(value[0] / columns[0].scale.step))
            : columns[0].scale.raw(value[0]);
    std::optional<std::int32_t> b = 0;
    if (columns.size() == 2) b = columns[1].scale.raw(value[1]);
    if (!a || !b)
      return fail_at(path_, number_,
                     "rail " + channels_[place].rail + ": a value far beyond the first ones",
                     channels_[place].kind == ChannelKind::energy_counter
                         ? "If it is right, let the log begin later: --option skip=N"
                         : "If it is right, say how large one may be: --option largest=5000");
    channel.time_ns.push_back(time_ns);
    channel.a.push_back(*a);
    if (columns.size() == 2) channel.b.push_back(*b);
    return {};
  }

  Status other_unit(const Column& column) const {
    return fail_at(path_, number_,
                   "mixed units: '" + std::string(cells_[column.place]) + "' in a column of " +
                       (column.unit.empty() ? std::string("numbers without unit") : column.unit),
                   "Name the column's unit, or give the file a single one");
  }

  // A counter of any size as the low 32 bits of one: the integral takes differences modulo 2^32.
  struct Count {
    std::optional<double> last;
    std::uint32_t low = 0;
    // Nothing where it went further than such a difference can tell. A counter that was reset
    // goes back by one, so that the integral sees that, however far it fell.
    std::optional<std::int32_t> raw(double steps) {
      constexpr double kFarthest = 2'147'483'647;
      const double way = steps - last.value_or(steps);
      if (!(way <= kFarthest)) return std::nullopt;
      low += way < 0 ? ~std::uint32_t{0} : static_cast<std::uint32_t>(way);
      last = steps;
      return static_cast<std::int32_t>(low);
    }
  };

  std::string path_;
  csv::Layout layout_;
  std::vector<std::vector<ScaledColumn>> columns_;  // by channel: power, or voltage and current
  std::vector<Count> counts_;                       // by channel
  std::unique_ptr<LineBlocks> blocks_;
  std::vector<std::string_view> cells_;
  bool is_of_day_ = false;  // times without a date
  import::Midnights midnights_;
  std::string joined_;
  std::int64_t last_ns_ = std::numeric_limits<std::int64_t>::min();
  std::int64_t number_ = 0;
};

// Weaker than what any other format says of itself, and only where the columns say what they are.
int recognises(std::string_view head, const std::string& path) {
  constexpr std::size_t kEnough = 4096;  // every log is asked, also those of other formats
  LogFile file;
  file.path = path;
  file.head = head.substr(0, kEnough);
  file.head_is_all = head.size() < kEnough;
  return csv::layout_of(file, {}) ? 20 : 0;
}

constexpr std::array<ImportOption, 12> kOptions = {{
    {"time", "column of the time, COLUMN or COLUMN:UNIT (s, ms, us, ns), DATE+CLOCK for two"},
    {"power", "columns of power, COLUMN or COLUMN:UNIT (W, mW, ...), commas between them"},
    {"voltage", "columns of voltage, as many as of current (V, mV)"},
    {"current", "columns of current (A, mA)"},
    {"energy", "columns of counted energy (J, mJ, Wh, ...)"},
    {"rail", "names of the rails, in the order of their columns"},
    {"total", "the rails that add up to the whole, with + between them"},
    {"delimiter", "comma, semicolon, tab, space, pipe, or any one sign"},
    {"decimal", ". or ,"},
    {"date", "order of a date that ends with the year: mdy or dmy"},
    {"skip", "lines to pass over at the begin"},
    {"largest", "largest value to expect, W (V, A); else 20 times that of the first lines"},
}};

}  // namespace

const ImportKind& import_kind_csv();
const ImportKind& import_kind_csv() {
  static const ImportKind kind{
      "csv", "Tables: any delimiter, times and units found or named (--option time=, power=)",
      kOptions, recognises, CsvReader::open};
  return kind;
}

}  // namespace isojoule
