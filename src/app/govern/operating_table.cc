#include "app/govern/operating_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/text.h"

namespace isojoule {
namespace {

using TablePoint = decltype(OperatingTable::points)::value_type;

constexpr const char* kBatch = "batch";
// Chip, temperature and the governors' own steps differ from day to day by about so much, however
// well one study's repeats agree.
constexpr double kLeastLogSd = 0.01;
constexpr double kUsualSpread = 0.02;

bool is_board_axis(std::string_view axis) { return axis != kBatch && !is_engine_axis(axis); }

std::int64_t batch_of(const Setting& setting) {
  return std::max<std::int64_t>(1, std::llround(setting.number(kBatch).value_or(1)));
}

// What one run says of a batch.
struct BatchSeen {
  double batch_s = 0, batch_j = 0;
  std::optional<double> idle_w, spread;
};

std::optional<double> idle_power(const Run& run) {
  const PhaseEnergy* idle = run.energy(PhaseKind::idle);
  if (idle == nullptr || !idle->gross.value || !(idle->duration.value() > 0)) return std::nullopt;
  return idle->gross.value->value() / idle->duration.value();
}

// Relative standard deviation of the batches' own times.
std::optional<double> batch_spread(const Run& run) {
  if (run.batches.size() < 5) return std::nullopt;
  double sum = 0, squares = 0;
  for (const BatchMark& mark : run.batches) sum += (mark.end - mark.begin).seconds().value();
  const auto count = static_cast<double>(run.batches.size());
  const double middle = sum / count;
  if (!(middle > 0)) return std::nullopt;
  for (const BatchMark& mark : run.batches) {
    const double off = (mark.end - mark.begin).seconds().value() / middle - 1;
    squares += off * off;
  }
  return std::sqrt(squares / (count - 1));
}

std::optional<BatchSeen> seen_in(const Run& run) {
  const Phase* phase = run.phase(PhaseKind::inference);
  const PhaseEnergy* energy = run.energy(PhaseKind::inference);
  if (phase == nullptr || energy == nullptr || !energy->gross.value || run.inferences <= 0)
    return std::nullopt;
  const double batches =
      static_cast<double>(run.inferences) / static_cast<double>(batch_of(run.setting));
  BatchSeen seen;
  seen.batch_s = phase->duration().value() / batches;
  seen.batch_j = energy->gross.value->value() / batches;
  if (!(seen.batch_s > 0) || !(seen.batch_j > 0)) return std::nullopt;
  seen.idle_w = idle_power(run);
  seen.spread = batch_spread(run);
  return seen;
}

double average(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double relative_deviation(const std::vector<double>& values) {
  if (values.size() < 2) return 0;
  const double middle = average(values);
  double squares = 0;
  for (const double value : values) squares += (value / middle - 1) * (value / middle - 1);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

// The repeats of one setting.
struct JoinedRuns {
  std::vector<double> batch_s, batch_j, idle_w, spread;
  void add(const BatchSeen& seen) {
    batch_s.push_back(seen.batch_s);
    batch_j.push_back(seen.batch_j);
    if (seen.idle_w) idle_w.push_back(*seen.idle_w);
    if (seen.spread) spread.push_back(*seen.spread);
  }
  TablePoint point(const Setting& setting) const {
    TablePoint known;
    known.batch = batch_of(setting);
    if (batch_s.empty() || idle_w.empty()) return known;
    known.batch_s = average(batch_s);
    known.batch_j = average(batch_j);
    known.idle_w = average(idle_w);
    known.batch_spread = spread.empty() ? kUsualSpread : average(spread);
    const double scatter = std::max(relative_deviation(batch_s), relative_deviation(batch_j));
    known.log_sd = std::hypot(kLeastLogSd, scatter / std::sqrt(double(batch_s.size())));
    known.measured = true;
    return known;
  }
};

class TableMaker {
 public:
  TableMaker(const OperatingTableOptions& options, const Board* board)
      : options_(options), board_(board) {}

  Result<StudyTable> make(const std::vector<Run>& runs) {
    ISOJOULE_CHECK(choose_network(runs));
    for (const Run& run : runs)
      if (run.network == made_.network) ISOJOULE_CHECK(take(run));
    ISOJOULE_CHECK(check_sources());
    ISOJOULE_CHECK(check_one_engine());
    return finish();
  }

 private:
  Status choose_network(const std::vector<Run>& runs) {
    std::set<std::string> names;
    for (const Run& run : runs) names.insert(run.network);
    const std::vector<std::string> all(names.begin(), names.end());
    if (all.empty())
      return fail(ErrorKind::no_data, "the study has no runs", "Measure first: isojoule sweep");
    made_.network = options_.network;
    if (options_.network.empty() && all.size() > 1)
      return fail(ErrorKind::invalid, "the study has several networks: " + join(all, ", "),
                  "Say which one the service runs: --network NAME");
    if (options_.network.empty()) made_.network = all.front();
    if (!names.contains(made_.network))
      return fail(ErrorKind::not_found, "the study has no runs of '" + made_.network + "'",
                  unknown_name_remedy(made_.network, all));
    return {};
  }

  bool is_wanted(const Setting& setting) const {
    const auto& wanted = options_.where.values();
    return std::all_of(wanted.begin(), wanted.end(), [&setting](const auto& entry) {
      const Value* value = setting.find(entry.first);
      return value != nullptr && *value == entry.second;
    });
  }

  Status take(const Run& run) {
    if (!is_wanted(run.setting)) return {};
    if (run.state == RunState::throttled) ++throttled_;
    const bool is_there =
        run.counters[Counter::clock_not_reached] + run.counters[Counter::setting_not_reached] == 0;
    if (run.baseline.empty() && !is_there) ++elsewhere_;
    // Of a baseline no setting was asked for.
    const bool is_good = run.state == RunState::complete && (is_there || !run.baseline.empty());
    const auto seen = is_good ? seen_in(run) : std::nullopt;
    if (!run.baseline.empty()) {
      if (seen) stock_[{run.baseline, batch_of(run.setting)}].add(*seen);
      return {};
    }
    // Of a setting without a good run the table has the place and no numbers.
    JoinedRuns& joined = joined_[run.setting];
    if (!is_good) return {};
    ++complete_;
    if (!seen) {
      ++without_energy_;
      return {};
    }
    if (!seen->idle_w) ++without_idle_;
    joined.add(*seen);
    ++made_.runs;
    return {};
  }

  Status check_sources() const {
    if (joined_.empty())
      return fail(ErrorKind::no_data,
                  "no setting of the study is a point of a grid for " + made_.network,
                  "Sweep or tune the board's clocks; a governor's own runs are not enough");
    if (made_.runs == 0)
      return fail(
          ErrorKind::no_data,
          fmt::format("no run of {} has time and energy ({} complete)", made_.network, complete_),
          "Measure on a board whose power can be read: isojoule probe says so");
    if (made_.runs == without_idle_)
      return fail(ErrorKind::no_data,
                  "no run has an idle phase: what the board takes while the service waits is not "
                  "known",
                  "Sweep again with `idle_ms = 2000` in the plan's [protocol] (the usual "
                  "value), or tune, which measures it");
    return {};
  }

  // Precision, provider, ... of a service that runs stay as they are.
  Status check_one_engine() const {
    std::map<std::string, std::set<std::string>> values;
    for (const auto& [setting, joined] : joined_)
      for (const auto& [axis, value] : setting.values()) {
        if (is_board_axis(axis) && board_ != nullptr && board_->knob(axis) == nullptr)
          return fail(ErrorKind::invalid,
                      "the study turns '" + axis + "', which this board has no knob for",
                      "Take a study of this board under this release", board_->file.name);
        if (!is_board_axis(axis) && axis != kBatch) values[axis].insert(to_string(value));
      }
    for (const auto& [axis, different] : values)
      if (different.size() > 1)
        return fail(
            ErrorKind::invalid,
            "the study has several values of '" + axis +
                "': " + join({different.begin(), different.end()}, ", "),
            "Say which one the service runs with: --where " + axis + "=" + *different.begin());
    return {};
  }

  Result<StudyTable> finish() {
    std::vector<Setting> settings;
    for (const auto& [setting, joined] : joined_) settings.push_back(setting);
    ISOJOULE_TRY(SearchSpace space, SearchSpace::of(settings));
    std::vector<TablePoint> points(settings.size());
    std::int64_t known = 0;
    for (const auto& [setting, joined] : joined_) {
      const auto place = space.find(setting);
      if (!place) continue;
      TablePoint point = joined.point(setting);
      known += point.batch_s > 0 ? 1 : 0;
      points[static_cast<std::size_t>(*place)] = point;
    }
    std::vector<StockBatch> stock;
    for (const auto& [key, joined] : stock_)
      if (!joined.batch_s.empty())
        stock.push_back({key.first, key.second, average(joined.batch_s), average(joined.batch_j)});
    auto notes = notes_of(std::ssize(points) - known, points.size());
    return StudyTable{{std::move(space), std::move(points)},
                      made_.network,
                      known,
                      made_.runs,
                      std::move(stock),
                      std::move(notes)};
  }

  std::vector<std::string> notes_of(std::int64_t unknown, std::size_t all) {
    if (unknown > 0)
      made_.notes.push_back(
          fmt::format("{} of {} settings are not known and never chosen", unknown, all));
    if (throttled_ > 0)
      made_.notes.push_back(fmt::format("{} runs were left out: the board throttled", throttled_));
    if (elsewhere_ > 0)
      made_.notes.push_back(
          fmt::format("{} runs were left out: the board did not reach their setting", elsewhere_));
    if (without_energy_ > 0)
      made_.notes.push_back(fmt::format("{} runs were left out: no energy", without_energy_));
    if (without_idle_ > 0)
      made_.notes.push_back(fmt::format("{} runs have no idle phase", without_idle_));
    return made_.notes;
  }

  struct Made {
    std::string network;
    std::int64_t runs = 0;
    std::vector<std::string> notes;
  };
  const OperatingTableOptions& options_;
  const Board* board_;
  Made made_;
  std::map<Setting, JoinedRuns> joined_;
  std::map<std::pair<std::string, std::int64_t>, JoinedRuns> stock_;
  std::int64_t complete_ = 0, throttled_ = 0, elsewhere_ = 0, without_energy_ = 0,
               without_idle_ = 0;
};

std::string title_of(const std::string& board, bool simulated) {
  return (simulated ? "the twin of " : "") + board;
}

}  // namespace

Result<StudyTable> operating_table(const std::vector<Run>& runs,
                                   const OperatingTableOptions& options, const Board* board) {
  return TableMaker(options, board).make(runs);
}

Result<StudyTable> operating_table(StudyFile& study, const OperatingTableOptions& options,
                                   const Board& board) {
  const StudyInfo& info = study.info();
  if (info.board != board.file.name || info.simulated != board.simulated)
    return fail(ErrorKind::invalid,
                "the study is of " + title_of(info.board, info.simulated) + ", this is " +
                    title_of(board.file.name, board.simulated),
                "Sweep or tune this board: a setting's time and energy are its own");
  ISOJOULE_TRY(const std::vector<Run> runs, study.runs(true));
  ISOJOULE_TRY(StudyTable table, operating_table(runs, options, &board));
  if (info.release != board.release.name)
    table.notes.push_back(fmt::format("the study was made under release {}, this is {}",
                                      info.release, board.release.name));
  return table;
}

}  // namespace isojoule
