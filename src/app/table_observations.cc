#include "app/table_observations.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "app/table_text.h"
#include "app/work_cache.h"
#include "base/hash.h"
#include "base/text.h"
#include "base/text_file.h"
#include "data/value_text.h"
#include "import/csv/layout.h"
#include "import/number.h"

namespace isojoule {
namespace {

using csv::Quantity;
using import::trimmed_view;

class TableObserver {
 public:
  TableObserver(const Paths& paths, const TableRequest& request)
      : request_(request),
        works_(paths, std::filesystem::path(request.path).parent_path().string()) {}

  Result<ObservationSet> read() {
    ISOJOULE_CHECK(check_request());
    auto file = read_text_file(request_.path);
    if (!file && file.error().remedy.empty())
      file.error().remedy = "--csv takes a table of measurements that this user may read";
    ISOJOULE_TRY(const std::string text, std::move(file));
    name_ = std::filesystem::path(request_.path).filename().string();
    set_.board = request_.board;
    set_.what = fmt::format("column {} of {}, a batch", request_.energy, name_);
    set_.sources.push_back(fmt::format("table {}: {}", name_, content_hash(text)));
    std::string_view rest = text;
    if (rest.starts_with(kByteOrderMark)) rest.remove_prefix(kByteOrderMark.size());
    ISOJOULE_CHECK(read_header(rest));
    while (!rest.empty()) {
      const std::string_view line = next_line(rest);
      if (!line.empty()) ISOJOULE_CHECK(read_row(line));
    }
    if (set_.used == 0) return nothing_left();
    return std::move(set_);
  }

 private:
  // ---- what is asked for ----

  Status check_request() const {
    if (request_.energy.empty())
      return fail(ErrorKind::invalid, "no column of energies is named", "Say --energy COLUMN");
    if (request_.network.empty() == request_.macs.empty())
      return fail(ErrorKind::invalid,
                  request_.macs.empty() ? "what the networks ask for is not known"
                                        : "both networks and MACs are named",
                  "Say --macs COLUMN (with --params COLUMN), or --network COLUMN of names or ONNX "
                  "files");
    if (!request_.params.empty() && request_.macs.empty())
      return fail(ErrorKind::invalid, "parameters are named without MACs", "Say --macs COLUMN too");
    return {};
  }

  // Physical lines; a line break inside of quotation marks is not known here.
  std::string_view next_line(std::string_view& rest) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (trimmed_view(line).empty()) line = {};
    rest.remove_prefix(std::min(end + 1, rest.size()));
    ++line_;
    return line;
  }

  Status read_header(std::string_view& rest) {
    std::string_view line;
    while (line.empty() && !rest.empty()) line = next_line(rest);
    if (line.empty())
      return fail(ErrorKind::parse, request_.path + ": an empty table",
                  "Its first line names the columns");
    delimiter_ = delimiter_of_header(line);
    csv::split_row(line, delimiter_, cells_);
    for (const std::string_view cell : cells_) header_.emplace_back(cell);
    ISOJOULE_TRY(energy_, column(request_.energy));
    ISOJOULE_TRY(energy_scale_,
                 scale(request_.energy, request_.energy_unit, Quantity::energy, "J, mJ, uJ or Wh"));
    ISOJOULE_CHECK(find(request_.time, time_));
    ISOJOULE_TRY(time_scale_,
                 scale(request_.time, request_.time_unit, Quantity::time, "s, ms, us or ns"));
    ISOJOULE_CHECK(find(request_.macs, macs_));
    ISOJOULE_CHECK(find(request_.params, params_));
    ISOJOULE_CHECK(find(request_.network, network_));
    ISOJOULE_CHECK(find(request_.batch, batch_));
    ISOJOULE_CHECK(find(request_.cpu_hz, cpu_));
    ISOJOULE_CHECK(find(request_.gpu_hz, gpu_));
    ISOJOULE_CHECK(find(request_.memory_hz, memory_));
    ISOJOULE_CHECK(find(request_.group, group_));
    return read_conditions();
  }

