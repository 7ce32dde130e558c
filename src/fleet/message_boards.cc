// What is said of boards: card, pulse, order, join, trouble.
#include <array>

#include "fleet/message_fields.h"
#include "fleet/message_forms.h"
#include "fleet/name.h"

namespace isojoule::fleet {
namespace {

constexpr std::array<std::pair<BoardState, std::string_view>, 5> kBoardStates = {{
    {BoardState::idle, "idle"},
    {BoardState::measuring, "measuring"},
    {BoardState::draining, "draining"},
    {BoardState::drained, "drained"},
    {BoardState::out, "out"},
}};

std::vector<std::string> board_state_names() {
  std::vector<std::string> names;
  for (const auto& [state, name] : kBoardStates) names.emplace_back(name);
  return names;
}

MessageShape rail_shape() {
  return shape::record({{"name", shape::name(), true, "as the board's label says"},
                        {"parent", shape::name(128, 0), false, "the rail that feeds it"},
                        {"what", shape::line(256), false, "for people"}});
}

MessageShape knob_shape() {
  return shape::record(
      {{"axis", shape::name(), true, "\"cpu_frequency\""},
       {"values", shape::list(shape::value(), 16'384), true,
        "every value that may be asked for; hertz, seconds, watts, degrees Celsius by the axis"}});
}

MessageShape engine_shape() {
  return shape::record({{"name", shape::name(), true, ""},
                        {"details", shape::table(shape::name(), shape::line(), 64), false,
                         "\"version\" and the like"}});
}

Document rails_document(const std::vector<Rail>& rails) {
  Document list = Document::array();
  for (const Rail& rail : rails) {
    Document one = {{"name", rail.name}};
    put_field(one, "parent", rail.parent);
    put_field(one, "what", rail.what);
    list.push_back(std::move(one));
  }
  return list;
}

Document knobs_document(const std::vector<CardKnob>& knobs) {
  Document list = Document::array();
  for (const CardKnob& knob : knobs) {
    Document values = Document::array();
    for (const Value& value : knob.values) values.push_back(value_document(value));
    list.push_back({{"axis", knob.axis}, {"values", std::move(values)}});
  }
  return list;
}

Document engines_document(const std::vector<CardEngine>& engines) {
  Document list = Document::array();
  for (const CardEngine& engine : engines) {
    Document one = {{"name", engine.name}};
    put_field(one, "details", engine.details);
    list.push_back(std::move(one));
  }
  return list;
}

Rail rail_of(const Document& from) {
  Rail rail;
  take_field(from, "name", rail.name);
  take_field(from, "parent", rail.parent);
  take_field(from, "what", rail.what);
  return rail;
}

CardKnob knob_of(const Document& from) {
  CardKnob knob;
  take_field(from, "axis", knob.axis);
  for (const Document& value : part_of(from, "values")) knob.values.push_back(value_of(value));
  return knob;
}

CardEngine engine_of(const Document& from) {
  CardEngine engine;
  take_field(from, "name", engine.name);
  take_field(from, "details", engine.details);
  return engine;
}

}  // namespace

std::string_view name_of(BoardState state) {
  for (const auto& [known, name] : kBoardStates)
    if (known == state) return name;
  return "";
}

std::optional<BoardState> board_state_named(std::string_view name) {
  for (const auto& [state, known] : kBoardStates)
    if (known == name) return state;
  return std::nullopt;
}

const MessageForm& card_form() {
  using namespace shape;
  static const MessageForm form = {
      "board card", std::string("bucket ") + kCards + ", key BOARD",
      record({{"name", token(), true, "of the board in this fleet"},
              {"instance", token(64), true, "of the agent's process, random"},
              {"serial", line(128), false, "of the machine; tells two boards of one name apart"},
              {"board", shape::name(), true, "board type: the board file's name"},
              {"title", line(256), false, ""},
              {"release", shape::name(64, 0), false, ""},
              {"variant", shape::name(64, 0), false, ""},
              {"simulated", flag(), false, "a twin: nothing of it was measured"},
              {"rails", list(rail_shape(), 128), false, ""},
              {"total", shape::name(1024, 0), false, "expression over rails"},
              {"knobs", list(knob_shape(), 128), false, ""},
              {"engines", list(engine_shape(), 32), false, ""},
              {"sensors", list(line(256), 256), false, ""},
              {"problems", list(line(1024), 64), false, "what does not work, one line each"},
              {"protocol", count(1'000'000), true, "version of the messages that it speaks"},
              {"version", line(64), false, "of the program"},
              {"allow_command", flag(), false, "runs plans whose engine is a program of the plan"},
              {"since", line(64), false, "ISO 8601 by the board's own clock: a label"}}),
      std::size_t{512} << 10, false};
  return form;
}

const MessageForm& pulse_form() {
  using namespace shape;
  static const MessageForm form = {
      "pulse", std::string("bucket ") + kPulses + ", key BOARD",
      record({{"instance", token(64), true, "of the agent's process, as in its card"},
              {"state", word(board_state_names()), true, ""},
              {"why", line(1024), false, "of out and drained"},
              {"study", token(64), false, "that it measures; absent: none"},
              {"block", integer(-1, 9e15), false, ""},
              {"block_runs", count(), false, "runs of that block"},
              {"block_done", count(), false, "of them, made"},
              {"network", line(256), false, "of the present run"},
              {"setting", line(4096), false, "of the present run"},
              {"runs", count(), false, "made since the agent began"},
              {"blocks", count(), false, "made since the agent began"},
              {"unsent", count(), false, "runs that wait on its disk for the server"},
              {"temperatures_c", table(shape::name(), number(-300, 1000), 64), false, "by zone"},
              {"power_w", number(-1e6, 1e6), false, "the last total that it read"},
              {"uptime_s", number(0, 1e12), false, "of the agent, monotonic"},
              {"wall_time", line(64), false, "the board's own clock: a label"}}),
      std::size_t{32} << 10, false};
  return form;
}

const MessageForm& order_form() {
  using namespace shape;
  static const MessageForm form = {
      "order", std::string("bucket ") + kOrders + ", key BOARD",
      record({{"drain", flag(), false, "take no further block"},
              {"why", line(1024), false, ""},
              {"resume", count(), false, "counts up: a board that took itself out tries again"}}),
      std::size_t{8} << 10, false};
  return form;
}

const MessageForm& join_form() {
  using namespace shape;
  static const MessageForm form = {
      "join", std::string("bucket ") + kJoins + ", key STUDY.BOARD",
      record({{"lane", integer(-1, 65'535), false, "that it takes blocks from; -1: none"},
              {"refused", line(1024), false, "why it takes none"}}),
      std::size_t{8} << 10, false};
  return form;
}

const MessageForm& trouble_form() {
  using namespace shape;
  static const MessageForm form = {
      "trouble", std::string("bucket ") + kTroubles + ", key STUDY.SEQUENCE",
      record({{"deaths", count(1'000'000), true, "agents that died during this run"},
              {"last_board", line(48), false, ""}}),
      std::size_t{4} << 10, false};
  return form;
}

std::string to_bytes(const BoardCard& card) {
  Document made = {{"name", card.name},
                   {"instance", card.instance},
                   {"board", card.board},
                   {"simulated", card.simulated},
                   {"rails", rails_document(card.rails)},
                   {"knobs", knobs_document(card.knobs)},
                   {"engines", engines_document(card.engines)},
                   {"protocol", card.protocol},
                   {"allow_command", card.allow_command}};
  put_field(made, "serial", card.serial);
  put_field(made, "title", card.title);
  put_field(made, "release", card.release);
  put_field(made, "variant", card.variant);
  put_field(made, "total", card.total);
  put_field(made, "sensors", card.sensors);
  put_field(made, "problems", card.problems);
  put_field(made, "version", card.version);
  put_field(made, "since", card.since);
  return write_message(card_form(), std::move(made));
}

Result<BoardCard> parse_card(std::string_view bytes) {
  ISOJOULE_TRY(const Document from, read_message(card_form(), bytes));
  BoardCard card;
  take_field(from, "name", card.name);
  take_field(from, "instance", card.instance);
  take_field(from, "serial", card.serial);
  take_field(from, "board", card.board);
  take_field(from, "title", card.title);
  take_field(from, "release", card.release);
  take_field(from, "variant", card.variant);
  take_field(from, "simulated", card.simulated);
  take_field(from, "total", card.total);
  for (const Document& rail : part_of(from, "rails")) card.rails.push_back(rail_of(rail));
  for (const Document& knob : part_of(from, "knobs")) card.knobs.push_back(knob_of(knob));
  for (const Document& engine : part_of(from, "engines")) card.engines.push_back(engine_of(engine));
  take_field(from, "sensors", card.sensors);
  take_field(from, "problems", card.problems);
  take_field(from, "protocol", card.protocol);
  take_field(from, "version", card.version);
  take_field(from, "allow_command", card.allow_command);
  take_field(from, "since", card.since);
  return card;
}

std::string to_bytes(const Pulse& pulse) {
  Document made = {{"instance", pulse.instance},     {"state", name_of(pulse.state)},
                   {"block", pulse.block},           {"block_runs", pulse.block_runs},
                   {"block_done", pulse.block_done}, {"runs", pulse.runs},
                   {"blocks", pulse.blocks},         {"unsent", pulse.unsent},
                   {"uptime_s", pulse.uptime_s}};
  put_field(made, "why", pulse.why);
  put_field(made, "study", pulse.study);
  put_field(made, "network", pulse.network);
  put_field(made, "setting", pulse.setting);
  put_field(made, "temperatures_c", pulse.temperatures_c);
  if (pulse.power_w) made["power_w"] = *pulse.power_w;
  put_field(made, "wall_time", pulse.wall_time);
  return write_message(pulse_form(), std::move(made));
}

Result<Pulse> parse_pulse(std::string_view bytes) {
  ISOJOULE_TRY(const Document from, read_message(pulse_form(), bytes));
  Pulse pulse;
  take_field(from, "instance", pulse.instance);
  pulse.state = board_state_named(part_of(from, "state").get<std::string>()).value();
  take_field(from, "why", pulse.why);
  take_field(from, "study", pulse.study);
  take_field(from, "block", pulse.block);
  take_field(from, "block_runs", pulse.block_runs);
  take_field(from, "block_done", pulse.block_done);
  take_field(from, "network", pulse.network);
  take_field(from, "setting", pulse.setting);
  take_field(from, "runs", pulse.runs);
  take_field(from, "blocks", pulse.blocks);
  take_field(from, "unsent", pulse.unsent);
  take_field(from, "temperatures_c", pulse.temperatures_c);
  if (from.contains("power_w")) pulse.power_w = from["power_w"].get<double>();
  take_field(from, "uptime_s", pulse.uptime_s);
  take_field(from, "wall_time", pulse.wall_time);
  return pulse;
}

std::string to_bytes(const Order& order) {
  Document made = {{"drain", order.drain}, {"resume", order.resume}};
  put_field(made, "why", order.why);
  return write_message(order_form(), std::move(made));
}

Result<Order> parse_order(std::string_view bytes) {
  ISOJOULE_TRY(const Document from, read_message(order_form(), bytes));
  Order order;
  take_field(from, "drain", order.drain);
  take_field(from, "why", order.why);
  take_field(from, "resume", order.resume);
  return order;
}

std::string to_bytes(const Join& join) {
  Document made = {{"lane", join.lane}};
  put_field(made, "refused", join.refused);
  return write_message(join_form(), std::move(made));
}

Result<Join> parse_join(std::string_view bytes) {
  ISOJOULE_TRY(const Document from, read_message(join_form(), bytes));
  Join join;
  take_field(from, "lane", join.lane);
  take_field(from, "refused", join.refused);
  return join;
}

std::string to_bytes(const Trouble& trouble) {
  Document made = {{"deaths", trouble.deaths}};
  put_field(made, "last_board", trouble.last_board);
  return write_message(trouble_form(), std::move(made));
}

Result<Trouble> parse_trouble(std::string_view bytes) {
  ISOJOULE_TRY(const Document from, read_message(trouble_form(), bytes));
  Trouble trouble;
  take_field(from, "deaths", trouble.deaths);
  take_field(from, "last_board", trouble.last_board);
  return trouble;
}

}  // namespace isojoule::fleet
