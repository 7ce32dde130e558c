// What `isojoule export --as trace-csv` writes: a row a reading, the rails under one another.
//
//   run,time_ns,rail,power_w,voltage_v,current_a,energy_j,phase
//
// One run is read, the first unless an option names another. Power is what stands there, with its
// calibration; of a rail without power the counted energy.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/file_tree.h"
#include "import/number.h"
#include "import/reader.h"

namespace isojoule {
namespace {

constexpr std::string_view kHeader = "run,time_ns,rail,power_w,voltage_v,current_a,energy_j,phase";

std::optional<std::int64_t> whole(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

struct Row {
  std::int64_t run = 0, time_ns = 0;
  std::string rail;
  std::string_view power_w, energy_j;
};

// Takes off the field that `text` begins with; a quoted one is put into `quoted` as it was before.
// Nothing where a quotation mark is not closed.
std::optional<std::string_view> take_field(std::string_view& text, std::string& quoted) {
  if (!text.starts_with('"')) {
    const std::string_view field = text.substr(0, text.find(','));
    text.remove_prefix(field.size());
    return field;
  }
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"' && !text.substr(i + 1).starts_with('"')) {
      text.remove_prefix(i + 1);
      return quoted;
    }
    quoted += text[i];
    if (text[i] == '"') ++i;
  }
  return std::nullopt;
}

// Nothing where the line is no row.
std::optional<Row> parse_row(std::string_view line) {
  constexpr std::size_t kRail = 2, kPower = 3, kEnergy = 6;
  std::array<std::string_view, 8> fields;
  std::string rail, other;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0 && !line.starts_with(',')) return std::nullopt;
    if (i > 0) line.remove_prefix(1);
    const auto field = take_field(line, i == kRail ? rail : other);
    if (!field) return std::nullopt;
    fields[i] = *field;
  }
  const auto run = whole(fields[0]), time_ns = whole(fields[1]);
  if (!line.empty() || !run || !time_ns || fields[kRail].empty()) return std::nullopt;
  return Row{*run, *time_ns, std::string(fields[kRail]), fields[kPower], fields[kEnergy]};
}

class TraceCsvReader final : public import::Reader {
 public:
  static Result<std::unique_ptr<LogReader>> open(LogFile file, const ImportOptions& options) {
    auto reader = std::make_unique<TraceCsvReader>();
    reader->path_ = file.path;
    ISOJOULE_CHECK(reader->read_head(file, options));
    ISOJOULE_CHECK(reader->take_total(import::option(options, "total")));
    reader->apply(options);
    reader->notes_.emplace_back(
        "the file does not say what the sensors are: --sensor-window, --lag, --gain-uncertainty "
        "and --offset-uncertainty do; 'isojoule export --as jsonl' has them");
    reader->blocks_ = std::make_unique<LineBlocks>(std::move(file.bytes), file.path);
    return reader;
  }

 private:
  // What is found of a rail in the file's first rows.
  struct Found {
    bool counts = true;  // no row has a power
    double most = 0;
    int decimals = 0;
    void take(const Row& row) {
      if (counts && !row.power_w.empty()) *this = {false, 0, 0};
      const std::string_view text = counts ? row.energy_j : row.power_w;
      most = std::max(most, std::abs(import::parse_decimal(text).value_or(0)));
      decimals = std::max(decimals, import::decimals_of(text));
    }
  };

  Status read_head(const LogFile& file, const ImportOptions& options) {
    const std::string wanted = import::option(options, "run");
    run_ = whole(wanted);
    if (!wanted.empty() && !run_)
      return fail(ErrorKind::invalid, "option run '" + wanted + "' is no number of a run",
                  "Give one of those in the first column: run=1");
    ISOJOULE_TRY(const double largest, import::number_option(options, "largest", 0));
    std::string_view head = file.head;
    if (!file.head_is_all) head = head.substr(0, head.rfind('\n') + 1);
    if (take_line(head) != kHeader)
      return fail_at(file.path, 1, "not the header of a trace that isojoule exported",
                     "It begins with " + std::string(kHeader));
    const std::vector<Found> found = find_rails(head);
    if (channels_.empty())
      return fail(ErrorKind::no_data,
                  file.path + ": its first lines have no reading" +
                      (run_ ? " of run " + std::to_string(*run_) : ""),
                  "Export that run alone: isojoule export STUDY --run N -o FILE.trace.csv");
    line_.unit_ns = 1;
    for (std::size_t i = 0; i < found.size(); ++i) complete(channels_[i], found[i], largest);
    last_ns_.assign(channels_.size(), std::numeric_limits<std::int64_t>::min());
    return {};
  }

  // By channel; of the wanted run, or the first.
  std::vector<Found> find_rails(std::string_view rows) {
    std::vector<Found> found;
    while (!rows.empty()) {
      const auto row = parse_row(take_line(rows));
      if (!row || row->run != run_.value_or(row->run)) continue;
      run_ = row->run;
      const std::size_t place = place_of(row->rail);
      if (place == channels_.size()) {
        if (channels_.empty()) line_.first_ns = row->time_ns;
        channels_.emplace_back().rail = row->rail;
        found.emplace_back();
      }
      found[place].take(*row);
    }
    return found;
  }