  Status read_conditions() {
    for (const auto& [name, value] : request_.where) {
      ISOJOULE_TRY(const std::size_t place, column(name));
      conditions_[place].push_back(value);
      if (!is_engine_axis(name) || name == "batch") continue;
      ISOJOULE_TRY(Value parsed, parse_value(value));
      job_.set(name, std::move(parsed));
    }
    for (const auto& [place, values] : conditions_)  // of several values none is the job's
      if (values.size() > 1) job_.erase(header_[place]);
    return {};
  }

  Result<std::size_t> column(const std::string& name) const {
    const auto found = std::find(header_.begin(), header_.end(), name);
    if (found == header_.end())
      return fail(ErrorKind::invalid, request_.path + ": no column '" + name + "'",
                  unknown_name_remedy(name, header_));
    if (std::find(found + 1, header_.end(), name) != header_.end())
      return fail(ErrorKind::invalid, request_.path + ": two columns are named '" + name + "'",
                  "Give one of them another name");
    return static_cast<std::size_t>(found - header_.begin());
  }

  Status find(const std::string& name, std::optional<std::size_t>& place) const {
    if (name.empty()) return {};
    ISOJOULE_TRY(place, column(name));
    return {};
  }

  static Result<double> scale(const std::string& name, const std::string& unit, Quantity quantity,
                              const std::string& known) {
    const csv::Unit* found = unit.empty() ? unit_in_column(name, quantity) : csv::find_unit(unit);
    if (!unit.empty() && (found == nullptr || found->quantity != quantity))
      return fail(ErrorKind::invalid, "'" + unit + "' is no unit of '" + name + "'",
                  "Say " + known);
    return found == nullptr ? 1 : found->scale;
  }

  // ---- rows ----

  Status read_row(std::string_view line) {
    csv::split_row(line, delimiter_, cells_);
    if (cells_.size() == header_.size() && !is_wanted()) return {};
    set_.rows += 1;
    if (cells_.size() != header_.size()) {
      // Unquoted commas as points make more cells than there are columns.
      leave_out(fmt::format("not {} cells, as the first line has", header_.size()));
      return {};
    }
    Observation one;
    ISOJOULE_TRY(const bool is_whole, fill(one));
    if (!is_whole) return {};
    set_.jobs[job_].push_back(std::move(one));
    set_.used += 1;
    return {};
  }

  bool is_wanted() const {
    return std::all_of(conditions_.begin(), conditions_.end(), [&](const auto& condition) {
      const auto& [place, values] = condition;
      return std::find(values.begin(), values.end(), cells_[place]) != values.end();
    });
  }

  void leave_out(const std::string& why) { set_.leave_out(why, where()); }
  std::string where() const { return fmt::format("{}, line {}", name_, line_); }

  // Nothing, and the row is left out, where the cell holds no number of at least `least` (above 0
  // where it is 0 and `positive`).
  Result<std::optional<double>> number(std::size_t place, bool positive = true) {
    const std::string_view cell = cells_[place];
    const auto value = import::parse_decimal(cell);
    if (value && std::isfinite(*value) && (positive ? *value > 0 : *value >= 0)) return value;
    if (!value && has_decimal_comma(cell))
      return fail(ErrorKind::invalid,
                  fmt::format("{}:{}: '{}' has a decimal comma", request_.path, line_, cell),
                  "Write numbers with a decimal point");
    leave_out(fmt::format("{}: {}", header_[place],
                          import::is_no_number(cell) ? "no number is there"
                          : value                    ? "not above zero"
                                                     : "not a number"));
    return std::optional<double>{};
  }

  // `value` stays what it is where there is no such column. False: the row was left out.
  Result<bool> number_into(const std::optional<std::size_t>& place, double& value,
                           bool positive = true) {
    if (!place) return true;
    ISOJOULE_TRY(const auto found, number(*place, positive));
    if (found) value = *found;
    return found.has_value();
  }

