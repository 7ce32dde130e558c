// Columns of readings inside a message: the blocks of the study file, with how many rows they have.
#include "data/trace_block.h"
#include "fleet/message_columns.h"
#include "fleet/message_forms.h"

namespace isojoule::fleet {
namespace {

MessageShape calibration_shape() {
  using namespace shape;
  return record({{"gain", number(), true, ""},
                 {"offset_w", number(), true, ""},
                 {"gain_uncertainty", number(), true, "k = 1"},
                 {"offset_uncertainty_w", number(), true, "k = 1"},
                 {"correlation", number(-1, 1), true, "between the two"},
                 {"meter", line(256), false, ""},
                 {"date", line(64), false, "ISO 8601"},
                 {"lowest_w", number(), true, "of the powers that it was found from"},
                 {"highest_w", number(), true, "both 0: not known"}});
}

MessageShape channel_shape() {
  using namespace shape;
  std::vector<ShapeField> fields = {
      {"rail", shape::name(), true, ""},
      {"sensor", shape::name(256, 0), false, ""},
      {"kind", word({"voltage_current", "power", "energy_counter"}), true, ""},
      {"step_a", number(), true, "SI unit of one step of column a"},
      {"step_b", number(), true, "of column b"},
      {"voltage_quantum_v", number(), true, "resolution of the chip"},
      {"current_quantum_a", number(), true, ""},
      {"window_s", number(), true, "a reading is the mean over the last so many seconds"},
      {"gain_uncertainty", number(), true, "relative, k = 1"},
      {"current_offset_uncertainty_a", number(), true, ""},
      {"power_quantum_w", number(), true, ""},
      {"power_offset_uncertainty_w", number(), true, ""},
      {"update_period_s", number(), true, ""},
      {"is_dated_by_source", flag(), true, ""},
      {"lag_s", number(), true, ""},
      {"calibration", calibration_shape(), false, ""}};
  for (ShapeField& field : columns_fields("time_ns, a, b")) fields.push_back(std::move(field));
  return record(std::move(fields));
}

MessageShape watch_shape() {
  std::vector<ShapeField> fields = {{"name", shape::name(), true, "\"cpu_frequency\""}};
  for (ShapeField& field : columns_fields("time_ns, value")) fields.push_back(std::move(field));
  return shape::record(std::move(fields));
}

Document calibration_document(const Calibration& calibration) {
  Document made = {{"gain", calibration.gain},
                   {"offset_w", calibration.offset.value()},
                   {"gain_uncertainty", calibration.gain_uncertainty},
                   {"offset_uncertainty_w", calibration.offset_uncertainty.value()},
                   {"correlation", calibration.correlation},
                   {"lowest_w", calibration.lowest.value()},
                   {"highest_w", calibration.highest.value()}};
  put_field(made, "meter", calibration.meter);
  put_field(made, "date", calibration.date);
  return made;
}

Calibration calibration_of(const Document& from) {
  Calibration calibration;
  take_field(from, "gain", calibration.gain);
  calibration.offset = Watt(number_in(from, "offset_w"));
  take_field(from, "gain_uncertainty", calibration.gain_uncertainty);
  calibration.offset_uncertainty = Watt(number_in(from, "offset_uncertainty_w"));
  take_field(from, "correlation", calibration.correlation);
  take_field(from, "meter", calibration.meter);
  take_field(from, "date", calibration.date);
  calibration.lowest = Watt(number_in(from, "lowest_w"));
  calibration.highest = Watt(number_in(from, "highest_w"));
  return calibration;
}

Document channel_document(const Channel& channel, ColumnWriter& writer) {
  const ChannelInfo& info = channel.info;
  Document made = {{"rail", info.rail},
                   {"kind", name_of(info.kind)},
                   {"step_a", info.step_a},
                   {"step_b", info.step_b},
                   {"voltage_quantum_v", info.voltage_quantum.value()},
                   {"current_quantum_a", info.current_quantum.value()},
                   {"window_s", info.window.value()},
                   {"gain_uncertainty", info.gain_uncertainty},
                   {"current_offset_uncertainty_a", info.current_offset_uncertainty.value()},
                   {"power_quantum_w", info.power_quantum.value()},
                   {"power_offset_uncertainty_w", info.power_offset_uncertainty.value()},
                   {"update_period_s", info.update_period.value()},
                   {"is_dated_by_source", info.is_dated_by_source},
                   {"lag_s", info.lag.value()}};
  put_field(made, "sensor", info.sensor);
  if (info.calibration) made["calibration"] = calibration_document(*info.calibration);
  put_columns(made, channel.time_ns.size(), encode(channel, writer));
  return made;
}

ChannelInfo channel_info_of(const Document& from) {
  ChannelInfo info;
  take_field(from, "rail", info.rail);
  take_field(from, "sensor", info.sensor);
  info.kind = channel_kind_named(from.at("kind").get<std::string>()).value();
  take_field(from, "step_a", info.step_a);
  take_field(from, "step_b", info.step_b);
  info.voltage_quantum = Volt(number_in(from, "voltage_quantum_v"));
  info.current_quantum = Ampere(number_in(from, "current_quantum_a"));
  info.window = Second(number_in(from, "window_s"));
  take_field(from, "gain_uncertainty", info.gain_uncertainty);
  info.current_offset_uncertainty = Ampere(number_in(from, "current_offset_uncertainty_a"));
  info.power_quantum = Watt(number_in(from, "power_quantum_w"));
  info.power_offset_uncertainty = Watt(number_in(from, "power_offset_uncertainty_w"));
  info.update_period = Second(number_in(from, "update_period_s"));
  take_field(from, "is_dated_by_source", info.is_dated_by_source);
  info.lag = Second(number_in(from, "lag_s"));
  if (from.contains("calibration")) info.calibration = calibration_of(from["calibration"]);
  return info;
}

// Before memory is taken for any of them.
Status check_rows(const Document& from) {
  std::int64_t rows = 0;
  for (const char* kind : {"channels", "watches"})
    for (const Document& one : part_of(from, kind)) rows += one.at("count").get<std::int64_t>();
  if (rows <= static_cast<std::int64_t>(kMostRows)) return {};
  return fail(ErrorKind::parse, "trace: it claims " + std::to_string(rows) + " readings, " +
                                    std::to_string(kMostRows) + " are allowed");
}

}  // namespace

std::vector<ShapeField> columns_fields(std::string what) {
  return {{"count", shape::count(static_cast<double>(kMostRows)), true, "rows"},
          {"columns", shape::block(kMostColumnBytes), true, std::move(what)}};
}

void put_columns(Document& into, std::size_t count, std::span<const std::byte> columns) {
  into["count"] = count;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(columns.data());
  into["columns"] = Document::binary({bytes, bytes + columns.size()});
}

std::span<const std::byte> columns_of(const Document& from) {
  return std::as_bytes(std::span(from.at("columns").get_binary()));
}

MessageShape trace_shape() {
  using namespace shape;
  return record({{"total", shape::name(1024, 0), false, "expression over rails"},
                 {"period_ns", count(), true, "between two ticks, as asked"},
                 {"channels", list(channel_shape(), 256), true, ""},
                 {"watches", list(watch_shape(), 256), true, ""}});
}

Document trace_document(const Trace& trace) {
  ColumnWriter writer;
  Document channels = Document::array(), watches = Document::array();
  for (const Channel& channel : trace.channels)
    channels.push_back(channel_document(channel, writer));
  for (const Watch& watch : trace.watches) {
    Document one = {{"name", watch.name}};
    put_columns(one, watch.time_ns.size(), encode(watch, writer));
    watches.push_back(std::move(one));
  }
  Document made = {{"period_ns", trace.period.ns},
                   {"channels", std::move(channels)},
                   {"watches", std::move(watches)}};
  put_field(made, "total", trace.total);
  return made;
}

Result<Trace> trace_of(const Document& from) {
  ISOJOULE_CHECK(check_rows(from));
  Trace trace;
  take_field(from, "total", trace.total);
  take_field(from, "period_ns", trace.period.ns);
  for (const Document& one : from.at("channels")) {
    Channel channel;
    channel.info = channel_info_of(one);
    ISOJOULE_CHECK(decode(columns_of(one), one.at("count").get<std::size_t>(),
                          channel.info.kind == ChannelKind::voltage_current, channel));
    trace.channels.push_back(std::move(channel));
  }
  for (const Document& one : from.at("watches")) {
    Watch watch;
    take_field(one, "name", watch.name);
    ISOJOULE_CHECK(decode(columns_of(one), one.at("count").get<std::size_t>(), watch));
    trace.watches.push_back(std::move(watch));
  }
  return trace;
}

const MessageForm& trace_form() {
  static const MessageForm form = {"trace", "an object (a trace that is too long for its message)",
                                   trace_shape(), std::size_t{32} << 20, true};
  return form;
}

std::string trace_bytes(const Trace& trace) {
  return write_message(trace_form(), trace_document(trace));
}

Result<Trace> parse_trace(std::string_view bytes) {
  auto made = [&]() -> Result<Trace> {
    ISOJOULE_TRY(const Document from, read_message(trace_form(), bytes));
    return trace_of(from);
  }();
  if (!made)
    return fail(ErrorKind::damaged, made.error().what, "Measure the run again", made.error().tried);
  return made;
}

}  // namespace isojoule::fleet