  void complete(ChannelInfo& info, const Found& found, double largest) {
    const double resolution = std::pow(10.0, -std::min(found.decimals, 12));
    import::Scale scale = import::scale_for(largest > 0 ? largest / 20 : found.most, resolution);
    info.sensor = "run " + std::to_string(*run_);
    info.kind = found.counts ? ChannelKind::energy_counter : ChannelKind::power;
    if (found.counts)
      scale.step = std::max(resolution, import::kFinestCount_j);
    else
      info.power_quantum = Watt(resolution);
    info.step_a = scale.step;
    info.step_b = 0;
    scales_.push_back(scale);
  }

  Status take_total(const std::string& total) {
    total_ = total.empty() && channels_.size() == 1 ? channels_[0].rail : total;
    for (std::size_t at = 0; at < total.size();) {
      const std::size_t plus = std::min(total.find('+', at), total.size());
      const std::string rail = trimmed(std::string_view(total).substr(at, plus - at));
      if (place_of(rail) == channels_.size())
        return fail(ErrorKind::invalid, "option total: no rail is called '" + rail + "'",
                    "Give the names of rails with + between them");
      at = plus + 1;
    }
    return {};
  }

  std::size_t place_of(const std::string& rail) const {
    return static_cast<std::size_t>(
        std::find_if(channels_.begin(), channels_.end(),
                     [&rail](const ChannelInfo& info) { return info.rail == rail; }) -
        channels_.begin());
  }

  Result<bool> do_next(std::vector<Channel>& block) override {
    clear(block);
    return each_line(*blocks_, [&](std::string_view line) -> Status {
      return ++number_ > 1 && !line.empty() ? take(line, block) : Status();
    });
  }

  Status take(std::string_view line, std::vector<Channel>& block) {
    const auto row = parse_row(line);
    if (!row || std::abs(row->time_ns) > import::kLargestTime_ns) {
      counters_.add(Counter::line_malformed);
      return {};
    }
    if (row->run != *run_)
      return note_once(further_run_, "the file has further runs; one is read: --option run=N");
    const std::size_t place = place_of(row->rail);
    if (place == channels_.size()) {
      counters_.add(Counter::line_malformed);
      return note_once(late_rail_,
                       "rail " + row->rail + " is left out: the first lines do not have it");
    }
    if (row->time_ns <= last_ns_[place]) {
      counters_.add(Counter::time_backwards);
      return {};
    }
    return keep(*row, place, block[place]);
  }

  Status keep(const Row& row, std::size_t place, Channel& channel) {
    const bool counts = channels_[place].kind == ChannelKind::energy_counter;
    const std::string_view text = counts ? row.energy_j : row.power_w;
    const auto value = import::parse_decimal(text);
    if (!value) {
      counters_.add(import::is_no_number(text) ? Counter::not_a_number : Counter::line_malformed);
      return {};
    }
    std::optional<std::int32_t> raw;
    if (!counts) {
      raw = scales_[place].raw(*value);
    } else if (const double steps = std::round(*value / scales_[place].step);
               std::abs(steps) < 9e15) {
      raw = static_cast<std::int32_t>(static_cast<std::uint32_t>(static_cast<std::int64_t>(steps)));
    }
    if (!raw)
      return fail_at(path_, number_, "rail " + row.rail + ": a value far beyond the first ones",
                     "If it is right, say how large a power may be: --option largest=5000");
    last_ns_[place] = row.time_ns;
    channel.time_ns.push_back(row.time_ns);
    channel.a.push_back(*raw);
    return {};
  }

  Status note_once(bool& told, const std::string& what) {
    if (!told) notes_.push_back(what);
    told = true;
    return {};
  }

  std::string path_;
  std::optional<std::int64_t> run_;
  std::vector<import::Scale> scales_;  // by channel
  std::vector<std::int64_t> last_ns_;
  std::unique_ptr<LineBlocks> blocks_;
  std::int64_t number_ = 0;
  bool further_run_ = false, late_rail_ = false;
};

int recognises(std::string_view head, const std::string& /*path*/) {
  return take_line(head) == kHeader ? 100 : 0;
}

constexpr std::array<ImportOption, 3> kOptions = {{
    {"run", "number of the run, as the first column has it; else the first"},
    {"total", "the rails that add up to the whole, with + between them"},
    {"largest", "largest power to expect, W; else 20 times that of the first lines"},
}};

}  // namespace

const ImportKind& import_kind_trace_csv();
const ImportKind& import_kind_trace_csv() {
  static const ImportKind kind{"trace_csv", "What 'isojoule export --as trace-csv' writes",
                               kOptions, recognises, TraceCsvReader::open};
  return kind;
}

}  // namespace isojoule