  Result<bool> fill(Observation& one) {
    double energy = 0, time = 0, batch = 1;
    const std::pair<std::optional<std::size_t>, double*> numbers[] = {
        {energy_, &energy},        {time_, &time},
        {batch_, &batch},          {cpu_, &one.point.cpu_hz},
        {gpu_, &one.point.gpu_hz}, {memory_, &one.point.memory_hz}};
    for (const auto& [place, value] : numbers) {
      ISOJOULE_TRY(const bool is_there, number_into(place, *value));
      if (!is_there) return false;
    }
    constexpr double kLeastClockHz = 1e6;
    for (const double hz : {one.point.cpu_hz, one.point.gpu_hz, one.point.memory_hz})
      if (hz > 0 && hz < kLeastClockHz)
        return fail(ErrorKind::invalid,
                    fmt::format("{}:{}: a clock of {:g} Hz", request_.path, line_, hz),
                    "Clocks of a table are in hertz: 1300 MHz is 1300000000");
    if (batch != std::floor(batch) || batch > 65536) {
      leave_out(header_[*batch_] + ": not a whole number up to 65536");
      return false;
    }
    const double factor = request_.per_batch ? 1 : batch;
    one.energy_j = energy * energy_scale_ * factor;
    if (time_) one.time_s = time * time_scale_ * factor;
    ISOJOULE_TRY(const bool has_work, find_work(one, batch));
    if (!has_work) return false;
    one.source = where();
    one.group = group_ ? std::string(cells_[*group_]) : network_ ? one.network : one.source;
    return true;
  }

  Result<bool> find_work(Observation& one, double batch) {
    if (!network_) {
      double macs = 0, params = 0;
      for (const auto& [place, value] : {std::pair(macs_, &macs), std::pair(params_, &params)}) {
        ISOJOULE_TRY(const bool is_there, number_into(place, *value, place == macs_));
        if (!is_there) return false;
      }
      one.network = where();
      one.work = std::make_shared<const NetworkWork>(work_of_totals(batch, batch * macs, params));
      return true;
    }
    one.network = std::string(cells_[*network_]);
    if (one.network.empty()) {
      leave_out(header_[*network_] + ": no network is named");
      return false;
    }
    auto work = works_.work(one.network, static_cast<std::int64_t>(batch));
    if (!work) {
      work.error().what = fmt::format("{}:{}: {}", request_.path, line_, work.error().what);
      return tl::unexpected<Error>(std::move(work).error());
    }
    one.work = *work;
    return true;
  }

  tl::unexpected<Error> nothing_left() const {
    if (set_.rows == 0)
      return fail(ErrorKind::no_data, request_.path + ": no row is left to learn from",
                  request_.where.empty() ? "The table has a first line and nothing below it"
                                         : "No row has what --where asks for");
    const LeftOutRows& first = set_.left_out.front();
    return fail(ErrorKind::no_data,
                fmt::format("{}: none of {} rows can be used; {} ({})", request_.path, set_.rows,
                            first.why, first.first),
                "Look at the columns that are named, and at the delimiter");
  }

  const TableRequest& request_;
  WorkCache works_;
  ObservationSet set_;
  std::string name_;
  char delimiter_ = ',';
  std::int64_t line_ = 0;
  std::vector<std::string> header_;
  std::vector<std::string_view> cells_;
  std::size_t energy_ = 0;
  double energy_scale_ = 1, time_scale_ = 1;
  std::optional<std::size_t> time_, macs_, params_, network_, batch_, cpu_, gpu_, memory_, group_;
  std::map<std::size_t, std::vector<std::string>> conditions_;
  Setting job_;
};

}  // namespace

Result<ObservationSet> table_observations(const Paths& paths, const TableRequest& request) {
  return TableObserver(paths, request).read();
}

}  // namespace isojoule
