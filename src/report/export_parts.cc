#include "report/export_parts.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "data/counted_steps.h"

namespace isojoule {
namespace {

constexpr double kExactIntegers = 9007199254740992.0;  // 2^53: all whole numbers below are doubles

// 1 / step where that is a whole number, exact in a double; else 0.
double whole_inverse(double step) {
  if (!(step > 0)) return 0;
  const double inverse = std::round(1 / step);
  const bool whole =
      inverse >= 1 && inverse < kExactIntegers && std::abs(1 / step - inverse) <= 1e-12 * inverse;
  return whole ? inverse : 0;
}

template <typename Number>
void append_any(std::string& text, Number number) {
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
  text.append(buffer.data(), end);
}

}  // namespace

Result<std::vector<std::int64_t>> chosen_runs(StudyFile& study, const Selection& selection) {
  ISOJOULE_TRY(std::vector<std::int64_t> ids, study.ids());
  if (!selection.run) return ids;
  if (std::find(ids.begin(), ids.end(), *selection.run) != ids.end())
    return std::vector<std::int64_t>{*selection.run};
  return fail(
      ErrorKind::not_found, "run " + std::to_string(*selection.run) + " is not in the study",
      ids.empty()
          ? "The study has no runs"
          : "Its runs are " + std::to_string(ids.front()) + " to " + std::to_string(ids.back()));
}

Result<std::optional<Trace>> kept_trace(StudyFile& study, std::int64_t run) {
  auto trace = study.trace(run);
  if (trace) return std::optional(std::move(*trace));
  if (trace.error().kind == ErrorKind::no_data) return std::optional<Trace>();
  return tl::unexpected<Error>(trace.error());
}

tl::unexpected<Error> no_trace_at_all() {
  return fail(ErrorKind::no_data, "no run has a trace",
              "Set keep_traces = true in the plan's protocol and make the study again");
}

void append_number(std::string& text, double number) {
  if (!std::isfinite(number)) return;
  if (number == std::trunc(number) && std::abs(number) < kExactIntegers && number != 0)
    append_any(text, static_cast<std::int64_t>(number));  // 921600000, not 9.216e+08
  else
    append_any(text, number);
}

void append_number(std::string& text, std::int64_t number) { append_any(text, number); }

double exact_seconds(Duration duration) { return static_cast<double>(duration.ns) / 1e9; }

std::string clean_utf8(const std::string& text) {
  using nlohmann::json;
  const auto is_ascii = [](char c) { return (static_cast<unsigned char>(c) & 0x80) == 0; };
  if (std::all_of(text.begin(), text.end(), is_ascii)) return text;
  return json::parse(json(text).dump(-1, ' ', false, json::error_handler_t::replace))
      .get<std::string>();
}

std::string csv_quoted(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"') result += '"';
    result += c;
  }
  return result + '"';
}

ReadingValues::ReadingValues(const Channel& channel)
    : channel_(channel),
      inverse_a_(whole_inverse(channel.info.step_a)),
      inverse_b_(whole_inverse(channel.info.step_b)) {
  if (channel.info.kind != ChannelKind::energy_counter) return;
  counted_.reserve(channel.a.size());
  for (std::size_t i = 0; i < channel.a.size(); ++i)
    counted_.push_back(i == 0 ? channel.a[0]
                              : counted_.back() + counted_steps(channel.a[i - 1], channel.a[i]));
}

double ReadingValues::scaled(std::int64_t number, double step, double inverse) const {
  const auto value = static_cast<double>(number);
  return inverse > 0 ? value / inverse : value * step;
}

std::optional<double> ReadingValues::power_w(std::size_t i) const {
  const ChannelInfo& info = channel_.info;
  if (info.kind == ChannelKind::energy_counter) return std::nullopt;
  if (info.calibration) return channel_.power_at(i).value();
  if (info.kind == ChannelKind::power) return scaled(channel_.a[i], info.step_a, inverse_a_);
  if (inverse_a_ > 0 && inverse_b_ > 0)
    return static_cast<double>(std::int64_t{channel_.a[i]} * channel_.b[i]) /
           (inverse_a_ * inverse_b_);
  return channel_.power_at(i).value();
}

std::optional<double> ReadingValues::voltage_v(std::size_t i) const {
  if (channel_.info.kind != ChannelKind::voltage_current) return std::nullopt;
  return scaled(channel_.a[i], channel_.info.step_a, inverse_a_);
}

std::optional<double> ReadingValues::current_a(std::size_t i) const {
  if (channel_.info.kind != ChannelKind::voltage_current) return std::nullopt;
  return scaled(channel_.b[i], channel_.info.step_b, inverse_b_);
}

std::optional<double> ReadingValues::energy_j(std::size_t i) const {
  if (channel_.info.kind != ChannelKind::energy_counter) return std::nullopt;
  return scaled(counted_[i], channel_.info.step_a, inverse_a_);
}

std::optional<double> ReadingValues::mean_power_w(std::size_t i) const {
  const ChannelInfo& info = channel_.info;
  if (info.kind != ChannelKind::energy_counter || i == 0) return std::nullopt;
  const std::int64_t span_ns = channel_.time_ns[i] - channel_.time_ns[i - 1];
  if (span_ns <= 0) return std::nullopt;
  const std::int32_t steps = counted_steps(channel_.a[i - 1], channel_.a[i]);
  if (steps < 0) return std::nullopt;
  const double joules = scaled(steps, info.step_a, inverse_a_);
  const double told = joules / (static_cast<double>(span_ns) * 1e-9);
  return info.calibration ? told * info.calibration->gain + info.calibration->offset.value() : told;
}

std::string_view phase_at(const Run& run, std::int64_t time_ns) {
  const Phase* found = nullptr;
  for (const Phase& phase : run.phases)
    if (phase.begin.ns <= time_ns && time_ns < phase.end.ns &&
        (found == nullptr || phase.begin >= found->begin))
      found = &phase;
  return found == nullptr ? std::string_view() : name_of(found->kind);
}

std::optional<TimeMerge::Next> TimeMerge::next() {
  std::optional<Next> best;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const Column& column = columns_[i];
    if (column.at == column.times->size()) continue;
    const std::int64_t time = (*column.times)[column.at];
    if (!best || time < best->time_ns) best = Next{i, column.at, time};
  }
  if (best) ++columns_[best->column].at;
  return best;
}

}  // namespace isojoule
